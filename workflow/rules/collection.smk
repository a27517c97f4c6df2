# needs  data/shards/SHARD.npz
# gives  data/embeddings/embeddings.npy + ids.txt + embeddings.json, results/specimens.csv, failed.csv,
#        passed_over.csv, sheet.csv, duplicates.csv, clusters.csv, cluster_summary.csv, cluster_history.csv, tree.nwk,
#        knn*.csv, retrieval.csv, evaluation.csv, categories.csv, confusion.csv, suspects.csv, embeddings.parquet

WITH_SHEET = [f"--sheet={layout.SHEET}"] if PLAN.said else []


rule collect_embeddings:
    input:
        expand(layout.SHARD_EMBEDDINGS, shard=PLAN.shards),
    output:
        embeddings=layout.ARRAY,
        ids=layout.IDS,
        record=layout.PASSPORT,
        specimens=report(layout.SPECIMENS, caption="../report/specimens.rst", category="Collection"),
    log:
        "logs/collect_embeddings.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        whiten=config["collection"]["whiten"],
    shell:
        'python "$FOSSILVIT"/collect_embeddings.py {input:q} --specimens {output.specimens:q}'
        " --whiten {params.whiten} &> {log:q}"


rule list_files:
    input:
        layout.SPECIMENS,
    output:
        failed=report(layout.FAILED, caption="../report/failed.rst", category="Collection"),
        passed_over=report(layout.PASSED_OVER, caption="../report/passed_over.rst", category="Collection"),
        record=layout.LISTING_RECORD,
    log:
        "logs/list_files.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        meshes=lambda wildcards: config["meshes"],
        prefer=config["prefer"],
        names="--for-cluster" if REMOTE else "",
    shell:
        'python "$FOSSILVIT"/list_files.py --meshes={params.meshes:q} --prefer {params.prefer} {params.names}'
        " --specimens {input:q} --failed {output.failed:q} --passed-over {output.passed_over:q} &> {log:q}"


if PLAN.said:

    rule join_sheet:
        input:
            specimens=layout.SPECIMENS,
            embeddings=layout.ARRAY,
        output:
            table=report(layout.SHEET, caption="../report/sheet.rst", category="Collection"),
            record=layout.SHEET_RECORD,
        log:
            "logs/join_sheet.log",
        group:
            "collect"
        conda:
            "../../envs/collection.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 20 * attempt,
        params:
            # no input, as scans are none: freshness looks at what it says
            sheet=lambda wildcards: config["specimens"],
            meshes=lambda wildcards: config["meshes"],
            prefer=config["prefer"],
            names="--for-cluster" if REMOTE else "",
            asked=lambda wildcards: demands.sheet_arguments(config),
        shell:
            'python "$FOSSILVIT"/join_sheet.py --sheet={params.sheet:q} {params.asked:q} --meshes={params.meshes:q}'
            " --prefer {params.prefer} {params.names} --specimens {input.specimens:q} --emb {input.embeddings:q}"
            " --out {output.table:q} &> {log:q}"


rule find_duplicates:
    input:
        PLAN.sheet_for(layout.DUPLICATES),
        specimens=layout.SPECIMENS,
        embeddings=layout.ARRAY,
    output:
        table=report(layout.DUPLICATES, caption="../report/duplicates.rst", category="Collection"),
        record=layout.DUPLICATES_RECORD,
    log:
        "logs/find_duplicates.log",
    group:
        "collect"
    conda:
        "../../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        meshes=lambda wildcards: config["meshes"],
        prefer=config["prefer"],
        sheet=WITH_SHEET,
    shell:
        'python "$FOSSILVIT"/find_duplicates.py --meshes={params.meshes:q} --prefer {params.prefer} {params.sheet:q}'
        " --specimens {input.specimens:q} --emb {input.embeddings:q} --out {output.table:q} &> {log:q}"


rule cluster_specimens:
    input:
        embeddings=layout.ARRAY,
        ids=layout.IDS,
        duplicates=layout.DUPLICATES,
    output:
        # the numbers of clusters last from the former file, which is therefore not deleted before the job
        report(update(layout.CLUSTERS), caption="../report/clusters.rst", category="Collection"),
        report(layout.CLUSTER_SUMMARY, caption="../report/cluster_summary.rst", category="Collection"),
        report(update(layout.CLUSTER_HISTORY), caption="../report/cluster_history.rst", category="Collection"),
        report(layout.TREE, caption="../report/tree.rst", category="Collection"),
        layout.CLUSTERS_RECORD,
    log:
        "logs/cluster_specimens.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        method=config["cluster"]["method"],
        pca=config["cluster"]["pca"],
        min_cluster_size=config["cluster"]["min_cluster_size"],
        clusters=config["cluster"]["clusters"],
        seed=config["seed"],
    shell:
        'python "$FOSSILVIT"/cluster.py --emb {input.embeddings:q} --ids {input.ids:q}'
        " --duplicates {input.duplicates:q} --threads {threads}"
        " --method {params.method} --pca {params.pca} --min-cluster-size {params.min_cluster_size}"
        " --clusters {params.clusters} --seed {params.seed} &> {log:q}"


rule search_neighbors:
    input:
        PLAN.sheet_for(layout.NEIGHBORS),
        embeddings=layout.ARRAY,
        ids=layout.IDS,
        duplicates=layout.DUPLICATES,
    output:
        report(layout.NEIGHBORS, caption="../report/neighbors.rst", category="Collection"),
        report(layout.RETRIEVAL, caption="../report/retrieval.rst", category="Collection"),
        layout.NEIGHBORS_RECORD,
    log:
        "logs/search_neighbors.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        query=[f"--duplicates={layout.DUPLICATES}"],
        topk=config["search"]["topk"],
        metric=config["search"]["metric"],
        sheet=WITH_SHEET,
    shell:
        'python "$FOSSILVIT"/search.py --emb {input.embeddings:q} --ids {input.ids:q}'
        " {params.query:q} --topk {params.topk} --metric {params.metric} {params.sheet:q} &> {log:q}"


use rule search_neighbors as search_query with:
    input:
        lambda wildcards: PLAN.sheet_for(layout.QUERY_TABLES.format(query=wildcards.query)),
        embeddings=layout.ARRAY,
        ids=layout.IDS,
    output:
        layout.QUERY_TABLES,
        layout.QUERY_RECORDS,
    log:
        "logs/search_query/{query}.log",
    params:
        query=lambda wildcards: [f"--query={PLAN.queries[wildcards.query]}"],
        topk=config["search"]["topk"],
        metric=config["search"]["metric"],
        sheet=WITH_SHEET,


rule evaluate:
    input:
        PLAN.sheet_for(layout.EVALUATION),
        retrieval=layout.RETRIEVAL,
        clusters=layout.CLUSTERS,
        duplicates=layout.DUPLICATES,
    output:
        report(layout.CATEGORIES, caption="../report/categories.rst", category="Collection"),
        report(layout.CONFUSION, caption="../report/confusion.rst", category="Collection"),
        table=report(layout.EVALUATION, caption="../report/evaluation.rst", category="Collection"),
        record=layout.EVALUATION_RECORD,
    log:
        "logs/evaluate.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        seed=config["seed"],
        sheet=WITH_SHEET,
    shell:
        'python "$FOSSILVIT"/evaluate.py --retrieval {input.retrieval:q} --clusters {input.clusters:q}'
        " --duplicates {input.duplicates:q} --seed {params.seed} {params.sheet:q} --out {output.table:q} &> {log:q}"


rule find_suspects:
    input:
        PLAN.sheet_for(layout.SUSPECTS),
        embeddings=layout.ARRAY,
        ids=layout.IDS,
        clusters=layout.CLUSTERS,
        duplicates=layout.DUPLICATES,
    output:
        table=report(layout.SUSPECTS, caption="../report/suspects.rst", category="Collection"),
        record=layout.SUSPECTS_RECORD,
    log:
        "logs/find_suspects.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        metric=config["search"]["metric"],
        sheet=WITH_SHEET,
    shell:
        'python "$FOSSILVIT"/find_suspects.py --emb {input.embeddings:q} --ids {input.ids:q}'
        " --clusters {input.clusters:q} --duplicates {input.duplicates:q} --metric {params.metric} {params.sheet:q}"
        " --out {output.table:q} &> {log:q}"


rule export_embeddings:
    input:
        [layout.SHEET] if PLAN.said else [],
        embeddings=layout.ARRAY,
        ids=layout.IDS,
    output:
        table=layout.PARQUET,
        record=layout.PARQUET_RECORD,
    log:
        "logs/export_embeddings.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        sheet=WITH_SHEET,
    shell:
        'python "$FOSSILVIT"/export_embeddings.py --emb {input.embeddings:q} --ids {input.ids:q} {params.sheet:q}'
        " --out {output.table:q} &> {log:q}"

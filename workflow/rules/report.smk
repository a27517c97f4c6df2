# needs  the tables of results, the renders, and data/exhibits
# gives  results/figures: the clusters at a glance, the tree, contact sheets of every cluster and of the neighbors of every
#        query, the confusions and the suspects; results/map.csv and results/atlas


rule draw_figures:
    input:
        clusters=layout.CLUSTERS,
        summary=layout.CLUSTER_SUMMARY,
        tree=layout.TREE,
        neighbors=expand(layout.QUERY_TABLES, query=PLAN.queries),
        confusion=[layout.CONFUSION] if PLAN.labeled else [],
        suspects=[layout.SUSPECTS] if PLAN.labeled else [],
    output:
        report(
            directory(layout.FIGURES),
            patterns=["{name}.png"],
            caption="../report/figures.rst",
            category="Contact sheets",
        ),
    log:
        "logs/draw_figures.log",
    group:
        "collect"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        labeled=[f"--confusion={layout.CONFUSION}", f"--suspects={layout.SUSPECTS}"] if PLAN.labeled else [],
    shell:
        'python "$FOSSILVIT"/draw_figures.py --clusters {input.clusters:q} --summary {input.summary:q}'
        " --tree {input.tree:q} --neighbors {input.neighbors:q} {params.labeled:q} --out {output:q} &> {log:q}"


if PLAN.atlas:

    rule map_specimens:
        input:
            embeddings=layout.ARRAY,
            ids=layout.IDS,
            duplicates=layout.DUPLICATES,
        output:
            # places last from the former file, which is therefore not deleted before the job
            table=report(update(layout.MAP), caption="../report/map.rst", category="Collection"),
            record=layout.MAP_RECORD,
        log:
            "logs/map_specimens.log",
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
            seed=config["seed"],
        shell:
            'python "$FOSSILVIT"/map_specimens.py --emb {input.embeddings:q} --ids {input.ids:q}'
            " --duplicates {input.duplicates:q} --metric {params.metric} --seed {params.seed} --threads {threads}"
            " &> {log:q}"

    rule pack_exhibits:
        input:
            lambda wildcards: PLAN.exhibits(PLAN.shards[wildcards.shard]),
        output:
            layout.EXHIBIT_CHUNKS,
            layout.THUMBNAIL_CHUNKS,
            layout.CHUNK_RECORDS,
        log:
            "logs/pack_exhibits/{shard}.log",
        retries: RETRIES
        group:
            "render"
        conda:
            "../../envs/collection.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 1000 * attempt,
            runtime=lambda wildcards, attempt: 20 * attempt,
        shell:
            'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} pack_exhibits'
            " --shard {wildcards.shard} {input:q} &> {log:q}"

    rule draw_atlas:
        input:
            PLAN.parts_of_page(),
            [layout.SHEET] if PLAN.said else [],
            [layout.SUSPECTS] if PLAN.labeled else [],
            layout.SPECIMENS,
            layout.FAILED,
            layout.DUPLICATES,
            layout.MAP,
            layout.CLUSTERS,
            layout.CLUSTER_SUMMARY,
            layout.CLUSTER_HISTORY,
            layout.TREE,
            layout.NEIGHBORS,
        output:
            page=layout.ATLAS_PAGE,
            record=layout.ATLAS_RECORD,
        log:
            "logs/draw_atlas.log",
        group:
            "collect"
        conda:
            "../../envs/collection.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
            runtime=lambda wildcards, attempt: 20 * attempt,
        params:
            labeled=[f"--suspects={layout.SUSPECTS}"] if PLAN.labeled else [],
            sheet=WITH_SHEET,
            shards=[f"--shards={PLAN.atlas.shards}"] if PLAN.atlas.shards else [],
        shell:
            'python "$FOSSILVIT"/draw_atlas.py {params.labeled:q} {params.sheet:q} {params.shards:q}'
            " --out {output.page:q} &> {log:q}"

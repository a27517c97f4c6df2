# needs  results/clusters.csv, cluster_summary.csv, tree.nwk, knn_QUERY.csv, confusion.csv, suspects.csv and the renders
# gives  results/figures: the clusters at a glance, the tree, contact sheets of every cluster and of the neighbors of every
#        query, the confusions and the suspects


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

# needs  results/clusters.csv, results/knn_QUERY.csv and the renders
# gives  results/figures: one contact sheet per cluster, and one of the neighbors of every query


rule draw_figures:
    input:
        clusters=layout.CLUSTERS,
        neighbors=expand(layout.QUERY_TABLES, query=PLAN.queries),
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
    shell:
        'python "$FOSSILVIT"/draw_figures.py --clusters {input.clusters:q} --neighbors {input.neighbors:q}'
        " --out {output:q} &> {log:q}"

# needs  one mesh or point cloud per specimen
# gives  data/renders/ID/, data/exhibits/ID.txt, data/features/ID.npy, data/embeddings/ID.npy, and data/shards/SHARD.json + SHARD.npz
#
# On a compute cluster one job computes one shard (profiles/slurm): the rule that gathers a shard joins its specimens to
# one job. Snakemake adds up the `runtime` of specimens that run one after another, so it is a specimen's share of the
# job. The `runtime` of the gathering includes the time to start the job.

KEEP = config["keep_renders"]


wildcard_constraints:
    # these arrays in data/embeddings belong to the collection, not to a specimen
    id=rf"(?!(?:{layout.COLLECTION})\.npy$).+",


rule render_views:
    input:
        lambda wildcards: PLAN.weights_for_rendering(wildcards.id),
    output:
        layout.RENDER_RECORDS,
        # represents the views, which are not outputs, because a specimen that cannot be read has none
        (str if KEEP else temp)(layout.VIEW_LISTS),
    log:
        "logs/render_views/{id}.log",
    retries: RETRIES
    group:
        "render"
    conda:
        "../../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * demands.rendering_memory(config, PLAN.specimen(wildcards.id)),
        runtime=lambda wildcards, attempt: attempt * demands.rendering_minutes(config, PLAN.specimen(wildcards.id)),
    params:
        # not an input, so that Snakemake considers neither its date nor its permissions
        mesh=lambda wildcards: PLAN.specimen(wildcards.id).path,
        id=lambda wildcards: PLAN.specimen(wildcards.id).id,
        settings=demands.render_arguments(config),
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} render_multiview'
        " --in={params.mesh:q} --specimen={params.id:q} {params.settings} &> {log:q}"


if PLAN.atlas:

    rule make_exhibit:
        input:
            layout.VIEW_LISTS,
        output:
            layout.EXHIBIT_FILES,
        log:
            "logs/make_exhibit/{id}.log",
        priority: 1
        retries: RETRIES
        group:
            "render"
        conda:
            "../../envs/render.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: attempt * demands.reading_memory(PLAN.specimen(wildcards.id)),
            runtime=lambda wildcards, attempt: attempt * demands.reading_minutes(PLAN.specimen(wildcards.id)),
        params:
            mesh=lambda wildcards: PLAN.specimen(wildcards.id).path,
            id=lambda wildcards: PLAN.specimen(wildcards.id).id,
        shell:
            'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} make_exhibits'
            " --in={params.mesh:q} --specimen={params.id:q} &> {log:q}"


rule gather_records:
    input:
        lambda wildcards: PLAN.render_records(wildcards.shard),
    output:
        layout.SHARD_RECORDS,
    log:
        "logs/gather_records/{shard}.log",
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
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} gather_records'
        " {input:q} --out {output:q} &> {log:q}"


rule extract_features:
    input:
        layout.VIEW_LISTS,
        lambda wildcards: PLAN.weights_for_describing(wildcards.id),
        lambda wildcards: PLAN.exhibit_before_deleting(wildcards.id),
    output:
        layout.FEATURE_ARRAYS,
    log:
        "logs/extract_features/{id}.log",
    priority: 1  # specimens that have been started are finished first
    retries: RETRIES
    group:
        "describe"
    conda:
        "../../envs/encode.yaml"
    threads: demands.describing_threads(PLAN.encoder, GPUS, workflow.cores)
    resources:
        gpu=int(GPUS > 0),
        mem_mb=lambda wildcards, attempt: attempt * PLAN.encoder.memory(),
        runtime=lambda wildcards, attempt: attempt * demands.describing_minutes(config, GPUS),
    params:
        id=lambda wildcards: PLAN.specimen(wildcards.id).id,
        encoder=lambda wildcards: ENCODER,
        precision=config["extract"]["precision"],
        # these two do not change features
        device=config["extract"]["device"],
        views="keep" if KEEP else "forget",
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} extract_features'
        " --specimen={params.id:q} {params.encoder} --precision {params.precision} --device {params.device}"
        " --views {params.views} --threads {threads} &> {log:q}"


rule pool_embedding:
    input:
        layout.FEATURE_ARRAYS,
    output:
        layout.EMBEDDING_ARRAYS,
    log:
        "logs/pool_embedding/{id}.log",
    priority: 2
    retries: RETRIES
    group:
        "describe"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: attempt,
    params:
        id=lambda wildcards: PLAN.specimen(wildcards.id).id,
        pool=config["pool"],
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} pool_embeddings'
        " --specimen={params.id:q} --pool {params.pool} &> {log:q}"


rule gather_shard:
    input:
        lambda wildcards: PLAN.embeddings(wildcards.shard),
        records=layout.SHARD_RECORDS,
    output:
        layout.SHARD_EMBEDDINGS,
    log:
        "logs/gather_shard/{shard}.log",
    retries: RETRIES
    group:
        "describe"
    conda:
        "../../envs/collection.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        whiten=config["collection"]["whiten"],
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} gather_shard'
        " --records {input.records:q} --whiten {params.whiten} --out {output:q} &> {log:q}"

# needs  a mesh or point cloud a specimen
# gives  data/renders/ID/, data/features/ID.npy, data/embeddings/ID.npy, and data/shards/SHARD.json + SHARD.npz
#
# On a cluster the shards are the jobs (profiles/slurm): what gathers a shard ties its specimens into one. There they run
# beside and after one another, so `runtime` is a specimen's share of such a job, and the gathering has the time to start
# in.


VIEWS = config["render"]["views"]
SAMPLES = (config["render"]["size"] * config["render"]["antialias"]) ** 2
VIEWS_MB, VIEWS_MINUTES = (25 + 3 * VIEWS) * SAMPLES // 10**6, VIEWS * SAMPLES // 10**9
RENDER_SETTINGS = " ".join(f"--{name}={value}" for name, value in config["render"].items())
WHITENED = config["collection"]["whiten"] != "none"
KEEP = config["keep_renders"]
VIEWS_AFTER = "keep" if KEEP else "forget"


wildcard_constraints:
    # data/embeddings/embeddings.npy is the collection's, not a specimen's
    id=r"(?!embeddings\.npy$).+",


rule render_views:
    input:
        # an encoder that is to be fetched is there before anything is rendered for it
        lambda wildcards: "data/encoder.json" if STALE.encoder and specimen(wildcards).id in STALE.rendered else [],
    output:
        "data/renders/{id}/render.json",
        # stands for the views, which are no outputs themselves: a specimen that cannot be read has none
        (str if KEEP else temp)("data/renders/{id}/views.txt"),
    log:
        "logs/render_views/{id}.log",
    retries: RETRIES
    group:
        "render"
    conda:
        "../../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * (1000 + specimen(wildcards).memory + VIEWS_MB),
        runtime=lambda wildcards, attempt: attempt * (1 + specimen(wildcards).memory // 1000 + VIEWS_MINUTES),
    params:
        # no input: neither its date nor its permissions mean anything to Snakemake
        mesh=lambda wildcards: specimen(wildcards).path,
        id=lambda wildcards: specimen(wildcards).id,
        settings=RENDER_SETTINGS,
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} render_multiview'
        " --in={params.mesh:q} --out data/renders --specimen={params.id:q} {params.settings} &> {log:q}"


rule gather_records:
    input:
        lambda wildcards: [layout.render_record(layout.RENDERS, id) for id in SHARDS[wildcards.shard]],
    output:
        "data/shards/{shard}.json",
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
        " {input:q} --renders data/renders --out {output:q} &> {log:q}"


rule extract_features:
    input:
        "data/renders/{id}/views.txt",
        lambda wildcards: "data/encoder.json" if STALE.encoder and specimen(wildcards).id in STALE.described else [],
    output:
        "data/features/{id}.npy",
    log:
        "logs/extract_features/{id}.log",
    priority: 1  # a specimen that is begun is finished first
    retries: RETRIES
    group:
        "describe"
    conda:
        "../../envs/encode.yaml"
    threads: THREADS
    resources:
        gpu=int(TAKES_GPU),
        mem_mb=lambda wildcards, attempt: encoders.memory(config["extract"]["model"]) * attempt,
        runtime=lambda wildcards, attempt: attempt * (1 if TAKES_GPU else 1 + VIEWS // 4),
    params:
        id=lambda wildcards: specimen(wildcards).id,
        encoder=lambda wildcards: ENCODER,
        precision=config["extract"]["precision"],
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} extract_features'
        " --renders data/renders --out data/features --specimen={params.id:q} {params.encoder}"
        f" --device {DEVICE} --views {VIEWS_AFTER}"  # where and what then change no result
        " --precision {params.precision} --threads {threads} &> {log:q}"


rule pool_embedding:
    input:
        "data/features/{id}.npy",
    output:
        "data/embeddings/{id}.npy",
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
        id=lambda wildcards: specimen(wildcards).id,
        pool=config["pool"],
    shell:
        'python -I -S "$FOSSILVIT"/warm.py {resources.mem_mb} {resources.runtime} pool_embeddings'
        " --features data/features --out data/embeddings --specimen={params.id:q} --pool {params.pool} &> {log:q}"


rule gather_shard:
    input:
        lambda wildcards: [layout.array_path(layout.EMBEDDINGS, id) for id in SHARDS[wildcards.shard]],
        records="data/shards/{shard}.json",
        features=lambda wildcards: [
            layout.array_path(layout.FEATURES, id) for id in SHARDS[wildcards.shard] if WHITENED
        ],
    output:
        "data/shards/{shard}.npz",
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
        " --records {input.records:q} --embeddings data/embeddings --features data/features"
        " --whiten {params.whiten} --out {output:q} &> {log:q}"

# needs  the network, once, unless the weights are already in torch.hub's cache or named by extract.weights
# gives  data/encoder.json: the encoder of the features, and the SHA-256 of the files it is made of

ENCODER = demands.encoder_arguments(config)
GPUS = demands.gpus(PLAN.encoder, internals.submits_jobs(workflow))
if GPUS:
    workflow.global_resources.setdefault("gpu", GPUS)


resource_scopes:
    gpu="local",  # counted within each job of a compute cluster, not over all jobs


localrules:
    fetch_weights,  # the nodes of a compute cluster may have no network


rule fetch_weights:
    output:
        layout.ENCODER,
    log:
        "logs/fetch_weights.log",
    retries: 0
    conda:
        "../../envs/encode.yaml"
    threads: 1
    resources:
        mem_mb=PLAN.encoder.memory(),
        runtime=60,
    params:
        encoder=lambda wildcards: ENCODER,  # a function, because its paths may hold braces
        device=config["extract"]["device"],
    shell:
        'python "$FOSSILVIT"/fetch_weights.py {params.encoder} --device {params.device} --out {output:q} &> {log:q}'

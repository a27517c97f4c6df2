# needs  the network, once, unless the weights are already in torch.hub's cache or named by extract.weights
# gives  data/encoder.json: which encoder the features come from, and the SHA-256 of what it is made of

import shlex

ENCODER = " ".join(
    f"--{name.replace('_', '-')}={shlex.quote(str(config['extract'][name]))}"
    for name in ("model", "image_size", "token", "engine", "source", "weights")
    if config["extract"][name] is not None
)
DEVICE = config["extract"]["device"]
PLACE = [config["extract"][name] for name in ("model", "device", "engine")]
THREADS = 1 if config["extract"]["model"] == "hog" else 4
TAKES_GPU = encoders.on_gpus(*PLACE)
if workflow.nodes:
    # a cluster gives what it is asked for: a job one GPU, be it of many specimens
    workflow.global_resources.setdefault("gpu", 1)
elif TAKES_GPU:
    # here the GPUs are known, and each serves one extraction at a time
    gpus = len(encoders.gpus(*PLACE))
    TAKES_GPU = gpus > 0
    if TAKES_GPU:
        workflow.global_resources.setdefault("gpu", gpus)
        THREADS = max(1, min(THREADS, (workflow.cores or THREADS) // gpus))


resource_scopes:
    gpu="local",  # counted inside each job of a cluster, not over all of them


localrules:
    fetch_weights,  # where there is a network: a node of a cluster may have none


rule fetch_weights:
    output:
        "data/encoder.json",
    log:
        "logs/fetch_weights.log",
    retries: 0
    conda:
        "../../envs/encode.yaml"
    threads: 1
    resources:
        mem_mb=encoders.memory(config["extract"]["model"]),
        runtime=60,
    params:
        encoder=lambda wildcards: ENCODER,  # its paths may hold braces
    shell:
        'python "$FOSSILVIT"/fetch_weights.py {params.encoder}'
        f" --device {DEVICE}"  # changes no result
        " --out {output:q} &> {log:q}"

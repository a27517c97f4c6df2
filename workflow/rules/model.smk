# needs  the network, once, unless the weights are already in torch.hub's cache or named by extract.weights
# gives  data/encoder.json: which encoder the features come from, and the SHA-256 of what it is made of

import shlex

GIVEN_WEIGHTS = config["extract"]["weights"]
ENCODER = " ".join(
    f"--{name.replace('_', '-')}={shlex.quote(str(config['extract'][name]))}"
    for name in ("model", "image_size", "token", "engine", "source", "weights")
    if config["extract"][name] is not None
)
PLACE = [config["extract"][name] for name in ("model", "device", "engine")]
THREADS = 1 if config["extract"]["model"] == "hog" else 4
TAKES_GPU = encoders.on_gpus(*PLACE)
if workflow.local_exec and TAKES_GPU:
    # a cluster gives what it is asked for; here the GPUs are known, and each serves one extraction at a time
    gpus = len(encoders.gpus(*PLACE))
    TAKES_GPU = gpus > 0
    if TAKES_GPU:
        workflow.global_resources.setdefault("gpu", gpus)
        THREADS = max(1, min(THREADS, (workflow.cores or THREADS) // gpus))


localrules:
    fetch_weights,


rule fetch_weights:
    input:
        [file for file in (GIVEN_WEIGHTS, ENCODER_FILE) if file],
    output:
        "data/encoder.json",
    log:
        "logs/fetch_weights.log",
    retries: 0
    conda:
        "../../envs/encode.yaml"
    threads: 1
    resources:
        device=config["extract"]["device"],
        mem_mb=encoders.memory(config["extract"]["model"]),
        runtime=60,
    params:
        encoder=ENCODER,
        version=encoders.version(config["extract"]["model"]),
    shell:
        'python "$FOSSILVIT"/fetch_weights.py {params.encoder} --device {resources.device} --out {output:q} &> {log:q}'

# needs  the network, once, unless the weights are already in torch.hub's cache or named by extract.weights
# gives  data/encoder.json: which encoder the features come from, and the SHA-256 of what it is made of


GIVEN_WEIGHTS = config["extract"]["weights"]
WEIGHTS_ARGUMENT = [f"--weights={GIVEN_WEIGHTS}"] if GIVEN_WEIGHTS else []
PLACE = [config["extract"][option] for option in ("model", "device", "engine")]
# a cluster is asked for a GPU; here it is known whether there is one, and each serves one extraction at a time
TAKES_GPU = bool(encoders.gpus(*PLACE) if workflow.local_exec else encoders.on_gpus(*PLACE))
if workflow.local_exec and TAKES_GPU:
    workflow.global_resources.setdefault("gpu", len(encoders.gpus(*PLACE)))


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
        model=config["extract"]["model"],
        image_size=config["extract"]["image_size"],
        token=config["extract"]["token"],
        engine=config["extract"]["engine"],
        source=config["extract"]["source"],
        weights=WEIGHTS_ARGUMENT,
        version=encoders.version(config["extract"]["model"]),
    shell:
        "{STAGE}.fetch_weights --model={params.model:q} --image-size {params.image_size}"
        " --token {params.token} --engine {params.engine} --device {resources.device}"
        " --source {params.source} {params.weights:q} --out {output:q} &> {log:q}"

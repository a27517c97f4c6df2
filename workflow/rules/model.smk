# needs  the network, once, unless the weights are already in torch.hub's cache or named by extract.weights
# gives  data/encoder.json: which encoder the features come from, and the SHA-256 of its weights


GIVEN_WEIGHTS = config["extract"]["weights"]
WEIGHTS_ARGUMENT = [f"--weights={GIVEN_WEIGHTS}"] if GIVEN_WEIGHTS else []


localrules:
    fetch_weights,


rule fetch_weights:
    input:
        GIVEN_WEIGHTS or [],
    output:
        "data/encoder.json",
    log:
        "logs/fetch_weights.log",
    retries: 0
    conda:
        "../../envs/encode.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        model=config["extract"]["model"],
        source=config["extract"]["source"],
        weights=WEIGHTS_ARGUMENT,
    shell:
        "python -m scripts.fetch_weights --model {params.model} --source {params.source}"
        " {params.weights:q} --out {output:q} &> {log:q}"

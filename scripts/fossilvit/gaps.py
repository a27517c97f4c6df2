"""Files that are gone though what was made from them is there: nothing else would ask for them.

Standard library only: this is read at every start of Snakemake.
"""

import os


def find(shards, keep_renders) -> list[str]:
    """The files of the workflow that someone deleted.

    Parameters
    ----------
    shards : dict of shard to the IDs of its specimens
    keep_renders : bool
        Whether views are to be there.
    """
    records, gathered = ([f"data/shards/{shard}.{kind}" for shard in shards] for kind in ("json", "npz"))
    found = _gone(["data/encoder.json", *records, *gathered, "data/embeddings/embeddings.npy"])
    for shard, identities in zip(gathered, shards.values(), strict=True):
        for identity in identities:
            found += _gone(_of_specimen(identity, keep_renders), used=os.path.exists(shard))
    return found


def _of_specimen(identity, keep_renders):
    views = [f"data/renders/{identity}/views.txt"] if keep_renders else []
    return [
        f"data/renders/{identity}/render.json",
        *views,
        f"data/features/{identity}.npy",
        f"data/embeddings/{identity}.npy",
    ]


def _gone(files, used=False):
    """Those missing of files made one from another: before the last that is there, or all if what is there was used."""
    there = [os.path.exists(file) for file in files]
    if not any(there):
        return []
    made = len(files) if used else len(files) - there[::-1].index(True)
    return [file for file, exists in zip(files[:made], there, strict=False) if not exists]

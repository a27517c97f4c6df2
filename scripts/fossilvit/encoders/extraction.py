"""Views on disk -> features. Views are read ahead, so that the encoder never waits for one.

In: the renders of specimens. Out: float32 [V, D] per specimen, one row per view.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from fossilvit.encoders.registry import Encoder
from fossilvit.errors import UserError
from fossilvit.store.files import PathLike
from fossilvit.store.renders import read_view, view_paths


def describe(encoder: Encoder, renders: PathLike, identities: Iterable[str], threads: int) -> Iterator[np.ndarray]:
    """Describe the views of specimens, one specimen after another.

    While the encoder works, other threads read and prepare the next views. An encoder with a `batch` gets at least that
    many views at once, from several specimens.

    Parameters
    ----------
    encoder : encoders.registry.Encoder
    renders : path
        Folder of renders.
    identities : list of str
    threads : int
        Number of threads that read.

    Yields
    ------
    float32 [V, D] for each identity, in order; [0, D] for a specimen that could not be rendered
    """
    with ThreadPoolExecutor(threads) as pool:
        ready: list[list[Future[Any]]] = []
        for group in chain(_groups(encoder.batch, renders, identities), [[]]):
            coming = [[pool.submit(_prepared, encoder, path) for path in paths] for paths in group]
            if ready:
                yield from _described(encoder, ready)
            ready = coming


def _groups(batch: int | None, renders: PathLike, identities: Iterable[str]) -> Iterator[list[list[Path]]]:
    """Yield groups of specimens, each as the paths of its views: at least a batch of views, or one specimen."""
    group: list[list[Path]] = []
    views = 0
    for identity in identities:
        group.append(view_paths(renders, identity))
        views += len(group[-1])
        if views >= (batch or 0):
            yield group
            group, views = [], 0
    if group:
        yield group


def _prepared(encoder: Encoder, path: Path) -> Any:
    return encoder.prepare(read_view(path))


def _described(encoder: Encoder, group: list[list[Future[Any]]]) -> list[np.ndarray]:
    """Describe the views of a group together; the features of each of its specimens."""
    views = [[future.result() for future in specimen] for specimen in group]
    features = encoder.describe([view for specimen in views for view in specimen])
    if not np.isfinite(features).all():
        raise UserError(
            f"{encoder.name} gave features that are not numbers; take another precision, or correct the encoder."
        )
    return np.split(features, np.cumsum([len(specimen) for specimen in views])[:-1])

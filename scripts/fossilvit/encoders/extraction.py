"""Views on disk -> features. Views are read ahead, so that the encoder never waits for one.

In: the renders of specimens. Out: float32 [V, D] per specimen, one row per view.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fossilvit.encoders.registry import Encoder
from fossilvit.errors import UserError
from fossilvit.store.arrays import not_finite
from fossilvit.store.files import PathLike
from fossilvit.store.renders import read_view, view_paths

View = TypeVar("View")
Group = list[tuple[str, list[View]]]
"""The ID of every specimen that is described at once, and its views."""


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
        ready: Group[Future[Any]] = []
        for group in chain(_groups(encoder.batch, renders, identities), [[]]):
            coming = [(one, [pool.submit(_prepared, encoder, path) for path in paths]) for one, paths in group]
            if ready:
                yield from _described(encoder, ready)
            ready = coming


def _groups(batch: int | None, renders: PathLike, identities: Iterable[str]) -> Iterator[Group[Path]]:
    """Yield groups of specimens, each as the paths of its views: at least a batch of views, or one specimen."""
    group: Group[Path] = []
    views = 0
    for identity in identities:
        paths = view_paths(renders, identity)
        group.append((identity, paths))
        views += len(paths)
        if views >= (batch or 0):
            yield group
            group, views = [], 0
    if group:
        yield group


def _prepared(encoder: Encoder, path: Path) -> Any:
    return encoder.prepare(read_view(path))


def _described(encoder: Encoder, group: Group[Future[Any]]) -> list[np.ndarray]:
    """Describe the views of a group together; the features of each of its specimens.

    Raises
    ------
    UserError
        The features of a view are not finite.
    """
    views = [[future.result() for future in prepared] for _, prepared in group]
    features = encoder.describe([view for specimen in views for view in specimen])
    described = np.split(features, np.cumsum([len(specimen) for specimen in views])[:-1])
    for (identity, _), found in zip(group, described, strict=True):
        view = not_finite(found)
        if view is not None:
            raise UserError(
                f"{encoder.name} gave view {view} of {identity!r} a feature that is NaN, infinite or too large for "
                "float32; take another precision, or correct the encoder."
            )
    return described

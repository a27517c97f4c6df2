"""Views on disk -> features, with the encoder never waiting for a view.

In: the renders of specimens. Out: float32 [V, D] a specimen, one row a view.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np

from fossilvit.errors import UserError
from fossilvit.store.renders import read_view, view_paths


def describe(encoder, renders, identities, threads):
    """Describe the views of specimens, one specimen after another.

    While the encoder works, the views that come next are read and prepared on other threads. An encoder with a `batch`
    gets as many views at once, of several specimens.

    Parameters
    ----------
    encoder : encoders.registry.Encoder
    renders : path
        Folder of renders.
    identities : list of str
    threads : int
        That read.

    Yields
    ------
    float32 [V, D], for each identity in order; [0, D] for a specimen that could not be rendered
    """
    with ThreadPoolExecutor(threads) as pool:
        ready = None
        for group in chain(_groups(encoder.batch, renders, identities), [None]):
            coming = group and [[pool.submit(_prepared, encoder, path) for path in paths] for paths in group]
            if ready:
                yield from _described(encoder, ready)
            ready = coming


def _groups(batch, renders, identities):
    """Paths of views by specimen, in groups of at least a batch; of one specimen each without a batch."""
    group, views = [], 0
    for identity in identities:
        group.append(view_paths(renders, identity))
        views += len(group[-1])
        if views >= (batch or 0):
            yield group
            group, views = [], 0
    if group:
        yield group


def _prepared(encoder, path):
    return encoder.prepare(read_view(path))


def _described(encoder, group):
    """The features of every specimen of a group, whose views are described together."""
    views = [[future.result() for future in specimen] for specimen in group]
    features = encoder.describe([view for specimen in views for view in specimen])
    if not np.isfinite(features).all():
        raise UserError(f"{encoder.name} gave features that are no numbers; take another precision, or mend it.")
    return np.split(features, np.cumsum([len(specimen) for specimen in views])[:-1])

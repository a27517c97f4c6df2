"""Whether a run can begin: in a folder that may be written, by a Python that has what the stages need.

In: Snakemake's Workflow. Out: nothing, or a UserError.
"""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING

from snakemake_interface_executor_plugins.settings import DeploymentMethod

from fossilvit.errors import UserError
from fossilvit.running import environment, troubles
from fossilvit.store import layout

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

SHARED = (".", "data", layout.RESULTS, layout.FIGURES, layout.ATLAS)
"""Folders in which others may keep something, too."""
OWN = (
    *(".snakemake", ".fossilvit", layout.RENDERS, layout.EXHIBITS, layout.FEATURES, layout.EMBEDDINGS, layout.SHARDS),
    *(layout.CHUNKS, layout.LOGS),
)
IN_PLACE = (".snakemake/metadata", layout.LOGS)
"""Folders whose files are written again in place. Others are replaced, which needs a right to their folder alone."""
SOME = 50
"""Number of entries of a folder that are looked at, so that a large collection starts as fast as a small one."""
PACKAGES = (
    *("fast_simplification", "hdbscan", "numba", "numpy", "open3d", "openTSNE", "PIL", "scipy", "sklearn"),
    *("torch", "tqdm"),
)


def check(workflow: "Workflow") -> None:
    """Check that a run can begin.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        While its Snakefile is read.

    Raises
    ------
    UserError
    """
    if sentence := troubles.unwritable(_to_write()):
        raise UserError(sentence)
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        missing = [package for package in PACKAGES if find_spec(package) is None]
        if missing:
            raise UserError(environment.lacking(*missing))


def _to_write() -> Iterator[str]:
    """Paths that a run writes to: its folders, and some of what they hold. What is missing will be made there."""
    yield from SHARED
    for folder in OWN:
        yield folder
        yield from filter(os.path.isdir, _some(folder))
    for folder in IN_PLACE:
        for entry in _some(folder):
            yield entry
            yield from _some(entry)


def _some(folder: str) -> list[str]:
    if not os.path.isdir(folder):
        return []
    with os.scandir(folder) as entries:
        return [entry.path for entry in islice(entries, SOME)]

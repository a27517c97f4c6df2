"""Whether a run can begin: in a folder that may be written, by a Python that has what the stages need.

In: Snakemake's Workflow. Out: nothing, or a UserError.
"""

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from snakemake_interface_executor_plugins.settings import DeploymentMethod

from fossilvit.errors import UserError
from fossilvit.running import environment
from fossilvit.store import layout

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

FOLDERS = (".", ".snakemake", ".fossilvit", "data", layout.LOGS, layout.RESULTS)
PACKAGES = ("hdbscan", "numba", "numpy", "open3d", "PIL", "scipy", "sklearn", "torch", "tqdm")


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
    locked = [folder for folder in FOLDERS if os.path.exists(folder) and not os.access(folder, os.W_OK | os.X_OK)]
    if locked:
        folder = os.path.abspath(locked[0])
        raise UserError(f"{folder} may not be written; change its permissions, or work elsewhere: --directory FOLDER.")
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        missing = [package for package in PACKAGES if find_spec(package) is None]
        if missing:
            raise UserError(environment.lacking(*missing))

"""What the tests share: where things lie, commands run as a user runs them, generated weights."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "here",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("here")

REPOSITORY = Path(__file__).parents[1]
REAL_MESHES = REPOSITORY.parent / "shared" / "data"


def heed_interrupts():
    """A run in the background of a script ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ordinary_user():
    """The start of a command that may read no more than an ordinary user: root without its privileges."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not here, so that root cannot do without its privileges")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture(scope="session")
def repository():
    return REPOSITORY


@pytest.fixture(scope="session")
def real_meshes():
    """The folder of real meshes, which lies beside the repository where there is one."""
    if not REAL_MESHES.is_dir():
        pytest.skip("the real meshes ../shared/data are not here")
    return REAL_MESHES


@pytest.fixture(scope="session")
def command():
    """Runs `python -m scripts.<stage> ...` in the repository, as the README says."""

    def run(stage, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", f"scripts.{stage}", *map(str, arguments)],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def seeded():
    """Gives a network random weights, every one of them, the same for the same seed, and returns its state dict."""
    import torch

    def fill(network, seed=0):
        generator = torch.Generator().manual_seed(seed)
        state = {
            name: torch.randn(tensor.shape, generator=generator) * 0.05
            + (1.0 if name.endswith("gamma") or "norm" in name else 0.0)
            for name, tensor in network.state_dict().items()
        }
        network.load_state_dict(state)
        return state

    return fill


@pytest.fixture(scope="session")
def vits14_weights(tmp_path_factory, seeded):
    """A file of generated weights of dinov2_vits14, laid out as Meta's (88 MB)."""
    import torch

    from fossilvit.encoders.vision import architectures, vit

    path = tmp_path_factory.mktemp("weights") / "dinov2_vits14_pretrain.pth"
    torch.save(seeded(vit.VisionTransformer(architectures.ARCHITECTURES["dinov2_vits14"])), path)
    return path

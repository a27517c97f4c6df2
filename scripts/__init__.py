"""The commands of FossilViT. `python -m scripts.<stage>` runs one of them."""

import sys
from importlib.util import find_spec

if find_spec("fossilvit") is None:
    sys.exit(
        f"Error: {sys.executable} has no fossilvit; activate the environment of FossilViT first "
        "(in its folder: source .venv/bin/activate), or make it: make env."
    )

from fossilvit.running import environment

sys.excepthook = environment.tell

"""The stage commands. This puts the library beside them on the path, so that `python -m scripts.<stage>` just works."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fossilvit import environment  # noqa: E402

sys.excepthook = environment.tell

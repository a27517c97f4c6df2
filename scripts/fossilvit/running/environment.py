"""Reports that this Python lacks a package. Standard library only.

In: the names of packages, or an uncaught error. Out: one sentence.
"""

import sys
from types import TracebackType


def lacking(*packages: str) -> str:
    """The sentence that says which packages this Python lacks, and what to do."""
    return (
        f"{sys.executable} has no {', '.join(packages)}; activate the environment of FossilViT first "
        "(in its folder: source .venv/bin/activate), or make it: make env."
    )


def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Replace sys.excepthook: report a missing package in one sentence, and anything else as Python does."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(("fossilvit", "scripts")):
        print(f"Error: {lacking(error.name)}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)

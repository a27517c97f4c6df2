"""What to say where a Python lacks a package. Standard library only."""

import sys


def lacking(*packages) -> str:
    """The sentence about packages that this Python does not have."""
    return (
        f"{sys.executable} has no {', '.join(packages)}; activate the environment of FossilViT first "
        "(in its folder: source .venv/bin/activate), or make it: make env."
    )


def tell(kind, error, trace):
    """Replace sys.excepthook: report a missing package in one sentence, and anything else as Python does."""
    if issubclass(kind, ModuleNotFoundError) and error.name and not error.name.startswith(("fossilvit", "scripts")):
        print(f"Error: {lacking(error.name)}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)

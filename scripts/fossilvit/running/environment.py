"""Reports what is missing or wrong around a command before it begins. Standard library only.

In: the names of packages, or an uncaught error. Out: one sentence.
"""

import sys
from types import TracebackType

from fossilvit.running import troubles


def lacking(*packages: str) -> str:
    """The sentence that says which packages this Python lacks, and what to do."""
    return (
        f"{sys.executable} has no {', '.join(packages)}; activate the environment of FossilViT first "
        "(in its folder: source .venv/bin/activate), or make it: make env."
    )


def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Replace sys.excepthook: report a missing package or a fault of the machine in one sentence, a bug as Python does.

    Ctrl-C needs no words. Where OpenBLAS may start no threads, it says so and interrupts its own import.
    """
    if isinstance(error, KeyboardInterrupt):
        return
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(("fossilvit", "scripts")):
        sentence: str | None = lacking(error.name)
    else:
        sentence = troubles.describe(error)
    if sentence is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"Error: {sentence}", file=sys.stderr)

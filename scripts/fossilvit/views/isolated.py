"""A studio in a child process, so that a scan that crashes its reader costs its own record and nothing else.

In: a function to call in the child, and a scan. Out: what the function does, or an error that names the scan.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from fossilvit.errors import SpecimenError, UserError
from fossilvit.running import isolation
from fossilvit.scans import companions
from fossilvit.store import digests
from fossilvit.views import rendering, studio
from fossilvit.views.studio import Settings


def call(work: Callable[..., None], path: str, settings: Settings, *arguments: Any) -> None:
    """Call work(shoot, path, *arguments) in a child process with an open renderer, which is kept for the next scans.

    Parameters
    ----------
    work : function
        Its first argument is the function that shoots one mesh; see studio.opened.
    path : str
    settings : Settings
    arguments : values that can be pickled

    Raises
    ------
    SpecimenError
        The scan cannot be read, or a reader crashed or ran out of memory. Its `companions` are the files beside it.
    UserError
        The renderer cannot run here, or a graphics driver crashed.
    OSError
        The child was killed by someone else.
    """
    try:
        _child(settings)(work, path, *arguments)
    except isolation.Crash as crash:
        if rendering.uses_driver(settings.renderer):
            raise UserError(
                f"The {settings.renderer} renderer or its driver ended by {crash} at {path}; run again, or take "
                "renderer raster."
            ) from None
        failure = SpecimenError(f"{path} ended its process by {crash}; export it again, or smaller.")
        failure.companions = {name: digests.Digests().of(Path(path).parent / name) for name in companions.around(path)}
        raise failure from None


@lru_cache(maxsize=1)
def _child(settings: Settings) -> isolation.Child:
    return isolation.Child(lambda: _at_work(settings), rendering.most_specimens(settings.renderer, settings.views))


@contextmanager
def _at_work(settings: Settings) -> Iterator[Callable[..., None]]:
    with studio.opened(settings) as shoot:
        yield lambda work, *arguments: work(shoot, *arguments)

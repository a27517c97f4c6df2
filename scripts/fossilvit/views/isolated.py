"""A studio in a child process, so that a scan that cannot be read or drawn costs its own record and nothing else.

In: a function to call in the child, and a scan. Out: what the function does, or an error that names the scan.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import lru_cache
from typing import Any, NamedTuple

from fossilvit import meshes
from fossilvit.errors import SpecimenError, UserError
from fossilvit.meshes import Mesh, reading
from fossilvit.running import isolation
from fossilvit.scans import companions, inventory
from fossilvit.store import digests, layout
from fossilvit.views import rendering, studio
from fossilvit.views.studio import Settings, Shoot, Shot


class Sitting(NamedTuple):
    """One specimen before the cameras."""

    mesh: Mesh
    shot: Shot
    looked_for: dict[str, str | None]
    """Name to SHA-256 of the files that the mesh names; None for a missing one."""


class Scan(NamedTuple):
    """A scan to read, and what must be known to blame it for a failure."""

    path: str
    identity: str
    outside: bool
    """whether a link leads out of the folder of scans, so that messages hold nothing of its content"""
    memory: int | None
    """MB that the job may take; None where nobody has said so"""

    @property
    def remedy(self) -> str:
        """What to do if it takes more memory than its job may."""
        unpack = "unpack it, " if self.path.lower().endswith(".gz") else ""
        record = layout.render_record(layout.RENDERS, self.identity)
        more = "give the rule more: --set-resources render_views:mem_mb=MB"
        return f"{unpack}export it smaller, or delete {record} and {more}"


class TooLarge(SpecimenError):
    """A scan takes more memory than it may. The child that read it is given up, because an import may have failed."""


def call(work: Callable[..., None], path: str, identity: str, settings: Settings, *arguments: Any) -> None:
    """Call work(sitting, identity, settings, *arguments) in a child process, which keeps its renderer open.

    Parameters
    ----------
    work : function
        Its first argument is a Sitting. It draws the views, which are drawn only when it asks for them.
    path : str
    identity : str
        The ID of the scan. If a link leads out of the folder of scans, messages hold nothing of its content.
    settings : Settings
    arguments : values that can be pickled

    Raises
    ------
    SpecimenError
        The scan cannot be read, posed or drawn, or takes more memory than its job may, or the child crashed at it. Its
        `companions` are the files beside it.
    UserError
        The renderer cannot run here, or a graphics driver failed.
    OSError, MemoryError
        The machine failed, or the child was killed by someone else.
    """
    child = _child(settings)
    scan = Scan(path, identity, inventory.is_outside(path, identity), isolation.memory_of_job())
    try:
        _call_twice(child, work, scan, *arguments)
    except TooLarge:
        child.close()
        raise
    except isolation.Crash as crash:
        if rendering.uses_driver(settings.renderer):
            raise UserError(
                f"The {settings.renderer} renderer or its driver ended by {crash} at {path}; run again, or take "
                "renderer raster."
            ) from None
        lacked = isinstance(crash, isolation.OutOfMemory) and scan.memory is not None
        remedy = scan.remedy if lacked else "export it again, or smaller"
        failure = SpecimenError(f"{path} ended its process by {crash}; {remedy}.")
        known = digests.Digests()
        failure.companions = {name: companions.digest(path, name, known) for name in companions.around(path)}
        raise failure from None


def _call_twice(child: isolation.Child, *arguments: Any) -> None:
    """Call a child, and a new one if the scan is too large: what the first holds of former scans is not its fault."""
    try:
        child(*arguments)
    except TooLarge:
        child.close()
        child(*arguments)


@lru_cache(maxsize=1)
def _child(settings: Settings) -> isolation.Child:
    return isolation.Child(lambda: _at_work(settings), rendering.most_specimens(settings.renderer, settings.views))


@contextmanager
def _at_work(settings: Settings) -> Iterator[Callable[..., None]]:
    with studio.opened(settings) as shoot:
        yield lambda *arguments: _sit(shoot, settings, *arguments)


def _sit(shoot: Shoot, settings: Settings, work: Callable[..., None], scan: Scan, *arguments: Any) -> None:
    """Read and pose a scan, and let it be drawn, within the memory that the job may take."""
    left = None if scan.memory is None else _left(scan.memory)
    driver = rendering.uses_driver(settings.renderer)
    failure: SpecimenError
    with companions.noted(named=not scan.outside) as looked_for:
        try:
            with ExitStack() as bounds:
                if left is not None:
                    bounds.enter_context(isolation.memory_bound(left))
                mesh = _read(scan, left)
                shot = shoot(mesh)
                if driver:
                    bounds.close()  # a driver reserves more memory than it takes
                with _of_driver(settings.renderer, scan.path) if driver else nullcontext():
                    work(Sitting(mesh, shot, looked_for), scan.identity, settings, *arguments)
            return
        except SpecimenError as error:
            failure = error
        except (UserError, OSError):
            raise
        except (MemoryError, ImportError):  # compiled code cannot be loaded where memory is short
            if scan.memory is None:
                raise
            failure = TooLarge(
                f"{scan.path} takes more than the {scan.memory} MB of memory that its job may take; {scan.remedy}."
            )
        except Exception as error:  # a scan that can be read may still be too strange to draw
            said = reading.HIDDEN if scan.outside else reading.unforeseen("rendered", error)
            failure = SpecimenError(f"{scan.path} {said}")
        # a name that leads to a file is no secret of the scan
        failure.companions = {name: digest for name, digest in looked_for.items() if digest or not scan.outside}
        raise failure


def _read(scan: Scan, left: int | None) -> Mesh:
    """Read a scan with as much memory as its size allows; `left` is what the job leaves, in bytes."""
    most = meshes.most_memory(scan.path)
    try:
        with isolation.memory_bound(most):
            return meshes.read(scan.path, scan.outside)
    except MemoryError:
        if left is not None and left < most:
            raise
        raise TooLarge(f"{scan.path} takes more than {most >> 20} MiB of memory to read; export it again.") from None


def _left(job: int) -> int:
    """Bytes that this process may take for a scan, of the MB that its job may take."""
    left = isolation.memory_left(job)
    if left <= 0:
        raise UserError(
            f"Rendering may take {job} MB of memory, which is too little for any scan; give the rule more: "
            "--set-resources render_views:mem_mb=MB."
        )
    return left


@contextmanager
def _of_driver(renderer: str, path: str) -> Iterator[None]:
    """Turn what goes wrong in drawing with a driver into a fault of the machine, of which the driver is part."""
    try:
        yield
    except (UserError, OSError):
        raise
    except Exception as error:
        raise UserError(
            f"The {renderer} renderer or its driver failed at {path} ({type(error).__name__}); run again, or take "
            "renderer raster."
        ) from error

"""What the jobs of a run ask for: arguments, threads, GPUs, memory in MB, and minutes.

In: settings, and the chosen encoder. Out: numbers and texts for the rules.
"""

import shlex
from typing import Any

from fossilvit.encoders import Choice
from fossilvit.provenance import recipes
from fossilvit.scans.specimens import Specimen
from fossilvit.sheet.said import Wanted

Settings = dict[str, Any]
"""The configuration, or one group of it."""
MB = 10**6


def render_arguments(settings: Settings) -> str:
    """The arguments of render_multiview that say how specimens are seen."""
    return _arguments(settings["render"])


def sheet_arguments(settings: Settings) -> list[str]:
    """The arguments of join_sheet that say what the sheet is for."""
    return [f"--{name}={settings[name]}" for name in Wanted._fields if settings[name] is not None]


def encoder_arguments(settings: Settings) -> str:
    """The arguments that say which encoder it is. Those that change no feature (device) are not among them."""
    names = ("model", "image_size", "token", "engine", "source", "weights")
    return _arguments({name.replace("_", "-"): settings["extract"][name] for name in names})


def reading_memory(specimen: Specimen) -> int:
    """MB to read a specimen again and to shrink its views."""
    return 1000 + specimen.memory


def reading_minutes(specimen: Specimen) -> int:
    """Minutes to read a specimen again, as its share of a job: 1, and one per GB."""
    return 1 + specimen.memory // 1000


def rendering_memory(settings: Settings, specimen: Specimen) -> int:
    """MB to read and render a specimen: 1000, what its file may take, 25 bytes per sample, and 3 more per view.

    Where colors are seen, it is 1000 more, for the largest texture.
    """
    views = recipes.view_count(settings["render"])
    texture = 1000 if settings["render"]["appearance"] == "color" else 0
    return reading_memory(specimen) + texture + (25 + 3 * views) * _samples(settings) // MB


def rendering_minutes(settings: Settings, specimen: Specimen) -> int:
    """Minutes to render a specimen, as its share of a job: 1, one per GB to read, and one per billion samples."""
    samples = recipes.view_count(settings["render"]) * _samples(settings)
    return reading_minutes(specimen) + samples // 10**9


def describing_minutes(settings: Settings, gpus: int) -> int:
    """Minutes to describe a specimen, as its share of a job: 1, and one for every four views without a GPU."""
    views = recipes.view_count(settings["render"])
    return 1 if gpus else 1 + views // 4


def gpus(encoder: Choice, submits: bool) -> int:
    """The number of GPUs that share the work: those of this machine, or one where jobs are handed to others."""
    return int(encoder.on_gpus()) if submits else len(encoder.gpus())


def describing_threads(encoder: Choice, gpus: int, cores: int | None) -> int:
    """CPU threads to describe a specimen with: those that the encoder can use, or the share of one of several GPUs.

    Parameters
    ----------
    cores : int or None
        The cores of this machine; None where jobs go to others.
    """
    if not gpus or cores is None:
        return encoder.kind.threads
    return max(1, min(encoder.kind.threads, cores // gpus))


def _samples(settings: Settings) -> int:
    """Samples of one view: pixels, or more where they are antialiased."""
    side: int = settings["render"]["size"] * settings["render"]["antialias"]
    return side**2


def _arguments(settings: Settings) -> str:
    return " ".join(f"--{name}={shlex.quote(str(value))}" for name, value in settings.items() if value is not None)

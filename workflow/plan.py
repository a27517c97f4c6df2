"""Settings and scans -> the plan of a run: which specimens, shards, queries and results there are.

In: the configuration as Snakemake read it. Out: a Plan, which the rules look things up in.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from fossilvit import encoders
from fossilvit.encoders import Choice, Options
from fossilvit.provenance import freshness
from fossilvit.provenance.freshness import Stale
from fossilvit.running import settings
from fossilvit.scans import inventory, objects, specimens
from fossilvit.scans.inventory import Inventory
from fossilvit.scans.specimens import Specimen
from fossilvit.store import digests, layout
from fossilvit.store.files import PathLike


class Plan(NamedTuple):
    """What a run is to make, and of what."""

    settings: dict[str, Any]
    inventory: Inventory
    shards: dict[str, list[str]]
    """The IDs of every shard."""
    queries: dict[str, str]
    """The ID of every query, by its name in file names."""
    encoder: Choice
    stale: Stale
    """What is not as a run from scratch would make it."""

    @property
    def labeled(self) -> bool:
        """Whether specimens lie in folders, which clusters can be compared with."""
        return bool(specimens.categories(self.inventory.specimens))

    def specimen(self, path: str) -> Specimen:
        """The specimen whose ID stands in the paths of its files."""
        return self.inventory.specimens[layout.decode(path)]

    def weights_for_rendering(self, path: str) -> list[str]:
        """The record of an encoder that is to be fetched before this specimen is rendered for it."""
        return self._weights_for(path, self.stale.rendered)

    def weights_for_describing(self, path: str) -> list[str]:
        """The record of an encoder that is to be fetched before this specimen is described with it."""
        return self._weights_for(path, self.stale.described)

    def render_records(self, shard: str) -> list[Path]:
        """The render records of the specimens of a shard."""
        return [layout.render_record(layout.RENDERS, identity) for identity in self.shards[shard]]

    def embeddings(self, shard: str) -> list[Path]:
        """The embeddings of the specimens of a shard."""
        return [layout.array_path(layout.EMBEDDINGS, identity) for identity in self.shards[shard]]

    def sentences(self) -> list[str]:
        """Sentences to log before anything runs: what has changed since the last run, and which files are not taken."""
        changes = ", ".join(f"{change} ({count})" for change, count in self.stale.reasons.most_common())
        return [*([f"Changed since the last run: {changes}."] if changes else ()), *self.inventory.summary()]

    def _weights_for(self, path: str, stale: Collection[str]) -> list[str]:
        return [layout.ENCODER] if self.stale.encoder and self.specimen(path).id in stale else []


def make(config: dict[str, Any], schema: PathLike, remote: bool, main: bool) -> Plan:
    """Make the plan of a run in the current folder.

    Parameters
    ----------
    config : dict
        As Snakemake read it, not checked yet.
    schema : path
        The schema of the settings.
    remote : bool
        Whether jobs go to other machines, for which some names of specimens cannot be written.
    main : bool
        Whether this is the process that decides what runs again, and not the process of a single job.

    Raises
    ------
    UserError
        A setting is wrong, or the folder of scans or the table of objects cannot be taken.
    """
    checked = settings.checked(config, schema)
    if main and checked["objects"]:
        objects.read(checked["objects"])  # says now, not after hours, what is wrong with it
    found = inventory.take(checked["meshes"], checked["prefer"], remote)
    extract = checked["extract"]
    options = Options(**{name: extract[name] for name in Options._fields if name in extract})
    encoder = encoders.choose(extract["model"], options)
    return Plan(
        checked,
        found,
        specimens.members(found.specimens, checked["shards"]),
        specimens.queries(checked["search"]["queries"], found.specimens),
        encoder,
        _stale(found, checked, encoder) if main else freshness.NOTHING,
    )


def _stale(found: Inventory, checked: dict[str, Any], encoder: Choice) -> Stale:
    known = digests.Digests(layout.DIGESTS)
    stale = freshness.find(found, checked, encoder, known)
    known.save()
    return stale

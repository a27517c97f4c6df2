"""Settings and scans -> the plan of a run: which specimens, shards, queries and results there are.

In: the configuration as Snakemake read it. Out: a Plan, which the rules look things up in.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fossilvit import encoders
from fossilvit.encoders import Choice, Options
from fossilvit.provenance import freshness
from fossilvit.provenance.freshness import Atlas, Stale
from fossilvit.running import settings
from fossilvit.scans import inventory, specimens
from fossilvit.scans.inventory import Inventory
from fossilvit.scans.specimens import Specimen
from fossilvit.sheet import facts, said
from fossilvit.sheet.said import Said, Wanted
from fossilvit.store import digests, layout
from fossilvit.store.files import PathLike

MOST_IN_PAGE = 1000
"""Largest number of specimens of which one page holds everything."""


class Plan(NamedTuple):
    """What a run is to make, and of what."""

    settings: dict[str, Any]
    inventory: Inventory
    shards: dict[str, list[str]]
    """The IDs of every shard."""
    queries: dict[str, str]
    """The ID of every query, by its name in file names."""
    encoder: Choice
    said: Said | None
    """What the sheet says; None if there is none."""
    labeled: bool
    """Whether specimens have categories, which neighbors and clusters can be compared with."""
    atlas: Atlas | None
    """None if no atlas is drawn."""
    stale: Stale
    """What is not as a run from scratch would make it."""

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

    def exhibits(self, identities: Iterable[str]) -> list[Path]:
        """What the atlas shows of specimens."""
        return [layout.exhibit_path(layout.EXHIBITS, identity) for identity in identities]

    def exhibit_before_deleting(self, path: str) -> list[Path]:
        """What the atlas shows of a specimen, if the views that it is made of are deleted once they are described."""
        return [] if self.settings["keep_renders"] or not self.atlas else self.exhibits([self.specimen(path).id])

    def parts_of_page(self) -> list[Path]:
        """What the page of the atlas holds of all specimens; nothing if it lies in chunks beside the page."""
        return [] if self.atlas is None or self.atlas.shards else self.exhibits(self.inventory.specimens)

    def asked_for(self) -> list[str]:
        """The results of this run that not every run makes."""
        return [
            *(layout.QUERY_TABLES.format(query=query) for query in self.queries),
            *([layout.SHEET] if self.said else ()),
            *([*layout.EVALUATION_TABLES, layout.SUSPECTS] if self.labeled else ()),
            *([layout.MAP, layout.ATLAS_PAGE] if self.atlas else ()),
            *(path for shard in self.shards if self.atlas and self.atlas.shards for path in layout.chunks(shard)),
        ]

    def sheet_for(self, output: str) -> list[str]:
        """The joined sheet as an input of the job that makes a file, if the job has to run.

        Otherwise the sheet is not its input: what the file depends on has not changed, and Snakemake would make it
        again when anything else in the sheet has. The process of a single job, which is to run, does not know.
        """
        runs = self.stale is freshness.NOTHING or output in self.stale.again or not os.path.exists(output)
        return [layout.SHEET] if self.said and runs else []

    def sentences(self) -> list[str]:
        """Sentences to log before anything runs: what has changed since the last run, and which files are not taken."""
        changes = ", ".join(f"{change} ({count})" for change, count in self.stale.reasons.most_common())
        return [
            *([f"Changed since the last run: {changes}."] if changes else ()),
            *self.inventory.summary(),
            *(self.said.sentences if self.said else ()),
        ]

    def _weights_for(self, path: str, stale: Collection[str]) -> list[str]:
        return [layout.ENCODER] if self.stale.encoder and self.specimen(path).id in stale else []


def make(config: dict[str, Any], schema: PathLike, remote: bool, main: bool) -> Plan:
    """Make the plan of a run in the current folder.

    Parameters
    ----------
    config : dict
        As Snakemake read it, not checked yet.
    schema : path
        The schema of the settings, with that of the sheet beside it.
    remote : bool
        Whether jobs go to other machines, for which some names of specimens cannot be written.
    main : bool
        Whether this is the process that decides what runs again, and not the process of a single job.

    Raises
    ------
    UserError
        A setting is wrong, or the folder of scans or the sheet cannot be taken.
    """
    checked = settings.checked(config, schema)
    found = inventory.take(checked["meshes"], checked["prefer"], remote)
    shards = specimens.members(found.specimens, checked["shards"])
    shard_count = specimens.shard_count(len(found.specimens), checked["shards"])
    sheet = _sheet(checked, Path(schema).with_name("specimens.schema.yaml"), found)
    if sheet and sheet.selected is not None:
        found, shards = _selected(found, shards, sheet.selected)
    known = sheet.facts if sheet else facts.of_folders(found.specimens)
    extract = checked["extract"]
    options = Options(**{name: extract[name] for name in Options._fields if name in extract})
    encoder = encoders.choose(extract["model"], options)
    labeled = any(known.levels.values())
    atlas = _atlas(checked["atlas"], len(found.specimens), shard_count)
    return Plan(
        checked,
        found,
        shards,
        specimens.queries(checked["search"]["queries"], found.specimens),
        encoder,
        sheet,
        labeled,
        atlas,
        _stale(found, shards, checked, encoder, sheet, labeled, atlas) if main else freshness.NOTHING,
    )


def _atlas(asked_for: Literal["single", "folder", "none"], count: int, shards: int) -> Atlas | None:
    """Where the parts of the atlas lie: in one page, or in chunks beside it, as always if there are many specimens."""
    if asked_for == "none":
        return None
    return Atlas(None if asked_for == "single" and count <= MOST_IN_PAGE else shards)


def _sheet(checked: dict[str, Any], schema: Path, found: Inventory) -> Said | None:
    if checked["specimens"] is None:
        return None
    wanted = Wanted(*(checked[name] for name in Wanted._fields))
    return said.take(checked["specimens"], schema, found.specimens, wanted)


def _selected(
    found: Inventory, shards: dict[str, list[str]], selected: Collection[str]
) -> tuple[Inventory, dict[str, list[str]]]:
    """The inventory and the shards without the specimens that are not selected. The others stay in their shards."""
    taken = {identity: specimen for identity, specimen in found.specimens.items() if identity in selected}
    members = {shard: [one for one in identities if one in selected] for shard, identities in shards.items()}
    return found._replace(specimens=taken), {shard: left for shard, left in members.items() if left}


def _stale(
    found: Inventory,
    shards: dict[str, list[str]],
    checked: dict[str, Any],
    encoder: Choice,
    sheet: Said | None,
    labeled: bool,
    atlas: Atlas | None,
) -> Stale:
    known = digests.Digests(layout.DIGESTS)
    stale = freshness.find(found, shards, checked, encoder, known, sheet, labeled, atlas)
    known.save()
    return stale

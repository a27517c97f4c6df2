"""Which results are stale, found before anything runs.

Every result has a record of its recipe: the digests of what its stage read, the settings and the version of the stage.
The results are checked in the order in which they are made: the recipe in the record is compared with the current one.
So all changes are found at once, whatever the dates of files are and whatever happened in between.

In: the inventory of scans, the settings, the encoder, and the digests of files. Out: the files to make again, and the
specimens to render and to describe. Standard library only: Snakemake reads this at every start.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zipfile import BadZipFile

from fossilvit import versions
from fossilvit.errors import UserError
from fossilvit.provenance import backends, recipes
from fossilvit.scans import companions, specimens
from fossilvit.scans.inventory import Inventory
from fossilvit.scans.specimens import Specimen
from fossilvit.sheet.facts import Facts
from fossilvit.store import files, layout, records
from fossilvit.store.digests import Digest, Digests, of_value
from fossilvit.store.files import PathLike
from fossilvit.store.tables import is_marked

ABOVE = ""
"""The change of a result that is stale only because something that it is made from is stale."""
LOST = "missing or broken files"
STOPPED = "results of a run that was stopped"
SCANS = "scans"
COMPANIONS = "files that scans name"
FILES = "files that are no scans"
ENCODER = "the encoder"
SHEET = "the sheet"
VERSIONS = "versions of stages"
BROKEN = (AttributeError, KeyError, TypeError, ValueError, OSError, BadZipFile, UserError)
"""Errors that a record can raise if it holds something else than a stage writes."""


class Stale(NamedTuple):
    """What is stale, and why."""

    again: frozenset[str]
    """Existing files that must be made again."""
    rendered: frozenset[str]
    """IDs of specimens that must be rendered, for the first time or again."""
    described: frozenset[str]
    """IDs of specimens whose features must be extracted."""
    encoder: bool
    """Whether the encoder must be fetched."""
    reasons: Counter[str]
    """The number of results per change, without results that are stale only because others are."""


class Encoder(Protocol):
    """What must be known about the encoder; encoders.Choice provides it."""

    @property
    def device(self) -> str:
        """The device that the settings name: auto, cpu or cuda."""

    def recipe(self, digest: Digest) -> dict[str, Any]:
        """The recipe of the encoder, which is part of the recipe of features."""

    def fetch_recipe(self, digest: Digest) -> dict[str, Any]:
        """The recipe of the record of the encoder."""

    def is_here(self) -> bool:
        """Return whether all files of the encoder are on this machine."""


class Atlas(NamedTuple):
    """Where the parts of the atlas lie."""

    shards: int | None
    """The number of shards, each with chunks beside the page; None if the page holds everything."""


class Made(NamedTuple):
    """What is up to date of one specimen: None for what is not."""

    record: dict[str, Any] | None
    """Its render record."""
    features: str | None
    """The digest of its features."""
    embedding: str | None
    exhibit: str | None


NOTHING = Stale(frozenset(), frozenset(), frozenset(), False, Counter())


class Sheet(Protocol):
    """What must be known about the joined sheet; sheet.said.Said provides it."""

    @property
    def facts(self) -> Facts:
        """What it says of the specimens."""

    @property
    def digest(self) -> str:
        """The digest of all that it says."""


def find(
    found: Inventory,
    shards: Mapping[str, Sequence[str]],
    settings: Mapping[str, Any],
    encoder: Encoder,
    digests: Digests,
    sheet: Sheet | None,
    labeled: bool,
    atlas: Atlas | None,
) -> Stale:
    """Find all results that are stale.

    Parameters
    ----------
    found : Inventory
    shards : dict of the name of a shard to its IDs
    settings : dict
        As settings.checked returns them.
    encoder : Encoder
    digests : Digests
    sheet : Sheet or None
    labeled : bool
        Whether specimens have categories to compare neighbors and clusters with.
    atlas : Atlas or None
        None if no atlas is drawn.

    Raises
    ------
    UserError
        A query matches no specimen, or several.
    """
    survey = _Survey(settings, encoder, digests, sheet, atlas)
    known = found.specimens
    passport = survey.collection(
        {
            shard: survey.shard(shard, {identity: known[identity] for identity in identities})
            for shard, identities in shards.items()
        }
    )
    failed = survey.listing(passport, found)
    survey.results(passport, known, labeled, failed)
    fetched = survey.encoder_record()
    again, rendered, described = map(frozenset, (survey.again, survey.rendered, survey.described))
    return Stale(again, rendered, described, not fetched, survey.reasons)


class _Survey:
    """Checks one result after another and collects the stale ones. What is made from a stale result is stale too."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        encoder: Encoder,
        digests: Digests,
        sheet: Sheet | None,
        atlas: Atlas | None,
    ) -> None:
        self.settings, self.encoder, self.digests, self.sheet, self.atlas = settings, encoder, digests, sheet, atlas
        self.facts = sheet.facts if sheet else None
        self.again: list[str] = []
        self.rendered: set[str] = set()
        self.described: set[str] = set()
        self.reasons: Counter[str] = Counter()
        self.failed: dict[str, str] = {}
        self.exhibits: dict[str, str | None] = {}
        self.recipe = encoder.recipe(digests.of)

    def judge(self, find_change: Callable[[], str | None], *outputs: PathLike) -> bool:
        """Return whether a result is up to date. If it is not, note that its existing files must be made again.

        Parameters
        ----------
        find_change : function that returns what has changed, or None
        outputs : paths of the files of the result
        """
        try:
            change = find_change()
        except BROKEN:
            change = LOST
        if change is None:
            return True
        there = [str(output) for output in outputs if os.path.lexists(output)]
        self.again += there
        if there and change != ABOVE:
            self.reasons[change] += 1
        return False

    def lost(self, record: Mapping[str, Any], *paths: Path) -> bool:
        """Return whether a file is missing or differs from the digest in its record."""
        return any(record["sha256"][path.name] != self.digests.of(path) for path in paths)

    # The files of specimens and shards

    def shard(self, shard: str, members: Mapping[str, Specimen]) -> dict[str, Any] | None:
        """The record in a shard; None unless the shard and all its specimens are up to date.

        Parameters
        ----------
        shard : str
        members : dict of ID to Specimen
        """
        contents = {one: files.read_bytes(layout.render_record(layout.RENDERS, one)) for one in members}
        done = [one for one, content in contents.items() if content]
        arrays = (layout.array_path(folder, one) for folder in (layout.FEATURES, layout.EMBEDDINGS) for one in done)
        exhibits = (layout.exhibit_path(layout.EXHIBITS, one) for one in (done if self.atlas else ()))
        self.digests.look([*(members[one].path for one in done), *arrays, *exhibits])

        checked = {identity: self.specimen(specimen, contents[identity]) for identity, specimen in members.items()}
        records = {one: made.record for one, made in checked.items() if made.record}
        features = {one: made.features for one, made in checked.items() if made.features}
        embeddings = {one: made.embedding for one, made in checked.items() if made.embedding}
        self.chunks(shard, {one: made.exhibit for one, made in checked.items()})
        kept = self.shard_records(shard, members, records)
        path = layout.shard_embeddings(shard)
        found: dict[str, Any] = {}

        def change() -> str | None:
            if kept is None or embeddings.keys() != members.keys():
                return ABOVE
            failed = {one: record["reason"] for one, record in records.items() if record["status"] == "failed"}
            self.failed.update(failed)
            found.update(files.read_shard_record(path))
            wanted = recipes.shard(kept["records"], embeddings, features, self.settings["collection"]["whiten"])
            return _difference(found["made_from"], wanted, "settings of collection")

        return found if self.judge(change, path) else None

    def shard_records(
        self, shard: str, members: Mapping[str, Specimen], records: Mapping[str, dict[str, Any]]
    ) -> dict[str, Any] | None:
        """The content of a shard's file of render records; None unless it is up to date.

        Parameters
        ----------
        shard : str
        members : dict of ID to Specimen
        records : dict of ID to render record
            Only those that are up to date.
        """
        path = layout.shard_records(shard)
        kept = files.read_object(path)

        def change() -> str | None:
            if records.keys() != members.keys():
                return ABOVE
            wanted = recipes.shard_records(records)
            if kept["version"] != wanted["version"]:
                return VERSIONS
            said, now = (
                (content["render"], {one: recipes.timeless(record) for one, record in content["records"].items()})
                for content in (kept, wanted)
            )
            return None if said == now else ABOVE

        return kept if self.judge(change, path) else None

    def chunks(self, shard: str, exhibits: Mapping[str, str | None]) -> None:
        """Check the chunks of a shard that lie beside the atlas, and note the digests of exhibits, by ID."""
        self.exhibits |= exhibits
        if self.atlas and self.atlas.shards:
            made = {identity: digest for identity, digest in exhibits.items() if digest}
            wanted = recipes.chunk(made) if made.keys() == exhibits.keys() else None
            self.table(wanted, *layout.chunks(shard))

    def specimen(self, specimen: Specimen, content: bytes) -> Made:
        """What is up to date of a specimen.

        Parameters
        ----------
        specimen : Specimen
        content : bytes
            The content of its render record.
        """
        path = layout.render_record(layout.RENDERS, specimen.id)
        record = files.parsed(content)
        described, pooled = (layout.array_path(folder, specimen.id) for folder in (layout.FEATURES, layout.EMBEDDINGS))
        noted = files.read_object(layout.record_path(described))
        exhibited = layout.exhibit_path(layout.EXHIBITS, specimen.id)
        shown = files.read_object(layout.record_path(exhibited)) if self.atlas else {}
        broken = any("broken" in one and one == recipes.broken(content, one["broken"]) for one in (noted, shown))
        views = "none" if broken else _views(path.parent, specimen.id, record)
        rendered = self.judge(lambda: self.render_change(specimen, record, views), path)
        wanted = recipes.features(content, self.recipe) if rendered else None
        elsewhere = backends.elsewhere(noted, self.encoder.device)
        features = self.file(described, noted, wanted, "settings of extract", elsewhere)
        if features is None:
            self.described.add(specimen.id)
        exhibit = None
        if self.atlas:
            exhibit = self.file(exhibited, shown, recipes.exhibit(content) if rendered else None, "")
        lacking = features is None or (exhibit is None and self.atlas)
        if not rendered or (lacking and views != "all"):
            self.rendered.add(specimen.id)
        wanted = recipes.embedding(features, self.settings["pool"]) if features else None
        embedding = self.file(pooled, files.read_object(layout.record_path(pooled)), wanted, "pool")
        return Made(record if rendered else None, features, embedding, exhibit)

    def render_change(self, specimen: Specimen, record: dict[str, Any], views: str) -> str | None:
        """What has changed since a specimen was rendered; None if nothing has.

        Parameters
        ----------
        specimen : Specimen
        record : dict
            Its render record.
        views : str
            What _views() returns.
        """
        if not record:
            return LOST
        here = os.path.basename(specimen.path), self.digests.of(specimen.path)
        if (record["file"]["name"], record["file"]["sha256"]) != here:
            return SCANS
        if record.get("path", specimen.path) != specimen.path:  # the reason of a failure names the path
            return SCANS
        looked_for = record["companions"].items()
        if any(companions.digest(specimen.path, name, self.digests) != digest for name, digest in looked_for):
            return COMPANIONS
        if record["version"] != versions.RENDERING:
            return VERSIONS
        settings = self.settings["render"]
        if any(record[name] != settings[name] for name in recipes.VIEW_SETTINGS):
            return "settings of render"
        if record["status"] == "ok" and len(record["views"]) != recipes.view_count(settings):
            return "settings of render"
        return LOST if views == "none" or (views == "best" and self.settings["keep_renders"]) else None

    def file(
        self, path: Path, record: dict[str, Any], wanted: dict[str, Any] | None, settings: str, changed: bool = False
    ) -> str | None:
        """The digest of a file of a specimen: features, embedding or exhibit; None unless it is up to date.

        Parameters
        ----------
        path : Path
        record : dict
            The record beside the file; empty if there is none.
        wanted : dict or None
            The current recipe; None if something that the file is made from is stale.
        settings : str
            What has changed if the settings in the two recipes differ.
        changed : bool
            Whether settings that are not in the recipe have changed.
        """

        def change() -> str | None:
            if wanted is None:
                return ABOVE
            if self.lost(record, path):
                return LOST
            return _difference(record["made_from"], wanted, settings) or (settings if changed else None)

        if not self.judge(change, path):
            return None
        digest: str = record["sha256"][path.name]
        return digest

    # The files of the collection

    def collection(self, shards: Mapping[str, dict[str, Any] | None]) -> dict[str, Any] | None:
        """The passport of the collection; None unless it is up to date.

        Parameters
        ----------
        shards : dict of the name of a shard to its record
            None for a shard that is stale.
        """
        array, ids, record = map(Path, (layout.ARRAY, layout.IDS, layout.PASSPORT))
        passport = files.read_object(record)

        def change() -> str | None:
            if not all(shards.values()):
                return ABOVE
            if self.lost(passport, array, ids) or not _has_content(layout.SPECIMENS):
                return LOST
            if is_marked(layout.SPECIMENS) != self.settings["byte_order_mark"]:
                return "byte_order_mark"
            if passport["whiten"] != self.settings["collection"]["whiten"]:
                return "settings of collection"
            return _difference(passport["made_from"], recipes.collection(shards), ABOVE)

        return passport if self.judge(change, array, ids, record, layout.SPECIMENS) else None

    def listing(self, passport: dict[str, Any] | None, found: Inventory) -> str:
        """The digest of the table of failed specimens; empty unless it is up to date."""
        wanted = passport and recipes.listing(self.failed, found)
        tables = self.table(wanted, layout.FAILED, layout.PASSED_OVER, settings=FILES)
        return tables.get(Path(layout.FAILED).name, "")

    def results(self, passport: dict[str, Any] | None, found: Collection[str], labeled: bool, failed: str) -> None:
        """Check every table of results, the figures and the atlas.

        Parameters
        ----------
        passport : dict or None
            None if the collection is stale.
        found : collection of str
            The IDs of all specimens.
        labeled : bool
        failed : str
            The digest of the table of failed specimens; empty unless it is up to date.
        """
        sheet = self.joined_sheet(passport)
        self.table(recipes.parquet(passport, sheet) if passport and (sheet or not self.sheet) else None, layout.PARQUET)
        copies = self.duplicates(passport)
        cluster = {**self.settings["cluster"], "seed": self.settings["seed"]}
        wanted = recipes.clusters(passport, copies, **cluster) if passport and copies else None
        paths = (layout.CLUSTERS, layout.CLUSTER_SUMMARY, layout.TREE, layout.CLUSTER_HISTORY)
        grouped = self.table(wanted, *paths)
        clusters = grouped.get(Path(layout.CLUSTERS).name, "")
        nearest, drawn = self.neighbors(passport, copies, found)
        scores = {}
        if labeled:
            scores = self.scores(passport, copies, clusters, nearest.get(Path(layout.RETRIEVAL).name, ""))
            drawn |= scores
        self.figures(recipes.figures(passport, clusters, drawn) if clusters and all(drawn.values()) else None)
        if self.atlas:
            tables = {Path(path).name: grouped.get(Path(path).name, "") for path in paths}
            for path, digest in (
                (layout.FAILED, failed),
                (layout.DUPLICATES, copies),
                (layout.NEIGHBORS, nearest.get(Path(layout.NEIGHBORS).name, "")),
                *([(layout.SUSPECTS, scores[Path(layout.SUSPECTS).name])] if labeled else []),
                *([(layout.SHEET, sheet or "")] if self.sheet else []),
            ):
                tables[Path(path).name] = digest
            self.drawn_atlas(passport, copies, tables)

    def drawn_atlas(self, passport: dict[str, Any] | None, copies: str, tables: Mapping[str, str]) -> None:
        """Check the map, and the atlas that shows it beside these tables, given by file name with their digests."""
        assert self.atlas
        metric, seed = self.settings["search"]["metric"], self.settings["seed"]
        placed = recipes.placing(passport, copies, metric, seed) if passport and copies else None
        tables = {**tables, **self.table_of(placed, layout.MAP)}
        parts = {"shards": self.atlas.shards} if self.atlas.shards else {"exhibits": of_value(self.exhibits)}
        there = passport and all(tables.values()) and (self.atlas.shards or all(self.exhibits.values()))
        wanted = recipes.atlas(passport, tables, parts, self.digests.of) if passport and there else None
        self.table(wanted, layout.ATLAS_PAGE)

    def neighbors(
        self, passport: dict[str, Any] | None, copies: str, found: Collection[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The digests of the tables of all neighbors, and those of the tables of queries, by file name."""
        search = {name: self.settings["search"][name] for name in ("metric", "topk")}
        made = {**search, "facts": self.facts}
        wanted = recipes.neighbors(passport, **made, duplicates=copies) if passport and copies else None
        nearest = self.table(wanted, layout.NEIGHBORS, layout.RETRIEVAL)
        queries: dict[str, str] = {}
        for query in specimens.queries(self.settings["search"]["queries"], found).values():
            path = layout.neighbors_table(layout.RESULTS, query)
            queries |= self.table_of(passport and recipes.neighbors(passport, **made, query=query), path)
        return nearest, queries

    def scores(self, passport: dict[str, Any] | None, copies: str, clusters: str, retrieval: str) -> dict[str, str]:
        """The digests of the tables of confusions and of suspects, by file name; see table_of()."""
        evaluation = suspects = None
        if passport and copies and clusters:
            suspects = recipes.suspects(passport, clusters, copies, self.settings["search"]["metric"], self.facts)
            if retrieval:
                seed = self.settings["seed"]
                evaluation = recipes.evaluation(passport, clusters, retrieval, copies, self.facts, seed)
        tables = self.table(evaluation, *layout.EVALUATION_TABLES)
        confusion = Path(layout.CONFUSION).name
        return {confusion: tables.get(confusion, ""), **self.table_of(suspects, layout.SUSPECTS)}

    def joined_sheet(self, passport: dict[str, Any] | None) -> str | None:
        """The digest of the joined sheet; None if there is no sheet, or it is not up to date."""
        if not self.sheet:
            return None
        wanted = passport and recipes.sheet(passport, self.sheet.digest)
        return self.table(wanted, layout.SHEET).get(Path(layout.SHEET).name)

    def duplicates(self, passport: dict[str, Any] | None) -> str:
        """The digest of the table of duplicates; empty unless it is up to date."""
        wanted = passport and recipes.duplicates(passport, self.facts)
        return self.table(wanted, layout.DUPLICATES).get(Path(layout.DUPLICATES).name, "")

    def table_of(self, wanted: dict[str, Any] | None, path: PathLike) -> dict[str, str]:
        """The digest of the one table that a stage writes, by file name; it is empty unless it is up to date."""
        name = Path(path).name
        return {name: self.table(wanted, path).get(name, "")}

    def table(
        self, wanted: dict[str, Any] | None, *paths: PathLike, settings: str = "settings of results"
    ) -> dict[str, str]:
        """The digests, by file name, of the tables that one stage writes; an empty dict unless they are up to date.

        Parameters
        ----------
        wanted : dict or None
            The current recipe; None if something that the tables are made from is stale.
        paths : paths
            The tables; the record of the stage is named after the first.
        settings : str
            What has changed if the settings in the two recipes differ.
        """
        tables = [Path(path) for path in paths]
        path = layout.record_path(tables[0])
        record = files.read_object(path)

        def change() -> str | None:
            if wanted is None:
                return ABOVE
            if self.lost(record, *tables):
                return LOST
            if any(is_marked(table) != self.settings["byte_order_mark"] for table in tables if table.suffix == ".csv"):
                return "byte_order_mark"
            return _difference(record["made_from"], wanted, settings)

        return dict(record["sha256"]) if self.judge(change, *tables, path) else {}

    def figures(self, wanted: dict[str, Any] | None) -> None:
        """Check the figures against their current recipe; None if something that they are made from is stale."""
        folder = Path(layout.FIGURES)
        record = files.read_object(folder / layout.FIGURES_RECORD)

        def change() -> str | None:
            if wanted is None:
                return ABOVE
            if not all(_has_content(folder / picture) for picture in record["pictures"]):
                return LOST
            return _difference(record["made_from"], wanted, ABOVE)

        self.judge(change, folder)

    def encoder_record(self) -> bool:
        """Return whether the record of the encoder is up to date, and the encoder is here if it is needed."""
        record = files.read_object(layout.ENCODER)
        wanted = self.encoder.fetch_recipe(self.digests.of)

        def change() -> str | None:
            if self.described and not self.encoder.is_here():
                return ENCODER
            return _difference(record["made_from"], wanted, ENCODER)

        return self.judge(change, layout.ENCODER)


def _difference(said: dict[str, Any], wanted: dict[str, Any], settings: str) -> str | None:
    """What has changed between two recipes: None, the version of the stage, its input, or its settings."""
    if said == wanted:
        return None
    if said.get("version") != wanted.get("version"):
        return VERSIONS
    changed = {key for key in wanted if said.get(key) != wanted[key]}
    if changed & {"render", "features", "records", "embeddings", "duplicates", "exhibits"}:
        return STOPPED
    return SHEET if changed & {"said", "objects", "categories", "among"} else settings


def _views(folder: Path, identity: str, record: dict[str, Any]) -> str:
    """Which views of a render record exist: `all`, `best` (what figures show) or `none`. A failed one lacks no view."""
    try:
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
        names = [layout.view_name(identity, view) for view in range(len(record.get("views", ())))]
        if names and not sizes.get(records.shown(identity, record)):
            return "none"
        listed = sizes.get(layout.VIEW_LIST) == sum(len(name.encode()) + 1 for name in names)
        return "all" if listed and all(sizes.get(name) for name in names) else "best"
    except BROKEN:
        return "none"


def _has_content(path: PathLike) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0

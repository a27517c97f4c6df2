"""Which results are what a run from scratch would make, asked before anything runs.

Every result has a record of what it was made from: the digests of what its stage read, the settings and the version of
the stage (recipes). The results are gone through in the order in which they are made, and what their records say is
compared with what they would say now. So any number of changes is seen at once, whatever dates say and whatever
happened in between.

In: what lies in the folder of scans, and the settings. Out: the files to make again. Standard library only: this is
read at every start of Snakemake.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zipfile import BadZipFile

from fossilvit import versions
from fossilvit.errors import UserError
from fossilvit.provenance import recipes
from fossilvit.scans import companions, specimens
from fossilvit.store import files, layout, records
from fossilvit.store.digests import Digest

ABOVE = ""
"""The change of a result that is stale because something it is made from is."""
LOST = "missing or broken files"
STOPPED = "results of a run that was stopped"
SCANS = "scans"
COMPANIONS = "files that scans name"
FILES = "files that are no scans"
ENCODER = "the encoder"
VERSIONS = "versions of stages"
BROKEN = (AttributeError, KeyError, TypeError, ValueError, OSError, BadZipFile, UserError)
"""What comes of a record that holds something else than a stage writes."""


class Stale(NamedTuple):
    """What is not as a run from scratch would make it."""

    again: frozenset[str]
    """Files that are there and are to be made again."""
    rendered: frozenset[str]
    """The IDs of specimens that are to be rendered, for the first time or again."""
    described: frozenset[str]
    """The IDs of specimens that are to be described."""
    encoder: bool
    """Whether the encoder is to be fetched."""
    reasons: Counter
    """What has changed, and how many results that concerns in the first place."""


class Encoder(Protocol):
    """What must be known about the encoder; an encoders.Choice is one."""

    def recipe(self, digest: Digest) -> dict[str, Any]: ...

    def fetch_recipe(self, digest: Digest) -> dict[str, Any]: ...

    def is_here(self) -> bool: ...


NOTHING = Stale(frozenset(), frozenset(), frozenset(), False, Counter())


def find(found, settings, encoder, digests) -> Stale:
    """Compare every result with what a run from scratch would make.

    Parameters
    ----------
    found : inventory.Inventory
    settings : dict
        As settings.checked returns them.
    encoder : Encoder
    digests : digests.Digests

    Raises
    ------
    UserError
        A query names no specimen.
    """
    survey = _Survey(settings, encoder, digests)
    known = found.specimens
    shards = {
        shard: survey.shard(shard, {identity: known[identity] for identity in identities})
        for shard, identities in specimens.members(known, settings["shards"]).items()
    }
    passport = survey.collection(shards)
    survey.listing(passport, found)
    survey.results(passport, known)
    fetched = survey.encoder_record()
    return Stale(*map(frozenset, (survey.again, survey.rendered, survey.described)), not fetched, survey.reasons)


class _Survey:
    """Looks at one result after another and notes which are stale. What is made from a stale result is stale too."""

    def __init__(self, settings, encoder, digests):
        self.settings, self.encoder, self.digests = settings, encoder, digests
        self.again, self.rendered, self.described, self.reasons = [], set(), set(), Counter()
        self.failed = {}
        self.recipe = encoder.recipe(digests.of)

    def judge(self, find_change, *outputs) -> bool:
        """Whether a result is up to date; if not, those of its files that are there are to be made again.

        Parameters
        ----------
        find_change : function that returns what has changed, or None
        outputs : paths
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

    def lost(self, record, *paths) -> bool:
        """Whether a file is missing, or holds something else than its record says."""
        return any(record["sha256"][path.name] != self.digests.of(path) for path in paths)

    # The files of specimens and shards

    def shard(self, shard, members) -> dict | None:
        """The record in a shard; None unless the shard and all its specimens are up to date."""
        contents = {one: files.read_bytes(layout.render_record(layout.RENDERS, one)) for one in members}
        done = [one for one, content in contents.items() if content]
        arrays = (layout.array_path(folder, one) for folder in (layout.FEATURES, layout.EMBEDDINGS) for one in done)
        self.digests.look([*(members[one].path for one in done), *arrays])

        looked_at = {identity: self.specimen(specimen, contents[identity]) for identity, specimen in members.items()}
        records, features, embeddings = (
            {identity: state[part] for identity, state in looked_at.items() if state[part]} for part in range(3)
        )
        kept = self.shard_records(shard, members, records)
        path, found = layout.shard_embeddings(shard), {}

        def change():
            if kept is None or embeddings.keys() != members.keys():
                return ABOVE
            failed = {one: record["reason"] for one, record in records.items() if record["status"] == "failed"}
            self.failed.update(failed)
            found.update(files.read_shard_record(path))
            wanted = recipes.shard(kept["records"], embeddings, features, self.settings["collection"]["whiten"])
            return _difference(found["made_from"], wanted, "settings of collection")

        return found if self.judge(change, path) else None

    def shard_records(self, shard, members, records):
        """What a shard keeps of its render records; None unless it is up to date."""
        path = layout.shard_records(shard)
        kept = files.read_object(path)

        def change():
            if records.keys() != members.keys():
                return ABOVE
            wanted = recipes.shard_records(records)
            if kept["version"] != wanted["version"]:
                return VERSIONS
            said, now = (
                (shard["render"], {one: recipes.timeless(record) for one, record in shard["records"].items()})
                for shard in (kept, wanted)
            )
            return None if said == now else ABOVE

        return kept if self.judge(change, path) else None

    def specimen(self, specimen, content):
        """The render record of a specimen, the digest of its features and that of its embedding; each may be None.

        Parameters
        ----------
        specimen : specimens.Specimen
        content : bytes
            Of its render record.
        """
        path = layout.render_record(layout.RENDERS, specimen.id)
        record = files.parsed(content)
        noted = files.read_object(layout.record_path(layout.array_path(layout.FEATURES, specimen.id)))
        broken = "broken" in noted and noted == recipes.broken(content, noted["broken"])
        views = "none" if broken else _views(path.parent, specimen.id, record)
        rendered = self.judge(lambda: self.render_change(specimen, record, views), path)
        wanted = recipes.features(content, self.recipe) if rendered else None
        features = self.array(layout.FEATURES, specimen.id, wanted, "settings of extract")
        if features is None:
            self.described.add(specimen.id)
        if not rendered or (features is None and views != "all"):
            self.rendered.add(specimen.id)
        wanted = recipes.embedding(features, self.settings["pool"]) if features else None
        embedding = self.array(layout.EMBEDDINGS, specimen.id, wanted, "pool")
        return record if rendered else None, features, embedding

    def render_change(self, specimen, record, views):
        """What has changed about the views of a specimen."""
        if not record:
            return LOST
        here = os.path.basename(specimen.path), self.digests.of(specimen.path)
        if (record["file"]["name"], record["file"]["sha256"]) != here:
            return SCANS
        if record.get("path", specimen.path) != specimen.path:  # the reason of a failure names it
            return SCANS
        looked_for = record["companions"].items()
        if any(companions.digest(specimen.path, name, self.digests) != digest for name, digest in looked_for):
            return COMPANIONS
        if record["version"] != versions.RENDERING:
            return VERSIONS
        settings = self.settings["render"]
        if any(record[name] != settings[name] for name in recipes.VIEW_SETTINGS):
            return "settings of render"
        if record["status"] == "ok" and len(record["views"]) != settings["views"]:
            return "settings of render"
        return LOST if views == "none" or (views == "best" and self.settings["keep_renders"]) else None

    def array(self, folder, identity, wanted, settings):
        """The digest of an array of a specimen; None unless it is up to date.

        Parameters
        ----------
        folder : path
        identity : str
        wanted : dict or None
            What it is to be made from; None where that is stale itself.
        settings : str
            What has changed if it was made from something else.
        """
        path = layout.array_path(folder, identity)
        record = files.read_object(layout.record_path(path))

        def change():
            if wanted is None:
                return ABOVE
            if self.lost(record, path):
                return LOST
            return _difference(record["made_from"], wanted, settings)

        return record["sha256"][path.name] if self.judge(change, path) else None

    # The files of the collection

    def collection(self, shards):
        """The passport of the collection; None unless it is up to date."""
        array, ids, record = map(Path, (layout.ARRAY, layout.IDS, layout.PASSPORT))
        passport = files.read_object(record)

        def change():
            if not all(shards.values()):
                return ABOVE
            if self.lost(passport, array, ids) or not _has_content(layout.SPECIMENS):
                return LOST
            if passport["whiten"] != self.settings["collection"]["whiten"]:
                return "settings of collection"
            return _difference(passport["made_from"], recipes.collection(shards), ABOVE)

        return passport if self.judge(change, array, ids, record, layout.SPECIMENS) else None

    def listing(self, passport, found):
        """Look at the tables of what is not in the collection; found is an inventory.Inventory."""
        wanted = passport and recipes.listing(self.failed, found)
        self.table(wanted, layout.FAILED, layout.PASSED_OVER, settings=FILES)

    def results(self, passport, found):
        """Look at every table of results, and at the figures."""
        search = {name: self.settings["search"][name] for name in ("metric", "topk")}
        cluster = {**self.settings["cluster"], "seed": self.settings["seed"]}
        self.table(passport and recipes.duplicates(passport), layout.DUPLICATES)
        clusters = self.table(passport and recipes.clusters(passport, **cluster), layout.CLUSTERS)
        neighbors = self.table(passport and recipes.neighbors(passport, **search), layout.NEIGHBORS, layout.RETRIEVAL)
        asked = {}
        for query in specimens.queries(self.settings["search"]["queries"], found).values():
            path = layout.neighbors_table(layout.RESULTS, query)
            table = self.table(passport and recipes.neighbors(passport, **search, query=query), path)
            asked[path.name] = table and table[path.name]
        drawn = clusters and all(asked.values())
        clusters = clusters and clusters[Path(layout.CLUSTERS).name]
        retrieval = neighbors and neighbors[Path(layout.RETRIEVAL).name]
        if specimens.categories(found):
            wanted = recipes.evaluation(passport, clusters, retrieval) if clusters and retrieval else None
            self.table(wanted, layout.EVALUATION)
        self.figures(recipes.figures(passport, clusters, asked) if drawn else None)

    def table(self, wanted, *paths, settings="settings of results"):
        """The digests by name of the tables that one stage writes; None unless they are up to date.

        Parameters
        ----------
        wanted : dict or None
            What they are to be made from; None where that is stale itself.
        paths : paths
            The tables; the record of the stage is named after the first.
        settings : str
            What has changed if they were made from something else.
        """
        paths = [Path(path) for path in paths]
        record = files.read_object(layout.record_path(paths[0]))

        def change():
            if wanted is None:
                return ABOVE
            return LOST if self.lost(record, *paths) else _difference(record["made_from"], wanted, settings)

        return record["sha256"] if self.judge(change, *paths, layout.record_path(paths[0])) else None

    def figures(self, wanted):
        """Look at the figures; what they are to be made from is None where that is stale itself."""
        folder = Path(layout.FIGURES)
        record = files.read_object(folder / layout.FIGURES_RECORD)

        def change():
            if wanted is None:
                return ABOVE
            if not all(_has_content(folder / picture) for picture in record["pictures"]):
                return LOST
            return _difference(record["made_from"], wanted, ABOVE)

        self.judge(change, folder)

    def encoder_record(self) -> bool:
        """Whether the record of the encoder is up to date, and the encoder is here if it is needed."""
        record = files.read_object(layout.ENCODER)
        wanted = self.encoder.fetch_recipe(self.digests.of)

        def change():
            if self.described and not self.encoder.is_here():
                return ENCODER
            return _difference(record["made_from"], wanted, ENCODER)

        return self.judge(change, layout.ENCODER)


def _difference(said, wanted, settings):
    """What has changed between two recipes: nothing, the version of the stage, what its input is, or its settings."""
    if said == wanted:
        return None
    if said.get("version") != wanted.get("version"):
        return VERSIONS
    above = [key for key in ("render", "features", "records", "embeddings") if said.get(key) != wanted.get(key)]
    return STOPPED if above else settings


def _views(folder, identity, record):
    """Which views of a render record are there: `all`, `best` (at least the best) or `none`. A failed one has all."""
    try:
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
        names = [layout.view_name(identity, view) for view in range(len(record.get("views", ())))]
        there = [bool(sizes.get(name)) for name in names]
        if all(there) and sizes.get(layout.VIEW_LIST) == sum(len(name.encode()) + 1 for name in names):
            return "all"
        return "best" if not names or there[records.fullest(record)] else "none"
    except BROKEN:
        return "none"


def _has_content(path) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0

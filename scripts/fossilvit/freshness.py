"""Which results are what a run from scratch would make, asked before anything runs.

Every result has a record of what it was made from: the digests of what its stage read, the settings and the version of
the stage (recipes). They are gone through in the order in which they are made, and each record is compared with what it
would say now. So any number of changes is seen at once, whatever dates say, and without Snakemake's memory.

In: the specimens and the settings. Out: the files to make again. Standard library only: this is read at every start of
Snakemake.
"""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

from fossilvit import companions, encoders, files, layout, recipes, specimens, versions

LOST = "missing or broken files"
SCANS = "scans"
COMPANIONS = "files that scans name"
ENCODER = "the encoder"
VERSIONS = "versions of a stage"


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
    """How many results were made from something else, by what has changed."""


NOTHING = Stale(frozenset(), frozenset(), frozenset(), False, Counter())


def find(found, settings, digests) -> Stale:
    """Compare every result with what a run from scratch would make.

    Parameters
    ----------
    found : dict of ID to specimens.Specimen
    settings : dict
        As settings.checked returns them.
    digests : digests.Digests

    Raises
    ------
    UserError
        A setting names a specimen or an encoder that does not exist.
    """
    survey = _Survey(settings, digests)
    shards = {
        shard: survey.shard(shard, {identity: found[identity] for identity in identities})
        for shard, identities in specimens.members(found, settings["shards"]).items()
    }
    survey.results(survey.collection(shards), found)
    encoder = survey.encoder()
    return Stale(
        frozenset(survey.again), frozenset(survey.rendered), frozenset(survey.described), encoder, survey.reasons
    )


class _Survey:
    """Goes through the results and notes which of them are stale. What follows from a stale result is stale too."""

    def __init__(self, settings, digests):
        self.settings, self.digests = settings, digests
        self.again, self.rendered, self.described, self.reasons = [], set(), set(), Counter()
        extract = settings["extract"]
        self.model = extract["model"]
        self.options = encoders.Options(**{key: extract[key] for key in encoders.Options._fields if key in extract})
        self.recipe = encoders.recipe(self.model, self.options, digests.of)

    def judge(self, change, *outputs) -> bool:
        """Whether a result is up to date; its files are to be made again if something has changed.

        Parameters
        ----------
        change : str or None
            What has changed; empty where it is what the result is made from.
        """
        if change is None:
            return True
        there = [str(output) for output in outputs if os.path.lexists(output)]
        self.again += there
        if there and change:
            self.reasons[change] += 1
        return False

    # Specimens

    def shard(self, shard, members) -> dict | None:
        """Look at the specimens of a shard, then at its own files; its record if all are up to date."""
        done = [one for one in members if layout.render_record(layout.RENDERS, one).exists()]
        arrays = (layout.array_path(folder, one) for folder in (layout.FEATURES, layout.EMBEDDINGS) for one in done)
        self.digests.look([*(members[one].path for one in done), *arrays])
        states = {identity: self.specimen(specimen) for identity, specimen in members.items()}
        rendered = {identity: record for identity, (record, _, _) in states.items() if record}
        path = layout.shard_records(shard)
        told = files.read_object(path)
        change = self.shard_records_change(rendered, members, told)
        gathered = self.judge(change, path)

        embeddings = {identity: embedding for identity, (_, _, embedding) in states.items() if embedding}
        features = {identity: digest for identity, (_, digest, _) in states.items() if digest}
        path = layout.shard_embeddings(shard)
        change, record = "", None
        if gathered and embeddings.keys() == members.keys():
            record = self.shard_record(path)
            whiten = self.settings["collection"]["whiten"]
            wanted = recipes.shard(told["records"], embeddings, features, whiten)
            change = self.recipe_change(record.get("made_from"), wanted)
        return record if self.judge(change, path) else None

    def shard_records_change(self, rendered, members, told):
        """What has changed about the records of a shard."""
        if rendered.keys() != members.keys():
            return ""
        if not told:
            return LOST
        wanted = recipes.shard_records(rendered)
        if told.get("version") != wanted["version"]:
            return VERSIONS
        if told.get("render") != wanted["render"] or told.get("records", {}).keys() != members.keys():
            return ""
        return None if recipes.records(told["records"]) == recipes.records(wanted["records"]) else ""

    def shard_record(self, path):
        """The record in a shard; empty where it is missing or broken."""
        try:
            return files.read_shard_record(path)
        except (OSError, ValueError, KeyError, BadZipFile):
            return {}

    def specimen(self, specimen):
        """Look at the files of a specimen.

        Returns
        -------
        tuple of the render record, the digest of its features and that of its embedding, each None unless up to date
        """
        identity = specimen.id
        path = layout.render_record(layout.RENDERS, identity)
        record = files.read_object(path)
        seen = _views(path.parent, identity, record)
        rendered = self.judge(self.render_change(specimen, record, seen), path)

        described = rendered and self.array(layout.FEATURES, identity, recipes.features(record, self.recipe))
        if not described:
            self.described.add(identity)
            self.stale_array(layout.FEATURES, identity, rendered)
        if not rendered or (not described and seen != "all"):
            self.rendered.add(identity)

        wanted = described and recipes.embedding(described, self.settings["pool"])
        embedding = described and self.array(layout.EMBEDDINGS, identity, wanted)
        if not embedding:
            self.stale_array(layout.EMBEDDINGS, identity, described)
        return (record if rendered else None, described or None, embedding or None)

    def render_change(self, specimen, record, seen):
        """What has changed about the render of a specimen."""
        if not record:
            return LOST
        settings = self.settings["render"]
        file = record.get("file", {})
        if (file.get("name"), file.get("sha256")) != (os.path.basename(specimen.path), self.digests.of(specimen.path)):
            return SCANS
        if record.get("path", specimen.path) != specimen.path:  # the reason of a failure names it
            return SCANS
        looked_for = record.get("companions")
        if looked_for is None or any(
            companions.digest(specimen.path, name, self.digests) != digest for name, digest in looked_for.items()
        ):
            return COMPANIONS
        if record.get("version") != versions.RENDERING:
            return VERSIONS
        wanted = recipes.views(settings)
        if any(record.get(name) != value for name, value in wanted.items()):
            return "settings of render"
        if record.get("status") == "ok" and len(record.get("views", ())) != settings["views"]:
            return "settings of render"
        if seen == "none" or (seen == "some" and self.settings["keep_renders"]):
            return LOST
        return None

    def array(self, folder, identity, wanted):
        """The digest of the features or the embedding of a specimen; None unless they are up to date."""
        path = layout.array_path(folder, identity)
        record = files.read_object(layout.record_path(path))
        if record.get("made_from") != wanted or self.lost(record, path.parent):
            return None
        return record["sha256"].get(path.name)

    def stale_array(self, folder, identity, made_from_fresh):
        """Note that the features or the embedding of a specimen are stale."""
        path = layout.array_path(folder, identity)
        said = files.read_object(layout.record_path(path)).get("made_from")
        change = "" if not made_from_fresh else LOST if said is None else f"settings of {Path(folder).name}"
        self.judge(change, path)

    def lost(self, record, folder) -> bool:
        """Whether a file is not there any more as a record describes it."""
        recorded = record.get("sha256") or {None: None}
        return any(name is None or self.digests.of(Path(folder, name)) != sha256 for name, sha256 in recorded.items())

    @staticmethod
    def recipe_change(said, wanted):
        """What has changed between two recipes of which nothing above has."""
        if said is None:
            return LOST
        if said.get("version") != wanted["version"]:
            return VERSIONS
        return None if said == wanted else ""

    # The collection

    def collection(self, shards):
        """Look at the collection's own files; the passport if they are up to date."""
        folder = Path(layout.EMBEDDINGS)
        names = ("embeddings.npy", "ids.txt", "embeddings.json")
        outputs = [*(folder / name for name in names), layout.FAILED, layout.SPECIMENS]
        passport = files.read_object(folder / "embeddings.json")
        change = ""
        if all(shards.values()):
            change = self.recipe_change(passport.get("made_from"), recipes.collection(shards))
            if change is None and (self.lost(passport, folder) or not all(map(_has_content, outputs))):
                change = LOST
            if change is None and passport.get("whiten") != self.settings["collection"]["whiten"]:
                change = "settings of collection"
        return passport if self.judge(change, *outputs) else None

    def results(self, passport, found):
        """Look at every table of results, and at the figures."""
        queries = specimens.queries(self.settings["search"]["queries"], found)
        search = self.settings["search"]
        asked = {"metric": search["metric"], "topk": search["topk"]}
        self.table(passport, recipes.duplicates, "duplicates.csv")
        clusters = self.table(
            passport,
            lambda passport: recipes.clusters(passport, **self.settings["cluster"], seed=self.settings["seed"]),
            "clusters.csv",
        )
        retrieval = self.table(
            passport, lambda passport: recipes.neighbors(passport, **asked), "knn.csv", "retrieval.csv"
        )
        tables = {}
        for query in queries.values():
            name = layout.neighbors_table("", query).name
            tables[name] = self.table(
                passport, lambda passport, query=query: recipes.neighbors(passport, **asked, query=query), name
            )
        if specimens.categories(found):
            self.table(
                clusters and retrieval and passport,
                lambda passport: recipes.evaluation(passport, clusters["clusters.csv"], retrieval["retrieval.csv"]),
                "evaluation.csv",
            )
        self.figures(clusters and all(tables.values()) and passport, clusters, tables)

    def table(self, passport, recipe, *names):
        """Look at tables of one stage; the digest of each by its name if they are up to date.

        Parameters
        ----------
        passport : dict or None
            None where something above is stale.
        recipe : function of a passport
        names : str
            The record of the stage is named as the first.
        """
        paths = [Path(layout.RESULTS, name) for name in names]
        record = files.read_object(layout.record_path(paths[0]))
        change = ""
        if passport:
            change = self.table_change(record.get("made_from"), recipe(passport))
            if change is None and self.lost(record, layout.RESULTS):
                change = LOST
        return record["sha256"] if self.judge(change, *paths, layout.record_path(paths[0])) else None

    def table_change(self, said, wanted):
        """What has changed between two recipes of a table."""
        change = self.recipe_change(said, wanted)
        settings = {key: value for key, value in wanted.items() if key not in ("collection", "clusters", "retrieval")}
        if change == "" and any(said.get(key) != value for key, value in settings.items()):
            return "settings of results"
        return change

    def figures(self, passport, clusters, tables):
        """Look at the figures."""
        folder = Path(layout.FIGURES)
        record = files.read_object(folder / layout.FIGURES_RECORD)
        change = ""
        if passport:
            neighbors = {name: table[name] for name, table in tables.items()}
            change = self.recipe_change(
                record.get("made_from"), recipes.figures(passport, clusters["clusters.csv"], neighbors)
            )
            if change is None and not all(_has_content(folder / name) for name in record.get("pictures", [""])):
                change = LOST
        self.judge(change, folder)

    def encoder(self) -> bool:
        """Look at the record of the encoder: whether it is to be fetched."""
        record = files.read_object(layout.ENCODER)
        wanted = encoders.fetch_recipe(self.model, self.options, self.digests.of)
        gone = bool(self.described) and not encoders.is_here(self.model, self.options)
        change = None if record.get("made_from") == wanted and not gone else ENCODER if record else LOST
        return not self.judge(change, layout.ENCODER)


def _views(folder, identity, record):
    """Whether `all` views that a render record lists are there, `some` or `none`; all of a failed specimen are."""
    try:
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    except OSError:
        return "none"
    names = [layout.view_path("", identity, view).name for view in range(len(record.get("views", ())))]
    there = [name for name in names if sizes.get(name)]
    listed = sum(len(name.encode()) + 1 for name in names)
    if len(there) == len(names) and sizes.get(layout.VIEW_LIST) == listed:
        return "all"
    return "some" if there or not names else "none"


def _has_content(path) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0

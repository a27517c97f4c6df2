"""Reads categories: one column, or a ladder of ranks such as `order/family/genus/species`.

In: the sheet, and which scan has which row. Out: levels, as in facts.Facts. Standard library only.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from fossilvit.errors import UserError
from fossilvit.sheet import facts, taxa, words
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.joining import Partner
from fossilvit.sheet.nearest import is_typing_error
from fossilvit.sheet.reading import Row

RANKS = ("kingdom", "phylum", "class", "order", "family", "subfamily")
SHORTEST = 5
"""Number of letters from which a label that occurs once may be a typing error of another."""

Levels = dict[str, dict[str, str]]


def read(columns: Columns, partners: Mapping[str, Partner], identities: Collection[str], category: str) -> Levels:
    """Read the label of every scan at every level. IDs without a label are absent.

    Parameters
    ----------
    columns : Columns
    partners : dict of ID to Partner
    identities : collection of str
        The IDs of all scans.
    category : str
        `folder`, a column, or several separated by `/`, the deepest level last. Where the sheet has no column of the
        genus or the species, they are taken from the name of the taxon.

    Raises
    ------
    UserError
        The sheet has no such column, a level is there twice, or no scan has a label at a level.
    """
    levels: Levels = {}
    for name in _names(columns, category):
        if name in levels:
            raise UserError(f"category: {words.quoted(category)} names {words.quoted(name)} twice; leave one out.")
        if name == facts.FOLDER:
            levels |= facts.of_folders(identities).levels
            continue
        read_row = _reader(columns, name)
        rows = {place: read_row(columns.sheet.rows[place]) for place in {partner.row for partner in partners.values()}}
        levels[name] = {identity: rows[partner.row] for identity, partner in partners.items() if rows[partner.row]}
        if not levels[name]:
            raise UserError(
                f"category: no scan has a value of {words.quoted(name)} in the specimen sheet; name another."
            )
    return levels


def _names(columns: Columns, category: str) -> list[str]:
    """The names of the levels. A column whose name holds a slash is one level."""
    if words.shown(category) in columns.sheet.columns:
        return [words.shown(category)]
    names = [words.shown(name) for name in category.split("/")]
    if not all(names):
        raise UserError(f"category: {words.quoted(category)} has an empty level; write as in family/genus/species.")
    return names


def _reader(columns: Columns, name: str) -> Callable[[Row], str]:
    """The function that reads the label of a row at a level."""
    rank = columns.schema.meaning(name)
    if rank == "genus" and columns.own.keys() & {"genus", "species", "scientificName"}:
        return lambda row: _genus(columns, row)
    if rank == "species" and columns.own.keys() & {"species", "specificEpithet", "scientificName"}:
        return lambda row: _species(columns, row)
    own = columns.find("category", name)
    return lambda row: taxa.certain(row.cells[own]) if rank in RANKS else words.label(row.cells[own])


def _genus(columns: Columns, row: Row) -> str:
    name = taxa.certain(columns.get(row, "genus"))
    return name or taxa.genus(columns.get(row, "scientificName")) or taxa.genus(columns.get(row, "species"))


def _species(columns: Columns, row: Row) -> str:
    genus = _genus(columns, row)
    name = taxa.completed(columns.get(row, "species"), genus)
    epithet = columns.get(row, "specificEpithet")
    if not name and genus and epithet:
        name = taxa.species(f"{genus} {epithet}")
    return name or taxa.species(columns.get(row, "scientificName"))


def doubts(levels: Levels) -> list[str]:
    """Sentences about labels that look like a typing error, at most one per level and kind.

    These are labels that differ only in case, a label of one scan that differs in one character from one of several,
    and a label that lies in two of the level above.
    """
    sentences = []
    above: tuple[str, dict[str, str]] | None = None
    for name, labels in levels.items():
        if name != facts.FOLDER:
            sentences += [*_variants(name, labels), *_typing_errors(name, labels)]
            if above:
                sentences += _two_parents(above, name, labels)
            above = name, labels
    return sentences


def _variants(name: str, labels: Mapping[str, str]) -> list[str]:
    seen: dict[str, str] = {}
    for label in sorted({*labels.values()}):
        first = seen.setdefault(words.bare(label), label)
        if first != label:
            return [
                f"{name}: {words.quoted(first)} and {words.quoted(label)} count as two categories; if they are one, "
                "write them alike in the specimen sheet."
            ]
    return []


def _typing_errors(name: str, labels: Mapping[str, str]) -> list[str]:
    counts = Counter(labels.values())
    common = [label for label, count in counts.items() if count > 1]
    for rare in sorted(label for label, count in counts.items() if count == 1 and len(label) >= SHORTEST):
        for label in common:
            if abs(len(label) - len(rare)) < 2 and is_typing_error(rare, label) and not _counts(rare, label):
                return [
                    f"{name}: {words.quoted(rare)} is the category of one scan; if it means {words.quoted(label)}, "
                    "correct it in the specimen sheet."
                ]
    return []


def _counts(one: str, other: str) -> bool:
    """Whether two labels differ in a digit, as `bed 1` and `bed 2` do."""
    return [part for part in words.tokens(one) if part.isdecimal()] != [
        part for part in words.tokens(other) if part.isdecimal()
    ]


def _two_parents(above: tuple[str, Mapping[str, str]], name: str, labels: Mapping[str, str]) -> list[str]:
    parents: dict[str, str] = {}
    for identity, label in sorted(labels.items()):
        parent = above[1].get(identity)
        first = parents.setdefault(label, parent) if parent else parent
        if parent and first and first != parent:
            return [
                f"{name}: {words.quoted(label)} lies in two categories of {above[0]}, {words.quoted(first)} and "
                f"{words.quoted(parent)}; correct one in the specimen sheet, if it is an error."
            ]
    return []

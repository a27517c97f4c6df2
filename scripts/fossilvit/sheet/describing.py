"""Tells rows about one object apart by what they say of a scan: its part, side, kind of scan, and life stage.

In: the sheet, and IDs. Out: whether a row fits an ID, and how well. Standard library only.
"""

from typing import NamedTuple

from fossilvit.sheet import words
from fossilvit.sheet.catalog_numbers import Match, Name
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.reading import Row
from fossilvit.sheet.words import Tokens

DESCRIBING = ("part", "side", "modality", "lifeStage")
"""The columns whose values may stand in an ID beside the number."""
LONG = 3
"""Number of letters from which one word of several in a value means the value."""


def is_mesh(columns: Columns, place: int) -> bool:
    """Whether a row may be about a mesh: it says so, or does not say what it is about."""
    kind = words.plain(columns.get(columns.sheet.rows[place], "media_type"))
    return not kind or any(word in kind for word in ("mesh", "surface", "model", "point"))


class Fit(NamedTuple):
    """How well a row fits an ID; more is better."""

    agreements: int
    """Number of its values that the ID says too."""
    is_mesh: bool
    """Whether the row may be about a mesh."""
    unsaid: int
    """Minus the number of its values that the ID does not say."""


class Describing:
    """What the rows of a sheet say of scans."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._used = [column for column in DESCRIBING if column in columns.own]
        spelled: dict[str, dict[str, set[Tokens]]] = {column: {} for column in self._used}
        for column in self._used:
            for spelling, word in columns.schema.spellings(column).items():
                spelled[column].setdefault(words.plain(word), set()).add(words.tokens(spelling))
            for row in columns.sheet.rows:
                if value := columns.get(row, column):
                    spelled[column].setdefault(words.plain(value), set()).add(words.tokens(value))
        self._spelled = spelled
        self._said = [self._of(row) for row in columns.sheet.rows]
        self._values: dict[str, dict[Tokens, str]] = {
            column: {tokens: value for value, ways in of.items() for tokens in ways if tokens}
            for column, of in spelled.items()
        }
        self._longest = max((len(tokens) for of in self._values.values() for tokens in of), default=0)
        self.by_row = [{token for value in said.items() for token in self._tokens(*value)} for said in self._said]
        """For every row, the tokens with which an ID may say what the row says."""

    def _of(self, row: Row) -> dict[str, str]:
        """The values of a row that say something, by column."""
        said = {column: words.plain(self._columns.get(row, column)) for column in self._used}
        return {column: value for column, value in said.items() if value}

    def _tokens(self, column: str, value: str) -> set[str]:
        return {token for tokens in self._spelled[column][value] for token in tokens}

    def fit(self, name: Name, match: Match) -> Fit | str:
        """How well the row of a match fits an ID, or the column whose value the ID contradicts."""
        agreements = unsaid = 0
        for column, value in self._said[match.number.row].items():
            beside = self._beside(name, match, column)
            if value in beside:
                agreements += 1
            elif beside and not self._stands(name, column, value):
                return column
            else:
                unsaid += 1
        return Fit(agreements, is_mesh(self._columns, match.number.row), -unsaid)

    def _beside(self, name: Name, match: Match, column: str) -> set[str]:
        """The values of a column that stand in an ID outside of the number, in the name of the file or else a folder.

        A value of several words hides the values of some of these words.
        """
        for first, last in reversed(name.pieces):
            found: set[str] = set()
            start = first
            while start < last:
                free = match.start if start < match.start else last if start >= match.end else start
                spans = range(min(last, free, start + self._longest), start, -1)
                end = next((end for end in spans if name.tokens[start:end] in self._values[column]), None)
                if end:
                    found.add(self._values[column][name.tokens[start:end]])
                start = end or start + 1
            if found:
                return found
        return set()

    def _stands(self, name: Name, column: str, value: str) -> bool:
        """Whether any long word of a value stands anywhere in an ID."""
        return any(len(token) >= LONG and token in name.tokens for token in self._tokens(column, value))

"""Finds catalog numbers in the IDs of scans: `UF 12345`, `UF_12345` and `UF-VP-12345` are one number.

A number has up to three parts, each of runs of letters and of digits: the codes of the institution and the collection,
and the number proper. In: the sheet, and IDs. Out: matches. Standard library only.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from fossilvit.sheet import words
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.reading import Row
from fossilvit.sheet.words import Tokens

KEYS = ("catalogNumber", "occurrenceID", "physical_object_title", "otherCatalogNumbers", "id", "ark", "doi", "title")
"""The columns that may hold a number or name that stands in the ID of a scan, the most trusted first."""
SHORTEST = 3
"""Number of digits from which a number by itself counts right behind letters or after another number: the digits of
scan2 and of UF_12345_2 are no such number, those of UF12345 are."""
SHORTEST_ID = 6
"""The same for a number in the column `id`, which in sheets made by hand counts the rows."""
NUMBER_SIGN = re.compile(r"(?<![^\W\d_])(?:no|nr|num|number)[\W_]*(?=\d)", re.IGNORECASE)
"""What may stand before the number proper, as in `UF No. 12345`."""
DECIMALS = re.compile(r"(?<=\d)\.0$")
"""What programs append to whole numbers in a column of numbers."""
BRACKETS = re.compile(r"\[[^\]]*\]")
"""What MorphoSource appends to titles, such as `[Mesh]`."""


class Number(NamedTuple):
    """A catalog number, or another name of what a row is about."""

    row: int
    """The place of its row in the sheet."""
    column: str
    institution: Tokens
    collection: Tokens
    proper: Tokens


class Match(NamedTuple):
    """A number that stands in an ID."""

    number: Number
    start: int
    end: int
    """The tokens of the ID that it takes."""
    rank: tuple[bool, int, bool, int, bool]
    """How good it is: whether it is more than digits alone, in which folder or file name it stands, whether it is all
    of this name, how many tokens it takes, and whether the ID has all codes of the row."""
    code: str
    """The code in the ID of an institution or collection of which the row says nothing; empty if there is none."""
    has_institution: bool


class Name:
    """The ID of a scan as tokens."""

    def __init__(self, identity: str) -> None:
        found = [*words.TOKEN.finditer(unicodedata.normalize("NFKC", identity))]
        text = [match.group() for match in found]
        self.tokens = tuple(one.casefold() for one in text)
        self.is_code = [one.isascii() and one.isupper() and len(one) > 1 for one in text]
        self.is_glued = [at > 0 and found[at - 1].end() == match.start() for at, match in enumerate(found)]
        self.pieces: list[tuple[int, int]] = []
        """Where the tokens of every folder and of the file begin and end."""
        for part in identity.split("/"):
            start = self.pieces[-1][1] if self.pieces else 0
            self.pieces.append((start, start + len(words.tokens(part))))

    def is_number(self, start: int, end: int) -> bool:
        """Whether a span of tokens holds digits alone."""
        return all(one.isdecimal() for one in self.tokens[start:end])

    def piece(self, end: int) -> int:
        """The place in `pieces` of the folder or file in which a span of tokens ends."""
        return next(at for at, (_, stop) in enumerate(self.pieces) if end <= stop)


def of(columns: Columns, row: Row, place: int, keys: Sequence[str] = KEYS) -> Iterator[Number]:
    """The numbers of a row in these columns."""
    institution = _code(columns.get(row, "institutionCode"))
    collection = words.tokens(columns.get(row, "collectionCode"))
    for column in keys:
        text = columns.get(row, column)
        if text and column in ("catalogNumber", "otherCatalogNumbers", "specimen_id"):
            tokens = words.tokens(NUMBER_SIGN.sub(" ", DECIMALS.sub("", text)))
            yield Number(place, column, *_parts(tokens, institution, collection))
        elif text and column in ("occurrenceID", "physical_object_title"):
            yield Number(place, column, *_triplet(text))
        elif text:
            proper = words.tokens(BRACKETS.sub(" ", text) if column == "title" else text.rpartition("/")[2])
            yield Number(place, column, (), (), proper)


def _code(text: str) -> Tokens:
    """The tokens of the code of an institution; none if the text is no code but a name, or is not in Latin letters."""
    tokens = words.tokens(text)
    is_code = text.isascii() and len(text) <= 12 and (len(tokens) == 1 or text.isupper())
    return tokens if is_code else ()


def _parts(tokens: Tokens, institution: Tokens, collection: Tokens) -> tuple[Tokens, Tokens, Tokens]:
    """The parts of a catalog number, which may repeat the codes of institution and collection or be all there is."""
    if not institution:
        letters = next((at for at, token in enumerate(tokens) if token.isdecimal()), 0)
        if letters in (1, 2):
            return tokens[:1], tokens[1:letters] or collection, tokens[letters:]
        return (), collection, tokens
    for code in (institution, collection):
        if code and tokens[: len(code)] == code and len(tokens) > len(code):
            tokens = tokens[len(code) :]
    return institution, collection, tokens


def _triplet(text: str) -> tuple[Tokens, Tokens, Tokens]:
    """The parts of `urn:catalog:UF:VP:12345`, `uf:vp:12345` or of a plain catalog number."""
    fields = text.rpartition("/")[2].split(":")
    if len(fields) >= 3:
        institution, collection, proper = (words.tokens(field) for field in fields[-3:])
        return institution, collection, proper
    return _parts(words.tokens(" ".join(fields)), (), ())


class Numbers:
    """The numbers of a sheet, to be found in IDs."""

    def __init__(
        self,
        numbers: list[Number],
        describing: list[set[str]],
        zeros_count: bool = True,
        without: Collection[int] = (),
    ) -> None:
        """Index the numbers.

        Parameters
        ----------
        numbers : list of Number
        describing : list of set of tokens
            For every row of the sheet, the words that say which part, side or kind of scan it is about.
        zeros_count : bool
            Whether 00123 and 123 are two numbers.
        without : collection of int
            The places of rows whose numbers are not to be found.
        """
        self._describing, self._zeros_count = describing, zeros_count
        self._words = frozenset().union(*describing)
        self._spelled: dict[Tokens, list[tuple[Number, bool]]] = {}
        self._spaced: dict[tuple[Tokens, Tokens], list[Number]] = {}
        self._institutions = {number.institution for number in numbers if number.institution}
        self._collections = {number.collection for number in numbers if number.collection}
        for number in numbers:
            proper = self._compared(number.proper)
            if not proper or number.row in without:
                continue
            self._spelled.setdefault(proper, []).append((number, False))
            if number.institution:
                self._spelled.setdefault(number.institution + proper, []).append((number, True))
                self._spaced.setdefault((number.institution, proper), []).append(number)
            if number.institution and number.collection:
                whole = number.institution + self._compared(number.collection) + proper
                self._spelled.setdefault(whole, []).append((number, True))
        self._longest = max(map(len, self._spelled), default=0)

    def _compared(self, tokens: Tokens) -> Tokens:
        return tokens if self._zeros_count else tuple(one.lstrip("0") or one for one in tokens)

    def within(self, name: Name) -> Iterator[Match]:
        """All numbers that stand in an ID."""
        tokens = self._compared(name.tokens)
        for start in range(len(tokens)):
            for end in range(start + 1, min(len(tokens), start + self._longest) + 1):
                for number, has_institution in self._spelled.get(tokens[start:end], ()):
                    if match := self._match(name, number, start, end, has_institution):
                        yield match
            for gap in range(start + 1, len(tokens) - 1):
                if tokens[start:gap] in self._institutions and not tokens[gap].isdecimal():
                    yield from self._over_gap(name, tokens, start, gap)

    def _over_gap(self, name: Name, tokens: Tokens, start: int, gap: int) -> Iterator[Match]:
        """The numbers of an institution in front of a gap of one token: the code of a collection, or another word."""
        for end in range(gap + 2, len(tokens) + 1):
            for number in self._spaced.get((tokens[start:gap], tokens[gap + 1 : end]), ()):
                is_code = name.is_code[gap] and tokens[gap] not in self._words
                if not number.collection:
                    match = self._ranked(name, number, start, end, tokens[gap] if is_code else "", True)
                    is_more, piece, _, length, _ = match.rank
                    yield match._replace(rank=(is_more, piece, False, length - 1, True))
                elif _agree(tokens[gap], number.collection) or not (is_code or self._is_collection(tokens[gap])):
                    yield self._ranked(name, number, start, end, "", True)

    def _match(self, name: Name, number: Number, start: int, end: int, has_institution: bool) -> Match | None:
        """The match of a number whose tokens stand in an ID, if it can be meant."""
        if has_institution:
            return self._ranked(name, number, start, end, "", True)
        taken = name.tokens[start:end]
        digits = [one for one in taken if one.isdecimal()]
        first, last = name.pieces[name.piece(end)]
        rest = {*name.tokens[first:start], *name.tokens[end:last]}
        if not digits and not (first <= start and rest <= self._describing[number.row]):
            return None
        is_file_name = (start, end) == name.pieces[-1]
        if number.column == "title" and end <= name.pieces[-1][0]:
            return None
        if len(digits) == len(taken) == 1 and not is_file_name:
            is_apart = start == 0 or not (name.is_glued[start] or name.tokens[start - 1].isdecimal())
            shortest = SHORTEST_ID if number.column == "id" else 1 if is_apart else SHORTEST
            if len(taken[0]) < shortest:
                return None
        before = start - 1
        while before >= 0 and _agree(name.tokens[before], number.collection):
            before -= 1
        code = name.tokens[before] if before >= 0 and self._is_institution(name, before, number) else ""
        if code and (number.institution or (number.collection and self._is_collection(code))):
            return None
        return self._ranked(name, number, start, end, code, False)

    def _is_institution(self, name: Name, at: int, number: Number) -> bool:
        """Whether a token of an ID is the code of another institution or collection than those of a number."""
        token = name.tokens[at]
        if token in number.institution or token in self._words or token.isdecimal():
            return False
        return name.is_code[at] or (token,) in self._institutions or self._is_collection(token)

    def _is_collection(self, token: str) -> bool:
        return (token,) in self._collections

    def _ranked(self, name: Name, number: Number, start: int, end: int, code: str, has: bool) -> Match:
        piece = name.piece(end)
        is_whole = name.pieces[piece] == (start, end)
        is_more = is_whole or not name.is_number(start, end)
        codes = len(number.institution) + len(number.collection)
        has_all = end - start >= codes + len(number.proper)
        return Match(number, start, end, (is_more, piece, is_whole, end - start, has_all), code, has)


def _agree(token: str, collection: Tokens) -> bool:
    """Whether a token may stand for a collection: its code, an abbreviation, or the initials of its name."""
    if not collection:
        return False
    whole = "".join(collection)
    return whole.startswith(token) or token.startswith(whole) or token == "".join(one[0] for one in collection)

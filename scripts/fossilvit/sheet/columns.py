"""The columns of a specimen sheet: which known ones they mean, and what their values may be.

In: the schema, which is the only place of known names, and a sheet. Out: Columns. Standard library, PyYAML, jsonschema.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fossilvit.errors import UserError
from fossilvit.sheet import words
from fossilvit.sheet.reading import ALIKE, Row, Sheet
from fossilvit.store.files import PathLike

IN_BRACKETS = re.compile(r"[(\[].*?[)\]]")
"""A remark in the name of a column, such as that in `side (L/R)`."""


class Schema:
    """The known columns."""

    def __init__(self, path: PathLike) -> None:
        rules = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        self.columns: dict[str, dict[str, Any]] = rules["properties"]
        prefixes = "|".join("_?".join(prefix.split("_")) for prefix in rules["prefixes"])
        self._prefix = re.compile(rf"(?:{prefixes})\s*[:._/]\s*", re.IGNORECASE)
        self.meanings = {words.bare(name): name for name in self.columns}
        for name, rule in self.columns.items():
            for alias in rule.get("aliases", ()):
                self.meanings.setdefault(words.bare(alias), name)

    def meaning(self, name: str) -> str | None:
        """The known column that a name means; None if it means none."""
        name = words.shown(name)
        names = (name, self._prefix.sub("", name, count=1), IN_BRACKETS.sub("", name))
        return next((self.meanings[bare] for bare in map(words.bare, names) if bare in self.meanings), None)

    def spellings(self, column: str) -> dict[str, str]:
        """The word that stands for a value, by each of its spellings as abbreviated() gives it."""
        of = self.columns[column].get("words", {})
        return {abbreviated(spelling): word for word, others in of.items() for spelling in (word, *others)}


class Columns:
    """The columns of one sheet by their meaning."""

    def __init__(self, schema: Schema, sheet: Sheet) -> None:
        self.schema, self.sheet = schema, sheet
        self.own: dict[str, str] = {}
        """The sheet's column by the known one that it means."""
        exact = {words.bare(name) for name in schema.columns}
        for name in sorted(sheet.columns, key=lambda name: words.bare(name) not in exact):
            if meaning := schema.meaning(name):
                self.own.setdefault(meaning, name)
        self._spellings = {column: schema.spellings(column) for column in self.own}

    def get(self, row: Row, column: str) -> str:
        """The value of a known column: the word that stands for it, and nothing for `?`, `NA` and the like."""
        own = self.own.get(column)
        text = words.label(row.cells[own]) if own else ""
        spellings = self._spellings[column] if text else None
        return spellings.get(abbreviated(text), text) if spellings else text

    def meant(self, own: str, text: str) -> str:
        """The word that stands for a value in one of the sheet's columns, such as left for `l`; or the value itself."""
        known = self.schema.meaning(own)
        spellings = self._spellings[known] if known and self.own[known] == own else {}
        return spellings.get(abbreviated(text), words.shown(text))

    def find(self, setting: str, name: str) -> str:
        """The sheet's column that a setting names, by its own name or a known one.

        Raises
        ------
        UserError
            There is none. The message names the nearest.
        """
        by_name = {words.plain(own): own for own in reversed(self.sheet.columns)}
        if words.shown(name) in self.sheet.columns:
            return words.shown(name)
        found = by_name.get(words.plain(name)) or self.own.get(self.schema.meaning(name) or "")
        if found:
            return found
        near = nearest(name, [*self.sheet.columns, *self.own])
        raise UserError(
            f"{setting}: the specimen sheet {self.sheet.path} has no column {words.quoted(name)}; the nearest is "
            f"{words.quoted(near)}."
        )

    def check(self) -> None:
        """Check the values of columns that have a rule.

        Raises
        ------
        UserError
            A value breaks the rule. The message names its row and what is allowed.
        """
        from jsonschema import Draft202012Validator

        for column, own in self.own.items():
            rule = self.schema.columns[column]
            if not {"enum", "pattern"} & rule.keys():
                continue
            validator = Draft202012Validator(rule)
            first = {value: row for row in reversed(self.sheet.rows) if (value := self.get(row, column))}
            wrong = [row for value, row in first.items() if not validator.is_valid(value)]
            if wrong:
                row = min(wrong, key=lambda row: row.number)
                allowed = f"one of {', '.join(rule['enum'])}" if "enum" in rule else "a positive number"
                raise UserError(
                    f"Row {row.number} of the specimen sheet {self.sheet.path} has {words.quoted(row.cells[own])} as "
                    f"{words.quoted(own)}, which must be {allowed}; correct it, or leave the cell empty."
                )

    def misspelled(self) -> list[str]:
        """Sentences about columns that look like a misspelled known one which the sheet lacks."""
        missing = {name: column for name, column in self.schema.meanings.items() if column not in self.own}
        sentences = []
        for name in self.sheet.columns:
            close = [] if self.schema.meaning(name) else get_close_matches(words.bare(name), missing, 1, ALIKE)
            if close and len(close[0]) > 3:
                sentences.append(
                    f"The specimen sheet {self.sheet.path} has a column {words.quoted(name)}; if it means "
                    f"{missing[close[0]]}, correct its name."
                )
        return sentences


def abbreviated(value: str) -> str:
    """A value without case and without the point of an abbreviation, such as `l.` for left."""
    return words.plain(value).rstrip(".")


def nearest(name: str, names: Sequence[str] | Iterable[str]) -> str:
    """The most alike of some names, of which there is at least one."""
    by_bare = {words.bare(other) or other: other for other in names}
    return by_bare[get_close_matches(words.bare(name), by_bare, 1, cutoff=0)[0]]

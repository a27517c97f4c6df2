"""Reads a specimen sheet: CSV, TSV or XLSX.

In: a file. Out: a Sheet, whose cells are all text. pandas is imported only for workbooks, because Snakemake reads the
sheet at every start.
"""

import ast
import csv
import io
import os
import unicodedata
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple
from zipfile import ZipFile

from fossilvit.errors import UserError
from fossilvit.sheet import words
from fossilvit.store.files import PathLike, open_content

TOP = 20
"""The header is one of the first lines, of this number."""
DELIMITERS = (",", ";", "\t")
OTHER_KINDS = (".xls", ".xlsb", ".ods", ".fods", ".numbers", ".gsheet", ".doc", ".docx", ".pdf", ".html", ".json")
"""Endings of tables in formats that are not read."""
LARGEST = 2**28
"""Largest size of the content of a workbook once it is unpacked, in bytes. A hundred thousand rows of fifty columns
take less."""
ALIKE = 0.8
"""Likeness of two names from which one may be a misspelling of the other (difflib)."""
SAVE = "save it as CSV in UTF-8 (in Excel: `CSV UTF-8`) or as .xlsx"

Lines = list[list[str]]


class Row(NamedTuple):
    """A row of a sheet."""

    number: int
    """Its number as a spreadsheet counts it."""
    cells: dict[str, str]
    """The text by column; empty where the cell is."""


class Sheet(NamedTuple):
    """A table of text."""

    path: str
    columns: list[str]
    rows: list[Row]


def read(path: PathLike, known: Callable[[str], str | None], joining: Sequence[str]) -> Sheet:
    """Read a sheet.

    Parameters
    ----------
    path : path
    known : function of the name of a column
        Returns the column of the schema that it means, or None.
    joining : sequence of str
        The columns of the schema of which a sheet needs at least one. A line that has one is a header. Of the first
        lines, and of the sheets of a workbook, the one with most known columns is taken.

    Raises
    ------
    UserError
        The file is missing, is no table in UTF-8 or XLSX, has no such header or no rows, has a column twice, or has a
        row longer or shorter than the header.
    """
    path = os.fspath(path)
    content = _content(path)
    text = None if content.startswith(b"PK") else _decoded(path, content)
    if text is None:
        tables = _workbook(path, content)
    else:
        tables = [_lines(path, text, delimiter, TOP) for delimiter in DELIMITERS]
    if not (any(any(line) for lines in tables for line in lines) if text is None else text.strip(",;\t\r\n ")):
        raise UserError(f"The specimen sheet {path} is empty; give one with a line of column names and a row per scan.")

    def known_columns(line: list[str]) -> int:
        names = {known(cell) for cell in line if cell} - {None}
        return len(names) if names & {*joining} else 0

    places = [(table, at) for table, lines in enumerate(tables) for at in range(min(TOP, len(lines)))]
    table, at = max(places, key=lambda place: known_columns(tables[place[0]][place[1]]), default=(0, 0))
    if not places or not known_columns(tables[table][at]):
        raise UserError(_without_header(path, tables, joining))
    return _sheet(path, tables[table] if text is None else _lines(path, text, DELIMITERS[table]), at)


def _content(path: str) -> bytes:
    ending = os.path.splitext(path)[1].lower()
    try:
        with open_content(path) as file:
            content = file.read()
    except FileNotFoundError:
        raise UserError(f"specimens: there is no file {path}; correct the path, or set it to null.") from None
    except OSError as error:
        raise UserError(f"The specimen sheet {path} cannot be read ({error.strerror}); give a file to read.") from None
    if ending in OTHER_KINDS:
        raise UserError(f"The specimen sheet {path} is a file of the kind {ending}, which is not read; {SAVE}.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"The specimen sheet {path} is an old .xls, or is protected by a password; {SAVE}.")
    return content


def _decoded(path: str, content: bytes) -> str:
    """The text of a file in UTF-8. The error names the encoding of any other, where it can be recognized."""
    if b"\0" not in content:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    raise UserError(f"The specimen sheet {path} is not in UTF-8, but seems to be in {_encoding(content)}; {SAVE}.")


def _encoding(content: bytes) -> str:
    """The name of an encoding other than UTF-8 that a text is probably in."""
    if b"\0" in content:
        return "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "UTF-16, or no text at all"
    high = [byte for byte in content if byte >= 0x80]
    # bytes that begin most characters of cp932, and are none in Latin-1
    if sum(0x81 <= byte <= 0x9F for byte in high) > len(high) / 5 and _is_in(content, "cp932"):
        return "cp932 (Shift-JIS)"
    if all(byte >= 0xA1 for byte in high) and _is_in(content, "euc_jp"):
        return "EUC-JP"
    return "cp1252 (Latin-1)"


def _is_in(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lines(path: str, text: str, delimiter: str, most: int | None = None) -> Lines:
    """The lines of a text: all of them, or the first ones up to one that is not well formed."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=most is None)
    lines: Lines = []
    try:
        for line in islice(reader, most):
            lines.append([_cell(cell) for cell in line])
    except csv.Error as error:
        if most is None:
            raise UserError(
                f"The specimen sheet {path} cannot be read ({error} in line {reader.line_num}); correct the "
                "quotes there."
            ) from None
    return lines


def _workbook(path: str, content: bytes) -> list[Lines]:
    """The lines of every sheet of a workbook."""
    import pandas

    try:
        with ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST:
                raise ValueError(f"it unpacks to more than {LARGEST >> 20} MiB")
        frames = pandas.read_excel(
            io.BytesIO(content), sheet_name=None, header=None, dtype=object, na_filter=False, engine="openpyxl"
        )
    except Exception as error:  # openpyxl raises what its parsers raise
        raise UserError(
            f"The specimen sheet {path} is no workbook that can be read ({words.shown(str(error))}); {SAVE}."
        ) from None
    return [[[_cell(value) for value in line] for line in frame.to_numpy().tolist()] for frame in frames.values()]


def _cell(value: Any) -> str:
    """The text of a cell. A list of one element, as exports of an API write it, is its element."""
    if value is None or value != value:
        return ""
    text = str(value).strip()
    if not isinstance(value, str):
        return text.removesuffix(" 00:00:00").removesuffix(".0")
    if text.startswith("[") and text.endswith("]"):
        return _elements(text)
    return text if text.isprintable() else "".join(one for one in text if not _is_invisible(one)).strip()


def _elements(text: str) -> str:
    try:
        elements = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    return "; ".join(_cell(str(element)) for element in elements)


def _is_invisible(character: str) -> bool:
    """Whether a character is a control character, no tab or line end, or marks the order of bytes or no width."""
    return character in "\r\ufeff\u200b" or (unicodedata.category(character) == "Cc" and character not in "\t\n")


def _sheet(path: str, lines: Lines, at: int) -> Sheet:
    """The table whose header is the line `at`."""
    below = [(number, line) for number, line in enumerate(lines[at + 1 :], at + 2) if any(line)]
    if not below:
        raise UserError(f"The specimen sheet {path} has no rows below its line of column names; add one per scan.")
    header = lines[at]
    named = max(place for place, name in enumerate(header) if name) + 1
    for number, line in below:
        if len(line) < named or any(line[len(header) :]):
            raise UserError(
                f"Row {number} of the specimen sheet {path} has {len(line)} cells, but its line of column names has "
                f"{len(header)}; correct the row, in which a cell with a delimiter or line end needs quotes."
            )
    columns: dict[str, int] = {}
    for place, name in enumerate(header):
        if name or any(place < len(line) and line[place] for _, line in below):
            name = name or f"column {_letters(place)}"
            first = columns.setdefault(words.shown(name), place)
            if first != place:
                raise UserError(
                    f"The specimen sheet {path} has the column {words.quoted(name)} twice, in {_letters(first)} and "
                    f"{_letters(place)}; rename or delete one."
                )
    return Sheet(path, list(columns), [Row(number, _cells(columns, line)) for number, line in below])


def _cells(columns: dict[str, int], line: list[str]) -> dict[str, str]:
    return {name: line[place] if place < len(line) else "" for name, place in columns.items()}


def _letters(place: int) -> str:
    """The name of a column in a spreadsheet: A, B, ..., Z, AA."""
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _without_header(path: str, tables: list[Lines], joining: Sequence[str]) -> str:
    header = max((line for lines in tables for line in lines[:TOP]), key=lambda line: sum(map(bool, line)), default=[])
    names = [name for name in header[:30] if name]
    has = ", ".join(words.quoted(name, 40) for name in names) or "cells of any length"
    by_bare = {words.bare(name): name for name in joining}
    close = [
        (name, by_bare[found]) for name in names for found in get_close_matches(words.bare(name), by_bare, 1, ALIKE)
    ]
    hint = f"write {close[0][1]} for {words.quoted(close[0][0])} if it means that" if close else "name one of them"
    others = "" if close else f" {', '.join(joining[:-1])} or {joining[-1]}"
    return f"The specimen sheet {path} has no column that says which scan a row is about, only {has}; {hint}{others}."

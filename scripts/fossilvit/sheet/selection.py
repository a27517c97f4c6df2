"""Reads a row filter such as `part == "femur" and side == "left"`.

In: the text of the setting `select`. Out: a Selection. The text is parsed by Python and evaluated here: it holds
comparisons of columns with values, and nothing else. Standard library only.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any, NamedTuple

from fossilvit.errors import UserError
from fossilvit.sheet import words

QUOTED = re.compile(r"""("[^"]*"|'[^']*')|`([^`]*)`""")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
WORDS = ("and", "or", "not", "in")
EXAMPLE = """write it as in part == "femur" and side == "left", with a column such as `my column` between backticks"""

Cells = Mapping[str, str]
Test = Callable[[Cells], bool]


class Selection(NamedTuple):
    """A row filter."""

    takes: Test
    """Whether it takes a row."""
    columns: list[str]
    """The sheet's columns that it names."""
    values: list[tuple[str, str]]
    """The texts that it compares for equality, each after its column."""


class _Operand(NamedTuple):
    """One side of a comparison: a column, a text or a number."""

    column: str | None = None
    value: str | float = ""

    def text(self, cells: Cells) -> str:
        return cells[self.column] if self.column else str(self.value)

    def number(self, cells: Cells) -> float | None:
        return _number(cells[self.column]) if self.column else float(self.value)


def read(text: str, find: Callable[[str], str], meant: Callable[[str, str], str]) -> Selection:
    """Read a row filter.

    Parameters
    ----------
    text : str
        Comparisons (== != < <= > >=, in and not in a list) of columns with texts or numbers, joined by and, or, not
        and parentheses. A comparison with a number compares numbers. Texts are equal if their characters are,
        half-width or full-width.
    find : function of the name of a column
        Returns the name that the sheet has for it, and raises UserError if there is none.
    meant : function of a column and a value
        Returns the word that stands for the value, such as left for `l`.

    Raises
    ------
    UserError
        The text holds anything else. The message says what and where.
    """
    return _Reader(text, find, meant).selection()


class _Reader:
    def __init__(self, text: str, find: Callable[[str], str], meant: Callable[[str, str], str]) -> None:
        self._text, self._find, self._meant = text, find, meant
        self._ticked: dict[str, str] = {}
        self._columns: list[str] = []
        self._values: list[tuple[str, str]] = []

    def selection(self) -> Selection:
        source = QUOTED.sub(self._named, words.shown(self._text))
        try:
            return Selection(self._test(ast.parse(source, mode="eval").body), self._columns, self._values)
        except SyntaxError as error:
            raise UserError(self._unreadable(source, error)) from None
        except (ValueError, RecursionError, MemoryError):
            raise UserError(f"select: {words.quoted(self._text)} cannot be read; {EXAMPLE}.") from None

    def _named(self, match: re.Match[str]) -> str:
        """A text as it is, or a name for a column in backticks that Python can read."""
        if match[2] is None:
            return match[0]
        name = f"column_{len(self._ticked)}_in_ticks"
        self._ticked[name] = match[2]
        return name

    def _as_written(self, source: str) -> str:
        for name, column in self._ticked.items():
            source = source.replace(name, f"`{column}`")
        return source

    def _unreadable(self, source: str, error: SyntaxError) -> str:
        near = self._as_written(source[max(0, (error.offset or 1) - 1) :]) or "its end"
        hint = EXAMPLE
        bare = QUOTED.sub("", self._text)
        if re.search(r"[“”„‘’«»]", bare):
            hint = "write straight quotes"
        elif re.search(r"(?<![=!<>])=(?!=)", bare):
            hint = "write == for equal"
        elif found := [word for word in re.findall(r"\w+", bare) if iskeyword(word) and word not in WORDS]:
            hint = f"write `{found[0]}` between backticks if it is a column"
        elif re.search(r"&&|\|\||!(?!=)|\b(AND|OR|NOT|IN)\b", bare):
            hint = "write and, or, not and in as these words in small letters"
        return f"select: {words.quoted(self._text)} cannot be read near {words.quoted(near, 30)}; {hint}."

    def _refused(self, node: ast.AST) -> UserError:
        part = self._as_written(ast.unparse(node))
        hint = EXAMPLE
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            hint = "write `and` for &, and `or` for |"
        return UserError(f"select: {words.quoted(part)} is no comparison of a column with a value; {hint}.")

    def _test(self, node: ast.expr) -> Test:
        if isinstance(node, ast.BoolOp):
            tests = [self._test(value) for value in node.values]
            every = isinstance(node.op, ast.And)
            return lambda cells: all(test(cells) for test in tests) if every else any(test(cells) for test in tests)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._test(node.operand)
            return lambda cells: not inner(cells)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            links = [self._link(node, *link) for link in zip(sides, node.ops, sides[1:], strict=False)]
            return lambda cells: all(link(cells) for link in links)
        raise self._refused(node)

    def _link(self, node: ast.Compare, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Test:
        """One comparison of a chain."""
        if isinstance(sign, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.List, ast.Tuple, ast.Set)):
                raise self._refused(node)
            equal = [self._comparison(node, left, ast.Eq(), one) for one in right.elts]
            wanted = isinstance(sign, ast.In)
            return lambda cells: any(test(cells) for test in equal) is wanted
        return self._comparison(node, left, sign, right)

    def _comparison(self, node: ast.Compare, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Test:
        one, other = self._operand(left), self._operand(right)
        compare = COMPARISONS.get(type(sign))
        if compare is None or not (one.column or other.column):
            raise self._refused(node)
        if isinstance(sign, (ast.Eq, ast.NotEq)):
            for column, value in ((one.column, other), (other.column, one)):
                if column and value.column is None and isinstance(value.value, str):
                    self._values.append((column, words.shown(value.value)))
        both_are_columns = one.column is not None and other.column is not None
        named = one.column or other.column or ""
        is_of_numbers = isinstance(one.value, float) or isinstance(other.value, float)

        def holds(cells: Cells) -> bool:
            if both_are_columns or is_of_numbers:
                numbers = one.number(cells), other.number(cells)
                if None not in numbers:
                    return compare(*numbers)
                if is_of_numbers:
                    return isinstance(sign, ast.NotEq)
            return compare(self._meant(named, one.text(cells)), self._meant(named, other.text(cells)))

        return holds

    def _operand(self, node: ast.expr) -> _Operand:
        if isinstance(node, ast.Name):
            column = self._find(self._ticked.get(node.id, node.id))
            if column not in self._columns:
                self._columns.append(column)
            return _Operand(column)
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        value = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(value, str) and not negative:
            return _Operand(value=value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _Operand(value=-float(value) if negative else float(value))
        raise self._refused(node)


def _number(text: str) -> float | None:
    """The number that a cell holds, with a point or a comma; None if it holds none."""
    text = words.shown(text)
    return float(text.replace(",", ".")) if NUMBER.fullmatch(text) else None

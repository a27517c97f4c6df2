"""How texts are compared: composed, half-width and without case, and catalog numbers as runs of letters and digits.

In: texts. Out: texts and tokens. Standard library only.
"""

import re
import unicodedata

TOKEN = re.compile(r"[^\W\d_]+|\d+")
SAY_NOTHING = frozenset(
    ("?", "??", "-", "--", "–", "—", "na", "n/a", "n.a.", "nan", "not applicable", "notapplicable", "unknown")
    + ("undetermined", "unidentified", "indet", "indet.", "incertae sedis", "inc. sed.", "unbekannt", "unbestimmt")
    + ("不明", "未定", "未同定")
)
"""Values that say no more than an empty cell."""

Tokens = tuple[str, ...]


def shown(text: str) -> str:
    """A text as labels show it: characters composed and half-width, white space as single spaces."""
    return text if text.isascii() and text.isalnum() else " ".join(unicodedata.normalize("NFKC", text).split())


def plain(text: str) -> str:
    """A text for comparisons that ignore case."""
    return shown(text).casefold()


def label(text: str) -> str:
    """A value as a label; empty if it says no more than an empty cell, such as `?`, `NA`, `indet.` or `不明`."""
    found = shown(text) if text else ""
    return "" if found.casefold() in SAY_NOTHING else found


def tokens(text: str) -> Tokens:
    """The runs of letters and the runs of digits in a text, without case: `UF_VP 12345a` is uf, vp, 12345, a."""
    return tuple(found.casefold() for found in TOKEN.findall(unicodedata.normalize("NFKC", text)))


def bare(text: str) -> str:
    """A name without its case, spaces and signs, as names of columns are compared."""
    return "".join(tokens(text))


def quoted(text: str, longest: int = 80) -> str:
    """A text in quotes for a message, shortened if it is long."""
    return repr(text if len(text) <= longest else f"{text[: longest - 1]}…")

"""Finds the scan that a path, a file name or an ID names.

In: IDs. Out: the IDs that a text names. Standard library only.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

from fossilvit.scans.inventory import without_extension
from fossilvit.sheet import words
from fossilvit.store.tables import unescaped

OTHER_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\\/]|[\\/]")
"""The start of a path, or of an address, whose folders may be those of another machine."""


class Paths:
    """The IDs of a collection, by their endings of whole names."""

    def __init__(self, identities: Collection[str]) -> None:
        self._whole: list[tuple[Callable[[str], str], dict[str, list[str]], dict[str, list[str]]]] = []
        for compared in (_composed, words.plain):
            whole: dict[str, list[str]] = {}
            endings: dict[str, list[str]] = {}
            for identity in identities:
                name = compared(identity)
                whole.setdefault(name, []).append(identity)
                for ending in _endings(name):
                    endings.setdefault(ending, []).append(identity)
            self._whole.append((compared, whole, endings))

    def named(self, text: str) -> list[str]:
        """The IDs that a text names.

        Parameters
        ----------
        text : str
            An ID or an ending of one, or a path that ends with one, with or without the extension of a scan. Of a path
            from another machine, or an address, the name of the file is enough. Case counts only if two IDs differ in
            nothing else.

        Returns
        -------
        list of str, more than one if the text is ambiguous
        """
        names = [_cleaned(one) for one in dict.fromkeys([text, unescaped(text), words.shown(text)])]
        names += [bare for name in names if (bare := without_extension(name))]
        for compared, whole, endings in self._whole:
            plain = [compared(name) for name in names]
            for found in (endings.get(name, []) for name in plain):
                if found:
                    exact = [identity for identity in found if compared(identity) in plain]
                    return exact or found
            for ending in (ending for name in plain for ending in _endings(name)):
                if ending in whole:
                    return whole[ending]
        name = _cleaned(text).rpartition("/")[2]
        return self.named(name) if ABSOLUTE.match(text) and name else []

    def named_otherwise(self, text: str) -> list[str]:
        """The IDs that a file name means if its extension, which is none of a scan, does not count."""
        name = _cleaned(text)
        return self.named(OTHER_EXTENSION.sub("", name)) if OTHER_EXTENSION.search(name) else []


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _cleaned(text: str) -> str:
    return "/".join(part.strip() for part in text.replace("\\", "/").split("/") if part.strip() not in ("", "."))


def _endings(name: str) -> Iterator[str]:
    """The endings of a path that are whole names, the longest first."""
    while name:
        yield name
        name = name.partition("/")[2]

"""The error for a mesh file with unusable content. Its message lacks the name of the file, which `reading` adds."""

from typing import Self

import numpy as np


class Unreadable(Exception):
    """The bytes of a file are no sound mesh.

    Parameters
    ----------
    cause : str
        What is wrong, as words that follow the name of the file, e.g. `breaks off within its header`.
    remedy : str
        What the user can do about it.
    """

    def __init__(self, cause: str, remedy: str = "copy or export it again") -> None:
        super().__init__(f"{cause}; {remedy}.")

    @classmethod
    def no_number(cls, text: np.ndarray, at: int) -> Self:
        """The error for text, uint8 [B], that has no number at a position where the format wants one."""
        before = bytes(text[:at])
        line = before.count(b"\n" if b"\n" in before else b"\r") + 1
        word = bytes(text[at : at + 40]).split(maxsplit=1)[:1]
        shown = word[0].decode("utf-8", "replace") if word else "nothing"
        return cls(f"has {shown!r} in line {line} where a number should be")

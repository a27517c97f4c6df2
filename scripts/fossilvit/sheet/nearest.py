"""The name that a misspelled one is nearest to.

In: names. Out: one of them. Standard library only.
"""

from bisect import bisect
from collections.abc import Iterable
from os.path import commonprefix


def is_typing_error(one: str, other: str) -> bool:
    """Whether two texts differ in one character that is wrong, missing or added, or in two that are exchanged."""
    start = len(commonprefix([one, other]))
    end = len(commonprefix([one[start:][::-1], other[start:][::-1]]))
    ours, theirs = one[start : len(one) - end], other[start : len(other) - end]
    return max(len(ours), len(theirs)) == 1 or (len(ours) == len(theirs) == 2 and ours == theirs[::-1])


class Nearest:
    """Finds the name that shares the longest beginning and end with another, in the time of a few comparisons."""

    def __init__(self, names: Iterable[str]) -> None:
        names = set(names)
        self._forward, self._backward = sorted(names), sorted(name[::-1] for name in names)

    def to(self, name: str) -> tuple[float, str]:
        """The nearest name after its likeness, from 0 to 1; likeness 0 and an empty text if there are no names."""
        around = {*_around(self._forward, name), *(found[::-1] for found in _around(self._backward, name[::-1]))}
        return max(((_likeness(name, other), other) for other in around), default=(0.0, ""))


def _around(names: list[str], name: str, reach: int = 2) -> list[str]:
    place = bisect(names, name)
    return names[max(0, place - reach) : place + reach]


def _likeness(one: str, other: str) -> float:
    """The shared beginning and end of two texts, as a share of their mean length; at most 1."""
    start = len(commonprefix([one, other]))
    end = len(commonprefix([one[start:][::-1], other[start:][::-1]]))
    return min(1.0, 2 * (start + end) / (len(one) + len(other) or 1))

"""Numbers in text, uint8 [B] -> arrays, at the speed of compiled code.

Positions are offsets into the bytes of a file. A number of up to 19 digits is read to the nearest float64, whatever the
locale; below 1e-240 and above 1e280, to within 1e-15 of its value. `nan`, `inf` and the forms that converters write
(`-1.#IND`, `-nan(ind)`) are not finite, and cleaning counts them.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numba import njit

from fossilvit.meshes.errors import Unreadable

LARGEST_EXPONENT = 290
TENS = np.array([float(Fraction(10) ** power) for power in range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)])
TENS_REST = np.array(
    [float(Fraction(10) ** power - Fraction(float(ten))) for power, ten in enumerate(TENS, -LARGEST_EXPONENT)]
)
"""Differences between the powers of ten and TENS, their nearest float64."""
MOST_DIGITS = 19
"""Digits of a number that count; uint64 holds them."""
SPLITTER = 134217729.0
"""2^27 + 1, which splits the digits of a float64 into halves (Dekker 1971)."""
LARGEST_INTEGER = 2**62
SPACE, NEWLINE, RETURN, PLUS, MINUS, POINT, ZERO, NINE = 32, 10, 13, 43, 45, 46, 48, 57
HASH, BACKSLASH = 35, 92
LETTER_D, LETTER_E, LETTER_I, LETTER_N = 100, 101, 105, 110
SMALL = 32
"""Bit that is set in lowercase letters and not in capitals."""


@njit(cache=True, inline="always")
def is_space(character: int) -> bool:
    """Whether a character is a blank, tab, line end or another control character."""
    return character <= SPACE


@njit(cache=True, inline="always")
def is_digit(character: int) -> bool:
    """Whether a character is a decimal digit."""
    return ZERO <= character <= NINE


@njit(cache=True, inline="always")
def ends_line(character: int) -> bool:
    """Whether a character is a line feed, or the carriage return of old Macs and of DOS."""
    return character in (NEWLINE, RETURN)


@njit(cache=True)
def after_line(text: np.ndarray, at: int) -> int:
    """First position of the next line."""
    while at < len(text) and not ends_line(text[at]):
        at += 1
    return at + 1 if at < len(text) else at


@njit(cache=True)
def after_space(text: np.ndarray, at: int, comments: bool = True) -> int:
    """Next position that is no space; skips line ends and, if comments is true, `#` comments."""
    while at < len(text):
        if comments and text[at] == HASH:
            at = after_line(text, at)
        elif is_space(text[at]):
            at += 1
        else:
            break
    return at


@njit(cache=True)
def after_blanks(text: np.ndarray, at: int) -> int:
    """Next position in this line that is no space; a backslash continues a line."""
    while at < len(text):
        if continues(text, at):
            at += 3 if text[at + 1] == RETURN and at + 2 < len(text) and text[at + 2] == NEWLINE else 2
        elif is_space(text[at]) and not ends_line(text[at]):
            at += 1
        else:
            break
    return at


@njit(cache=True)
def after_word(text: np.ndarray, at: int) -> int:
    """Position after a word."""
    while at < len(text) and not is_space(text[at]):
        at += 1
    return at


@njit(cache=True)
def is_word(text: np.ndarray, at: int, end: int, word: bytes) -> bool:
    """Whether text[at:end] is a word, given in lowercase; its case in the text does not matter."""
    same = end - at == len(word)
    for i in range(len(word)):
        same = same and text[at + i] | SMALL == word[i]
    return same


@njit(cache=True)
def continues(text: np.ndarray, at: int) -> bool:
    """Whether there is a backslash at this position that continues the line."""
    return text[at] == BACKSLASH and at + 1 < len(text) and ends_line(text[at + 1])


@njit(cache=True)
def integer(text: np.ndarray, at: int) -> tuple[int, int]:
    """A whole number as (value, position after it); the position does not change if there is none."""
    start = at
    negative = at < len(text) and text[at] == MINUS
    if at < len(text) and (negative or text[at] == PLUS):
        at += 1
    first, value = at, 0
    while at < len(text) and is_digit(text[at]):
        if value < LARGEST_INTEGER // 10:
            value = 10 * value + (text[at] - ZERO)
        at += 1
    return (-value if negative else value), (at if at > first else start)


@njit(cache=True)
def number(text: np.ndarray, at: int) -> tuple[float, int]:
    """A decimal number as (value, position after it); the position does not change if there is none."""
    start = at
    negative = at < len(text) and text[at] == MINUS
    if at < len(text) and (negative or text[at] == PLUS):
        at += 1
    if at < len(text) and text[at] | SMALL in (LETTER_I, LETTER_N):
        return _not_finite(text, at, start)
    digits, mantissa, exponent, seen, fraction = 0, np.uint64(0), 0, False, False
    while at < len(text):
        if is_digit(text[at]):
            seen = True
            if digits < MOST_DIGITS:
                mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - ZERO)
                digits += mantissa > 0  # type: ignore[assignment]  # numba counts a bool as an int
                exponent -= fraction
            else:
                exponent += not fraction
        elif text[at] == POINT and not fraction:
            fraction = True
        else:
            break
        at += 1
    if not seen:
        return 0.0, start
    if at < len(text) and text[at] == HASH and fraction:  # 1.#QNAN
        return np.nan, after_word(text, at)
    if at < len(text) and text[at] | SMALL in (LETTER_D, LETTER_E):
        power, end = integer(text, at + 1)
        if end > at + 1:
            exponent, at = exponent + max(min(power, 99999), -99999), end
    if at < len(text) and not is_space(text[at]) and text[at] not in (HASH, BACKSLASH):
        return 0.0, start
    value = _scaled(mantissa, exponent)
    return (-value if negative else value), at


@njit(cache=True)
def _not_finite(text: np.ndarray, at: int, start: int) -> tuple[float, int]:
    """`nan`, `inf` or a similar word as (nan, position after it); the position is `start` for any other word."""
    end = at + 3
    known = end <= len(text) and (is_word(text, at, end, b"nan") or is_word(text, at, end, b"inf"))
    return np.nan, (after_word(text, at) if known else start)


@njit(cache=True)
def _scaled(mantissa: np.uint64, exponent: int) -> float:
    """mantissa x 10^exponent, rounded once: both factors and their product are sums of two float64."""
    if mantissa == 0:
        return 0.0
    high = float(mantissa)
    if exponent > LARGEST_EXPONENT or exponent < -LARGEST_EXPONENT:
        half = max(min(exponent, 600), -600) // 2
        return high * 10.0**half * 10.0 ** (max(min(exponent, 600), -600) - half)
    rest = float(np.int64(mantissa - np.uint64(high)))
    ten, ten_rest = TENS[exponent + LARGEST_EXPONENT], TENS_REST[exponent + LARGEST_EXPONENT]
    product = high * ten
    if not 1e-250 < product < 1e290:
        return product  # type: ignore[no-any-return]  # an item of TENS is a float64, which numpy does not declare
    return (  # type: ignore[no-any-return]  # likewise
        product + (_rounded_off(high, ten, product) + (high * ten_rest + rest * ten))
    )


@njit(cache=True)
def _rounded_off(a: float, b: float, product: float) -> float:
    """Exact difference a b - product (Dekker 1971)."""
    a_high, b_high = SPLITTER * a, SPLITTER * b
    a_high, b_high = a_high - (a_high - a), b_high - (b_high - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True)
def _read_rows(
    text: np.ndarray,
    at: int,
    lists: np.ndarray,
    comments: bool,
    scalars: np.ndarray,
    sizes: np.ndarray,
    items: np.ndarray,
) -> tuple[int, int, int, bool]:
    """Read rows of numbers into scalars [R, S], sizes [R, L] and items [I].

    Returns (number of rows, number of items, position, whether a fault is there).
    """
    used = 0
    for row in range(len(scalars)):
        scalar = column = 0
        for is_list in lists:
            at = after_space(text, at, comments)
            value, end = number(text, at)
            if end == at:
                return row, used, at, at < len(text)
            at = end
            if not is_list:
                scalars[row, scalar] = value
                scalar += 1
                continue
            if not 0 <= value <= len(items) - used or value != int(value):
                return row, used, at, True
            sizes[row, column] = int(value)
            column += 1
            for _ in range(int(value)):
                at = after_space(text, at, comments)
                items[used], end = number(text, at)
                if end == at:
                    return row, used, at, at < len(text)
                used, at = used + 1, end
        at = after_line(text, at)
    return len(scalars), used, at, False


def rows(
    text: np.ndarray, at: int, count: int, lists: Sequence[bool], what: str, comments: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Read rows of numbers.

    A row holds one number per column, or for a list its length and then its items. A row may extend over several lines;
    the rest of its last line is skipped.

    Parameters
    ----------
    text : uint8 [B]
    at : int
        Position of the first row.
    count : int
        Number of rows.
    lists : sequence of bool
        For each column whether it is a list.
    what : str
        Name of the rows in messages.
    comments : bool
        Whether `#` begins a comment.

    Returns
    -------
    scalars : float64 [count, S], the columns that are no lists
    sizes : int32 [count, L], the lengths of the lists
    items : float64 [I], the lists of the first row, then those of the next
    at : int, the position after the rows

    Raises
    ------
    Unreadable
        There are fewer rows, or something is not a number.
    """
    left = len(text) - at
    if count * len(lists) > left / 2 + 1:
        raise Unreadable(f"breaks off: its header promises {count} {what}, for which {left} bytes are left")
    scalars = np.empty((count, lists.count(False)))
    sizes = np.empty((count, lists.count(True)), np.int32)
    items = np.empty(left // 2 + 1 if any(lists) else 0)
    done, used, at, fault = _read_rows(text, at, np.array(lists), comments, scalars, sizes, items)
    if fault:
        raise Unreadable.no_number(text, at)
    if done < count:
        raise Unreadable(f"breaks off: its header promises {count} {what}, but {done} can be read")
    return scalars, sizes, items[:used], at

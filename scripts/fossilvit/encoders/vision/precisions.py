"""The number format that a CPU computes a network in.

In: the option `precision`, and the formats that the CPU computes in. Out: fp32, bf16 or fp16.
"""

from collections.abc import Collection

from fossilvit.errors import UserError


def choose(wanted: str, able: Collection[str]) -> str:
    """Choose a precision: `auto` is bf16 where the CPU computes in it, else fp32.

    Raises
    ------
    UserError
        The CPU does not compute in the wanted precision.
    """
    if wanted == "auto":
        return "bf16" if "bf16" in able else "fp32"
    if wanted not in able:
        raise UserError(f"precision {wanted}: this CPU does not compute in it; take auto or fp32.")
    return wanted

"""Tells errors for lack of memory from others, which torch, CUDA's libraries and OpenVINO raise under many names.

In: an error. Out: whether memory was short.
"""

import re

SHORT = re.compile(
    r"out of memory|can(?:no|')t allocate memory|bad_alloc|CU(?:BLAS|DNN)_STATUS_"
    r"(?:ALLOC_FAILED|NOT_INITIALIZED|INTERNAL_ERROR_(?:HOST|DEVICE)_ALLOCATION_FAILED)",
    re.IGNORECASE,
)
"""What is said where memory is short. cuBLAS and cuDNN cannot even start then, and are said to be not initialized."""


def check(error: Exception) -> None:
    """Raise a MemoryError if an error says that memory is short, so that it is not blamed on a file."""
    if is_short(error):
        raise MemoryError(str(error)) from None


def is_short(error: Exception) -> bool:
    """Return whether an error says that the memory of a GPU or of the machine is short."""
    return isinstance(error, MemoryError) or bool(SHORT.search(str(error)))

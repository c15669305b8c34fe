"""A digest of results, the same in the timed process and in the judge."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

DIGEST = 32  # bytes


def digest(arrays: Iterable[Any]) -> bytes:
    """The SHA-256 of the numbers in some arrays, one after the other; a None adds nothing."""
    found = hashlib.sha256()
    for array in arrays:
        if array is None:
            continue
        if array.dtype.kind in "biufc":
            array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            found.update(array.reshape(-1).view(np.uint8).data)
        else:  # such an array does not cross, whatever its digest is
            found.update(str(array.dtype).encode())
    return found.digest()

"""Weights in an npz file, which is checked when it is read.

`np.load(path, allow_pickle=False)` can read the file too: it holds one array per weight, and
"checksum", the SHA-256 of all names, shapes, dtypes and values. The header of each array is
compared with the expected one before any data is read, so that a file can neither run code nor
claim much memory. A file that differs from what was written is refused.
"""

import hashlib
import io
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from lstm_reference.cells.cell import Array

_CHECKSUM = "checksum"
_HEADER = 4096  # bytes; the header of an array here is shorter


def save_weights(path: str | os.PathLike[str], weights: Mapping[str, Array]) -> None:
    """Write the named arrays to `path`, without adding a suffix; an existing file is replaced.

    Equal weights give equal bytes.

    Raises:
        OSError: the file cannot be written.
        ValueError: a weight is not finite; nothing is written.
    """
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise ValueError(f"weight {name} has values that are not finite; nothing was saved")
    content = io.BytesIO()
    arrays = {name: np.asarray(array, order="C") for name, array in weights.items()}
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in {**arrays, _CHECKSUM: _checksum(arrays)}.items():
            member = io.BytesIO()
            npy.write_array(member, array, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    Path(path).write_bytes(content.getvalue())


def load_weights(path: str | os.PathLike[str], expected: Mapping[str, Array]) -> dict[str, Array]:
    """Read the arrays that `save_weights` wrote.

    Args:
        path: the file.
        expected: arrays with the names, shapes and dtypes that the file should have.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file does not hold such weights, or was changed since it was written.
    """
    content = Path(path).read_bytes()
    like = {**expected, _CHECKSUM: np.zeros(hashlib.sha256().digest_size, np.uint8)}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = sorted(archive.namelist())
            wanted = sorted(f"{name}.npy" for name in like)
            if names != wanted:
                raise ValueError(f"it holds {names}; it should hold {wanted}")
            loaded = {name: _read(archive, name, array) for name, array in like.items()}
    except Exception as error:  # zipfile and zlib raise many types of error for a damaged file
        raise ValueError(f"{path} does not hold these weights: {error}") from error
    for name, array in loaded.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{path} does not hold these weights: {name} is not finite")
    checksum = loaded.pop(_CHECKSUM)
    if not np.array_equal(checksum, _checksum(loaded)):
        raise ValueError(f"{path} does not hold these weights: the checksum does not match")
    return loaded


def _read(archive: zipfile.ZipFile, name: str, like: Array) -> Array:
    """One array of the archive, whose header must be that of `like`."""
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > like.nbytes + _HEADER:
        raise ValueError(
            f"{name} has {member.file_size} bytes; it should have at most {like.nbytes + _HEADER}"
        )
    data = io.BytesIO(archive.read(member))
    version = npy.read_magic(data)
    if version != (1, 0):
        raise ValueError(f"{name} is in version {version} of the format; it should be (1, 0)")
    shape, fortran, dtype = npy.read_array_header_1_0(data)
    if fortran:
        raise ValueError(f"{name} is in Fortran order; it should be in C order")
    if (shape, dtype) != (like.shape, like.dtype):
        raise ValueError(f"{name} is {dtype} {shape}; it should be {like.dtype} {like.shape}")
    values = np.frombuffer(data.read(), dtype)
    if values.size != math.prod(shape):
        raise ValueError(f"{name} has {values.size} values; it should have {math.prod(shape)}")
    return values.reshape(shape)


def _checksum(weights: Mapping[str, Array]) -> Array:
    """The SHA-256 of all names, dtypes, shapes and values, sorted by name."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)

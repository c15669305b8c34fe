"""Weights in an npz file: written plainly, read with distrust.

The file is what `np.load(path, allow_pickle=False)` reads: one array a weight, and "checksum", a
SHA-256 over all names, shapes, dtypes and values. Reading compares each array's header with what
is expected before it takes any data, so a file can neither run code nor ask for memory; and
whatever is not exactly what was written is refused.
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

from lstm_reference.cell import Array

_CHECKSUM = "checksum"
_HEADER = 4096  # more than the header of any array here takes


def save_weights(path: str | os.PathLike[str], weights: Mapping[str, Array]) -> None:
    """Write the named arrays to `path`, exactly that name, replacing a file that is there.

    Equal weights give equal bytes.

    Raises:
        ValueError: a weight is not finite; nothing is written.
    """
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise ValueError(f"weight {name} has values that are not finite; it is not saved")
    content = io.BytesIO()
    arrays = {name: np.asarray(array, order="C") for name, array in weights.items()}
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in {**arrays, _CHECKSUM: _checksum(arrays)}.items():
            member = io.BytesIO()
            npy.write_array(member, array, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    Path(path).write_bytes(content.getvalue())


def load_weights(path: str | os.PathLike[str], expected: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays that `save_weights` wrote: the names, shapes and dtypes of `expected`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file, or was damaged or changed since it was written.
    """
    content = Path(path).read_bytes()
    like = {**expected, _CHECKSUM: np.zeros(hashlib.sha256().digest_size, np.uint8)}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = sorted(archive.namelist())
            wanted = sorted(f"{name}.npy" for name in like)
            if names != wanted:
                raise ValueError(f"it holds {names}, and should hold {wanted}")
            loaded = {name: _read(archive, name, array) for name, array in like.items()}
    except Exception as error:  # zipfile and zlib raise half a dozen kinds for a damaged file
        raise ValueError(f"{path} does not hold these weights: {error}") from error
    for name, array in loaded.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{path} does not hold these weights: {name} is not finite")
    checksum = loaded.pop(_CHECKSUM)
    if not np.array_equal(checksum, _checksum(loaded)):
        raise ValueError(f"{path} does not hold these weights: the checksum does not match")
    return loaded


def _read(archive: zipfile.ZipFile, name: str, like: Array) -> Array:
    """One array of the archive, which must have the header that `like` would have."""
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > like.nbytes + _HEADER:
        raise ValueError(f"{name} takes {member.file_size} bytes")
    data = io.BytesIO(archive.read(member))
    version = npy.read_magic(data)
    if version != (1, 0):
        raise ValueError(f"{name} is in version {version} of the format")
    shape, fortran, dtype = npy.read_array_header_1_0(data)
    if fortran:
        raise ValueError(f"{name} is in Fortran order")
    if (shape, dtype) != (like.shape, like.dtype):
        raise ValueError(f"{name} is {dtype} {shape}, and should be {like.dtype} {like.shape}")
    values = np.frombuffer(data.read(), dtype)
    if values.size != math.prod(shape):
        raise ValueError(f"{name} has {values.size} values")
    return values.reshape(shape)


def _checksum(weights: Mapping[str, Array]) -> Array:
    """SHA-256 of all names, dtypes, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)

"""The frames that cross between the judge and the subject's process: JSON and raw arrays.

A frame is two lengths, a JSON text, and the bytes of its arrays in order; there is no pickle. In
the text an array is {"$": [dtype, shape]}; a key of a dict that begins with "$" gets another "$" in
front. Values are None, bool, int, float, str, lists, dicts with text keys, and NumPy arrays of the
dtypes in `DTYPES`.
"""

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

LENGTHS = struct.Struct("<QQ")  # of the text and of all arrays together, in bytes
MAX_TEXT = 1 << 20
DTYPES = frozenset(
    ["|b1", "|i1", "|u1"]
    + [f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8)]
    + ["<f2", "<f4", "<f8", "<c8", "<c16"]
)


class BadFrame(Exception):
    """What came is no frame, or is larger than what was asked for."""


def pack(value: Any) -> bytes:
    """The frame of a value. Raises TypeError for a value that cannot cross."""
    arrays: list[bytes] = []

    def as_json(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype.str not in DTYPES:
                raise TypeError(f"an array of dtype {value.dtype} cannot cross")
            arrays.append(value.tobytes())
            return {"$": [value.dtype.str, list(value.shape)]}
        if isinstance(value, dict):
            return {
                ("$" + key if key.startswith("$") else key): as_json(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [as_json(item) for item in value]
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"a {type(value).__name__} cannot cross")

    text = json.dumps(as_json(value)).encode()
    body = b"".join(arrays)
    return LENGTHS.pack(len(text), len(body)) + text + body


def unpack(read: Callable[[int], bytes], most: int) -> Any:
    """The value of the next frame; `read(n)` gives exactly n bytes.

    Args:
        read: the source of bytes.
        most: how many bytes of arrays there may be.

    Raises:
        BadFrame: the frame is malformed or over the size limits.
    """
    text_size, body_size = LENGTHS.unpack(read(LENGTHS.size))
    if text_size > MAX_TEXT or body_size > most:
        raise BadFrame(f"a frame of {text_size} + {body_size} bytes is over the limits")
    text, body = read(text_size), read(body_size)
    offset = 0

    def from_json(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, list):
            return [from_json(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key.removeprefix("$"): from_json(item) for key, item in value.items()}
        name, shape = value["$"]
        if name not in DTYPES or not all(type(n) is int and 0 <= n < 1 << 48 for n in shape):
            raise BadFrame("an array of no plain numbers")
        dtype = np.dtype(name)
        count = math.prod(shape)
        end = offset + count * dtype.itemsize
        if end > body_size:
            raise BadFrame("an array longer than its frame")
        array = np.frombuffer(body, dtype, count, offset).reshape(shape).copy()
        offset = end
        return array

    try:
        value = from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadFrame(f"{type(error).__name__} in a frame") from error
    if offset != body_size:
        raise BadFrame("bytes are left over behind the arrays")
    return value

"""The frames that cross between the judge and the subject's process: JSON and raw arrays.

A frame is a length, a JSON text, and the bytes of its arrays in order; there is no pickle. In the
text an array is {"$": k, "dtype": "<f8", "shape": [2, 3]}. Values are None, bool, int, float, str,
lists, dicts with text keys, and NumPy arrays of plain numbers.
"""

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

_LENGTHS = struct.Struct("<QQ")  # of the text and of all arrays together, in bytes
MAX_TEXT = 1 << 20
MAX_ARRAYS = 1 << 28
NUMBERS = "biufc"


class BadFrame(Exception):
    """What came is no frame, or is larger than was asked for."""


def pack(value: Any) -> bytes:
    """The frame of a value. Raises TypeError for a value that cannot cross."""
    arrays: list[bytes] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in NUMBERS:
                raise TypeError(f"an array of dtype {value.dtype} cannot cross")
            arrays.append(value.tobytes())
            return {"$": len(arrays) - 1, "dtype": value.dtype.str, "shape": list(value.shape)}
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"a {type(value).__name__} cannot cross")

    text = json.dumps(plain(value)).encode()
    body = b"".join(arrays)
    return _LENGTHS.pack(len(text), len(body)) + text + body


def unpack(read: Callable[[int], bytes]) -> Any:
    """The value of the next frame; `read(n)` gives exactly n bytes.

    Raises:
        BadFrame: the frame is malformed or over the size limits.
    """
    text_size, body_size = _LENGTHS.unpack(read(_LENGTHS.size))
    if text_size > MAX_TEXT or body_size > MAX_ARRAYS:
        raise BadFrame(f"a frame of {text_size} + {body_size} bytes is over the limits")
    text, body = read(text_size), read(body_size)
    offset = 0

    def rebuilt(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, list):
            return [rebuilt(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: rebuilt(item) for key, item in value.items()}
        dtype = np.dtype(value["dtype"])
        shape = tuple(value["shape"])
        if dtype.kind not in NUMBERS or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise BadFrame("an array of no plain numbers")
        count = math.prod(shape)
        end = offset + count * dtype.itemsize
        if end > body_size:
            raise BadFrame("an array longer than its frame")
        array = np.frombuffer(body, dtype, count, offset).reshape(shape).copy()
        offset = end
        return array

    try:
        value = rebuilt(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadFrame(str(error)) from error
    if offset != body_size:
        raise BadFrame("bytes left over behind the arrays")
    return value

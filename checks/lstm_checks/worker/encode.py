"""Results of the subject's as plain values that can cross the wire.

None and arrays of plain numbers cross as they are. Everything else is a dict with one key that
says what it is: "tuple" or "list" with the parts, "dict" with the items, "array" with dtype and
shape for an array that is too large or of another dtype, "type" with a type's name.
"""

from typing import Any

import numpy as np

from .wire import DTYPES

DEPTH = 3
PARTS = 8
ITEMS = 64
LONGEST = 80


class Encoder:
    """Encodes results within a number of bytes; what does not fit is described by its shape."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, value: Any, depth: int = 0) -> Any:
        """The value as it can cross. No method of the subject's own classes is called."""
        if value is None:
            return None
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, (tuple, list)) and depth < DEPTH:
            base: Any = tuple if isinstance(value, tuple) else list
            parts = list(base.__iter__(value))  # a subclass may show other parts than it holds
            if len(parts) <= PARTS:
                return {base.__name__: [self(part, depth + 1) for part in parts]}
        if isinstance(value, dict) and depth < DEPTH:
            items = list(dict.items(value))[:ITEMS]
            return {"dict": {text(key): self(item, depth + 1) for key, item in items}}
        return {"type": described(value)}

    def _array(self, value: Any) -> Any:
        if isinstance(value, np.ma.MaskedArray):
            return {"type": "MaskedArray"}
        dtype = np.ndarray.dtype.__get__(value).newbyteorder("<")
        plain = np.array(value, copy=False, subok=False)
        if dtype.str not in DTYPES or plain.nbytes > self._left:
            return {"array": [str(dtype)[:LONGEST], [int(n) for n in plain.shape]]}
        self._left -= plain.nbytes
        return np.array(plain, dtype, copy=True, order="C")


def described(value: Any) -> str:
    """What a value is, in a few words; numbers with their value."""
    kind = type_name(type(value))
    if type(value) in (bool, int, float, complex) or isinstance(value, np.generic):
        try:
            return f"{kind} {value!s}"[:LONGEST]
        except Exception:  # an int of too many digits
            return kind
    return kind


def type_name(kind: type) -> str:
    """A class's name as Python itself keeps it, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return text(name)


def text(value: Any, limit: int = LONGEST) -> str:
    """A short text that can be sent; what cannot be shown as text is said to be so."""
    try:
        return str(value)[:limit].encode("utf-8", "replace").decode()
    except BaseException:
        return "(it cannot be shown as text)"


def plain(value: Any, depth: int = 0) -> Any:
    """A declared convention as it can cross; the judge says what is wrong with it."""
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int:
        return value if abs(value) < 1 << 63 else text("a very large int")
    if isinstance(value, str):
        return text(str.__str__(value), 200)
    if isinstance(value, dict) and depth < DEPTH:
        items = list(dict.items(value))[:ITEMS]
        return {text(key): plain(item, depth + 1) for key, item in items}
    if isinstance(value, (list, tuple)) and depth < DEPTH:
        return [plain(item, depth + 1) for item in list(value)[:ITEMS]]
    return f"<{type_name(type(value))}>"

"""Results of the subject's as plain values that can cross the wire.

None and arrays of plain numbers cross as they are. Everything else is a dict with one key that
says what it is: "tuple" or "list" with the parts, "dict" with the items, "array" with dtype and
shape for an array that is too large or of another dtype, "type" with a type's name.
"""

from itertools import islice
from typing import Any

import numpy as np

from .wire import DTYPES

DEPTH = 3
PARTS = 8
ITEMS = 64
ALL_PARTS = 256  # of one reply, so that a structure that holds itself ends soon
LONGEST = 80
NAME = 200  # characters of a weight's name; the judge refuses longer ones


class Encoder:
    """Encodes results within a number of bytes; what does not fit is described by its shape.

    No method of the subject's own classes is called, and none of them can pass for another:
    `type` tells what a value is, where `isinstance` would believe its `__class__`.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._parts = ALL_PARTS

    def __call__(self, value: Any, depth: int = 0) -> Any:
        """The value as it can cross."""
        kind = type(value)
        self._parts -= 1
        if value is None:
            return None
        if issubclass(kind, np.ndarray):
            return self._array(value)
        if depth < DEPTH and self._parts > 0:
            for base in (tuple, list):
                if issubclass(kind, base) and base.__len__(value) <= PARTS:
                    parts = base.__iter__(value)
                    return {base.__name__: [self(part, depth + 1) for part in parts]}
            if issubclass(kind, dict):
                items = islice(dict.items(value), ITEMS)
                return {"dict": {key_text(key): self(item, depth + 1) for key, item in items}}
        return {"type": described(value)}

    def _array(self, value: Any) -> Any:
        if issubclass(type(value), np.ma.MaskedArray):
            return {"type": "MaskedArray"}
        dtype = np.ndarray.dtype.__get__(value).newbyteorder("<")
        plain = np.array(value, copy=False, subok=False)
        if dtype.str not in DTYPES or plain.nbytes > self._left:
            return {"array": [str(dtype)[:LONGEST], [int(n) for n in plain.shape]]}
        self._left -= plain.nbytes
        return np.array(plain, dtype, copy=True, order="C")


def described(value: Any) -> str:
    """What a value is, in a few words; numbers with their value."""
    kind = type(value)
    if kind in (bool, int, float, complex) or issubclass(kind, np.generic):
        return text(f"{type_name(kind)} {text(value)}")
    return type_name(kind)


def type_name(kind: type) -> str:
    """A class's name, whatever its metaclass says."""
    return text(class_attribute(kind, "__name__"))


def class_attribute(kind: type, name: str) -> Any:
    """`__name__`, `__module__`, … as Python itself keeps it, whatever the metaclass says."""
    return type.__dict__[name].__get__(kind)


def text(value: Any, limit: int = LONGEST) -> str:
    """A short text that can be sent; what cannot be shown as text is said to be so."""
    try:
        shown = str(value)
    except BaseException:
        return "(it cannot be shown as text)"
    # A subclass of str may have methods of its own, so those of str are called.
    return str.__getitem__(shown, slice(limit)).encode("utf-8", "replace").decode()


def key_text(key: Any) -> str:
    """A key of a dict as text."""
    return text(str.__str__(key), NAME) if issubclass(type(key), str) else described(key)


def plain(value: Any) -> Any:
    """A declared convention as it can cross; the judge says what is wrong with it.

    What is no number, text, list or dict becomes {"": the name of its type}.
    """
    left = ALL_PARTS

    def crossing(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        kind = type(value)
        if value is None or kind in (bool, float):
            return value
        if kind is int:
            return value if abs(value) < 1 << 63 else "a very large int"
        if issubclass(kind, str):
            return text(str.__str__(value), NAME + 1)
        if depth < DEPTH and left > 0:
            if issubclass(kind, dict):
                items = islice(dict.items(value), ITEMS)
                return {key_text(key): crossing(item, depth + 1) for key, item in items}
            for base in (tuple, list):
                if issubclass(kind, base):
                    parts = islice(base.__iter__(value), ITEMS)
                    return [crossing(part, depth + 1) for part in parts]
        return {"": type_name(kind)}

    return crossing(value, 0)

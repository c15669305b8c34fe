"""Reads what came over the wire: arrays of the right shapes, or words for what it is instead."""

from typing import Any

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.conventions import Array


def parts_of(value: Any) -> list[Any] | None:
    """The parts of a tuple or list that came over the wire."""
    if isinstance(value, dict):
        parts = value.get("tuple", value.get("list"))
        return parts if isinstance(parts, list) else None
    return None


def there(**arrays: Array | None) -> dict[str, Array]:
    return {name: array for name, array in arrays.items() if array is not None}


def kind_of(value: Any) -> str:
    """What a value of the wire is, in words."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"one array {value.shape}"
    parts = parts_of(value)
    if parts is not None:
        return f"{len(parts)} values ({', '.join(kind_of(part) for part in parts)})"
    if isinstance(value, dict) and "dict" in value:
        return f"a dict with the keys {listed(value['dict'])}"
    if isinstance(value, dict) and "type" in value:
        return f"an object of type {value['type']}"
    return "something else"


def listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names) or "none"


def array_of(value: Any, name: str, shape: tuple[int, ...], axes: tuple[Any, ...]) -> Array:
    """An array of floats with exactly this shape, or a `Broken` that says what it is instead."""
    letters = f" ({', '.join(map(str, axes))})" if axes else ""
    if isinstance(value, dict) and "shape" in value:
        raise Broken(
            f"{name} has the shape {value['shape']}; it should be {shape}{letters}",
            "Look at the sizes above: every axis has its own letter.",
        )
    if not isinstance(value, np.ndarray):
        raise Broken(f"{name} is {kind_of(value)}", f"Return a NumPy array {shape}{letters}.")
    if value.shape != shape:
        raise Broken(
            f"{name} has the shape {value.shape}; it should be {shape}{letters}",
            _shape_advice(value.shape, shape, name),
        )
    if value.dtype.kind != "f":
        raise Broken(f"{name} has dtype {value.dtype}", "Return floating-point numbers.")
    return value


def _shape_advice(got: tuple[int, ...], expected: tuple[int, ...], name: str) -> str:
    if len(got) == 3 and len(expected) == 3 and got == (expected[1], expected[0], expected[2]):
        return "Batch and time are exchanged: return the axes as they came, or declare batch_first."
    if sorted(got) == sorted(expected) and len(got) == 2:
        return f"{name} is transposed."
    return "Look at the sizes above: every axis has its own letter."

"""Checks the form of what a call returned: arrays of the right shapes, or words for what it is."""

from typing import Any

import numpy as np

from lstm_checks.findings import Array, Breach, quoted
from lstm_checks.subjects.replies import Odd, Other


def pair(value: Any) -> tuple[Any, Any] | None:
    """The two parts of a tuple or list of two; None for anything else."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return value[0], value[1]
    return None


def value_and_pair(result: Any, method: str, fix: str) -> tuple[Any, tuple[Any, Any]]:
    """The parts of "one value, (two values)". Raises Breach."""
    parts = pair(result)
    state = pair(parts[1]) if parts is not None else None
    if parts is None or state is None:
        raise Breach(f"{method} returned {kind_of(result)}", fix)
    return parts[0], state


def is_nothing(value: Any) -> bool:
    """Whether a call returned None, or None for each part: it is not written yet."""
    return value is None or (
        isinstance(value, (tuple, list)) and bool(value) and all(is_nothing(p) for p in value)
    )


def present(**arrays: Array | None) -> dict[str, Array]:
    """The arrays that are there, by name."""
    return {name: array for name, array in arrays.items() if array is not None}


def kind_of(value: Any) -> str:
    """What a parsed result is, in words."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"one array {value.shape}"
    if isinstance(value, Odd):
        return f"one array {value.shape} of dtype {value.dtype}"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} values ({', '.join(kind_of(part) for part in value)})"
    if isinstance(value, dict):
        return f"a dict with the keys {listed(value)}"
    if isinstance(value, Other):
        return f"an object of type {value.kind}"
    return "something else"


def listed(names: Any) -> str:
    """Names of the subject's, quoted."""
    return ", ".join(quoted(name) for name in names) or "none"


def array_of(value: Any, name: str, shape: tuple[int, ...], axes: tuple[str, ...]) -> Array:
    """The value as an array of floats with exactly this shape.

    Args:
        value: a parsed result.
        name: how a message calls it.
        shape: the shape that it must have.
        axes: the letters of the axes, for a message.

    Raises:
        Breach: it is something else; the finding says what.
    """
    letters = f" ({', '.join(axes)})" if axes else ""
    if isinstance(value, np.ndarray | Odd) and value.shape != shape:
        raise Breach(
            f"{name} has the shape {value.shape}; it must be {shape}{letters}",
            _shape_fix(value.shape, shape, name),
        )
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value
    if isinstance(value, np.ndarray | Odd):
        raise Breach(f"{name} has the dtype {value.dtype}", "Return float64 or float32 numbers.")
    raise Breach(f"{name} is {kind_of(value)}", f"Return a NumPy array of shape {shape}{letters}.")


def _shape_fix(got: tuple[int, ...], shape: tuple[int, ...], name: str) -> str:
    if len(got) == len(shape) == 3 and got == (shape[1], shape[0], shape[2]):
        return (
            "The batch and time axes are exchanged: return the axes in the order in which they "
            "came, or declare batch_first."
        )
    if len(got) == 2 and got == shape[::-1]:
        return f"{name} is transposed."
    return "Compare the sizes: each axis has its own letter."

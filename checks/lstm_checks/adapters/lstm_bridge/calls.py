"""Finds by trying how a function for a step or a sequence is called, and what it returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

N, T = 2, 4  # with D = 3 and H = 5 all shapes of a call differ

X = ("x", "xs", "xt", "x_t", "inputs", "input", "inp", "seq", "sequence", "x_seq", "data")
HS = ("h", "h0", "h_0", "h_prev", "prev_h", "hprev", "a0", "a_prev", "h_t", "ht", "hidden", "h_in")
CS = ("c", "c0", "c_0", "c_prev", "prev_c", "cprev", "c_t", "ct", "cell", "c_in")
STATES = (
    "state",
    "states",
    "prev_state",
    "prev_states",
    "hc",
    "h_c",
    "carry",
    "initial_state",
    "init_state",
    "hidden_state",
)
PARAMS = ("params", "parameters", "weights", "p", "theta", "param", "w_dict")


def role(name: str) -> str:
    """What an argument of this name is: "x", "h", "c", "state", "params", or "" for a weight."""
    low = name.lower()
    for found, names in (("x", X), ("h", HS), ("c", CS), ("state", STATES), ("params", PARAMS)):
        if low in names:
            return found
    return ""


@dataclass(frozen=True)
class Axes:
    """Where the axes of x, y and a state are: permutations of (N, T, F) and of (N, F)."""

    name: str
    sequence: tuple[int, ...]
    row: tuple[int, ...]

    def out(self, array: Any) -> Any:
        """A native array, (N, T, F) or (N, F), in the subject's axes; of any framework."""
        return _permuted(array, self.sequence if array.ndim == 3 else self.row)

    def back(self, array: Any) -> Any:
        """An array of the subject's in the native axes."""
        axes = self.sequence if array.ndim == 3 else self.row
        return _permuted(array, tuple(axes.index(k) for k in range(len(axes))))


def _permuted(array: Any, axes: tuple[int, ...]) -> Any:
    if axes == tuple(range(len(axes))):
        return array
    return array.permute(axes) if hasattr(array, "permute") else array.transpose(axes)


AXES = (
    Axes("(N, T, D)", (0, 1, 2), (0, 1)),
    Axes("(T, N, D)", (1, 0, 2), (0, 1)),
    Axes("(D, N, T)", (2, 0, 1), (1, 0)),
    Axes("(T, D, N)", (1, 2, 0), (1, 0)),
    Axes("(N, D, T)", (0, 2, 1), (0, 1)),
)


def parts_of(result: Any) -> list[Any]:
    """The results of a call in one list: a state, which is a pair of like arrays, is opened."""
    if not isinstance(result, (tuple, list)):
        return [result]
    return [one for part in result for one in (part if _is_state(part) else [part])]


def _is_state(part: Any) -> bool:
    if not isinstance(part, (tuple, list)) or len(part) != 2 or not all(map(_array, part)):
        return False
    return bool(tuple(part[0].shape) == tuple(part[1].shape))


def _array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


@dataclass(frozen=True)
class Returns:
    """Where in a call's results the outputs, the final h and c, and the rest are."""

    y: int | None
    h: int | None
    c: int | None
    rest: tuple[int, ...]
    of_every_step: bool = False  # c is given for every step

    @classmethod
    def of(cls, result: Any, axes: Axes, is_step: bool, H: int) -> "Returns | None":
        """Where things are in the result of a call at the probing sizes; None if unknown."""
        parts = parts_of(result)
        row = tuple(np.array((N, H))[list(axes.row)])
        every = tuple(np.array((N, T, H))[list(axes.sequence)])
        rows = [k for k, one in enumerate(parts) if _array(one) and tuple(one.shape) == row]
        full = [k for k, one in enumerate(parts) if _array(one) and tuple(one.shape) == every]
        if is_step:
            if len(rows) < 2:
                return None
            h, c = rows[:2]
            rest = tuple(k for k in range(len(parts)) if k > c)
            return cls(None, h, c, rest)
        if not full:
            return None
        if len(rows) == 2:
            return cls(full[0], rows[0], rows[1], _rest(parts, {full[0], *rows}))
        if len(full) > 1:
            return cls(full[0], None, full[1], _rest(parts, set(full[:2])), True)
        return cls(full[0], None, None, _rest(parts, {full[0]}))


def _rest(parts: Sequence[Any], known: set[Any]) -> tuple[int, ...]:
    return tuple(k for k in range(len(parts)) if k not in known)


def first_working(ways: Sequence[Any], attempt: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The first way for which an attempt gives something, and that; else the first exception.

    Raises:
        Exception: what the first attempt raised, if none gives anything.
    """
    raised: Exception | None = None
    for way in ways:
        try:
            found = attempt(way)
        except Exception as error:  # another way is tried
            raised = raised or error
            continue
        if found is not None:
            return way, found
    if raised is not None:
        raise raised
    return None, None

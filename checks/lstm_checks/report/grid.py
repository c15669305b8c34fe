"""Expected and got as pictures: values over time and unit, with the first wrong entry."""

from dataclasses import dataclass

import numpy as np

from lstm_checks.engine.compare import AXES, errors
from lstm_checks.findings import Array, Finding

MOST = 24  # rows or columns of a picture


@dataclass(frozen=True)
class Cell:
    """One entry: its value as text, its colour from -1 to 1, and whether it is the first wrong."""

    text: str
    strength: float
    first: bool


@dataclass(frozen=True)
class Picture:
    """One array, (rows, columns)."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Bar:
    """The largest error of one time step, as text and relative to the largest of all steps."""

    label: str
    text: str
    share: float


@dataclass(frozen=True)
class Grid:
    """What is shown of the first wrong array.

    Attributes:
        caption: what the pictures show, in a sentence.
        column_names, row_names: the axes' entries.
        pictures: "expected" and "got".
        bars: the error by time step, where the array has time steps.
    """

    caption: str
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    bars: tuple[Bar, ...]


def grid_of(finding: Finding) -> Grid | None:
    """The pictures of a finding; None where no arrays were compared, or they are too large."""
    place = finding.place
    if place is None or finding.compared is None:
        return None
    want, got = finding.compared
    rows, columns, caption = _axes(place.array, got.shape, place.index)
    if max(len(rows), len(columns)) > MOST:
        return None
    at = place.index[-2:] if got.ndim > 1 else (0, *place.index)
    planes = {"expected": _plane(want, place.index), "got": _plane(got, place.index)}
    scale = max(float(np.abs(one[np.isfinite(one)]).max(initial=0)) for one in planes.values())
    pictures = tuple(Picture(name, _cells(one, scale, at)) for name, one in planes.items())
    return Grid(caption, rows, columns, pictures, _bars(got, want) if got.ndim == 3 else ())


def _plane(array: Array, index: tuple[int, ...]) -> Array:
    """The plane (rows, columns) that holds an element."""
    if array.ndim == 3:
        return np.asarray(array[index[0]], float)
    return np.asarray(array, float).reshape(-1, array.shape[-1])


def _axes(
    name: str, shape: tuple[int, ...], index: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Names of the rows and columns of an array's picture, and its caption."""
    if len(shape) == 3:
        kind = AXES[name][2]
        rows = tuple(f"time {t}" for t in range(shape[1]))
        columns = tuple(f"{kind} {k}" for k in range(shape[2]))
        return rows, columns, f"{name} of batch row {index[0]}, over time and {kind}"
    if name in AXES:
        rows = tuple(f"batch {n}" for n in range(shape[0]))
        columns = tuple(f"unit {k}" for k in range(shape[1]))
        return rows, columns, f"{name}, over batch and unit"
    units = max(shape[-1] // 4, 1)
    columns = tuple(f"{'ifgo'[k // units]} {k % units}" for k in range(shape[-1]))
    rows = tuple(f"row {r}" for r in range(shape[0])) if len(shape) == 2 else ("",)
    return rows, columns, f"{name}, over its rows, and the units of the gates i, f, g and o"


def _cells(array: Array, scale: float, at: tuple[int, ...]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        tuple(
            Cell(f"{value:.3g}", _strength(float(value), scale), (r, k) == at)
            for k, value in enumerate(row)
        )
        for r, row in enumerate(array)
    )


def _strength(value: float, scale: float) -> float:
    if not np.isfinite(value):
        return 1.0
    return 0.0 if scale == 0 else round(max(-1.0, min(1.0, value / scale)), 2)


def _bars(got: Array, want: Array) -> tuple[Bar, ...]:
    by_step = errors(got, want).max(axis=(0, 2))
    finite = by_step[np.isfinite(by_step)]
    most = float(finite.max(initial=0.0)) or 1.0
    return tuple(
        Bar(f"time {t}", f"{error:.2g}", 1.0 if not np.isfinite(error) else float(error) / most)
        for t, error in enumerate(by_step)
    )

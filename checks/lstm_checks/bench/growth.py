"""How time and memory grow with T, B, D and H: exponents, fitted to a sweep around one shape."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_checks.bench.outcome import Cell, Growth
from lstm_checks.bench.shapes import Shape

BASE = Shape(B=8, T=100, D=64, H=64)
SWEEPS: dict[str, tuple[int, ...]] = {
    "T": (100, 1000, 10_000),
    "B": (8, 32, 128),
    "D": (64, 256, 1024),
    "H": (64, 128, 256, 512),
}
LONGEST = 20.0  # seconds that one call may take; larger sizes are left out, and the report says so
SEEN = 1 << 20  # bytes: smaller peaks are not told apart from the system's own accounts


def shapes(letter: str) -> tuple[Shape, ...]:
    """The shapes of a sweep: the base, one of its sizes changed."""
    return tuple(replace(BASE, **{letter: size}) for size in SWEEPS[letter])


def forecast(cells: Sequence[Cell], shape: Shape) -> float:
    """Seconds that a call at this shape may take, from those before it; 0 without any."""
    if not cells:
        return 0.0
    last = cells[-1]
    operations = shape.operations(False) / last.shape.operations(False)
    return last.timings[last.subject].summary.median * operations


def exponent(sizes: Sequence[int], values: Sequence[float | None], least: float) -> float | None:
    """The slope of log(value) over log(size) by least squares, of the values from `least` on."""
    points = [(s, v) for s, v in zip(sizes, values, strict=True) if v is not None and v >= least]
    if len(points) < 2:
        return None
    logs = np.log(np.array(points, float))
    slope, _ = np.polyfit(logs[:, 0], logs[:, 1], 1)
    return float(slope)


def fitted(letter: str, cells: Sequence[Cell]) -> Growth:
    """The growth with one of the sizes, from the cells of its sweep."""
    timings = [cell.timings[cell.subject] for cell in cells]
    sizes = tuple(getattr(cell.shape, letter) for cell in cells)
    seconds = tuple(one.summary.median for one in timings)
    memory = tuple(one.memory for one in timings)
    return Growth(
        letter, cells[0].backward, sizes, seconds, memory,
        exponent(sizes, seconds, 0.0), exponent(sizes, memory, SEEN),
    )  # fmt: skip

"""How time and memory grow with N, T, D and H: exponents, fitted to a sweep around one shape."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_checks.bench.outcome import Comparison, Growth
from lstm_checks.bench.shapes import Shape

BASE = Shape(N=8, T=100, D=64, H=64)
SWEEPS: dict[str, tuple[int, ...]] = {
    "T": (100, 1000, 10_000),
    "N": (8, 32, 128),
    "D": (64, 256, 1024),
    "H": (64, 128, 256, 512),
}
LONGEST = 20.0  # seconds that one call may take; larger sizes are left out, and the report says so
SEEN = 1 << 20  # bytes: smaller peaks cannot be told apart from the system's own accounts


def shapes(letter: str) -> tuple[Shape, ...]:
    """The shapes of a sweep: the base with one of its sizes changed."""
    return tuple(replace(BASE, **{letter: size}) for size in SWEEPS[letter])


def forecast(done: Sequence[Comparison], shape: Shape) -> float:
    """Seconds that a call at this shape may take, from the one before it; 0 without any."""
    if not done:
        return 0.0
    last = done[-1]
    return last.mine.time.median * shape.operations(False) / last.shape.operations(False)


def exponent(sizes: Sequence[int], values: Sequence[float | None], least: float) -> float | None:
    """The slope of log(value) over log(size) by least squares, of the values from `least` on."""
    points = [(s, v) for s, v in zip(sizes, values, strict=True) if v is not None and v >= least]
    if len(points) < 2:
        return None
    logs = np.log(np.array(points, float))
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def fitted(letter: str, done: Sequence[Comparison]) -> Growth:
    """The growth with one of the sizes, from the comparisons of its sweep."""
    sizes = tuple(getattr(one.shape, letter) for one in done)
    seconds = tuple(one.mine.time.median for one in done)
    memory = tuple(one.mine.memory for one in done)
    return Growth(
        letter=letter,
        backward=done[0].backward,
        sizes=sizes,
        seconds=seconds,
        memory=memory,
        seconds_exponent=exponent(sizes, seconds, 0.0),
        memory_exponent=exponent(sizes, memory, SEEN),
    )

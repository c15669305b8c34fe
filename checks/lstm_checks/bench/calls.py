"""The inputs of timed calls: drawn anew for every block, from a seed that no subject knows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_checks.bench.shapes import Shape
from lstm_checks.conventions import Array


@dataclass(frozen=True)
class Calls:
    """Weights, and the inputs of k calls: x (k, B, T, D), h and c (k, B, H), dy (k, B, T, H)."""

    params: Mapping[str, Array]
    x: Array
    h: Array
    c: Array
    dy: Array

    def __len__(self) -> int:
        return len(self.x)

    def first(self, count: int) -> "Calls":
        """The same with the first of the calls only."""
        return Calls(self.params, self.x[:count], self.h[:count], self.c[:count], self.dy[:count])

    def only(self, call: int) -> "Calls":
        """The same with one of the calls only."""
        x, h, c, dy = (array[call : call + 1] for array in (self.x, self.h, self.c, self.dy))
        return Calls(self.params, x, h, c, dy)

    def repeated(self) -> "Calls":
        """As many calls, all with the inputs of the first."""
        x, h, c, dy = (np.repeat(a[:1], len(a), axis=0) for a in (self.x, self.h, self.c, self.dy))
        return Calls(self.params, x, h, c, dy)


def draw(shape: Shape, dtype: str, count: int, seed: tuple[int, ...]) -> Calls:
    """Weights U(-1/√H, 1/√H) as PyTorch draws them; x, h, c and dy standard normal."""
    B, T, D, H = shape.B, shape.T, shape.D, shape.H
    rng = np.random.default_rng(seed)
    bound = np.dtype(dtype).type(H**-0.5)

    def weight(*size: int) -> Array:
        numbers: Array = bound * (2 * rng.random(size, np.dtype(dtype)) - 1)
        return numbers

    def normal(*size: int) -> Array:
        numbers: Array = rng.standard_normal((count, *size), np.dtype(dtype))
        return numbers

    params = {"W": weight(D, 4 * H), "U": weight(H, 4 * H), "b": weight(4 * H)}
    return Calls(params, normal(B, T, D), normal(B, H), normal(B, H), normal(B, T, H))

"""The inputs of timed calls: drawn anew for every block, from a seed that no subject knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lstm_checks.bench.shapes import Shape
from lstm_checks.findings import Array

HALF = ("float16", "bfloat16")  # of these the values are drawn, held as float32


class Call(NamedTuple):
    """The inputs of one call: x (N, T, D), h and c (N, H), dy (N, T, H)."""

    x: Array
    h: Array
    c: Array
    dy: Array


@dataclass(frozen=True)
class Calls:
    """Weights, and the inputs of k calls: x (k, N, T, D), h and c (k, N, H), dy (k, N, T, H)."""

    params: Mapping[str, Array]
    x: Array
    h: Array
    c: Array
    dy: Array

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, call: int) -> Call:
        return Call(self.x[call], self.h[call], self.c[call], self.dy[call])

    def take(self, calls: list[int]) -> "Calls":
        """The same weights with some of the calls, each as often as it is named."""
        return Calls(self.params, self.x[calls], self.h[calls], self.c[calls], self.dy[calls])

    @property
    def denormals(self) -> int:
        return sum(denormals(array) for array in (self.x, self.h, self.c, self.dy))


def draw(shape: Shape, dtype: str, count: int, seed: tuple[int, ...]) -> Calls:
    """W and U are U(-1/√H, 1/√H), as PyTorch draws them; x, h, c and dy are standard normal.

    So is b, and log U(1, T - 1) is added for the forget gate and taken off for the input gate, so
    that units remember from a few steps up to all T (Tallec and Ollivier 2018, "Can recurrent
    neural networks warp time?", eq. 16). Every result therefore depends on all steps before it.
    """
    N, T, D, H = shape.N, shape.T, shape.D, shape.H
    rng = np.random.default_rng(seed)
    held = np.dtype("float32" if dtype in HALF else dtype)
    bound = held.type(H**-0.5)

    def weight(*size: int) -> Array:
        return _rounded(bound * (2 * rng.random(size, held) - 1), dtype)

    def normal(*size: int) -> Array:
        return _rounded(rng.standard_normal((count, *size), held), dtype)

    params = {"W": weight(D, 4 * H), "U": weight(H, 4 * H), "b": weight(4 * H)}
    memory = np.log(rng.uniform(1, max(T - 1, 1), H)).astype(held)
    params["b"][:H] -= memory
    params["b"][H : 2 * H] += memory
    params["b"] = _rounded(params["b"], dtype)
    return Calls(params, normal(N, T, D), normal(N, H), normal(N, H), normal(N, T, H))


def _rounded(array: Array, dtype: str) -> Array:
    """Float32 numbers that float16 or bfloat16 can hold; of the other dtypes, what is given."""
    if dtype == "float16":
        return array.astype(np.float16).astype(np.float32)
    if dtype == "bfloat16":  # the upper half of a float32
        return (array.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    return array


def denormals(array: Array) -> int:
    """How many of the numbers are denormal, which makes arithmetic slow on some processors."""
    return int(np.sum((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)))

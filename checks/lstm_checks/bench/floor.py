"""The floor: the matrix products that any LSTM must do, and nothing else.

Forward: the input product of all steps at once, and T recurrent products one after the other.
Backward: the same again for the gradients of the inputs and the states, and two large ones for dW
and dU. For each product the fastest of eight ways to lay out its operands is taken, found out in
the warm-up, so that a clever layout cannot fall below the floor. Products of NumPy's own BLAS.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_checks.conventions import Array

Product = Callable[[], Any]
TRIES = 3
_found: dict[tuple[int, int, int, str], Product] = {}


class Floor:
    """In the form of a subject, so that it is timed as one; what it returns means nothing."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.D, self.H = input_size, hidden_size
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array, state: Any = None) -> tuple[Array, tuple[Array, Array]]:
        N, T, _ = x.shape
        fastest(N * T, self.D, 4 * self.H, x.dtype.str)()
        recurrent = fastest(N, self.H, 4 * self.H, x.dtype.str)
        for _ in range(T):
            recurrent()
        return x, (x, x)

    def backward(self, dy: Array, dstate: Any = None) -> tuple[Array, tuple[Array, Array]]:
        N, T, _ = dy.shape
        recurrent = fastest(N, 4 * self.H, self.H, dy.dtype.str)
        for _ in range(T):
            recurrent()
        fastest(N * T, 4 * self.H, self.D, dy.dtype.str)()  # dx
        for rows in (self.D, self.H):  # dW and dU
            fastest(rows, N * T, 4 * self.H, dy.dtype.str)()
        return dy, (dy, dy)


def fastest(rows: int, inner: int, columns: int, dtype: str) -> Product:
    """The product (rows, inner) @ (inner, columns) in the layout that is fastest here."""
    key = rows, inner, columns, dtype
    if key not in _found:
        _found[key] = _fastest(*key)
    return _found[key]


def _fastest(rows: int, inner: int, columns: int, dtype: str) -> Product:
    rng = np.random.default_rng(0)
    left = rng.standard_normal((rows, inner), np.float32).astype(dtype)
    right = rng.standard_normal((inner, columns), np.float32).astype(dtype)
    products = [
        _product(a, b, transposed)
        for a in (left, np.asfortranarray(left))
        for b in (right, np.asfortranarray(right))
        for transposed in (False, True)
    ]
    best = [_seconds(product) for product in products]
    for _ in range(TRIES - 1):
        best = [min(old, _seconds(one)) for old, one in zip(best, products, strict=True)]
    return products[int(np.argmin(best))]


def _product(left: Array, right: Array, transposed: bool) -> Product:
    """left @ right into a buffer of its own, which lies in memory row by row or the other way."""
    if transposed:
        left, right = right.T, left.T
    out = np.empty((left.shape[0], right.shape[1]), left.dtype)
    return lambda: np.dot(left, right, out=out)


def _seconds(product: Product) -> float:
    begun = time.perf_counter()
    product()
    return time.perf_counter() - begun

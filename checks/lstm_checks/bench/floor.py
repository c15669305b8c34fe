"""The floor: the matrix products that any LSTM must do, and nothing else.

Forward: the input product of all steps at once, and T recurrent products one after the other.
Backward: the same again for the gradients of the inputs and the states, and two large ones for dW
and dU. Each product is done in the fastest way of many, found out in the warm-up: operands and
result row by row or column by column, and, for few rows, cut into blocks; so that an
implementation does not easily fall below the floor. Products of NumPy's own BLAS.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_checks.findings import Array

Product = Callable[[], Any]
TRIES = 3
FEW_ROWS = 256  # of a product that may go faster in blocks
HEIGHTS, WIDTHS = (8, 16, 32, 64), (16, 32, 64, 128)
_found: dict[tuple[int, int, int, str], Product] = {}


class Floor:
    """In the native contract, so that it is timed as a subject; but it returns nothing."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.D, self.H = input_size, hidden_size
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array, state: Any) -> None:
        N, T, _ = x.shape
        fastest(N * T, self.D, 4 * self.H, x.dtype.str)()
        recurrent = fastest(N, self.H, 4 * self.H, x.dtype.str)
        for _ in range(T):
            recurrent()

    def backward(self, dy: Array) -> None:
        N, T, _ = dy.shape
        recurrent = fastest(N, 4 * self.H, self.H, dy.dtype.str)
        for _ in range(T):
            recurrent()
        fastest(N * T, 4 * self.H, self.D, dy.dtype.str)()  # dx
        for rows in (self.D, self.H):  # dW and dU
            fastest(rows, N * T, 4 * self.H, dy.dtype.str)()


def fastest(rows: int, inner: int, columns: int, dtype: str) -> Product:
    """The product (rows, inner) @ (inner, columns) in the way that is fastest here."""
    key = rows, inner, columns, dtype
    if key not in _found:
        _found[key] = _fastest(*key)
    return _found[key]


def _fastest(rows: int, inner: int, columns: int, dtype: str) -> Product:
    rng = np.random.default_rng(0)
    left = rng.standard_normal((rows, inner), np.float32).astype(dtype)
    right = rng.standard_normal((inner, columns), np.float32).astype(dtype)
    products = ways(left, right)
    best = [_seconds(product) for product in products]
    for _ in range(TRIES - 1):
        best = [min(old, _seconds(one)) for old, one in zip(best, products, strict=True)]
    return products[int(np.argmin(best))]


def ways(left: Array, right: Array) -> list[Product]:
    """Ways to make left @ right, all with buffers of their own; in blocks where rows are few."""
    products = [
        _product(a, b, transposed)
        for a in (left, np.asfortranarray(left))
        for b in (right, np.asfortranarray(right))
        for transposed in (False, True)
    ]
    rows, columns = left.shape[0], right.shape[1]
    if rows <= FEW_ROWS:
        heights = {rows, *(height for height in HEIGHTS if rows % height == 0)}
        widths = {columns, *(width for width in WIDTHS if columns % width == 0)}
        products += [
            _in_blocks(left, right, height, width)
            for height in sorted(heights)
            for width in sorted(widths)
            if (height, width) != (rows, columns)
        ]
    return products


def _in_blocks(left: Array, right: Array, height: int, width: int) -> Product:
    """left @ right in blocks (height, width), each in one piece of memory, by one np.matmul."""
    inner = left.shape[1]
    lefts = left.reshape(-1, 1, height, inner).copy()
    rights = right.reshape(inner, -1, width).swapaxes(0, 1).copy()
    out = np.empty((lefts.shape[0], rights.shape[0], height, width), left.dtype)
    return lambda: np.matmul(lefts, rights, out=out)


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

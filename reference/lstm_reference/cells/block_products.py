"""Matrix products in blocks: a few rows times the same large matrix, at every step in time.

Before OpenBLAS multiplies, it copies both matrices into an order of its own. This pays when each
entry is then used often. A step of a recurrent layer uses each weight only once per row, so that
the copying takes a good part of the time. On processors with AVX-512, OpenBLAS does not copy for
products of up to 10⁶ multiplications. The product of a step is therefore cut into equal blocks
below that limit, and one call of `np.matmul` computes them all.
"""

from typing import Any

import numpy as np

from lstm_reference.cells.cell import Array

LARGEST = 1_000_000  # multiplications in a product that OpenBLAS computes without copying
WIDTHS = 16, 64  # columns: fewer waste a vector register, more leave too few rows
FEWEST_ROWS = 8


def _helps() -> bool:
    config: dict[str, Any] = dict(np.show_config(mode="dicts"))  # what is not known is left out
    blas = config.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    vectors = config.get("SIMD Extensions", {}).get("found", [])
    return "openblas" in blas and not {"X86_V4", "AVX512_SKX"}.isdisjoint(vectors)


HELPS = _helps()  # with another BLAS or processor, large products are faster in one piece


def block_shape(rows: int, inner: int, columns: int) -> tuple[int, int]:
    """The rows and columns (n, m) of equal blocks for the product (rows, inner) @ (inner, columns).

    n divides `rows`, and m divides `columns`. The whole product is one block if it is small enough
    or if no good blocks exist.
    """
    if rows * inner * columns <= LARGEST:
        return rows, columns
    narrowest, widest = WIDTHS
    for width in _divisors(columns, narrowest, widest):
        for height in _divisors(rows, min(FEWEST_ROWS, rows), LARGEST // (inner * width)):
            return height, width
    return rows, columns


def _divisors(number: int, smallest: int, largest: int) -> list[int]:
    """The divisors of a number between two limits, the largest first."""
    return [d for d in range(min(largest, number), smallest - 1, -1) if number % d == 0]


def left(matrices: Array, height: int) -> Array:
    """Views of left factors (..., rows, inner) in blocks: (..., rows/height, 1, height, inner)."""
    *rest, rows, inner = matrices.shape
    return matrices.reshape(*rest, rows // height, 1, height, inner)


def right(matrix: Array, width: int) -> Array:
    """A view of a right factor (inner, columns) in blocks: (columns/width, inner, width)."""
    inner, columns = matrix.shape
    return matrix.reshape(inner, columns // width, width).swapaxes(0, 1)


def result(matrices: Array, height: int, width: int) -> Array:
    """Views of results (..., rows, columns): (..., rows/height, columns/width, height, width)."""
    *rest, rows, columns = matrices.shape
    blocks = matrices.reshape(*rest, rows // height, height, columns // width, width)
    return blocks.swapaxes(-3, -2)


def gate_weights(W: Array, U: Array, b: Array, slope: Array, width: int) -> Array:
    """A copy of the weights of an LSTM as right factors for `left`, one per gate.

    The rows of U (H, 4H), W (D, 4H) and b (4H,) are stacked in this order and multiplied by the
    slope of their gate, `slope` (4, N, H), which is constant over N and H. `width` divides H.

    Returns:
        The blocks (4, 1, H/width, H+D+1, width), in the dtype of `slope`.
    """
    H, D = len(U), len(W)
    blocks = np.empty((4, 1, H // width, H + D + 1, width), slope.dtype)
    by_row = blocks.transpose(3, 1, 0, 2, 4)  # (H+D+1, 1, 4, H/width, width)
    slopes = slope[:, :1, :1]
    for part, weight in ((slice(H), U), (slice(H, -1), W), (slice(-1, None), b)):
        np.multiply(weight.reshape(-1, 1, 4, H // width, width), slopes, out=by_row[part])
    return blocks

"""Matrix products for the loop over time: a few rows times the same large matrix, step after step.

OpenBLAS copies both matrices into an order of its own before it multiplies, which pays when each
entry is then used often. In a recurrent layer a step uses each weight only once a row, so that the
copying costs as much as a good part of the product. Products of up to 10⁶ multiplications it does
without copying, on processors with AVX-512. So the product of a step is cut into blocks for which
that holds, all of one shape, which `np.matmul` then does in one call.
"""

import numpy as np

from lstm_reference.cell import Array

LARGEST = 1_000_000  # multiplications in a product that OpenBLAS does without copying
WIDTHS = 16, 64  # columns: narrower wastes a vector register, wider leaves too few rows
FEWEST_ROWS = 8


def _helps() -> bool:
    config = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]["name"]
    vectors = config["SIMD Extensions"].get("found", [])
    return "openblas" in blas and not {"X86_V4", "AVX512_SKX"}.isdisjoint(vectors)


HELPS = _helps()  # with another BLAS or processor, large products are faster whole


def block_shape(rows: int, inner: int, columns: int) -> tuple[int, int]:
    """The rows and columns (n, m) of equal blocks in which to do (rows, inner) @ (inner, columns).

    n divides `rows`, and m divides `columns`. Where no good blocks exist, or none are needed, the
    product is one block.
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
    """Views of left factors (..., rows, inner) for blocks: (..., rows/height, 1, height, inner)."""
    *rest, rows, inner = matrices.shape
    return matrices.reshape(*rest, rows // height, 1, height, inner)


def right(matrix: Array, width: int) -> Array:
    """A view of a right factor (inner, columns) for blocks: (columns/width, inner, width)."""
    inner, columns = matrix.shape
    return matrix.reshape(inner, columns // width, width).swapaxes(0, 1)


def result(matrices: Array, height: int, width: int) -> Array:
    """Views of results (..., rows, columns): (..., rows/height, columns/width, height, width)."""
    *rest, rows, columns = matrices.shape
    blocks = matrices.reshape(*rest, rows // height, height, columns // width, width)
    return blocks.swapaxes(-3, -2)

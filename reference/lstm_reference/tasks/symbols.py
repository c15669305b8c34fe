"""Sequences of symbols as one-hot arrays."""

import numpy as np

from lstm_reference.cells.cell import Array


def one_hot(symbols: Array, size: int) -> Array:
    """Integers (...) in 0 … size-1 as float64 (..., size): 1 at the symbol's place, else 0.

    Raises:
        TypeError: the symbols are not integers.
        ValueError: a symbol is not in 0 … size-1.
    """
    if symbols.dtype.kind not in "iu":
        raise TypeError(f"the symbols are {symbols.dtype}; they should be integers")
    if symbols.size and not 0 <= symbols.min() <= symbols.max() < size:
        raise ValueError(
            f"the symbols range from {symbols.min()} to {symbols.max()}; "
            f"they should be in 0 … {size - 1}"
        )
    return np.eye(size)[symbols]


def next_symbol_pairs(symbols: Array, size: int) -> tuple[Array, Array]:
    """Sequences of symbols (N, L) as one-hot x and y (N, L-1, size): y is one symbol ahead of x.

    Each sample is a whole sequence. For samples of a single step, as in stateful training one step
    at a time, use `layouts.one_to_one(one_hot(sequence, size))`.

    Raises:
        TypeError: the symbols are not integers.
        ValueError: a symbol is not in 0 … size-1, or the symbols are not (N, L) with L ≥ 2.
    """
    if symbols.ndim != 2 or symbols.shape[1] < 2:
        raise ValueError(f"the symbols are {symbols.shape}; they should be (N, L) with L ≥ 2")
    coded = one_hot(symbols, size)
    return coded[:, :-1], coded[:, 1:].copy()

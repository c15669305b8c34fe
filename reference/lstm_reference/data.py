"""Series and symbols to arrays [samples, time steps, features], in the layouts of sequence tasks.

A series is (L,) or (L, D). Each layout gives all samples that the series holds, in order and one
apart, so that nothing is lost and no sample comes twice; `streams` gives every step just once.

    one to one         x (n, 1, D)  y (n, D)       a step, and the one after it
    one to many        x (n, 1, D)  y (n, F, D)    a step, and the F after it
    many to one        x (n, P, D)  y (n, D)       P steps (the look-back window), and the next
    many to many       x (n, T, D)  y (n, T, D)    in step: y is x one step later
    encoder, decoder   x (n, P, D)  y (n, F, D)    P steps, and the F after them

The names are those of Karpathy's figure ("The Unreasonable Effectiveness of Recurrent Neural
Networks", 2015).
"""

from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array


def windows(series: Array, length: int) -> Array:
    """All windows of consecutive steps: (L - length + 1, length, D), window k starting at step k.

    Raises:
        ValueError: the series is neither (L,) nor (L, D), or shorter than a window.
    """
    if series.ndim not in (1, 2):
        raise ValueError(f"the series is {series.shape}; it should be (L,) or (L, D)")
    if not 1 <= length <= len(series):
        raise ValueError(f"a window of {length} steps does not fit a series of {len(series)}")
    steps = series.reshape(len(series), -1)
    return np.lib.stride_tricks.sliding_window_view(steps, length, axis=0).swapaxes(1, 2).copy()


def one_to_one(series: Array) -> tuple[Array, Array]:
    """x (L-1, 1, D) and y (L-1, D): each step and the next. Errors as for `windows`, as in all."""
    return many_to_one(series, 1)


def one_to_many(series: Array, horizon: int) -> tuple[Array, Array]:
    """x (n, 1, D) and y (n, horizon, D) with n = L - horizon: each step and those after it."""
    return _split(series, 1, horizon)


def many_to_one(series: Array, look_back: int) -> tuple[Array, Array]:
    """x (n, look_back, D) and y (n, D) with n = L - look_back: each window and the step after."""
    x, y = _split(series, look_back, 1)
    return x, y[:, 0]


def many_to_many(series: Array, steps: int) -> tuple[Array, Array]:
    """x and y (n, steps, D) with n = L - steps: each window, and the same one step later."""
    _positive(steps)
    whole = windows(series, steps + 1)
    return whole[:, :-1], whole[:, 1:].copy()


@dataclass(frozen=True)
class EncoderDecoder:
    """What a sequence-to-sequence network is given, and what it should give.

    encoder_input (n, P, D) is the past; target (n, F, D) what follows; decoder_input (n, F, D) the
    target one step before, beginning with the last of the past (teacher forcing).
    """

    encoder_input: Array
    decoder_input: Array
    target: Array


def encoder_decoder(series: Array, look_back: int, horizon: int) -> EncoderDecoder:
    """n = L - look_back - horizon + 1 samples of P = look_back and F = horizon steps."""
    past, future = _split(series, look_back, horizon)
    return EncoderDecoder(past, np.concatenate([past[:, -1:], future[:, :-1]], axis=1), future)


def one_hot(symbols: Array, size: int) -> Array:
    """Integers (...) below `size` as floats (..., size), all 0 but for a 1 in the symbol's place.

    Raises:
        TypeError: the symbols are not integers.
        ValueError: a symbol is not in 0 … size-1.
    """
    if symbols.dtype.kind not in "iu":
        raise TypeError(f"the symbols are {symbols.dtype}; they should be integers")
    if symbols.size and not 0 <= symbols.min() <= symbols.max() < size:
        raise ValueError(
            f"the symbols go from {symbols.min()} to {symbols.max()}; "
            f"they should be in 0 … {size - 1}"
        )
    return np.eye(size)[symbols]


def next_symbol_pairs(symbols: Array, size: int) -> tuple[Array, Array]:
    """Sequences of symbols (N, L) as one-hot x and y (N, L-1, size): y is the symbol after x's.

    A sample is a whole sequence. For a sample a step, as in stateful training one step at a time:
    `one_to_one(one_hot(sequence, size))`.

    Raises:
        TypeError, ValueError: as `one_hot`, or the symbols are not (N, L) with L ≥ 2.
    """
    if symbols.ndim != 2 or symbols.shape[1] < 2:
        raise ValueError(f"the symbols are {symbols.shape}; they should be (N, L) with L ≥ 2")
    coded = one_hot(symbols, size)
    return coded[:, :-1], coded[:, 1:].copy()


def streams(x: Array, y: Array, batch_size: int, steps: int) -> list[tuple[Array, Array]]:
    """One long sequence as batches for truncated backpropagation through time, in a stateful layer.

    x (L, ...) and y (L, ...) belong together step by step; for the next symbol, x is all but the
    last and y all but the first. Row r of every batch belongs to the r-th of batch_size equal
    parts of the sequence, and continues where row r of the batch before ended. So all batches
    must be used in order, and the state reset only after the last.

    Nothing is left out: where a part is not a multiple of `steps`, the last batch has fewer steps;
    where the sequence cannot be cut into equal parts, it is refused.

    Returns:
        The batches (x, y), each (batch_size, steps, ...), as views. If none is shorter, they
        concatenated are what `Sequential.fit` takes, with this batch size, in a stateful network.

    Raises:
        ValueError: x and y differ in length, or the length is not a multiple of the batch size.
    """
    _positive(batch_size)
    _positive(steps)
    if len(x) != len(y) or not len(x):
        raise ValueError(f"x has {len(x)} steps and y {len(y)}; they belong together step by step")
    part, left = divmod(len(x), batch_size)
    if left:
        raise ValueError(
            f"{len(x)} steps are not {batch_size} equal parts; "
            f"leave out {left}, or use a batch size that divides {len(x)}"
        )
    rows_x, rows_y = (a.reshape(batch_size, part, *a.shape[1:]) for a in (x, y))
    starts = range(0, part, steps)
    return [(rows_x[:, s : s + steps], rows_y[:, s : s + steps]) for s in starts]


def _split(series: Array, past: int, future: int) -> tuple[Array, Array]:
    """All windows, each cut into its first `past` and its last `future` steps."""
    _positive(past)
    _positive(future)
    whole = windows(series, past + future)
    return whole[:, :past], whole[:, past:]


def _positive(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"{steps} is not a number of steps or rows; it should be at least 1")

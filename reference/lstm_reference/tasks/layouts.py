"""A series as arrays [samples, time steps, features], in the layouts of sequence tasks.

A series is (L,) or (L, D); (L,) stands for D = 1. Each layout gives all samples in the series, in
order, each starting one step after the previous one, so that none is lost or repeated. `streams`
gives every step exactly once.

    one to one         x (n, 1, D)  y (n, D)       one step and the next
    one to many        x (n, 1, D)  y (n, F, D)    one step and the F after it
    many to one        x (n, P, D)  y (n, D)       P steps (the look-back window) and the next
    many to many       x (n, T, D)  y (n, T, D)    y is x one step later
    encoder, decoder   x (n, P, D)  y (n, F, D)    P steps and the F after them

The names are those of Karpathy's figure ("The Unreasonable Effectiveness of Recurrent Neural
Networks", 2015). All layouts raise ValueError if the series is neither (L,) nor (L, D), if a
number of steps is less than 1, or if the series is too short for one sample.
"""

from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array


def windows(series: Array, length: int) -> Array:
    """All windows of consecutive steps, (L - length + 1, length, D); window k starts at step k.

    Raises:
        ValueError: the series is neither (L,) nor (L, D), or length is not in 1 … L.
    """
    if series.ndim not in (1, 2):
        raise ValueError(f"the series is {series.shape}; it should be (L,) or (L, D)")
    if not 1 <= length <= len(series):
        raise ValueError(f"a window of {length} steps does not fit a series of {len(series)}")
    steps = series.reshape(len(series), -1)
    return np.lib.stride_tricks.sliding_window_view(steps, length, axis=0).swapaxes(1, 2).copy()


def one_to_one(series: Array) -> tuple[Array, Array]:
    """x (L-1, 1, D) and y (L-1, D): each step and the next."""
    return many_to_one(series, 1)


def one_to_many(series: Array, horizon: int) -> tuple[Array, Array]:
    """x (n, 1, D) and y (n, horizon, D) with n = L - horizon: each step and those after it."""
    return _split(series, 1, horizon)


def many_to_one(series: Array, look_back: int) -> tuple[Array, Array]:
    """x (n, look_back, D) and y (n, D) with n = L - look_back: each window and the step after."""
    x, y = _split(series, look_back, 1)
    return x, y[:, 0]


def many_to_many(series: Array, steps: int) -> tuple[Array, Array]:
    """x and y (n, steps, D) with n = L - steps: each window, and the window one step later."""
    _positive(steps)
    whole = windows(series, steps + 1)
    return whole[:, :-1], whole[:, 1:].copy()


@dataclass(frozen=True)
class EncoderDecoder:
    """The inputs and the target of a sequence-to-sequence network.

    encoder_input (n, P, D) is the past, and target (n, F, D) is what follows. decoder_input
    (n, F, D) starts with the last step of the past and continues with the target, one step late
    (teacher forcing).
    """

    encoder_input: Array
    decoder_input: Array
    target: Array


def encoder_decoder(series: Array, look_back: int, horizon: int) -> EncoderDecoder:
    """n = L - look_back - horizon + 1 samples of P = look_back and F = horizon steps."""
    past, future = _split(series, look_back, horizon)
    return EncoderDecoder(past, np.concatenate([past[:, -1:], future[:, :-1]], axis=1), future)


def streams(x: Array, y: Array, batch_size: int, steps: int) -> list[tuple[Array, Array]]:
    """One long sequence as batches for truncated backpropagation through time, in a stateful layer.

    The sequence is cut into `batch_size` equal parts. Row r of every batch is from part r and
    continues where row r of the previous batch ended. So the batches must be used in order, and the
    state must not be reset before the last one.

    Every step is used. The last batch has fewer steps if the length of a part is not a multiple of
    `steps`.

    Args:
        x, y: inputs (L, ...) and targets (L, ...), which belong together step by step. To predict
            the next symbol, x is all but the last symbol, and y is all but the first.
        batch_size: the number of parts, and of rows in a batch.
        steps: the number of steps in a batch.

    Returns:
        The batches (x, y), each (batch_size, steps, ...), as views. If all have the same number of
        steps, a stateful network's `Sequential.fit` takes their concatenation with this batch size.

    Raises:
        ValueError: x and y differ in length, the length is 0 or not a multiple of the batch size,
            or a number is less than 1.
    """
    _positive(batch_size)
    _positive(steps)
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"x has {len(x)} steps and y {len(y)}; they should have the same number, at least 1"
        )
    part, left = divmod(len(x), batch_size)
    if left:
        raise ValueError(
            f"{len(x)} steps cannot be cut into {batch_size} equal parts; "
            f"leave out {left}, or use a batch size that divides {len(x)}"
        )
    rows_x, rows_y = (a.reshape(batch_size, part, *a.shape[1:]) for a in (x, y))
    starts = range(0, part, steps)
    return [(rows_x[:, s : s + steps], rows_y[:, s : s + steps]) for s in starts]


def _split(series: Array, past: int, future: int) -> tuple[Array, Array]:
    """All windows of past + future steps, each cut into its first and its last steps."""
    _positive(past)
    _positive(future)
    whole = windows(series, past + future)
    return whole[:, :past], whole[:, past:]


def _positive(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"the number of steps or rows is {steps}; it should be at least 1")

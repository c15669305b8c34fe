"""Series to arrays: the laws (nothing lost, nothing twice, streams continue), values, messages."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lstm_reference.cells.cell import Array
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.tasks.layouts import (
    encoder_decoder,
    many_to_many,
    many_to_one,
    one_to_many,
    one_to_one,
    streams,
    windows,
)
from lstm_reference.tasks.symbols import next_symbol_pairs, one_hot
from lstm_reference.training.network import Sequential

lengths = st.integers(1, 30)
short = st.integers(1, 6)
drawn = settings(deadline=None, database=None)


def numbered(length: int, features: int) -> Array:
    """A series (L, D) whose every number occurs once, so that a place can be told by its value."""
    return np.arange(float(length * features)).reshape(length, features) + 0.5


@given(L=lengths, D=short, length=lengths)
@drawn
def test_windows_are_all_runs_of_consecutive_steps_each_once(L: int, D: int, length: int) -> None:
    assume(length <= L)
    series = numbered(L, D)
    got = windows(series, length)
    assert got.shape == (L - length + 1, length, D)
    for k, window in enumerate(got):
        assert np.array_equal(window, series[k : k + length])


@given(L=lengths, D=short, P=short, F=short)
@drawn
def test_every_layout_holds_every_sample_once(L: int, D: int, P: int, F: int) -> None:
    """Sample k of past P and future F covers steps k … k+P+F-1, for each k that fits."""
    assume(P + F <= L)
    series = numbered(L, D)
    sample = encoder_decoder(series, P, F)
    x, y = many_to_one(series, P)
    x_one, y_one = one_to_many(series, F)
    x_step, y_step = many_to_many(series, P)
    assert len(sample.encoder_input) == len(sample.target) == L - P - F + 1
    assert len(x) == len(y) == len(x_step) == len(y_step) == L - P
    assert len(x_one) == len(y_one) == L - F
    for k in range(L - P - F + 1):
        assert np.array_equal(sample.encoder_input[k], series[k : k + P])
        assert np.array_equal(sample.decoder_input[k], series[k + P - 1 : k + P + F - 1])
        assert np.array_equal(sample.target[k], series[k + P : k + P + F])
    for k in range(L - P):
        assert np.array_equal(x[k], series[k : k + P])
        assert np.array_equal(y[k], series[k + P])
        assert np.array_equal(x_step[k], series[k : k + P])
        assert np.array_equal(y_step[k], series[k + 1 : k + P + 1])
    for k in range(L - F):
        assert np.array_equal(x_one[k], series[k : k + 1])
        assert np.array_equal(y_one[k], series[k + 1 : k + F + 1])


@given(L=st.integers(2, 30), D=short)
@drawn
def test_one_to_one_is_each_step_and_the_next(L: int, D: int) -> None:
    series = numbered(L, D)
    x, y = one_to_one(series)
    assert np.array_equal(x, series[:-1, None])
    assert np.array_equal(y, series[1:])


def test_a_series_of_numbers_has_one_feature() -> None:
    x, y = many_to_one(np.array([1.0, 2.0, 3.0, 4.0]), 2)
    assert np.array_equal(x, [[[1.0], [2.0]], [[2.0], [3.0]]])
    assert np.array_equal(y, [[3.0], [4.0]])


def test_windows_are_copies() -> None:
    series = numbered(4, 1)
    got = windows(series, 2)
    series[:] = 0
    got[0, 1] = 9
    assert got[1, 0] == 1.5


@given(part=st.integers(1, 12), B=short, T=short, D=short)
@drawn
def test_streams_continue_row_by_row_and_lose_and_repeat_nothing(
    part: int, B: int, T: int, D: int
) -> None:
    series = numbered(part * B + 1, D)
    x, y = series[:-1], series[1:]
    batches = streams(x, y, B, T)
    assert [batch[0].shape[1] for batch in batches[:-1]] == [T] * (len(batches) - 1)
    assert 1 <= batches[-1][0].shape[1] <= T
    for (x_batch, y_batch), (x_next, _) in pairwise(batches):
        assert np.array_equal(x_next[:, 0], y_batch[:, -1])  # y is the step after x's
        assert x_batch.shape == y_batch.shape
    for whole, index in ((x, 0), (y, 1)):
        rows = np.concatenate([batch[index] for batch in batches], axis=1)
        assert rows.shape == (B, part, D)
        assert np.array_equal(rows.reshape(whole.shape), whole)


def test_rows_a_rounded_offset_apart_repeat_and_lose_steps_where_streams_refuse() -> None:
    """Row r from r·⌊(L-1)/B⌋ on, for ⌊L/(B·T)⌋ batches: one epoch of the rounded offsets.

    The textbook's program carries its index on, so that its next epoch begins elsewhere, and the
    steps that it loses are others; `examples/offsets.py` counts both (docs/seeds.md).
    """
    L, B, T = 1000, 10, 5
    row = np.arange(L // (B * T) * T)
    used = (row + np.arange(B)[:, None] * ((L - 1) // B)).ravel()
    assert len(used) - len(set(used)) == B - 1  # read twice
    assert len(set(range(L)) - set(used)) == B - 1  # never read
    series = np.arange(L)
    with pytest.raises(ValueError, match=r"999 steps cannot be cut into 10 .* leave out 9"):
        streams(series[:-1], series[1:], B, T)
    batches = streams(series[:990], series[1:991], B, T)
    assert sorted(np.concatenate([x.ravel() for x, _ in batches])) == list(range(990))


def test_streams_of_symbols_and_one_hot_targets() -> None:
    symbols = np.array([2, 0, 1, 1, 2, 0, 0])
    batches = streams(symbols[:-1], one_hot(symbols[1:], 3), 2, 2)
    assert [batch[0].tolist() for batch in batches] == [[[2, 0], [1, 2]], [[1], [0]]]
    assert [batch[1].argmax(-1).tolist() for batch in batches] == [[[0, 1], [2, 0]], [[1], [0]]]


def test_a_stateful_layer_fed_with_streams_runs_through_each_part() -> None:
    series = np.random.default_rng(0).standard_normal((22, 3))
    layer, plain = SimpleRNN(3, 4, stateful=True), SimpleRNN(3, 4)
    outputs = [layer.forward(x)[0] for x, _ in streams(series, series, 2, 4)]
    expected, _ = plain.forward(series.reshape(2, 11, 3))
    np.testing.assert_allclose(np.concatenate(outputs, axis=1), expected, rtol=0, atol=1e-15)


def test_streams_concatenated_are_what_a_stateful_network_is_fitted_on() -> None:
    series = np.random.default_rng(0).standard_normal((24, 3))
    batches = streams(series, series, 2, 4)
    network = Sequential([SimpleRNN(3, 3, stateful=True)])
    expected = [network.train_batch(x, y) for x, y in batches]
    other = Sequential([SimpleRNN(3, 3, stateful=True)])
    x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    assert other.fit(x, y, batch_size=2) == pytest.approx([np.mean(expected)], rel=1e-14)
    assert np.array_equal(other.weights.vector, network.weights.vector)


@given(
    shape=st.lists(st.integers(0, 4), max_size=2).map(tuple),
    V=short,
    seed=st.integers(0, 2**32 - 1),
)
@drawn
def test_one_hot(shape: tuple[int, ...], V: int, seed: int) -> None:
    symbols = np.random.default_rng(seed).integers(0, V, shape)
    coded = one_hot(np.asarray(symbols), V)
    assert coded.shape == (*shape, V)
    assert np.array_equal(coded.sum(axis=-1), np.ones(shape))
    assert np.array_equal(coded.argmax(axis=-1), symbols)
    assert coded.dtype == float


def test_next_symbol_pairs_of_the_two_sequences() -> None:
    x, y = next_symbol_pairs(np.array([[3, 0, 1, 2, 3], [4, 0, 1, 2, 4]]), 5)
    assert x.shape == y.shape == (2, 4, 5)
    assert x.argmax(-1).tolist() == [[3, 0, 1, 2], [4, 0, 1, 2]]
    assert y.argmax(-1).tolist() == [[0, 1, 2, 3], [0, 1, 2, 4]]
    x_step, y_step = many_to_many(np.arange(4.0), 2)
    for one, other in ((x, y), (x_step, y_step)):
        assert not np.shares_memory(one, other)


def test_a_sample_a_step_and_a_sample_a_sequence_hold_the_same() -> None:
    x, y = next_symbol_pairs(np.array([[3, 0, 1, 2, 3]]), 5)
    assert np.array_equal(one_to_one(one_hot(np.array([3, 0, 1, 2, 3]), 5))[0], x[0][:, None])
    assert np.array_equal(one_to_one(one_hot(np.array([3, 0, 1, 2, 3]), 5))[1], y[0])


def test_messages() -> None:
    series = numbered(5, 2)
    with pytest.raises(ValueError, match=r"series is \(5, 2, 1\); it should be \(L,\) or \(L, D"):
        windows(series[..., None], 2)
    for length in (0, 6):
        with pytest.raises(ValueError, match=f"a window of {length} steps does not fit"):
            windows(series, length)
    with pytest.raises(ValueError, match="a window of 6 steps does not fit a series of 5"):
        many_to_one(series, 5)
    for wrong in (
        lambda: many_to_one(series, 0),
        lambda: one_to_many(series, 0),
        lambda: many_to_many(series, 0),
        lambda: encoder_decoder(series, 6, -1),
        lambda: streams(series, series, 0, 2),
        lambda: streams(series, series, 5, 0),
    ):
        with pytest.raises(ValueError, match="it should be at least 1"):
            wrong()
    with pytest.raises(ValueError, match="x has 5 steps and y 4"):
        streams(series, series[1:], 1, 2)
    with pytest.raises(ValueError, match="x has 0 steps and y 0"):
        streams(series[:0], series[:0], 1, 2)
    with pytest.raises(ValueError, match="5 steps cannot be cut into 3 equal parts; leave out 2"):
        streams(series, series, 3, 2)
    with pytest.raises(TypeError, match="symbols are float64; they should be integers"):
        one_hot(series, 5)
    for symbols in (np.array([0, 5]), np.array([-1, 0])):
        with pytest.raises(ValueError, match="they should be in 0 … 4"):
            one_hot(symbols, 5)
    for symbols in (np.array([0, 1]), np.array([[0]])):
        with pytest.raises(ValueError, match=r"they should be \(N, L\) with L ≥ 2"):
            next_symbol_pairs(symbols, 5)

"""The fast layer `lstm.LSTM`: the numbers of the unrolled cell, and a bound on its memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lstm_reference.cells import block_products, unrolled
from lstm_reference.cells.cell import Array
from lstm_reference.cells.lstm import LSTM

# rounding of one sum of some hundred terms of order one, times the growth over T steps
TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-12}
dtypes = st.sampled_from(sorted(TOLERANCE, key=str))


def make(
    N: int, T: int, D: int, H: int, dtype: np.dtype[np.floating], seed: int, **options: bool
) -> tuple[LSTM, Array, Array]:
    """A layer, x and dy."""
    rng = np.random.default_rng(seed)
    layer = LSTM(D, H, rng=rng, **options)
    layer.params = {name: array.astype(dtype) for name, array in layer.params.items()}
    x, dy = (rng.standard_normal((N, T, size)).astype(dtype) for size in (D, H))
    return layer, x, dy


def assert_like_unrolled(layer: LSTM, x: Array, dy: Array, seed: int) -> None:
    """Every output and every gradient, with an initial state and gradients by the final one."""
    rng = np.random.default_rng(seed)
    N, _, H = dy.shape
    h, c, dh, dc = rng.standard_normal((4, N, H)).astype(x.dtype)
    y, state = layer.forward(x, (h, c))
    dx, dstate = layer.backward(dy, (dh, dc))
    got = (y, *state, dx, *dstate, *(layer.grads[name] for name in "WUb"))

    double = {name: array.astype(float) for name, array in layer.params.items()}
    h, c, dh, dc, x_double, dy = (a.astype(float) for a in (h, c, dh, dc, x, dy))
    y, state, caches = unrolled.forward(double, x_double, (h, c))
    gradients = unrolled.backward(double, caches, dy, (dh, dc))
    names = ("y", "h", "c", *vars(gradients))
    for name, array, expected in zip(
        names, got, (y, *state, *vars(gradients).values()), strict=True
    ):
        assert array.dtype == x.dtype, name
        assert array.shape == expected.shape, name
        scale = max(1, np.abs(expected).max())
        assert np.abs(array - expected).max() <= TOLERANCE[x.dtype] * scale, name


@given(
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(1, 30),
    st.integers(1, 40),
    dtypes,
    st.integers(0, 2**32 - 1),
)
@example(7, 9, 3, 5, np.dtype(np.float32), 0)  # one row too few to copy the weights
@example(8, 8, 3, 5, np.dtype(np.float32), 0)  # just enough
@settings(deadline=None, database=None, max_examples=60)
def test_like_the_unrolled_cell(
    N: int, T: int, D: int, H: int, dtype: np.dtype[np.floating], seed: int
) -> None:
    assert_like_unrolled(*make(N, T, D, H, dtype, seed), seed)


@pytest.mark.parametrize("helps", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("sizes", [(48, 3, 130, 128), (64, 2, 90, 192), (61, 3, 150, 128)])
def test_like_the_unrolled_cell_where_products_may_be_cut(
    sizes: tuple[int, int, int, int],
    dtype: np.dtype[np.floating],
    helps: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(block_products, "HELPS", helps)  # on any machine, both ways
    N, _, D, H = sizes
    cut = [block_products.block_shape(N, H + D + 1, H), block_products.block_shape(N, 4 * H, H)]
    assert (N, H) not in cut
    assert_like_unrolled(*make(*sizes, dtype, seed=5), seed=6)


def test_like_the_unrolled_cell_over_more_steps_than_one_part_of_backward() -> None:
    assert_like_unrolled(*make(1, 1300, 3, 40, np.dtype(np.float64), seed=5), seed=6)


def test_a_batch_of_no_rows() -> None:
    layer, x, dy = make(0, 5, 3, 4, np.dtype(np.float64), 0)
    assert layer.forward(x)[0].shape == dy.shape
    assert layer.backward(dy)[0].shape == x.shape
    assert not layer.grads["W"].any()


@pytest.mark.parametrize("helps", [False, True])
def test_like_the_unrolled_cell_with_several_rows(
    helps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_products, "HELPS", helps)
    assert_like_unrolled(*make(9, 20, 5, 7, np.dtype(np.float64), seed=5), seed=6)


@given(st.integers(1, 100), st.integers(1, 3000), st.integers(1, 600))
@settings(deadline=None, database=None)
def test_blocks_are_equal_and_small_or_the_whole(rows: int, inner: int, columns: int) -> None:
    height, width = block_products.block_shape(rows, inner, columns)
    assert rows % height == columns % width == 0
    assert height * inner * width <= block_products.LARGEST or (height, width) == (rows, columns)


def test_blocks_give_the_product() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 6, 5)), rng.standard_normal((5, 8))
    product = np.empty((2, 6, 8))
    left, right = block_products.left(a, 3), block_products.right(b, 4)
    np.matmul(left, right, out=block_products.result(product, 3, 4))
    assert np.allclose(product, a @ b, rtol=1e-14)


@pytest.mark.parametrize("sizes", [(1, 30, 4, 5), (9, 12, 4, 5)])
def test_a_call_of_the_same_sizes_changes_nothing_that_was_handed_out(
    sizes: tuple[int, int, int, int],
) -> None:
    layer, x, dy = make(*sizes, np.dtype(np.float64), 3, stateful=True)
    y, state = layer.forward(x)
    dx, dstate = layer.backward(dy)
    handed_out = [y, *state, dx, *dstate, *layer.grads.values()]
    before = [array.copy() for array in handed_out]
    layer.forward(2 * x)
    layer.backward(dy)
    for array, expected in zip(handed_out, before, strict=True):
        assert np.array_equal(array, expected)


def traced(layer: LSTM, x: Array, calls: int) -> tuple[int, int]:
    """Bytes in use after so many calls of forward, their results let go; and the most in use."""
    tracemalloc.start()
    for _ in range(calls):
        layer.forward(x)
    result = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result


def test_streaming_takes_no_more_memory_however_long() -> None:
    used = []
    for calls in (20, 400):
        layer, x, _ = make(2, 10, 16, 16, np.dtype(np.float32), 0, stateful=True)
        used.append(traced(layer, x, calls))
    # some hundred bytes of Python's own; a single array of one step is 128 bytes
    assert abs(used[1][0] - used[0][0]) < 2000
    assert abs(used[1][1] - used[0][1]) < 2000


@pytest.mark.parametrize("sizes", [(1, 2000, 20, 30), (16, 50, 20, 30)])
def test_what_is_kept_for_backward(sizes: tuple[int, int, int, int]) -> None:
    N, T, D, H = sizes
    layer, x, _ = make(*sizes, np.dtype(np.float32), 0)
    kept, _ = traced(layer, x, 1)
    needed = 4 * N * (T * (6 * H + D + 1) + 2 * H + D + 1)  # and a last state
    assert needed <= kept < needed + 5000


def test_a_second_call_does_not_need_memory_for_a_second_cache() -> None:
    layer, x, _ = make(16, 50, 20, 30, np.dtype(np.float32), 0)
    tracemalloc.start()
    layer.forward(x)
    once = tracemalloc.get_traced_memory()[1]
    for again in (x, x[:, :49]):  # the cache serves again; it goes before another comes
        tracemalloc.reset_peak()
        layer.forward(again)
        assert tracemalloc.get_traced_memory()[1] < once + 5000
    tracemalloc.stop()


def test_a_second_backward_takes_memory_for_its_results_and_no_workspace() -> None:
    N, T, D, H = 16, 50, 20, 30
    layer, x, dy = make(N, T, D, H, np.dtype(np.float32), 0)
    for _ in range(2):
        layer.forward(x)
        layer.backward(dy)
    tracemalloc.start()
    layer.backward(dy)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # dx twice, since it is made by time step first; the weights' gradients; a few states
    results = 4 * (2 * N * T * D + (H + D + 1) * 4 * H + 5 * N * H)
    workspace = 4 * N * T * 9 * H  # the factors and dz
    assert taken < results + workspace / 10

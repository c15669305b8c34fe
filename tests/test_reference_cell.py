"""The cell as a class: compared with torch.nn.LSTMCell and with the complex step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
from lstm_reference import LSTM, LSTMCell
from lstm_reference.cells.cell import Array

sizes = st.tuples(*(st.integers(1, 5) for _ in range(3)))
seeds = st.integers(0, 2**32 - 1)
drawn = settings(deadline=None, database=None, max_examples=40)


def make(sizes: tuple[int, int, int], seed: int) -> tuple[LSTMCell, list[Array]]:
    """A cell of normal weights, and x (N, D), h, c, dh and dc (N, H)."""
    N, D, H = sizes
    rng = np.random.default_rng(seed)
    cell = LSTMCell(D, H)
    for name, array in cell.params.items():
        cell.params[name] = rng.standard_normal(array.shape)
    return cell, [rng.standard_normal((N, size)) for size in (D, H, H, H, H)]


def assert_close(got: Array, expected: Array) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-12 * max(1, np.abs(expected).max())


@pytest.mark.torch
@given(sizes, seeds)
@drawn
def test_agrees_with_torch(sizes: tuple[int, int, int], seed: int) -> None:
    import torch

    cell, (x, h, c, dh, dc) = make(sizes, seed)
    module = torch.nn.LSTMCell(*sizes[1:], dtype=torch.float64)
    W, U, b, b_other = module.parameters()
    with torch.no_grad():
        for parameter, name in ((W, "W"), (U, "U"), (b, "b")):
            parameter.copy_(torch.from_numpy(cell.params[name].T))
        b_other.zero_()
    inputs = [torch.from_numpy(array).requires_grad_() for array in (x, h, c)]
    outputs = module(inputs[0], (inputs[1], inputs[2]))
    upstream = [torch.from_numpy(array) for array in (dh, dc)]
    expected = torch.autograd.grad(outputs, [*inputs, W, U, b], upstream)

    for got, output in zip(cell.forward(x, (h, c)), outputs, strict=True):
        assert_close(got, output.detach().numpy())
    dx, dstate = cell.backward(dh, dc)
    grads = (cell.grads["W"].T, cell.grads["U"].T, cell.grads["b"])
    for got, gradient in zip((dx, *dstate, *grads), expected, strict=True):
        assert_close(got, gradient.numpy())


@given(sizes, seeds)
@drawn
def test_gradients_are_the_complex_steps(sizes: tuple[int, int, int], seed: int) -> None:
    cell, (x, h, c, dh, dc) = make(sizes, seed)
    weights = dict(cell.params)
    arrays = {"x": x, "h": h, "c": c, **weights}

    def loss(name: str, z: Array) -> complex:
        at = {**arrays, name: z}
        cell.params.update({key: at[key] for key in weights})
        h_next, c_next = cell.forward(at["x"], (at["h"], at["c"]))
        return (dh * h_next).sum() + (dc * c_next).sum()

    expected = {
        name: complex_step.gradient(lambda z, name=name: loss(name, z), array)
        for name, array in arrays.items()
    }
    cell.params.update(weights)
    cell.forward(x, (h, c))
    dx, (dh0, dc0) = cell.backward(dh, dc)
    assert cell.grads.keys() == cell.params.keys()
    for name, got in {"x": dx, "h": dh0, "c": dc0, **cell.grads}.items():
        assert_close(got, expected[name])


def test_steps_of_the_cell_are_the_layer() -> None:
    cell, (x, *_) = make((3, 4, 2), 5)
    layer = LSTM(4, 2)
    layer.params.update(cell.params)
    steps = np.stack([x, 2 * x, -x], axis=1)
    y, (h, c) = layer.forward(steps)
    state = None
    for t in range(3):
        state = cell.forward(steps[:, t], state)
        assert_close(state[0], y[:, t])
    assert_close(state[0], h)
    assert_close(state[1], c)


def test_initial_weights_are_those_of_the_layer() -> None:
    cell, layer = LSTMCell(3, 5), LSTM(3, 5)
    for name, array in layer.params.items():
        assert np.array_equal(cell.params[name], array)
        assert np.abs(array).max() <= 5**-0.5
    other = LSTMCell(3, 5, np.random.default_rng(1))
    assert not np.array_equal(other.params["W"], cell.params["W"])


def test_missing_state_and_missing_gradient_are_zeros() -> None:
    cell, (x, _, _, dh, _) = make((3, 4, 2), 6)
    zeros = np.zeros((3, 2))
    expected = cell.forward(x, (zeros, zeros)), cell.backward(dh, zeros)
    got = cell.forward(x), cell.backward(dh)
    for one, other in zip(got[0], expected[0], strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(got[1][0], expected[1][0])


def test_changing_arrays_after_forward_changes_no_gradient() -> None:
    cell, (x, h, c, dh, dc) = make((3, 4, 2), 6)
    results = cell.forward(x, (h, c))
    expected, _ = cell.backward(dh, dc)
    grads = dict(cell.grads)
    for array in (x, h, c, *results):
        array[:] = 9.0
    got, _ = cell.backward(dh, dc)
    assert np.array_equal(got, expected)
    for name, array in grads.items():
        assert np.array_equal(cell.grads[name], array)


def test_float32_stays_float32() -> None:
    cell, arrays = make((3, 4, 2), 6)
    for name, array in cell.params.items():
        cell.params[name] = array.astype(np.float32)
    x, h, c, dh, dc = (array.astype(np.float32) for array in arrays)
    results = [*cell.forward(x), *cell.forward(x, (h, c))]
    for dx, dstate in (cell.backward(dh), cell.backward(dh, dc)):
        results += [dx, *dstate, *cell.grads.values()]
    assert {array.dtype for array in results} == {np.dtype(np.float32)}


def test_messages() -> None:
    cell, (x, h, c, dh, dc) = make((3, 4, 2), 6)
    with pytest.raises(RuntimeError, match="needs a call of forward first"):
        cell.backward(dh)
    for wrong in (x[0], x[:, 1:], x[None], np.float64(1)):
        with pytest.raises(ValueError, match=r"x is .*; it should be \(N, 4\)"):
            cell.forward(wrong)
    with pytest.raises(ValueError, match=r"h is \(2, 2\); this batch needs \(3, 2\)"):
        cell.forward(x, (h[1:], c))
    with pytest.raises(ValueError, match=r"the state has 1 arrays; it should be \(h, c\)"):
        cell.forward(x, (h,))
    cell.forward(x)
    with pytest.raises(ValueError, match=r"dh is \(2, 2\); it should be \(3, 2\)"):
        cell.backward(dh[1:])
    with pytest.raises(ValueError, match=r"dc is \(3, 1\); it should be \(3, 2\)"):
        cell.backward(dh, dc[:, 1:])
    with pytest.raises(ValueError, match="hidden_size is 0; it should be at least 1"):
        LSTMCell(4, 0)

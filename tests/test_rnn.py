"""The simple recurrent layer: its gradients, its state, the window's edge, its messages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
from lstm_reference.cells.cell import Array
from lstm_reference.cells.rnn import SimpleRNN

sizes = st.tuples(*(st.integers(1, 4) for _ in range(4)))
seeds = st.integers(0, 2**32 - 1)
drawn = settings(deadline=None, database=None, max_examples=30)


def make(sizes: tuple[int, ...], seed: int, **options: bool) -> tuple[SimpleRNN, list[Array]]:
    """A layer of normal weights, and x (N, T, D), dy (N, T, H), h0 and dh (N, H)."""
    N, T, D, H = sizes
    rng = np.random.default_rng(seed)
    layer = SimpleRNN(D, H, **options)
    for name, array in layer.params.items():
        layer.params[name] = rng.standard_normal(array.shape)
    return layer, [rng.standard_normal(shape) for shape in ((N, T, D), (N, T, H), (N, H), (N, H))]


def assert_close(got: Array, expected: Array) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-12 * max(1, np.abs(expected).max())


@given(sizes, seeds)
@drawn
def test_gradients_are_the_complex_steps(sizes: tuple[int, ...], seed: int) -> None:
    layer, (x, dy, h0, dh) = make(sizes, seed)
    weights = dict(layer.params)

    def loss(name: str, z: Array) -> complex:
        arrays = {"x": x.astype(complex), "h0": h0, **weights, name: z}
        layer.params.update({key: arrays[key] for key in weights})
        y, h = layer.forward(arrays["x"], arrays["h0"])
        return (dy * y).sum() + (dh * h).sum()

    arrays = {"x": x, "h0": h0, **weights}
    expected = {
        name: complex_step.gradient(lambda z, name=name: loss(name, z), array)
        for name, array in arrays.items()
    }
    layer.params.update(weights)
    layer.forward(x, h0)
    dx, dh0 = layer.backward(dy, dh)
    for name, got in {"x": dx, "h0": dh0, **layer.grads}.items():
        assert_close(got, expected[name])


@pytest.mark.torch
@given(sizes, seeds)
@drawn
def test_agrees_with_torch(sizes: tuple[int, ...], seed: int) -> None:
    import torch

    layer, (x, dy, h0, dh) = make(sizes, seed)
    module = torch.nn.RNN(sizes[2], sizes[3], batch_first=True, dtype=torch.float64)
    W, U, b, b_other = module.parameters()
    with torch.no_grad():
        for parameter, name in ((W, "W"), (U, "U"), (b, "b")):
            parameter.copy_(torch.from_numpy(layer.params[name].T))
        b_other.zero_()
    x_in, state = (torch.from_numpy(a).requires_grad_() for a in (x, h0))
    y, h = module(x_in, state[None])
    loss = (torch.from_numpy(dy) * y).sum() + (torch.from_numpy(dh) * h).sum()
    expected = torch.autograd.grad(loss, (x_in, state, W, U, b))

    got_y, got_h = layer.forward(x, h0)
    dx, dh0 = layer.backward(dy, dh)
    assert_close(got_y, y.detach().numpy())
    assert_close(got_h, h[0].detach().numpy())
    grads = (layer.grads["W"].T, layer.grads["U"].T, layer.grads["b"])
    for got, gradient in zip((dx, dh0, *grads), expected, strict=True):
        assert_close(got, gradient.numpy())


def test_stateful_windows_continue_one_another_and_cut_the_gradient() -> None:
    layer, (x, dy, _, _) = make((3, 7, 4, 2), 5)
    whole, last = layer.forward(x)
    stateful, _ = make((3, 7, 4, 2), 5, stateful=True)
    first, middle = stateful.forward(x[:, :3])
    second, end = stateful.forward(x[:, 3:])
    assert_close(np.concatenate([first, second], axis=1), whole)
    assert_close(end, last)

    # the second window's gradient is that of a window which starts from a given constant
    stateful.backward(dy[:, 3:])
    layer.forward(x[:, 3:], middle)
    layer.backward(dy[:, 3:])
    for name, gradient in layer.grads.items():
        assert np.array_equal(stateful.grads[name], gradient)

    stateful.reset_state()
    assert np.array_equal(stateful.forward(x)[0], whole)


def test_explicit_state_overrides_the_carried_one_and_is_carried_on() -> None:
    layer, (x, _, h0, _) = make((3, 7, 4, 2), 5)
    expected, _ = layer.forward(x, h0)
    stateful, _ = make((3, 7, 4, 2), 5, stateful=True)
    stateful.forward(2 * x)
    first, state = stateful.forward(x[:, :3], h0)
    state[:] = 9.0  # what was handed out is not what is carried
    second, _ = stateful.forward(x[:, 3:])
    assert_close(np.concatenate([first, second], axis=1), expected)


def test_stateless_calls_start_from_zeros() -> None:
    layer, (x, _, h0, _) = make((3, 7, 4, 2), 5)
    first, _ = layer.forward(x)
    assert np.array_equal(layer.forward(x)[0], first)
    assert np.array_equal(layer.forward(x, np.zeros_like(h0))[0], first)


def test_last_step_only() -> None:
    whole, (x, dy, h0, dh) = make((3, 5, 4, 2), 6)
    last, _ = make((3, 5, 4, 2), 6, return_sequences=False)
    assert np.array_equal(last.forward(x, h0)[0], whole.forward(x, h0)[0][:, -1])
    dy[:, :-1] = 0
    dx, dh0 = whole.backward(dy, dh)
    dx_last, dh0_last = last.backward(dy[:, -1], dh)
    assert_close(dx_last, dx)
    assert_close(dh0_last, dh0)
    for name, gradient in whole.grads.items():
        assert_close(last.grads[name], gradient)


def test_changing_x_y_and_state_after_forward_changes_no_gradient() -> None:
    layer, (x, dy, h0, dh) = make((3, 5, 4, 2), 6)
    y, state = layer.forward(x, h0)
    layer.backward(dy, dh)
    expected = layer.grads
    x[:] = y[:] = state[:] = 9.0
    layer.backward(dy, dh)
    for name, gradient in expected.items():
        assert np.array_equal(layer.grads[name], gradient)


def test_float32_stays_float32() -> None:
    layer, arrays = make((3, 5, 4, 2), 6)
    for name, array in layer.params.items():
        layer.params[name] = array.astype(np.float32)
    x, dy, h0, dh = (array.astype(np.float32) for array in arrays)
    results = [*layer.forward(x), *layer.forward(x, h0), *layer.backward(dy, dh)]
    results += [*layer.backward(dy), *layer.grads.values()]
    assert {array.dtype for array in results} == {np.dtype(np.float32)}


def test_mixed_dtypes_give_what_numpy_gives() -> None:
    for wide in ("x", "W", "U", "b"):
        layer, (x, *_) = make((3, 5, 4, 2), 6)
        for name, array in layer.params.items():
            layer.params[name] = array if name == wide else array.astype(np.float32)
        y, h = layer.forward(x if wide == "x" else x.astype(np.float32))
        assert y.dtype == h.dtype == np.float64


def test_messages() -> None:
    layer, (x, dy, h0, dh) = make((3, 5, 4, 2), 6)
    with pytest.raises(RuntimeError, match="needs a call of forward"):
        layer.backward(dy)
    for wrong in (x[0], x[:, :, 1:], x[:, :0]):
        with pytest.raises(ValueError, match=r"x is .* should be \(N, T, 4\) with T ≥ 1"):
            layer.forward(wrong)
    with pytest.raises(ValueError, match=r"h is \(2, 2\); this batch needs \(3, 2\) \(in a"):
        layer.forward(x, h0[1:])
    layer.forward(x)
    with pytest.raises(ValueError, match=r"dy is \(3, 4, 2\); y was \(3, 5, 2\)"):
        layer.backward(dy[:, 1:])
    with pytest.raises(ValueError, match=r"dh is \(3, 1\)"):
        layer.backward(dy, dh[:, 1:])


def test_state_of_another_batch_is_refused() -> None:
    layer, (x, *_) = make((3, 5, 4, 2), 6, stateful=True)
    layer.forward(x)
    with pytest.raises(ValueError, match=r"reset_state\(\)"):
        layer.forward(x[1:])
    layer.reset_state()
    assert layer.forward(x[1:])[0].shape == (2, 5, 2)

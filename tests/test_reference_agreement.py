"""The cell, the cell unrolled, the layer, the complex step and PyTorch give the same numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
import lstm_reference
from lstm_reference.cells import unrolled
from lstm_reference.cells.cell import Array, step_backward, step_forward
from lstm_reference.cells.lstm import LSTM

if TYPE_CHECKING:
    from lstm_reference import TorchLSTM

Subject: TypeAlias = "LSTM | TorchLSTM"


@dataclass(frozen=True)
class Case:
    """Asymmetric arrays of drawn sizes: weights, inputs, a state, and upstream gradients."""

    params: dict[str, Array]
    x: Array
    state: tuple[Array, Array]
    dy: Array
    dstate: tuple[Array, Array]

    def build(self, kind: type[Subject], **options: bool) -> Subject:
        layer = kind(self.x.shape[2], self.dy.shape[2], **options)
        layer.params.update(self.params)
        return layer

    def loss(self, y: Array, h: Array, c: Array) -> complex:
        """A scalar whose gradients by y, h and c are dy and dstate."""
        return (self.dy * y).sum() + (self.dstate[0] * h).sum() + (self.dstate[1] * c).sum()


def make_case(N: int, T: int, D: int, H: int, scale: float, seed: int) -> Case:
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        return scale * rng.standard_normal(shape)

    params = {"W": normal(D, 4 * H), "U": normal(H, 4 * H), "b": normal(4 * H)}
    x, dy = normal(N, T, D), normal(N, T, H)
    return Case(params, x, (normal(N, H), normal(N, H)), dy, (normal(N, H), normal(N, H)))


cases = st.builds(
    make_case,
    *(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5)),
    scale=st.sampled_from([0.1, 0.5, 1.0, 2.0]),
    seed=st.integers(0, 2**32 - 1),
)
drawn = settings(deadline=None, database=None, max_examples=40)


def assert_close(got: Array, expected: Array, tolerance: float = 1e-12) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= tolerance * max(1, np.abs(expected).max())


def everything(layer: Subject, case: Case) -> dict[str, Array]:
    """Every output and every gradient that a layer gives for a case."""
    y, (h, c) = layer.forward(case.x, case.state)
    dx, (dh0, dc0) = layer.backward(case.dy, case.dstate)
    grads = {f"d{name}": gradient for name, gradient in layer.grads.items()}
    return {"y": y, "h": h, "c": c, "dx": dx, "dh0": dh0, "dc0": dc0, **grads}


def everything_unrolled(case: Case) -> dict[str, Array]:
    y, (h, c), caches = unrolled.forward(case.params, case.x, case.state)
    gradients = unrolled.backward(case.params, caches, case.dy, case.dstate)
    return {"y": y, "h": h, "c": c, **vars(gradients)}


@pytest.mark.torch
@given(cases)
@drawn
def test_three_implementations_agree(case: Case) -> None:
    expected = everything(case.build(lstm_reference.TorchLSTM), case)
    for got in (everything(case.build(LSTM), case), everything_unrolled(case)):
        assert got.keys() == expected.keys()
        for name in expected:
            assert_close(got[name], expected[name])


@given(cases)
@drawn
def test_step_gradient_is_the_complex_steps(case: Case) -> None:
    x, (h, c), (dh, dc) = case.x[:, 0], case.state, case.dstate
    arrays = {"x": x, "h": h, "c": c, **case.params}

    def loss(name: str) -> Callable[[Array], complex]:
        def at(z: Array) -> complex:
            h_next, c_next, _ = step_forward(**{**arrays, name: z})
            return (dh * h_next).sum() + (dc * c_next).sum()

        return at

    cache = step_forward(**arrays)[2]
    gradient = vars(step_backward(dh, dc, cache, case.params["W"], case.params["U"]))
    for name in arrays:
        assert_close(gradient[f"d{name}"], complex_step.gradient(loss(name), arrays[name]))


def unrolled_outputs(params: dict[str, Array], x: Array, h: Array, c: Array) -> tuple[Array, ...]:
    y, state, _ = unrolled.forward(params, x, (h, c))
    return y, *state


def layer_outputs(params: dict[str, Array], x: Array, h: Array, c: Array) -> tuple[Array, ...]:
    layer = LSTM(x.shape[2], h.shape[1])
    layer.params.update(params)
    y, state = layer.forward(x.astype(complex), (h, c))
    return y, *state


@pytest.mark.parametrize("outputs", [unrolled_outputs, layer_outputs])
@given(case=cases)
@settings(deadline=None, database=None, max_examples=15)
def test_sequence_gradient_is_the_complex_steps(
    outputs: Callable[..., tuple[Array, ...]], case: Case
) -> None:
    arrays = {"x": case.x, "h0": case.state[0], "c0": case.state[1], **case.params}

    def loss(name: str) -> Callable[[Array], complex]:
        def at(z: Array) -> complex:
            a = {**arrays, name: z}
            params = {key: a[key] for key in case.params}
            return case.loss(*outputs(params, a["x"], a["h0"], a["c0"]))

        return at

    plain, layer = everything_unrolled(case), everything(case.build(LSTM), case)
    for name in arrays:
        expected = complex_step.gradient(loss(name), arrays[name])
        assert_close(plain[f"d{name}"], expected)
        assert_close(layer[f"d{name}"], expected)


def test_complex_step_refuses_what_drops_the_imaginary_part() -> None:
    with pytest.raises(TypeError, match="drops the imaginary part"):
        complex_step.gradient(lambda z: z.real.sum(), np.ones(3))


@pytest.fixture(params=["LSTM", pytest.param("TorchLSTM", marks=pytest.mark.torch)])
def kind(request: pytest.FixtureRequest) -> type[Subject]:
    return getattr(lstm_reference, request.param)


fixed = make_case(N=3, T=5, D=4, H=2, scale=0.7, seed=11)


def test_float32_stays_float32_and_is_near(kind: type[Subject]) -> None:
    single = Case(
        {name: array.astype(np.float32) for name, array in fixed.params.items()},
        *(fixed.x.astype(np.float32), tuple(a.astype(np.float32) for a in fixed.state)),
        *(fixed.dy.astype(np.float32), tuple(a.astype(np.float32) for a in fixed.dstate)),
    )
    got, expected = everything(single.build(kind), single), everything(fixed.build(kind), fixed)
    for name, array in got.items():
        assert array.dtype == np.float32
        # a few dozen roundings of 6e-8, on values of order one
        assert_close(array, expected[name], tolerance=5e-6)
    y, (h, c) = single.build(kind).forward(single.x)
    assert {y.dtype, h.dtype, c.dtype} == {np.dtype(np.float32)}


def test_mixed_dtypes_give_what_numpy_gives(kind: type[Subject]) -> None:
    y, _ = fixed.build(kind).forward(fixed.x.astype(np.float32))
    assert y.dtype == np.float64


def test_stateful_calls_continue_one_another(kind: type[Subject]) -> None:
    whole, state = fixed.build(kind).forward(fixed.x)
    layer = fixed.build(kind, stateful=True)
    first, _ = layer.forward(fixed.x[:, :2])
    second, last = layer.forward(fixed.x[:, 2:])
    assert_close(np.concatenate([first, second], axis=1), whole)
    assert_close(last[0], state[0])
    assert_close(last[1], state[1])
    layer.reset_state()
    assert_close(layer.forward(fixed.x)[0], whole)


def test_explicit_state_overrides_the_carried_one_and_is_carried_on(kind: type[Subject]) -> None:
    expected, _ = fixed.build(kind).forward(fixed.x, fixed.state)
    layer = fixed.build(kind, stateful=True)
    layer.forward(2 * fixed.x)
    first, returned = layer.forward(fixed.x[:, :3], fixed.state)
    returned[0][:] = returned[1][:] = 9.0  # what was handed out is not what is carried
    second, _ = layer.forward(fixed.x[:, 3:])
    assert_close(np.concatenate([first, second], axis=1), expected)


def test_stateless_calls_start_from_zeros(kind: type[Subject]) -> None:
    layer = fixed.build(kind)
    first, _ = layer.forward(fixed.x)
    assert np.array_equal(layer.forward(fixed.x)[0], first)
    zeros = np.zeros_like(fixed.state[0])
    assert_close(layer.forward(fixed.x, (zeros, zeros))[0], first)


def test_last_step_only(kind: type[Subject]) -> None:
    whole, last = fixed.build(kind), fixed.build(kind, return_sequences=False)
    y, _ = whole.forward(fixed.x, fixed.state)
    y_last, _ = last.forward(fixed.x, fixed.state)
    assert np.array_equal(y_last, y[:, -1])
    dy = np.zeros_like(fixed.dy)
    dy[:, -1] = fixed.dy[:, -1]
    dx, dstate = whole.backward(dy, fixed.dstate)
    dx_last, dstate_last = last.backward(fixed.dy[:, -1], fixed.dstate)
    assert_close(dx_last, dx)
    for got, expected in zip(dstate_last, dstate, strict=True):
        assert_close(got, expected)
    for name, gradient in whole.grads.items():
        assert_close(last.grads[name], gradient)


def test_backward_twice_gives_the_same_and_missing_dstate_is_zeros(kind: type[Subject]) -> None:
    layer = fixed.build(kind)
    layer.forward(fixed.x)
    zeros = np.zeros_like(fixed.state[0])
    first, _ = layer.backward(fixed.dy, (zeros, zeros))
    grads = {name: gradient.copy() for name, gradient in layer.grads.items()}
    second, _ = layer.backward(fixed.dy)
    assert np.array_equal(first, second)
    for name, gradient in grads.items():
        assert np.array_equal(layer.grads[name], gradient)


def test_changing_x_after_forward_changes_no_gradient(kind: type[Subject]) -> None:
    expected = everything(fixed.build(kind), fixed)["dW"]
    layer, x = fixed.build(kind), fixed.x.copy()
    layer.forward(x, fixed.state)
    x[:] = 9.0
    layer.backward(fixed.dy, fixed.dstate)
    assert_close(layer.grads["W"], expected)


def test_strided_arrays(kind: type[Subject]) -> None:
    backwards = Case(
        {name: array[::-1].copy()[::-1] for name, array in fixed.params.items()},
        *(fixed.x[:, ::-1].copy()[:, ::-1], fixed.state),
        *(fixed.dy[::-1].copy()[::-1], fixed.dstate),
    )
    got, expected = (
        everything(backwards.build(kind), backwards),
        everything(fixed.build(LSTM), fixed),
    )
    for name in expected:
        assert_close(got[name], expected[name])


def test_messages(kind: type[Subject]) -> None:
    layer = fixed.build(kind)
    with pytest.raises(RuntimeError, match="needs a call of forward"):
        layer.backward(fixed.dy)
    for wrong in (fixed.x[0], fixed.x[:, :, 1:], fixed.x[:, :0]):
        with pytest.raises(ValueError, match=r"x is .* should be \(N, T, 4\) with T ≥ 1"):
            layer.forward(wrong)
    for wrong in ((fixed.state[0][1:], fixed.state[1]), (fixed.state[0], fixed.state[1][:, :1])):
        with pytest.raises(ValueError, match=r"this batch needs \(3, 2\)"):
            layer.forward(fixed.x, wrong)
    layer.forward(fixed.x)
    with pytest.raises(ValueError, match=r"dy is \(3, 4, 2\); y was \(3, 5, 2\)"):
        layer.backward(fixed.dy[:, 1:])


def test_state_of_another_batch_is_refused(kind: type[Subject]) -> None:
    layer = fixed.build(kind, stateful=True)
    layer.forward(fixed.x)
    with pytest.raises(ValueError, match=r"reset_state\(\)"):
        layer.forward(fixed.x[1:])
    layer.reset_state()
    assert layer.forward(fixed.x[1:])[0].shape == (2, 5, 2)

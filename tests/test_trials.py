"""Trials side by side do what one network alone does, trial by trial."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_modules import load
from lstm_reference.cells.lstm import LSTM
from lstm_reference.tasks.symbols import one_hot
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import (
    binary_cross_entropy_from_logits,
    categorical_cross_entropy_from_logits,
)
from lstm_reference.training.optimizers import Adam

_trials = load("_trials")
Trials, sigmoid_cross_entropy = _trials.Trials, _trials.sigmoid_cross_entropy
softmax_cross_entropy = _trials.softmax_cross_entropy
TOLERANCE = 1e-12


def draw_params(rng, R, D, H, K, direct):
    shapes = {"W": (D, 4 * H), "U": (H, 4 * H), "b": (4 * H,), "V": (H, K), "a": (K,)}
    if direct:
        shapes["S"] = (D, K)
    return {name: rng.normal(size=(R, *shape)) for name, shape in shapes.items()}


class Alone:
    """One trial by the layer and the head of the reference."""

    def __init__(self, params, r):
        D, K = params["W"].shape[1], params["a"].shape[1]
        H = params["U"].shape[1]
        self.layer, self.head = LSTM(D, H), Dense(H, K)
        for name in "WUb":
            self.layer.params[name] = params[name][r].copy()
        self.head.params.update(W=params["V"][r].copy(), b=params["a"][r].copy())
        self.direct = params["S"][r].copy() if "S" in params else np.zeros((D, K))

    def forward(self, x, state):
        self.x = x
        y, state = self.layer.forward(x, state)
        return self.head.forward(y) + x @ self.direct, state

    def backward(self, doutput):
        self.layer.backward(self.head.backward(doutput))
        return {
            **self.layer.grads,
            "V": self.head.grads["W"],
            "a": self.head.grads["b"],
            "S": np.einsum("ntd,ntk->dk", self.x, doutput),
        }


@settings(deadline=None, database=None, max_examples=40)
@given(
    R=st.integers(1, 4),
    N=st.integers(1, 4),
    T=st.integers(1, 6),
    D=st.integers(1, 5),
    H=st.integers(1, 4),
    K=st.integers(1, 4),
    direct=st.booleans(),
    at_one_step=st.booleans(),
    with_state=st.booleans(),
    features=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_trial_is_the_reference(
    R, N, T, D, H, K, direct, at_one_step, with_state, features, seed
):
    rng = np.random.default_rng(seed)
    params = draw_params(rng, R, D, H, K, direct)
    symbols = rng.integers(D, size=(R, N, T))
    coded = rng.normal(size=(R, N, T, D)) if features else one_hot(symbols, D)
    x = coded if features else symbols
    at = rng.integers(T, size=(R, N)) if at_one_step else None
    state = tuple(rng.normal(size=(2, R, N, H))) if with_state else None
    trials = Trials(params)

    output, final = trials.forward(x, state, at)
    doutput = rng.normal(size=output.shape)
    grads = trials._views(trials.backward(doutput))
    light, light_final = trials.forward(x, state, at, training=False)
    assert np.array_equal(light, output)
    assert all(np.array_equal(a, b) for a, b in zip(light_final, final, strict=True))

    assert output.shape == ((R, N, K) if at_one_step else (R, N, T, K))
    for r in range(R):
        alone = Alone(params, r)
        full, alone_final = alone.forward(
            coded[r], None if state is None else (state[0][r], state[1][r])
        )
        dfull = doutput[r]
        if at is not None:
            n = np.arange(N)
            dfull = np.zeros_like(full)
            dfull[n, at[r]] = doutput[r]
            full = full[n, at[r]]
        np.testing.assert_allclose(output[r], full, rtol=0, atol=TOLERANCE)
        for ours, theirs in zip(final, alone_final, strict=True):
            np.testing.assert_allclose(ours[r], theirs, rtol=0, atol=TOLERANCE)
        expected = alone.backward(dfull)
        for name, gradient in grads.items():
            scale = max(1, np.abs(expected[name]).max())
            np.testing.assert_allclose(
                gradient[r], expected[name], rtol=0, atol=TOLERANCE * scale, err_msg=name
            )


def test_adam_is_the_optimizer_in_every_trial_also_after_some_are_dropped():
    rng = np.random.default_rng(3)
    params = draw_params(rng, 4, 3, 2, 3, direct=True)
    trials = Trials(params)
    vectors = list(trials.vector.copy())
    optimizers = [Adam(0.01) for _ in vectors]
    for number in range(6):
        if number == 3:
            trials.keep(np.array([True, False, True, True]))
            del vectors[1], optimizers[1]
        gradient = rng.normal(size=trials.vector.shape)
        trials.update(gradient, 0.01)
        for optimizer, vector, row in zip(optimizers, vectors, gradient, strict=True):
            optimizer.update(vector, row)
    assert len(trials) == 3
    np.testing.assert_allclose(trials.vector, vectors, rtol=0, atol=TOLERANCE)
    assert np.shares_memory(trials.params["U"], trials.vector)


def test_layer_and_head_may_learn_at_rates_of_their_own():
    rng = np.random.default_rng(7)
    params = draw_params(rng, 2, 3, 2, 3, direct=True)
    trials = Trials(params)
    trials.update(rng.normal(size=trials.vector.shape), trials.rates(layer=0.25, head=0.5))
    for name, array in trials.params.items():  # Adam's first step is the rate, if epsilon is small
        rate = 0.25 if name in ("W", "U", "b") else 0.5
        np.testing.assert_allclose(np.abs(array - params[name]), rate, rtol=1e-3, err_msg=name)


def test_the_loss_is_binary_cross_entropy_in_every_trial():
    rng = np.random.default_rng(4)
    outputs = 5 * rng.normal(size=(3, 2, 4, 5))
    outputs[0, 0, 0] = [800, -800, 0, 30, -30]
    targets = rng.integers(5, size=(3, 2, 4))
    loss, gradient = sigmoid_cross_entropy(outputs, targets)
    for r in range(3):
        value, expected = binary_cross_entropy_from_logits(one_hot(targets[r], 5), outputs[r])
        np.testing.assert_allclose(loss[r], value, rtol=1e-13)
        np.testing.assert_allclose(gradient[r], expected, rtol=0, atol=1e-15)


def test_float32_stays_float32():
    rng = np.random.default_rng(5)
    params = draw_params(rng, 2, 3, 2, 3, direct=True)
    trials = Trials({name: array.astype(np.float32) for name, array in params.items()})
    output, state = trials.forward(rng.integers(3, size=(2, 3, 4)))
    _, gradient = sigmoid_cross_entropy(output, rng.integers(3, size=(2, 3, 4)))
    gradient = trials.backward(gradient)
    trials.update(gradient)
    for array in (output, *state, gradient, trials.vector, trials.params["W"]):
        assert array.dtype == np.float32


def test_bad_input_is_named():
    rng = np.random.default_rng(6)
    params = draw_params(rng, 2, 3, 2, 3, direct=False)
    trials = Trials(params)
    with pytest.raises(RuntimeError, match="forward"):
        trials.backward(np.zeros((2, 1, 1, 3)))
    for x in (np.zeros((3, 1, 1), int), np.full((2, 1, 1), 3), np.full((2, 1, 1), -1)):
        with pytest.raises(ValueError, match="symbols 0 … 2"):
            trials.forward(x)
    x = np.zeros((2, 1, 4), int)
    with pytest.raises(ValueError, match="steps 0 … 3"):
        trials.forward(x, at=np.full((2, 1), 4))
    with pytest.raises(ValueError, match="the state is"):
        trials.forward(x, (np.zeros((2, 2, 2)), np.zeros((2, 1, 2))))
    with pytest.raises(ValueError, match="U is"):
        Trials({**params, "U": params["U"][:, :1]})
    with pytest.raises(ValueError, match="it should have"):
        Trials({**params, "X": params["U"]})
    with pytest.raises(ValueError, match="dtypes"):
        Trials({**params, "a": params["a"].astype(np.float32)})
    with pytest.raises(ValueError, match="targets"):
        sigmoid_cross_entropy(np.zeros((2, 1, 3)), np.zeros((2, 2), int))


def test_the_other_loss_is_categorical_cross_entropy_in_every_trial():
    rng = np.random.default_rng(5)
    outputs, targets = 5 * rng.normal(size=(3, 2, 4, 5)), rng.integers(5, size=(3, 2, 4))
    loss, gradient = softmax_cross_entropy(outputs, targets)
    for r in range(3):
        value, expected = categorical_cross_entropy_from_logits(one_hot(targets[r], 5), outputs[r])
        np.testing.assert_allclose(loss[r], value, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(gradient[r], expected, rtol=0, atol=TOLERANCE)
    with pytest.raises(ValueError, match="the targets"):
        softmax_cross_entropy(outputs, targets[:, :1])

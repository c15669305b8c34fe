"""The layers around the recurrent ones: values from their equations, gradients by complex step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
from lstm_reference.cells.cell import Array
from lstm_reference.training.activations import activation, log_softmax
from lstm_reference.training.layers import (
    Dense,
    Embedding,
    LastStep,
    Layer,
    Repeat,
    TiedDense,
    TimeDistributed,
)

ACTIVATIONS = ["linear", "sigmoid", "tanh", "softmax"]
seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(1, 4)
drawn = settings(deadline=None, database=None, max_examples=20)


def assert_close(got: Array, expected: Array) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-12 * max(1, np.abs(expected).max())


def randomise(layer: Layer, rng: np.random.Generator) -> None:
    for name, array in layer.params.items():
        layer.params[name] = rng.standard_normal(array.shape)


def check_gradients(layer: Layer, x: Array, rng: np.random.Generator) -> None:
    dy = rng.standard_normal(layer.forward(x).shape)
    before = dict(layer.params)
    expected = complex_step.layer_gradients(layer, x, dy)
    assert all(layer.params[name] is array for name, array in before.items())
    layer.forward(x)
    dx = layer.backward(dy)
    got = dict(layer.grads) if dx is None else {"x": dx, **layer.grads}
    assert got.keys() == expected.keys()
    for name in expected:
        assert_close(got[name], expected[name])


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(shape=st.lists(lengths, min_size=0, max_size=2), D=lengths, M=lengths, seed=seeds)
@drawn
def test_dense_and_time_distributed_gradients(
    name: str, shape: list[int], D: int, M: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layer = Dense(D, M, name)
    randomise(layer, rng)
    x = rng.standard_normal((2, *shape, D))
    check_gradients(layer, x, rng)
    check_gradients(TimeDistributed(layer), x[:, None], rng)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(T=lengths, V=lengths, D=lengths, seed=seeds)
@drawn
def test_tied_dense_gradients(name: str, T: int, V: int, D: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = TiedDense(Embedding(V, D), name)
    randomise(layer, rng)
    check_gradients(layer, rng.standard_normal((2, T, D)), rng)


@given(T=lengths, V=lengths, D=lengths, seed=seeds)
@drawn
def test_embedding_gradients_add_up_where_a_row_is_named_twice(
    T: int, V: int, D: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    check_gradients(Embedding(V, D, rng), rng.integers(0, V, (3, T)), rng)


@given(T=lengths, D=lengths, seed=seeds)
@drawn
def test_last_step_and_repeat_gradients(T: int, D: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    check_gradients(LastStep(), rng.standard_normal((2, T, D)), rng)
    check_gradients(Repeat(T), rng.standard_normal((2, D)), rng)


def test_dense_values() -> None:
    layer = Dense(2, 3, "sigmoid")
    layer.params["W"] = np.array([[1.0, 2.0, -1.0], [0.0, 3.0, 1.0]])
    layer.params["b"] = np.array([0.5, 0.0, -0.5])
    y = layer.forward(np.array([[[2.0, -1.0]]]))
    assert_close(y, 1 / (1 + np.exp(-np.array([[[2.5, 1.0, -3.5]]]))))


def test_tied_dense_holds_the_embeddings_own_table() -> None:
    embedding = Embedding(5, 3)
    tied = TiedDense(embedding)
    assert tied.params["E"] is embedding.params["E"]
    x = np.random.default_rng(0).standard_normal((2, 3))
    assert_close(tied.forward(x), x @ embedding.params["E"].T)


def test_embedding_last_step_and_repeat_values() -> None:
    embedding = Embedding(3, 2)
    embedding.params["E"] = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    steps = embedding.forward(np.array([[2, 0]]))
    assert np.array_equal(steps, [[[5.0, 6.0], [1.0, 2.0]]])
    assert np.array_equal(LastStep().forward(steps), [[1.0, 2.0]])
    assert np.array_equal(Repeat(3).forward(np.array([[1.0, 2.0]])), [[[1.0, 2.0]] * 3])


@pytest.mark.torch
@pytest.mark.parametrize("name", ACTIVATIONS[1:])
def test_activations_agree_with_torch_also_far_out(name: str) -> None:
    import torch

    z = np.array([[-800.0, -30.0, 0.0, 1e-9], [30.0, 800.0, 3.0, -2.0]])
    tensor = torch.from_numpy(z)
    expected = torch.softmax(tensor, -1) if name == "softmax" else getattr(torch, name)(tensor)
    np.testing.assert_allclose(
        activation(name).forward(z), expected.numpy(), rtol=1e-13, atol=1e-16
    )


@pytest.mark.torch
def test_log_softmax_agrees_with_torch_far_out() -> None:
    import torch

    z = np.array([[-800.0, 0.0, 800.0], [1.0, 2.0, 3.0]])
    expected = torch.log_softmax(torch.from_numpy(z), -1).numpy()
    np.testing.assert_allclose(log_softmax(z), expected, rtol=1e-15, atol=1e-15)


def test_float32_stays_float32() -> None:
    x = np.ones((2, 3, 4), np.float32)
    embedding = Embedding(5, 4)
    embedding.params["E"] = embedding.params["E"].astype(np.float32)
    assert TiedDense(embedding).params["b"].dtype == np.float32
    y = embedding.forward(np.array([1, 2]))
    embedding.backward(y)
    assert y.dtype == embedding.grads["E"].dtype == np.float32
    layers: list[Layer] = [Dense(4, 2, name) for name in ACTIVATIONS]
    layers += [TiedDense(embedding, name) for name in ACTIVATIONS]
    for layer in layers:
        for name, array in layer.params.items():
            layer.params[name] = array.astype(np.float32)
    for layer in [*layers, LastStep()]:
        y = layer.forward(x)
        results = [y, layer.backward(np.ones_like(y)), *layer.grads.values()]
        assert {array.dtype for array in results} == {np.dtype(np.float32)}


def test_messages() -> None:
    x = np.ones((2, 3, 4))
    with pytest.raises(ValueError, match="'relu'; use one of linear, sigmoid, tanh, softmax"):
        Dense(4, 2, "relu")
    dense = Dense(3, 2)
    with pytest.raises(ValueError, match=r"x is \(2, 3, 4\); it should be \(\.\.\., 3\)"):
        dense.forward(x)
    dense.forward(x[..., :3])
    with pytest.raises(ValueError, match=r"dy is \(2, 3\); y was \(2, 3, 2\)"):
        dense.backward(np.ones((2, 3)))
    embedding = Embedding(5, 2)
    with pytest.raises(TypeError, match="x is float64; an embedding needs integers"):
        embedding.forward(x)
    for wrong in (-1, 5):
        with pytest.raises(ValueError, match=r"it should be in 0 … 4"):
            embedding.forward(np.array([0, wrong]))
    embedding.forward(np.array([0, 1]))
    with pytest.raises(ValueError, match=r"dy is \(2,\); y was \(2, 2\)"):
        embedding.backward(np.ones(2))
    with pytest.raises(ValueError, match=r"x is \(4,\); it should be \(N, T, \.\.\.\)"):
        TimeDistributed(dense).forward(np.ones(4))
    last = LastStep()
    with pytest.raises(ValueError, match=r"it should be \(N, T, D\)"):
        last.forward(np.ones((2, 3)))
    last.forward(x)
    with pytest.raises(ValueError, match=r"dy is \(1, 4\); y was \(2, 4\)"):
        last.backward(np.ones((1, 4)))
    with pytest.raises(ValueError, match="steps is 0"):
        Repeat(0)
    with pytest.raises(ValueError, match=r"it should be \(N, D\)"):
        Repeat(3).forward(x)
    with pytest.raises(ValueError, match=r"y was \(N, 3, D\)"):
        Repeat(3).backward(np.ones((2, 2, 4)))

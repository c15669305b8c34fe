"""The losses: Keras's definitions restated in plain Python, gradients by complex step, torch."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
from lstm_reference.cells.cell import Array
from lstm_reference.training import losses

seeds = st.integers(0, 2**32 - 1)
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
drawn = settings(deadline=None, database=None, max_examples=40)
ALL = [
    losses.mean_squared_error,
    losses.binary_cross_entropy,
    losses.binary_cross_entropy_from_logits,
    losses.categorical_cross_entropy,
    losses.categorical_cross_entropy_from_logits,
]


def make(loss: losses.Loss, shape: tuple[int, ...], seed: int) -> tuple[Array, Array]:
    """A target and an output of the kind that the loss is about."""
    rng = np.random.default_rng(seed)
    probabilities = loss in (losses.binary_cross_entropy, losses.categorical_cross_entropy)
    output = rng.uniform(0.02, 0.98, shape) if probabilities else 4 * rng.standard_normal(shape)
    return rng.uniform(0, 1, shape), output


@pytest.mark.parametrize("loss", ALL)
@given(shape=shapes, seed=seeds)
@drawn
def test_gradients_are_the_complex_steps(
    loss: losses.Loss, shape: tuple[int, ...], seed: int
) -> None:
    target, output = make(loss, shape, seed)
    expected = complex_step.gradient(lambda z: loss(target, z)[0], output)
    got = loss(target, output)[1]
    assert got.shape == shape
    assert np.abs(got - expected).max() <= 1e-13 * max(1, np.abs(expected).max())


def squared(t: list[float], p: list[float]) -> float:
    return math.fsum((a - b) ** 2 for a, b in zip(t, p, strict=True)) / len(t)


def clip(p: float) -> float:
    return min(max(p, 1e-7), 1 - 1e-7)


def binary(t: list[float], p: list[float]) -> float:
    terms = (
        a * math.log(clip(b)) + (1 - a) * math.log(1 - clip(b)) for a, b in zip(t, p, strict=True)
    )
    return -math.fsum(terms) / len(t)


def categorical(t: list[float], p: list[float]) -> float:
    return -math.fsum(a * math.log(clip(b / math.fsum(p))) for a, b in zip(t, p, strict=True))


@pytest.mark.parametrize(
    ("loss", "of_a_row"),
    [
        (losses.mean_squared_error, squared),
        (losses.binary_cross_entropy, binary),
        (losses.categorical_cross_entropy, categorical),
    ],
)
def test_value_is_the_mean_over_batch_and_steps_of_what_keras_defines_for_a_row(
    loss: losses.Loss, of_a_row: object
) -> None:
    target, output = make(loss, (3, 2, 4), 1)
    output[0, 0, 0], output[2, 1, 3] = 0.0, 1.0  # where the clip acts
    rows = [
        of_a_row(list(target[n, t]), list(output[n, t])) for n, t in product(range(3), range(2))
    ]
    assert loss(target, output)[0] == pytest.approx(math.fsum(rows) / 6, rel=1e-14)


def test_logits_and_probabilities_agree() -> None:
    target, z = make(losses.mean_squared_error, (3, 2, 4), 2)
    p = 1 / (1 + np.exp(-z))
    q = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    for of_logits, of_probabilities, probabilities in (
        (losses.binary_cross_entropy_from_logits, losses.binary_cross_entropy, p),
        (losses.categorical_cross_entropy_from_logits, losses.categorical_cross_entropy, q),
    ):
        expected, _ = of_probabilities(target, probabilities)
        assert of_logits(target, z)[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.torch
def test_from_logits_agrees_with_torch_far_out() -> None:
    import torch

    z = np.array([[-800.0, 800.0, 30.0, 0.0], [1.0, -40.0, 2.0, 900.0]])
    target = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    tensor, labels = torch.from_numpy(z).requires_grad_(), torch.from_numpy(target)
    functional = torch.nn.functional
    for loss, expected in (
        (
            losses.binary_cross_entropy_from_logits,
            functional.binary_cross_entropy_with_logits(tensor, labels),
        ),
        (
            losses.categorical_cross_entropy_from_logits,
            functional.cross_entropy(tensor, labels),
        ),
    ):
        value, gradient = loss(target, z)
        (expected_gradient,) = torch.autograd.grad(expected, tensor)
        assert value == pytest.approx(expected.item(), rel=1e-14)
        np.testing.assert_allclose(gradient, expected_gradient.numpy(), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("loss", [losses.binary_cross_entropy, losses.categorical_cross_entropy])
def test_certain_and_wrong_costs_a_finite_loss_and_moves_nothing(loss: losses.Loss) -> None:
    value, gradient = loss(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert value == pytest.approx(-math.log(1e-7), rel=1e-8)
    assert not gradient.any()


@pytest.mark.parametrize("loss", ALL)
def test_float32_stays_float32(loss: losses.Loss) -> None:
    target, output = (array.astype(np.float32) for array in make(loss, (3, 2, 4), 3))
    value, gradient = loss(target, output)
    assert value.dtype == gradient.dtype == np.float32


@pytest.mark.parametrize("loss", ALL)
def test_shapes_that_would_broadcast_are_refused(loss: losses.Loss) -> None:
    with pytest.raises(ValueError, match=r"the target is \(3,\) and the output \(3, 1\)"):
        loss(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"\(0, 2\)"):
        loss(np.ones((0, 2)), np.ones((0, 2)))

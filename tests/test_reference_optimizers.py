"""The optimizers against their rules in plain Python, Keras's documented example, and torch."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lstm_reference.training.optimizers import (
    SGD,
    Adam,
    Optimizer,
    RMSprop,
    clip_by_global_norm,
    clip_by_value,
)

UPDATES = 25
gradients = np.random.default_rng(3).standard_normal((UPDATES, 4)) * [1e-6, 0.1, 1.0, 50.0]
start = np.array([1.0, -2.0, 0.5, 3.0])


def sgd(g: list[float], rate: float = 0.01, momentum: float = 0.9) -> Iterator[float]:
    m = 0.0
    for gradient in g:
        m = momentum * m - rate * gradient
        yield m


def adam(g: list[float], rate: float = 0.001, epsilon: float = 1e-7) -> Iterator[float]:
    for t in range(1, len(g) + 1):
        m = math.fsum(0.1 * 0.9 ** (t - s) * g[s - 1] for s in range(1, t + 1))
        v = math.fsum(0.001 * 0.999 ** (t - s) * g[s - 1] ** 2 for s in range(1, t + 1))
        yield -rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + epsilon)


def rmsprop(g: list[float], rate: float = 0.001, epsilon: float = 1e-7) -> Iterator[float]:
    for t in range(1, len(g) + 1):
        v = math.fsum(0.1 * 0.9 ** (t - s) * g[s - 1] ** 2 for s in range(1, t + 1))
        yield -rate * g[t - 1] / math.sqrt(v + epsilon)


def run(optimizer: Optimizer) -> np.ndarray:
    weights = start.copy()
    for gradient in gradients:
        optimizer.update(weights, gradient)
    return weights


@pytest.mark.parametrize(
    ("optimizer", "rule"), [(SGD(momentum=0.9), sgd), (Adam(), adam), (RMSprop(), rmsprop)]
)
def test_defaults_follow_the_rule(
    optimizer: Optimizer, rule: Callable[[list[float]], Iterator[float]]
) -> None:
    expected = [w + math.fsum(rule(list(gradients[:, k]))) for k, w in enumerate(start)]
    np.testing.assert_allclose(run(optimizer), expected, rtol=1e-13)


def test_sgd_without_momentum() -> None:
    np.testing.assert_allclose(run(SGD(0.1)), start - 0.1 * gradients.sum(axis=0), rtol=1e-13)


def test_keras_documented_example_of_rmsprop() -> None:
    """Keras's page on RMSprop: rate 0.1, the weight 10.0, its gradient 10.0: 9.683772."""
    weights = np.array([10.0])
    RMSprop(0.1).update(weights, weights.copy())
    assert weights[0] == pytest.approx(9.683772, abs=5e-7)


@pytest.mark.torch
def test_agree_with_torch_where_the_small_constant_does_not_matter() -> None:
    """torch adds ε elsewhere; here every |g| is far above it."""
    import torch

    tiny = 1e-30
    for optimizer, kind, options in (
        (Adam(epsilon=tiny), torch.optim.Adam, {"lr": 0.001, "eps": tiny}),
        (RMSprop(epsilon=tiny), torch.optim.RMSprop, {"lr": 0.001, "alpha": 0.9, "eps": tiny}),
        (SGD(0.01, 0.5), torch.optim.SGD, {"lr": 0.01, "momentum": 0.5}),
    ):
        weights = torch.tensor(start, requires_grad=True)
        theirs = kind([weights], **options)
        for gradient in gradients:
            weights.grad = torch.from_numpy(gradient.copy())
            theirs.step()
        np.testing.assert_allclose(run(optimizer), weights.detach().numpy(), rtol=1e-12)


def test_float32_stays_float32_and_the_gradient_is_left_alone() -> None:
    for optimizer in (SGD(momentum=0.9), Adam(), RMSprop()):
        weights, gradient = start.astype(np.float32), gradients[0].astype(np.float32)
        optimizer.update(weights, gradient)
        assert weights.dtype == np.float32
        assert np.array_equal(gradient, gradients[0].astype(np.float32))
        assert (weights != start.astype(np.float32)).sum() >= 3


def test_clip_by_global_norm() -> None:
    clip = clip_by_global_norm(5.0)
    np.testing.assert_allclose(clip(np.array([6.0, -8.0])), [3.0, -4.0], rtol=1e-15)
    for short in ([3.0, -4.0], [0.0, 0.0]):
        assert np.array_equal(clip(np.array(short)), short)


def test_clip_by_value() -> None:
    assert np.array_equal(clip_by_value(2.0)(np.array([6.0, -8.0, 1.5])), [2.0, -2.0, 1.5])


@pytest.mark.parametrize("kind", [SGD, Adam, RMSprop])
def test_the_clipped_gradient_is_what_is_used(kind: type[SGD | Adam | RMSprop]) -> None:
    weights, expected = start.copy(), start.copy()
    ours, plain = kind(clip=clip_by_value(0.3)), kind()
    for gradient in gradients:
        ours.update(weights, gradient)
        plain.update(expected, np.clip(gradient, -0.3, 0.3))
    assert np.array_equal(weights, expected)


def test_an_optimizer_belongs_to_one_vector() -> None:
    for optimizer in (SGD(), Adam(), RMSprop()):
        optimizer.update(np.ones(3), np.ones(3))
        with pytest.raises(ValueError, match="give each network an optimizer of its own"):
            optimizer.update(np.ones(4), np.ones(4))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(0.0),
        lambda: SGD(momentum=1.0),
        lambda: Adam(-1.0),
        lambda: Adam(beta_1=1.0),
        lambda: Adam(beta_2=-0.1),
        lambda: Adam(epsilon=0.0),
        lambda: RMSprop(math.nan),
        lambda: RMSprop(rho=1.0),
        lambda: RMSprop(epsilon=math.inf),
        lambda: clip_by_global_norm(0.0),
        lambda: clip_by_value(-1.0),
    ],
)
def test_settings_out_of_range_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="it should be"):
        make()

"""Optimizers for one flat vector of weights, with the rules and defaults of Keras.

`update(weights, gradient)` changes the vector in place; both are (P,). An optimizer belongs to one
vector, because it keeps running values for each entry. If `clip` is given, it is applied to the
gradient first. Settings outside their range raise ValueError.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from lstm_reference.cells.cell import Array

Clip = Callable[[Array], Array]


class Optimizer(Protocol):
    """What a network requires of an optimizer."""

    def update(self, weights: Array, gradient: Array) -> None:
        """Change the weights (P,) in place; the gradient (P,) is not changed."""


def clip_by_global_norm(limit: float) -> Clip:
    """Scale a gradient whose norm exceeds `limit` to that norm (Pascanu, Mikolov & Bengio 2013)."""
    _positive("the limit of the norm", limit)

    def clip(gradient: Array) -> Array:
        norm = float(np.linalg.norm(gradient))
        return gradient * (limit / norm) if norm > limit else gradient

    return clip


def clip_by_value(limit: float) -> Clip:
    """Clip every entry of a gradient to [-limit, limit]."""
    _positive("the limit of the values", limit)
    return lambda gradient: np.clip(gradient, -limit, limit)


class SGD:
    """Stochastic gradient descent: m ← μ m - η g, w ← w + m, with momentum μ (Polyak 1964)."""

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, clip: Clip | None = None
    ) -> None:
        _positive("the learning rate", learning_rate)
        _fraction("the momentum", momentum)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.clip = clip
        self._memory = _Memory(1)

    def update(self, weights: Array, gradient: Array) -> None:
        """One step of descent, in place. ValueError if the shape of the vector has changed."""
        gradient = self.clip(gradient) if self.clip else gradient
        (m,) = self._memory.of(weights)
        m *= self.momentum
        m -= self.learning_rate * gradient
        weights += m


class Adam:
    """Adam (Kingma & Ba 2015), in the form given just before section 2.1, as in Keras.

    m ← m + (1 - β₁)(g - m), v ← v + (1 - β₂)(g² - v),
    w ← w - η √(1 - β₂ᵗ)/(1 - β₁ᵗ) · m/(√v + ε) at the t-th update.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        clip: Clip | None = None,
    ) -> None:
        _positive("the learning rate", learning_rate)
        _fraction("beta_1", beta_1)
        _fraction("beta_2", beta_2)
        _positive("epsilon", epsilon)
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.clip = clip
        self._memory = _Memory(4)
        self._updates = 0

    def update(self, weights: Array, gradient: Array) -> None:
        """One step of Adam, in place. ValueError if the shape of the vector has changed."""
        gradient = self.clip(gradient) if self.clip else gradient
        m, v, change, root = self._memory.of(weights)
        self._updates += 1
        rate = self.learning_rate * (1 - self.beta_2**self._updates) ** 0.5
        rate /= 1 - self.beta_1**self._updates
        np.subtract(gradient, m, out=change)
        change *= 1 - self.beta_1
        m += change
        np.multiply(gradient, gradient, out=change)
        change -= v
        change *= 1 - self.beta_2
        v += change
        np.sqrt(v, out=root)
        root += self.epsilon
        np.divide(m, root, out=change)
        change *= rate
        weights -= change


class RMSprop:
    """RMSprop (Hinton 2012): v ← ρ v + (1 - ρ) g², w ← w - η g/√(v + ε), with ε as in Keras."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        epsilon: float = 1e-7,
        clip: Clip | None = None,
    ) -> None:
        _positive("the learning rate", learning_rate)
        _fraction("rho", rho)
        _positive("epsilon", epsilon)
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon
        self.clip = clip
        self._memory = _Memory(1)

    def update(self, weights: Array, gradient: Array) -> None:
        """One step of RMSprop, in place. ValueError if the shape of the vector has changed."""
        gradient = self.clip(gradient) if self.clip else gradient
        (v,) = self._memory.of(weights)
        v *= self.rho
        v += (1 - self.rho) * gradient**2
        weights -= self.learning_rate * gradient / np.sqrt(v + self.epsilon)


class _Memory:
    """Vectors of the shape of the weights, which start as zeros."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._vectors: tuple[Array, ...] = ()

    def of(self, weights: Array) -> tuple[Array, ...]:
        if not self._vectors:
            self._vectors = tuple(np.zeros_like(weights) for _ in range(self._count))
        if self._vectors[0].shape != weights.shape:
            raise ValueError(
                f"this optimizer belongs to a vector {self._vectors[0].shape} and was given one "
                f"{weights.shape}; give each network an optimizer of its own"
            )
        return self._vectors


def _positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"{name} is {value}; it should be positive")


def _fraction(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}; it should be in [0, 1)")

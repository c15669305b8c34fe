"""Activations, each with its gradient from its own output; analytic, so a complex step may pass."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array, sigmoid


@dataclass(frozen=True)
class Activation:
    """forward(z) -> y, and backward(dy, y) -> dz, of one shape; softmax is over the last axis."""

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]


def log_softmax(z: Array) -> Array:
    """z - log Σ exp z over the last axis, by shifting z so that its largest (real) entry is 0."""
    shifted: Array = z - z.real.max(axis=-1, keepdims=True)
    total: Array = np.exp(shifted).sum(axis=-1, keepdims=True)
    return shifted - np.log(total)


def softmax(z: Array) -> Array:
    """exp z / Σ exp z over the last axis; never overflows."""
    return np.exp(log_softmax(z))


def _softmax_backward(dy: Array, y: Array) -> Array:
    dz: Array = y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dz


_BY_NAME = {
    "linear": Activation(lambda z: z, lambda dy, y: dy),
    "sigmoid": Activation(sigmoid, lambda dy, y: dy * y * (1 - y)),
    "tanh": Activation(np.tanh, lambda dy, y: dy * (1 - y**2)),
    "softmax": Activation(softmax, _softmax_backward),
}


def activation(name: str) -> Activation:
    """The activation of that name: linear, sigmoid, tanh or softmax. ValueError for another."""
    if name not in _BY_NAME:
        raise ValueError(f"no activation is called {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]

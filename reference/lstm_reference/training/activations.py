"""Activation functions and their gradients.

Each gradient is computed from the function's output. The functions are analytic, so that a complex
step can differentiate them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array, sigmoid


@dataclass(frozen=True)
class Activation:
    """forward(z) -> y and backward(dy, y) -> dz, where all arrays have one shape (..., M)."""

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]


def log_softmax(z: Array) -> Array:
    """z - log Σ exp z over the last axis, in the shape (..., M) of z.

    z is first shifted so that its largest real part is 0 and nothing overflows.
    """
    shifted: Array = z - z.real.max(axis=-1, keepdims=True)
    total: Array = np.exp(shifted).sum(axis=-1, keepdims=True)
    return shifted - np.log(total)


def softmax(z: Array) -> Array:
    """exp z / Σ exp z over the last axis, in the shape (..., M) of z; it never overflows."""
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
    """The activation called linear, sigmoid, tanh or softmax; softmax is over the last axis.

    Raises:
        ValueError: there is no activation of this name.
    """
    if name not in _BY_NAME:
        raise ValueError(f"there is no activation {name!r}; use one of {', '.join(_BY_NAME)}")
    return _BY_NAME[name]

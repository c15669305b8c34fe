"""Losses as Keras defines them: loss(target, output) -> (value, gradient).

Target, output and gradient have one shape (..., M). The value is the mean over the last axis (for
categorical cross-entropy, the sum) and then the mean over all other axes: batch and time steps.
The gradient is that of the value with respect to the output. Probabilities are clipped to
[ε, 1 - ε] with Keras's ε = 1e-7, and the gradient is zero where they are clipped. The losses from
logits need no clipping and do not saturate. Every loss raises ValueError if the shapes of target
and output differ or if they are empty.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_reference.cells.cell import Array, sigmoid
from lstm_reference.training.activations import log_softmax

Loss = Callable[[Array, Array], tuple[Any, Array]]
EPSILON = 1e-7


def mean_squared_error(target: Array, output: Array) -> tuple[Any, Array]:
    """The mean of (output - target)²."""
    _check(target, output)
    error = output - target
    return (error * error).sum() / error.size, error * (2 / error.size)


def binary_cross_entropy(target: Array, output: Array) -> tuple[Any, Array]:
    """The mean of -t log p - (1 - t) log(1 - p), where the output p holds probabilities."""
    _check(target, output)
    p = _clip(output)
    value = (target * np.log(p) + (1 - target) * np.log(1 - p)).sum() / -p.size
    return value, (p - target) / (p * (1 - p) * p.size) * (p == output)


def binary_cross_entropy_from_logits(target: Array, output: Array) -> tuple[Any, Array]:
    """Binary cross-entropy of p = σ(z), where the output is z: the mean of softplus(z) - t z."""
    _check(target, output)
    positive = output.real > 0
    # log(1 + exp z), written for each sign so that exp never overflows
    softplus = np.where(positive, output, 0) + np.log1p(np.exp(np.where(positive, -output, output)))
    value = (softplus - target * output).sum() / output.size
    return value, (sigmoid(output) - target) / output.size


def categorical_cross_entropy(target: Array, output: Array) -> tuple[Any, Array]:
    """The mean of -Σ t log p, where the output p holds probabilities.

    They are first divided by their sum over the last axis, and then clipped.
    """
    _check(target, output)
    total = output.sum(axis=-1, keepdims=True)
    q = output / total
    p = _clip(q)
    rows = output.size // output.shape[-1]
    dq = target / (-p * rows) * (p == q)
    gradient = (dq - (dq * q).sum(axis=-1, keepdims=True)) / total
    return (target * np.log(p)).sum() / -rows, gradient


def categorical_cross_entropy_from_logits(target: Array, output: Array) -> tuple[Any, Array]:
    """Categorical cross-entropy of p = softmax(z), where the output is z."""
    _check(target, output)
    log_p = log_softmax(output)
    rows = output.size // output.shape[-1]
    gradient = np.exp(log_p) * target.sum(axis=-1, keepdims=True) - target
    return (target * log_p).sum() / -rows, gradient / rows


def _clip(p: Array) -> Array:
    clipped: Array = np.minimum(np.maximum(p, EPSILON), 1 - EPSILON)
    return clipped


def _check(target: Array, output: Array) -> None:
    if target.shape != output.shape or not output.size:
        raise ValueError(
            f"the target is {target.shape} and the output {output.shape}; "
            "they should have one shape and not be empty"
        )

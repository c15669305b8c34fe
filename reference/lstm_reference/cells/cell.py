"""One LSTM step and its gradient, as the textbook writes them. Everything else is compared to this.

    i = σ(x·Wᵢ + h·Uᵢ + bᵢ)        input gate
    f = σ(x·W_f + h·U_f + b_f)      forget gate
    g = tanh(x·W_g + h·U_g + b_g)   candidate
    o = σ(x·Wₒ + h·Uₒ + bₒ)        output gate
    c' = f ⊙ c + i ⊙ g              cell state
    h' = o ⊙ tanh(c')               hidden state

Hochreiter & Schmidhuber (1997) with the forget gate of Gers, Schmidhuber & Cummins (2000).
Shapes: x (N, D), h and c (N, H), W (D, 4H), U (H, 4H), b (4H,), with gate blocks i, f, g, o.
Every operation is analytic, so that a complex step through `step_forward` differentiates it to
machine precision (Squire & Trapp 1998).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
State = tuple[Array, Array]  # (h, c)


def sigmoid(z: Array) -> Array:
    """σ(z) = ½(1 + tanh(z/2)), of any shape: it never overflows, and it is analytic in z."""
    return 0.5 * (1 + np.tanh(0.5 * z))


@dataclass(frozen=True)
class Cache:
    """What `step_backward` needs of one forward step: x (N, D), all other arrays (N, H)."""

    x: Array
    h: Array
    c: Array
    i: Array
    f: Array
    g: Array
    o: Array
    tanh_c_next: Array


@dataclass(frozen=True)
class StepGradient:
    """The gradient of one step: dx (N, D), dh and dc (N, H); dW, dU and db like W, U and b."""

    dx: Array
    dh: Array
    dc: Array
    dW: Array
    dU: Array
    db: Array


def step_forward(
    x: Array, h: Array, c: Array, W: Array, U: Array, b: Array
) -> tuple[Array, Array, Cache]:
    """One step from the state (h, c).

    Args:
        x: the input (N, D).
        h, c: the state before the step, each (N, H).
        W, U, b: the weights (D, 4H), (H, 4H) and (4H,), with gate blocks i, f, g, o.

    Returns:
        h' and c', each (N, H), and the cache for `step_backward`. The cache refers to x, h and c
        and does not copy them.

    Raises:
        ValueError: the shapes do not fit together.
    """
    zi, zf, zg, zo = np.split(x @ W + h @ U + b, 4, axis=1)
    i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
    c_next = f * c + i * g
    tanh_c_next = np.tanh(c_next)
    h_next = o * tanh_c_next
    return h_next, c_next, Cache(x, h, c, i, f, g, o, tanh_c_next)


def step_backward(dh_next: Array, dc_next: Array, cache: Cache, W: Array, U: Array) -> StepGradient:
    """The gradient of one step, with σ' = σ(1 - σ) and tanh' = 1 - tanh².

    Args:
        dh_next, dc_next: the gradients of the loss with respect to h' and c', each (N, H).
        cache: what `step_forward` returned.
        W, U: the weights (D, 4H) and (H, 4H) that `step_forward` was given.

    Returns:
        The gradients of the loss with respect to all arguments of `step_forward`.

    Raises:
        ValueError: the shapes do not fit together.
    """
    s = cache
    do = dh_next * s.tanh_c_next
    dc = dc_next + dh_next * s.o * (1 - s.tanh_c_next**2)
    di, df, dg = dc * s.g, dc * s.c, dc * s.i
    dz = np.concatenate(
        [di * s.i * (1 - s.i), df * s.f * (1 - s.f), dg * (1 - s.g**2), do * s.o * (1 - s.o)],
        axis=1,
    )
    return StepGradient(
        dx=dz @ W.T,
        dh=dz @ U.T,
        dc=dc * s.f,
        dW=s.x.T @ dz,
        dU=s.h.T @ dz,
        db=dz.sum(axis=0),
    )

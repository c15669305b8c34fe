"""The cell of `cell.py` unrolled over a sequence, a step at a time: the plainest LSTM layer.

What the laws expect comes from here, and benchmarks call it "plain". It is slow, and short enough
to be believed. Shapes: x (N, T, D), y (N, T, H), states (N, H).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array, Cache, step_backward, step_forward

State = tuple[Array, Array]


@dataclass(frozen=True)
class Gradients:
    """dx (N, T, D), dh0 and dc0 (N, H), dW (D, 4H), dU (H, 4H), db (4H,)."""

    dx: Array
    dh0: Array
    dc0: Array
    dW: Array
    dU: Array
    db: Array


def forward(
    params: Mapping[str, Array], x: Array, state: State
) -> tuple[Array, State, list[Cache]]:
    """The outputs y, the final state (h, c), and a cache a step."""
    h, c = state
    outputs, caches = [], []
    for t in range(x.shape[1]):
        h, c, cache = step_forward(x[:, t], h, c, params["W"], params["U"], params["b"])
        outputs.append(h)
        caches.append(cache)
    return np.stack(outputs, axis=1), (h, c), caches


def backward(
    params: Mapping[str, Array], caches: list[Cache], dy: Array, dstate: State
) -> Gradients:
    """Backpropagation through time (Werbos 1990): the gradients from dy (N, T, H) and (dh, dc)."""
    dh, dc = dstate
    dxs = []
    dW, dU, db = (np.zeros_like(params[name]) for name in ("W", "U", "b"))
    for t in reversed(range(len(caches))):
        step = step_backward(dh + dy[:, t], dc, caches[t], params["W"], params["U"])
        dh, dc = step.dh, step.dc
        dW, dU, db = dW + step.dW, dU + step.dU, db + step.db
        dxs.append(step.dx)
    return Gradients(np.stack(dxs[::-1], axis=1), dh, dc, dW, dU, db)

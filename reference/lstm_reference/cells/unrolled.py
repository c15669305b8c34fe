"""The cell of `cell.py` in a loop over time: the plainest LSTM layer.

It is slow, and short enough to be verified by reading. The laws take their expected values from
it, and the benchmarks call it "plain". Shapes: x (N, T, D), y (N, T, H), states (N, H).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array, Cache, State, step_backward, step_forward


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
    """Run the cell over a batch of sequences.

    Args:
        params: "W" (D, 4H), "U" (H, 4H) and "b" (4H,), with gate blocks i, f, g, o.
        x: inputs (N, T, D) with T ≥ 1.
        state: the initial (h, c), each (N, H).

    Returns:
        The outputs y (N, T, H), the final state (h, c), each (N, H), and one cache per step.

    Raises:
        ValueError: the shapes do not fit together.
    """
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
    """Backpropagation through time (Werbos 1990).

    Args:
        params: the weights that `forward` was given.
        caches: what `forward` returned.
        dy: the gradient of the loss with respect to y, (N, T, H).
        dstate: the gradients of the loss with respect to the final (h, c), each (N, H).

    Returns:
        The gradients of the loss with respect to x, the initial state and the weights.

    Raises:
        ValueError: the shapes do not fit together.
    """
    dh, dc = dstate
    dxs = []
    dW, dU, db = (np.zeros_like(params[name]) for name in ("W", "U", "b"))
    for t in reversed(range(len(caches))):
        step = step_backward(dh + dy[:, t], dc, caches[t], params["W"], params["U"])
        dh, dc = step.dh, step.dc
        dW, dU, db = dW + step.dW, dU + step.dU, db + step.db
        dxs.append(step.dx)
    return Gradients(np.stack(dxs[::-1], axis=1), dh, dc, dW, dU, db)

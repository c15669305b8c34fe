"""Runs a function for one time step over a sequence, and its gradient back."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def unrolled(
    step: Callable[..., Any], x: Any, h: Any, c: Any, stack: Callable[..., Any] = np.stack
) -> Any:
    """y, (h, c) of a cell over a sequence: step(x_t, h, c) gives the next h and c.

    Args:
        step: one time step.
        x: (N, T, D), in the arrays of any framework.
        h, c: the initial state, (N, H).
        stack: the framework's `stack`, which puts the h of all steps on a new axis 1.
    """
    outputs = []
    for t in range(x.shape[1]):
        h, c = step(x[:, t], h, c)
        outputs.append(h)
    return stack(outputs, 1), (h, c)


def pulled_back(
    step_backward: Callable[..., Any], dy: Any, dh: Any, dc: Any, caches: Sequence[Any]
) -> Any:
    """dx, (dh0, dc0) and the summed gradients of a cell's weights over a sequence.

    Args:
        step_backward: step_backward(dh, dc, cache) gives dx, dh, dc and a dict of gradients.
        dy: (N, T, H).
        dh, dc: the gradients with respect to the final state, (N, H).
        caches: what each step left, in the order of time.
    """
    steps: list[Any] = []
    grads: dict[str, Any] = {}
    for t in reversed(range(len(caches))):
        dx, dh, dc, found = step_backward(dy[:, t] + dh, dc, caches[t])
        steps.insert(0, dx)
        for name, grad in found.items():
            grads[name] = grad + grads[name] if name in grads else np.array(grad)
    return np.stack(steps, 1), (dh, dc), grads

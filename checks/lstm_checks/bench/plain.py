"""The rival "plain": the textbook's cell in a loop over time, as `lstm_reference.cells.unrolled` has it.

Imported in the process that is timed.
"""

from typing import Any

import numpy as np

from lstm_checks.conventions import Array
from lstm_reference.cells import unrolled


class Plain:
    """In the native contract; every step does its own input product and its own gradients."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array, state: Any = None) -> tuple[Array, tuple[Array, Array]]:
        zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)
        y, final, self._caches = unrolled.forward(self.params, x, state or (zeros, zeros))
        return y, final

    def backward(self, dy: Array, dstate: Any = None) -> tuple[Array, tuple[Array, Array]]:
        zeros = np.zeros((dy.shape[0], self.hidden_size), dy.dtype)
        got = unrolled.backward(self.params, self._caches, dy, dstate or (zeros, zeros))
        self.grads = {"W": got.dW, "U": got.dU, "b": got.db}
        return got.dx, (got.dh0, got.dc0)

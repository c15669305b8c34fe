"""The rival "plain": the textbook's cell in a loop over time (`lstm_reference.cells.unrolled`).

The file is imported in the timed process.
"""

from lstm_checks.findings import Array
from lstm_reference.cells import unrolled

State = tuple[Array, Array]


class Plain:
    """In the native contract; every step does its own input product and its own gradients."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array, state: State) -> tuple[Array, State]:
        y, self._final, self._caches = unrolled.forward(self.params, x, state)
        return y, self._final

    def backward(self, dy: Array) -> tuple[Array, State]:
        zeros = 0 * self._final[0], 0 * self._final[1]
        got = unrolled.backward(self.params, self._caches, dy, zeros)
        self.grads = {"W": got.dW, "U": got.dU, "b": got.db}
        return got.dx, (got.dh0, got.dc0)

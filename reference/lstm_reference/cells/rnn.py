"""The simple recurrent layer, h' = tanh(x·W + h·U + b) (Elman 1990)."""

from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.cells.initial_weights import rnn_weights
from lstm_reference.cells.shapes import check_input, check_output_gradient, check_state


@dataclass(frozen=True)
class _Cache:
    """What `backward` needs of one call: x (N, T, D), h (N, T+1, H)."""

    x: Array
    h: Array


class SimpleRNN:
    """A simple recurrent layer, with the methods of `lstm.LSTM`.

    `params` holds "W" (D, H), "U" (H, H) and "b" (H,). After `backward`, `grads` has the same keys
    and shapes. The state is h (N, H) alone.

    `backward` goes back to the first step that `forward` was given and no further. To feed a
    stateful layer one window after another is therefore truncated backpropagation through time
    (Williams & Peng 1990): the state is carried on, and the gradient ends at the window's edge.

    Args:
        input_size: D, the number of features of an input.
        hidden_size: H, the number of units.
        stateful: start each call from the final state of the previous call.
        return_sequences: return y for every step or, if false, for the last step only.
        rng: draws the initial weights, all from U(-1/√H, 1/√H) as in PyTorch; seed 0 by default.

    Raises:
        ValueError: hidden_size is less than 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        stateful: bool = False,
        return_sequences: bool = True,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.stateful = stateful
        self.return_sequences = return_sequences
        self.params = rnn_weights(input_size, hidden_size, rng)
        self.grads: dict[str, Array] = {}
        self._state: Array | None = None
        self._cache: _Cache | None = None

    def reset_state(self) -> None:
        """Discard the carried state: the next call starts from zeros."""
        self._state = None

    def forward(self, x: Array, state: Array | None = None) -> tuple[Array, Array]:
        """Run the layer over a batch of sequences.

        Args:
            x: inputs (N, T, D).
            state: the initial h (N, H). None stands for the carried state if the layer is stateful
                and has one, otherwise for zeros.

        Returns:
            y (N, T, H), or (N, H) without `return_sequences`, and the final h (N, H).

        Raises:
            ValueError: x or the state does not have the shape above.
        """
        W, U, b = (self.params[name] for name in ("W", "U", "b"))
        check_input(x, self.input_size)
        N, T, D = x.shape
        H = self.hidden_size
        state = self._state if state is None else state
        state = np.zeros((N, H)) if state is None else state
        check_state([state], ["h"], (N, H))

        z = (x.reshape(N * T, D) @ W + b).reshape(N, T, H)
        h = np.empty((N, T + 1, H), np.result_type(z, U))
        h[:, 0] = state
        for t in range(T):
            h[:, t + 1] = np.tanh(z[:, t] + h[:, t] @ U)

        self._cache = _Cache(x.copy(), h)
        if self.stateful:
            self._state = h[:, T].copy()
        return (h[:, 1:] if self.return_sequences else h[:, T]).copy(), h[:, T].copy()

    def backward(self, dy: Array, dstate: Array | None = None) -> tuple[Array, Array]:
        """The gradient of the last `forward`, by backpropagation through time.

        Args:
            dy: the gradient of the loss with respect to y, of the shape of y.
            dstate: the gradient of the loss with respect to the final h (N, H); None stands for
                zeros.

        Returns:
            dx (N, T, D) and dh0 (N, H). `grads` holds the gradients with respect to the weights.

        Raises:
            RuntimeError: `forward` has not been called.
            ValueError: dy or dstate does not have the shape above.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a call of forward first")
        x, h = self._cache.x, self._cache.h
        W, U = self.params["W"], self.params["U"]
        N, T, D = x.shape
        H = self.hidden_size
        check_output_gradient(dy, (N, T, H) if self.return_sequences else (N, H))
        dh = np.zeros_like(h[:, 0]) if dstate is None else dstate
        check_state([dh], ["dh"], (N, H))
        if not self.return_sequences:
            last, dy = dy, np.zeros((N, T, H), dy.dtype)
            dy[:, -1] = last

        dz = np.empty((N, T, H), h.dtype)
        for t in reversed(range(T)):
            dz[:, t] = (dh + dy[:, t]) * (1 - h[:, t + 1] ** 2)
            dh = dz[:, t] @ U.T

        rows = dz.reshape(N * T, H)
        self.grads = {
            "W": x.reshape(N * T, D).T @ rows,
            "U": h[:, :-1].reshape(N * T, H).T @ rows,
            "b": rows.sum(axis=0),
        }
        return (rows @ W.T).reshape(N, T, D), dh

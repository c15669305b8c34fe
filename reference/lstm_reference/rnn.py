"""The simple recurrent layer, h' = tanh(x·W + h·U + b), in the style of `lstm.py` (Elman 1990)."""

from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array
from lstm_reference.shapes import check_input, check_output_gradient, check_state


@dataclass(frozen=True)
class _Cache:
    """What `backward` needs of one call: x (N, T, D), h (N, T+1, H)."""

    x: Array
    h: Array


class SimpleRNN:
    """A simple recurrent layer.

    `params` holds "W" (D, H), "U" (H, H) and "b" (H,); `grads`, after `backward`, the same keys
    and shapes. The state is h (N, H) alone. `backward` goes back to the first step of the window
    that `forward` was given and no further: with `stateful`, a window after another is truncated
    backpropagation through time (Williams & Peng 1990), state carried, gradient cut at the edge.

    Args:
        input_size: D, the number of features of an input.
        hidden_size: H, the number of units.
        stateful: start each call from the final state of the call before.
        return_sequences: return y for every step, else for the last step only.
        rng: draws the initial weights, all U(-1/√H, 1/√H) as PyTorch's; seed 0 if left out.
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
        rng = np.random.default_rng(0) if rng is None else rng
        bound = hidden_size**-0.5
        self.params: dict[str, Array] = {
            "W": rng.uniform(-bound, bound, (input_size, hidden_size)),
            "U": rng.uniform(-bound, bound, (hidden_size, hidden_size)),
            "b": rng.uniform(-bound, bound, hidden_size),
        }
        self.grads: dict[str, Array] = {}
        self._state: Array | None = None
        self._cache: _Cache | None = None

    def reset_state(self) -> None:
        """Forget the carried state: the next call starts from zeros."""
        self._state = None

    def forward(self, x: Array, state: Array | None = None) -> tuple[Array, Array]:
        """Run the layer over a batch of sequences.

        Args:
            x: inputs (N, T, D).
            state: the initial h (N, H); if None, the carried state in stateful mode, else zeros.

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
            dy: the loss's gradient by y, of y's shape.
            dstate: its gradient by the final h (N, H); None means zeros.

        Returns:
            dx (N, T, D) and dh0 (N, H). `grads` holds those of the weights.

        Raises:
            RuntimeError: `forward` was not called before.
            ValueError: dy or dstate does not have the shape of what it is the gradient of.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a forward before it")
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

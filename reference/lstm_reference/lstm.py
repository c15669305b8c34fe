"""The LSTM layer over a sequence, in the native contract: forward, backward, stateful on request.

The equations are those of `cell.py`; here the input products of all steps are one product, and so
are the weight gradients, so that only the recurrent products remain in the loop over time.
"""

from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array, sigmoid

State = tuple[Array, Array]


@dataclass(frozen=True)
class _Cache:
    """What `backward` needs of one call: x (N, T, D), h and c (N, T+1, H), gates (N, T, 4H)."""

    x: Array
    h: Array
    c: Array
    gates: Array
    tanh_c: Array


class LSTM:
    """An LSTM layer.

    `params` holds "W" (D, 4H), "U" (H, 4H) and "b" (4H,), gate blocks i, f, g, o; `grads`, after
    `backward`, the same keys and shapes. Arrays may be float32 or float64; what is returned has
    the dtype that NumPy gives to x and the weights together.

    Args:
        input_size: D, the number of features of an input.
        hidden_size: H, the number of units.
        stateful: start each call from the final state of the call before.
        return_sequences: return y for every step (many-to-many), else for the last step only
            (many-to-one).
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
        shapes = {
            "W": (input_size, 4 * hidden_size),
            "U": (hidden_size, 4 * hidden_size),
            "b": (4 * hidden_size,),
        }
        self.params: dict[str, Array] = {
            name: rng.uniform(-bound, bound, shape) for name, shape in shapes.items()
        }
        self.grads: dict[str, Array] = {}
        self._state: State | None = None
        self._cache: _Cache | None = None

    def reset_state(self) -> None:
        """Forget the carried state: the next call starts from zeros."""
        self._state = None

    def forward(self, x: Array, state: State | None = None) -> tuple[Array, State]:
        """Run the layer over a batch of sequences.

        Args:
            x: inputs (N, T, D).
            state: the initial (h, c), each (N, H); if None, the carried state in stateful mode,
                else zeros.

        Returns:
            y (N, T, H), or (N, H) without `return_sequences`, and the final (h, c), each (N, H).

        Raises:
            ValueError: x or the state does not have the shape above.
        """
        W, U, b = (self.params[name] for name in ("W", "U", "b"))
        H = self.hidden_size
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != self.input_size:
            raise ValueError(f"x is {x.shape}; it should be (N, T, {self.input_size}) with T ≥ 1")
        N, T, D = x.shape
        if state is None:
            state = self._state
        if state is None:
            state = (np.zeros((N, H), x.dtype), np.zeros((N, H), x.dtype))
        for name, array in zip("hc", state, strict=True):
            if array.shape != (N, H):
                raise ValueError(
                    f"the initial {name} is {array.shape}; this batch needs {(N, H)} "
                    "(reset_state() forgets the state of another batch)"
                )

        z = (x.reshape(N * T, D) @ W + b).reshape(N, T, 4 * H)
        h = np.empty((N, T + 1, H), z.dtype)
        c = np.empty((N, T + 1, H), z.dtype)
        tanh_c = np.empty((N, T, H), z.dtype)
        h[:, 0], c[:, 0] = state
        for t in range(T):
            z[:, t] += h[:, t] @ U
            gates = sigmoid(z[:, t])
            gates[:, 2 * H : 3 * H] = np.tanh(z[:, t, 2 * H : 3 * H])
            z[:, t] = gates  # the gates take their pre-activations' place
            i, f, g, o = np.split(gates, 4, axis=1)
            c[:, t + 1] = f * c[:, t] + i * g
            tanh_c[:, t] = np.tanh(c[:, t + 1])
            h[:, t + 1] = o * tanh_c[:, t]

        self._cache = _Cache(x.copy(), h, c, z, tanh_c)
        if self.stateful:
            self._state = (h[:, T].copy(), c[:, T].copy())
        y = h[:, 1:].copy() if self.return_sequences else h[:, T].copy()
        return y, (h[:, T].copy(), c[:, T].copy())

    def backward(self, dy: Array, dstate: State | None = None) -> tuple[Array, State]:
        """The gradient of the last `forward`, by backpropagation through time.

        Args:
            dy: the loss's gradient by y, of y's shape.
            dstate: its gradients by the final h and c, each (N, H); None means zeros.

        Returns:
            dx (N, T, D) and (dh0, dc0), each (N, H). `grads` holds those of the weights.

        Raises:
            RuntimeError: `forward` was not called before.
            ValueError: dy does not have the shape of y.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a forward before it")
        x, h, c, gates, tanh_c = vars(self._cache).values()
        W, U = self.params["W"], self.params["U"]
        N, T, D = x.shape
        H = self.hidden_size
        expected = (N, T, H) if self.return_sequences else (N, H)
        if dy.shape != expected:
            raise ValueError(f"dy is {dy.shape}; y was {expected}")
        if not self.return_sequences:
            last = dy
            dy = np.zeros((N, T, H), last.dtype)
            dy[:, -1] = last
        dh, dc = dstate if dstate is not None else (np.zeros_like(h[:, 0]), np.zeros_like(c[:, 0]))

        dz = np.empty_like(gates)
        for t in reversed(range(T)):
            i, f, g, o = np.split(gates[:, t], 4, axis=1)
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh_c[:, t] ** 2)
            dz[:, t, :H] = dc * g * i * (1 - i)
            dz[:, t, H : 2 * H] = dc * c[:, t] * f * (1 - f)
            dz[:, t, 2 * H : 3 * H] = dc * i * (1 - g**2)
            dz[:, t, 3 * H :] = dh * tanh_c[:, t] * o * (1 - o)
            dh = dz[:, t] @ U.T
            dc = dc * f

        rows = dz.reshape(N * T, 4 * H)
        self.grads = {
            "W": x.reshape(N * T, D).T @ rows,
            "U": h[:, :-1].reshape(N * T, H).T @ rows,
            "b": rows.sum(axis=0),
        }
        return (rows @ W.T).reshape(N, T, D), (dh, dc)

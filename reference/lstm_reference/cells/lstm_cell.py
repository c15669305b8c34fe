"""The LSTM cell as a class: one time step, in the native layout of the weights."""

import numpy as np

from lstm_reference.cells.cell import Array, Cache, State, step_backward, step_forward
from lstm_reference.cells.initial_weights import lstm_weights
from lstm_reference.cells.shapes import check_shape, check_state


class LSTMCell:
    """One step of an LSTM, with the equations of `cell.py`.

    The class adds weights and gradients to `step_forward` and `step_backward`. For a whole
    sequence use `LSTM`; for a loop of your own over time, which needs the cache of every step, use
    the two functions.

    `params` holds "W" (D, 4H), "U" (H, 4H) and "b" (4H,) with gate blocks i, f, g, o. After
    `backward`, `grads` has the same keys and shapes. Arrays may be float32 or float64; the results
    have the dtype that NumPy gives to the inputs and the weights together.

    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins
    (2000). The interface follows `torch.nn.LSTMCell`.

    Args:
        input_size: D, the number of features of an input.
        hidden_size: H, the number of units.
        rng: draws the initial weights, all from U(-1/√H, 1/√H) as in PyTorch; seed 0 by default.

    Raises:
        ValueError: hidden_size is less than 1.
    """

    def __init__(
        self, input_size: int, hidden_size: int, rng: np.random.Generator | None = None
    ) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.params = lstm_weights(input_size, hidden_size, rng)
        self.grads: dict[str, Array] = {}
        self._cache: Cache | None = None

    def forward(self, x: Array, state: State | None = None) -> State:
        """The next state.

        Args:
            x: one input per row of the batch, (N, D).
            state: the state (h, c) before the step, each (N, H); None stands for zeros.

        Returns:
            The state (h', c') after the step, each (N, H). h' is also the output of the cell.

        Raises:
            ValueError: x or the state does not have the shape above.
        """
        W, U, b = (self.params[name] for name in ("W", "U", "b"))
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise ValueError(f"x is {x.shape}; it should be (N, {self.input_size})")
        shape = (len(x), self.hidden_size)
        if state is None:
            dtype = np.result_type(x, W, U, b)
            state = np.zeros(shape, dtype), np.zeros(shape, dtype)
        check_state(state, ("h", "c"), shape)
        # copies, so that the gradient stays right when the caller changes its arrays
        h, c, self._cache = step_forward(x.copy(), state[0].copy(), state[1].copy(), W, U, b)
        return h, c

    def backward(self, dh: Array, dc: Array | None = None) -> tuple[Array, State]:
        """The gradient of the last `forward`.

        Args:
            dh: the gradient of the loss with respect to h', (N, H).
            dc: the gradient of the loss with respect to c', (N, H); None stands for zeros.

        Returns:
            The gradients with respect to x, (N, D), and to the state before the step, (h, c),
            each (N, H). `grads` holds the gradients with respect to the weights.

        Raises:
            RuntimeError: `forward` has not been called.
            ValueError: dh or dc does not have the shape above.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a call of forward first")
        shape = self._cache.h.shape
        check_shape("dh", dh, shape)
        dc = np.zeros_like(dh) if dc is None else dc
        check_shape("dc", dc, shape)
        step = step_backward(dh, dc, self._cache, self.params["W"], self.params["U"])
        self.grads = {"W": step.dW, "U": step.dU, "b": step.db}
        return step.dx, (step.dh, step.dc)

"""No bias at all, declared as biases = 0; stateful is offered, backward is not."""

import numpy as np


class LSTM:
    biases = 0

    def __init__(self, input_size, hidden_size, stateful=False):
        self.W = np.eye(input_size, 4 * hidden_size)
        self.U = np.eye(hidden_size, 4 * hidden_size)
        self.stateful, self.state = stateful, None

    def reset_state(self):
        self.state = None

    def forward(self, x, state=None):
        H = len(self.U)
        start = state if state is not None else self.state
        h, c = start if start is not None else np.zeros((2, x.shape[0], H), x.dtype)
        y = []
        for t in range(x.shape[1]):
            z = np.tanh(
                (x[:, t] @ self.W + h @ self.U) * np.repeat([0.5, 0.5, 1, 0.5], H).astype(x.dtype)
            )
            i, f, o = (0.5 * (1 + z[:, k * H : (k + 1) * H]) for k in (0, 1, 3))
            c = f * c + i * z[:, 2 * H : 3 * H]
            h = o * np.tanh(c)
            y += [h]
        if self.stateful:
            self.state = np.stack([h, c])
        return np.swapaxes(np.array(y), 0, 1), (h, c)

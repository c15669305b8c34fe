"""An LSTM with one mistake in it: `lstm-checks check examples/wrong_lstm.py` says which."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class LSTM:
    """Weights W (D, 4H), U (H, 4H), b (4H,), gate blocks i, f, g, o."""

    def __init__(self, input_size, hidden_size, stateful=False):
        rng = np.random.default_rng(0)
        bound = 1 / np.sqrt(hidden_size)
        self.hidden_size = hidden_size
        self.stateful = stateful
        self.params = {
            "W": rng.uniform(-bound, bound, (input_size, 4 * hidden_size)),
            "U": rng.uniform(-bound, bound, (hidden_size, 4 * hidden_size)),
            "b": np.zeros(4 * hidden_size),
        }
        self.grads = {}
        self.reset_state()

    def reset_state(self):
        self.state = None

    def forward(self, x, state=None):
        """x (N, T, D) -> y (N, T, H), (h, c)."""
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        if state is None and self.stateful:
            state = self.state
        if state is None:
            zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)
            state = zeros, zeros
        h, c = state
        self.x, self.steps, outputs = x, [], []
        for t in range(x.shape[1]):
            zi, zf, zg, zo = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
            i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
            c_next = f * c + i * g
            self.steps.append((h, c, i, f, g, o, np.tanh(c_next)))
            h, c = o * np.tanh(c_next), c_next
            outputs.append(h)
        if self.stateful:
            self.state = h.copy(), c.copy()
        return np.stack(outputs, axis=1), (h, c)

    def backward(self, dy, dstate=None):
        """dy (N, T, H) -> dx (N, T, D), (dh0, dc0); the weights' gradients go into grads."""
        W, U = self.params["W"], self.params["U"]
        zeros = np.zeros_like(dy[:, 0])
        dh, dc = (zeros, zeros) if dstate is None else dstate
        self.grads = {name: np.zeros_like(array) for name, array in self.params.items()}
        dx = np.empty(self.x.shape, dy.dtype)
        for t in reversed(range(len(self.steps))):
            h, c, i, f, g, o, tanh_c = self.steps[t]
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh_c**2)
            di, df, dg, do = dc * g, dc * c, dc * i, dh * tanh_c
            dz = [di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)]
            dz = np.concatenate(dz, axis=1)
            self.grads["W"] += self.x[:, t].T @ dz
            self.grads["U"] += h.T @ dz
            self.grads["b"] += dz.sum(axis=0)
            dx[:, t] = dz @ W.T
            dh, dc = dz @ U.T, dc
        return dx, (dh, dc)

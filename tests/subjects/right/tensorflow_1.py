"""As TensorFlow's BasicLSTMCell: i, j, f, o, the state (c, h), 1 added to the forget gate."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -80, 80)))


class BasicLSTM:
    gate_order = "ijfo"
    state_order = "ch"
    forget_bias = 1.0

    def __init__(self, n_input, num_units, stateful=False):
        self.num_units = num_units
        self.params = dict(
            W=np.random.randn(n_input, 4 * num_units),
            U=np.random.randn(num_units, 4 * num_units),
            b=np.zeros((1, 4 * num_units)),
        )
        self.stateful = stateful
        self.carried = None

    def reset_state(self):
        self.carried = None

    def cell(self, x, c, h):
        p = self.params
        i, j, f, o = np.split(x @ p["W"] + h @ p["U"] + p["b"], 4, axis=1)
        i, j, f, o = sigmoid(i), np.tanh(j), sigmoid(f + self.forget_bias), sigmoid(o)
        new_c = c * f + i * j
        return new_c, np.tanh(new_c) * o, (x, c, h, i, j, f, o, new_c)

    def forward(self, x, state=None):
        zeros = np.zeros((x.shape[0], self.num_units), x.dtype)
        c, h = state or self.carried or (zeros, zeros)
        outputs, self.caches = [], []
        for x_t in np.moveaxis(x, 1, 0):
            c, h, cache = self.cell(x_t, c, h)
            outputs.append(h)
            self.caches.append(cache)
        if self.stateful:
            self.carried = (c.copy(), h.copy())
        return np.moveaxis(np.array(outputs), 0, 1), (c, h)

    def backward(self, dy, dstate=None):
        dc, dh = dstate or (np.zeros_like(dy[:, 0]), np.zeros_like(dy[:, 0]))
        grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        dx = np.zeros((dy.shape[0], dy.shape[1], self.params["W"].shape[0]), dy.dtype)
        for t, (x, c, h, i, j, f, o, new_c) in reversed(list(enumerate(self.caches))):
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - np.tanh(new_c) ** 2)
            d_i, d_j = dc * j * i * (1 - i), dc * i * (1 - j**2)
            d_f, d_o = dc * c * f * (1 - f), dh * np.tanh(new_c) * o * (1 - o)
            dz = np.hstack((d_i, d_j, d_f, d_o))
            grads["W"] += x.T @ dz
            grads["U"] += h.T @ dz
            grads["b"] += dz.sum(axis=0, keepdims=True)
            dx[:, t] = dz @ self.params["W"].T
            dh, dc = dz @ self.params["U"].T, dc * f
        self.grads = grads
        return dx, (dc, dh)

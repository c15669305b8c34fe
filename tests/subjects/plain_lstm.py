"""A plain LSTM in the native contract: one loop over time, and a cache for each step."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class LSTM:
    def __init__(self, input_size, hidden_size, stateful=False):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.stateful = stateful
        rng = np.random.default_rng(0)
        limit = 1 / np.sqrt(hidden_size)
        self.params = {
            "W": rng.uniform(-limit, limit, (input_size, 4 * hidden_size)),
            "U": rng.uniform(-limit, limit, (hidden_size, 4 * hidden_size)),
            "b": np.zeros(4 * hidden_size),
        }
        self.grads = {}
        self.cache = []
        self.carried_h, self.carried_c = None, None

    def reset_state(self):
        self.carried_h = None
        self.carried_c = None

    def initial_state(self, x, state):
        if state is not None:
            return state
        zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)
        h = zeros if self.carried_h is None else self.carried_h
        c = zeros if self.carried_c is None else self.carried_c
        return h, c

    def forward(self, x, state=None):
        x = x.astype(self.params["W"].dtype, copy=False)
        N, T, D = x.shape
        H = self.hidden_size
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        h, c = self.initial_state(x, state)
        y = np.zeros((N, T, H), x.dtype)
        self.cache = []
        for t in range(T):
            x_t = x[:, t]
            z = x_t @ W + h @ U + b
            i = sigmoid(z[:, :H])
            f = sigmoid(z[:, H : 2 * H])
            g = np.tanh(z[:, 2 * H : 3 * H])
            o = sigmoid(z[:, 3 * H :])
            c_next = f * c + i * g
            h_next = o * np.tanh(c_next)
            self.cache.append((x_t, h, c, i, f, g, o, c_next))
            h, c = h_next, c_next
            y[:, t] = h
        if self.stateful:
            self.carried_h = h.copy()
            self.carried_c = c.copy()
        return y, (h, c)

    def backward(self, dy, dstate=None):
        N, T, H = dy.shape
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        dh = np.zeros((N, H), dy.dtype)
        dc = np.zeros((N, H), dy.dtype)
        if dstate is not None:
            dh, dc = dstate
        dx = np.zeros((N, T, self.input_size), dy.dtype)
        dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        for t in reversed(range(T)):
            x_t, h, c, i, f, g, o, c_next = self.cache[t]
            tanh_c = np.tanh(c_next)
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh_c**2)
            dz_i = dc * g * i * (1 - i)
            dz_f = dc * c * f * (1 - f)
            dz_g = dc * i * (1 - g**2)
            dz_o = dh * tanh_c * o * (1 - o)
            dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)
            dW += x_t.T @ dz
            dU += h.T @ dz
            db += dz.sum(axis=0)
            dx[:, t] = dz @ W.T
            dh = dz @ U.T
            dc = dc * f
        self.grads = {"W": dW, "U": dU, "b": db}
        return dx, (dh, dc)

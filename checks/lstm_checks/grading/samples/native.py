"""A right submission of the native contract; `samples.py` makes others of it."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class LSTM:
    def __init__(self, input_size, hidden_size):
        D, H = input_size, hidden_size
        self.params = {"W": np.zeros((D, 4 * H)), "U": np.zeros((H, 4 * H)), "b": np.zeros(4 * H)}
        self.hidden_size = H

    def forward(self, x, state=None):
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        zeros = np.zeros((len(x), self.hidden_size), x.dtype)
        h, c = (zeros, zeros) if state is None else state
        self.cache = []
        outputs = []
        for t in range(x.shape[1]):
            zi, zf, zg, zo = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
            i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
            next_c = f * c + i * g
            next_h = o * np.tanh(next_c)
            self.cache.append((x[:, t], h, c, i, f, g, o, np.tanh(next_c), W, U))
            h, c = next_h, next_c
            outputs.append(h)
        return np.stack(outputs, axis=1), (h, c)

    def backward(self, dy, dstate=None):
        zeros = np.zeros_like(dy[:, 0])
        dh, dc = (zeros, zeros) if dstate is None else dstate
        dx, dW, dU, db = [], 0, 0, 0
        for t in reversed(range(dy.shape[1])):
            x, h, c, i, f, g, o, tanh_c, W, U = self.cache[t]
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh_c**2)
            dz = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * c * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * tanh_c * o * (1 - o),
                ],
                axis=1,
            )
            dx.append(dz @ W.T)
            dW, dU, db = dW + x.T @ dz, dU + h.T @ dz, db + dz.sum(axis=0)
            dh, dc = dz @ U.T, dc * f
        self.grads = {"W": dW, "U": dU, "b": db}
        return np.stack(dx[::-1], axis=1), (dh, dc)

"""A TimeLSTM in the form of Deep Learning from Scratch 2.

lstm-checks check examples/formats/time_lstm.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTM:
    """One time step; gates f, g, i, o."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(one) for one in self.params]

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        self.cache = x, h_prev, c_prev, f, g, i, o, np.tanh(c_next)
        return o * np.tanh(c_next), c_next

    def backward(self, dh, dc):
        Wx, Wh, _ = self.params
        x, h_prev, c_prev, f, g, i, o, tanh = self.cache
        dc = dc + dh * o * (1 - tanh**2)
        dz = np.concatenate(
            [
                dc * c_prev * f * (1 - f),
                dc * i * (1 - g**2),
                dc * g * i * (1 - i),
                dh * tanh * o * (1 - o),
            ],
            axis=1,
        )
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T, dc * f


class TimeLSTM:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(one) for one in self.params]
        self.h = self.c = self.dh = None
        self.stateful = stateful

    def forward(self, xs):
        zeros = np.zeros((len(xs), len(self.params[1])), xs.dtype)
        if not self.stateful or self.h is None:
            self.h, self.c = zeros, zeros
        self.layers, hs = [], []
        for t in range(xs.shape[1]):
            self.layers.append(LSTM(*self.params))
            self.h, self.c = self.layers[t].forward(xs[:, t], self.h, self.c)
            hs.append(self.h)
        return np.stack(hs, 1)

    def backward(self, dhs):
        dxs, self.dh, dc, grads = [], 0, 0, [0, 0, 0]
        for t in reversed(range(len(self.layers))):
            dx, self.dh, dc = self.layers[t].backward(dhs[:, t] + self.dh, dc)
            dxs.insert(0, dx)
            grads = [one + more for one, more in zip(grads, self.layers[t].grads, strict=True)]
        for mine, grad in zip(self.grads, grads, strict=True):
            mine[...] = grad
        return np.stack(dxs, 1)

    def set_state(self, h, c=None):
        self.h, self.c = h, c

    def reset_state(self):
        self.h = self.c = None

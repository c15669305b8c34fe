"""A base class of unwritten methods, **kwargs, lists in place of tuples, a bias (1, 4H)."""

from abc import ABC, abstractmethod

import numpy as np


class Layer(ABC):
    def __init__(self, **kwargs):
        self.stateful = kwargs.get("stateful", False)
        self.params, self.grads = {}, {}

    @abstractmethod
    def forward(self, x):
        raise NotImplementedError

    def backward(self, dy):
        raise NotImplementedError

    def reset_state(self):
        raise NotImplementedError


class LSTM(Layer):
    def __init__(self, n_features, n_hidden, **kwargs):
        super().__init__(**kwargs)
        self.n_hidden = n_hidden
        self.params["W"] = np.zeros((n_features, 4 * n_hidden))
        self.params["U"] = np.zeros((n_hidden, 4 * n_hidden))
        self.params["b"] = np.zeros((1, 4 * n_hidden))
        self.memory = None

    def reset_state(self):
        self.memory = None

    def forward(self, x, state=None):
        if state is None:
            state = self.memory or [np.zeros((len(x), self.n_hidden), x.dtype) for _ in range(2)]
        h, c = state
        self.steps, y = [], []
        for t in range(x.shape[1]):
            z = x[:, t].dot(self.params["W"]) + h.dot(self.params["U"]) + self.params["b"]
            zi, zf, zg, zo = (z[:, k * self.n_hidden : (k + 1) * self.n_hidden] for k in range(4))
            i, f, o = ((np.tanh(a / 2) + 1) / 2 for a in (zi, zf, zo))
            g = np.tanh(zg)
            self.steps.append([x[:, t], h, c, i, f, g, o])
            c = c * f + g * i
            h = np.tanh(c) * o
            y.append(h)
        if self.stateful:
            self.memory = [h.copy(), c.copy()]
        return [np.stack(y, 1), [h, c]]

    def backward(self, dy, dstate=None):
        grads = [np.zeros_like(self.params[k]) for k in "WUb"]
        dh, dc = [np.zeros_like(dy[:, 0])] * 2 if dstate is None else dstate
        dx = np.zeros((*dy.shape[:2], len(self.params["W"])), dy.dtype)
        t = dy.shape[1]
        for x, h, c, i, f, g, o in self.steps[::-1]:
            t -= 1
            tc = np.tanh(f * c + i * g)
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tc**2)
            parts = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2)
            dz = np.concatenate([*parts, dh * tc * o * (1 - o)], 1)
            grads[0] += x.T.dot(dz)
            grads[1] += h.T.dot(dz)
            grads[2] += dz.sum(0, keepdims=True)
            dx[:, t] = dz.dot(self.params["W"].T)
            dh, dc = dz.dot(self.params["U"].T), dc * f
        self.grads = dict(zip("WUb", grads, strict=True))
        return [dx, [dh, dc]]

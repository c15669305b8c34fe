"""Two biases as attributes, weights (4H, D); columns of states inside; no stateful mode."""

import numpy as np


class MyLSTM:
    weights = "out_in"
    biases = 2
    names = {"W": "Wx", "U": "Wh", "b": ["bx", "bh"]}

    def __init__(self, in_dim, hid_dim):
        self.Wx = np.random.default_rng().normal(0, 0.1, (4 * hid_dim, in_dim))
        self.Wh = np.random.default_rng().normal(0, 0.1, (4 * hid_dim, hid_dim))
        self.bx = np.zeros((4 * hid_dim, 1))
        self.bh = np.zeros((4 * hid_dim, 1))

    @staticmethod
    def squash(z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X, state=None):
        N, T, D = X.shape
        n = self.Wh.shape[1]
        if state is None:
            state = (np.zeros((N, n), X.dtype), np.zeros((N, n), X.dtype))
        a, c = state[0].T, state[1].T
        self.X = X
        self.a, self.c, self.gates = [a], [c], []
        for t in range(T):
            z = self.Wx @ X[:, t].T + self.bx + self.Wh @ a + self.bh
            i, f, o = (self.squash(z[k * n : (k + 1) * n]) for k in (0, 1, 3))
            g = np.tanh(z[2 * n : 3 * n])
            c = f * c + i * g
            a = o * np.tanh(c)
            self.a.append(a)
            self.c.append(c)
            self.gates.append((i, f, g, o))
        return np.array([a.T for a in self.a[1:]]).swapaxes(0, 1), (a.T, c.T)

    def backward(self, dY, dstate=None):
        T = dY.shape[1]
        da, dc = (0.0, 0.0) if dstate is None else (dstate[0].T, dstate[1].T)
        self.grads = {name: np.zeros_like(getattr(self, name)) for name in ("Wx", "Wh", "bx", "bh")}
        dX = np.zeros_like(self.X)
        for t in range(T - 1, -1, -1):
            i, f, g, o = self.gates[t]
            tanh_c = np.tanh(self.c[t + 1])
            da = da + dY[:, t].T
            dc = dc + da * o * (1 - tanh_c**2)
            dz = np.vstack(
                [
                    dc * g * i * (1 - i),
                    dc * self.c[t] * f * (1 - f),
                    dc * i * (1 - g**2),
                    da * tanh_c * o * (1 - o),
                ]
            )
            self.grads["Wx"] += dz @ self.X[:, t]
            self.grads["Wh"] += dz @ self.a[t].T
            self.grads["bx"] += dz.sum(axis=1, keepdims=True)
            self.grads["bh"] += dz.sum(axis=1, keepdims=True)
            dX[:, t] = (self.Wx.T @ dz).T
            da, dc = self.Wh.T @ dz, dc * f
        return dX, (da.T, dc.T)

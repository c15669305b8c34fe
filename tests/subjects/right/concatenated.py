"""One product of [x, h] with [W; U], gates i, f, o, g; the class is no LSTM by name."""

import numpy as np


class Recurrent:
    gate_order = "ifog"

    def __init__(self, D, H, stateful=False):
        self.D, self.H, self.stateful = D, H, stateful
        self.params = {"W": np.zeros((D, 4 * H)), "U": np.zeros((H, 4 * H)), "b": np.zeros(4 * H)}
        self.last = None

    def reset_state(self):
        self.last = None

    def forward(self, x, state=None):
        H = self.H
        A = np.vstack([self.params["W"], self.params["U"]])
        b = self.params["b"]
        if state is None:
            state = self.last if self.last is not None else (0, 0)
        h, c = (s + np.zeros((x.shape[0], H), x.dtype) for s in state)
        self.memory = []
        y = np.zeros((*x.shape[:2], H), x.dtype)
        for t in range(x.shape[1]):
            xh = np.hstack([x[:, t], h])
            z = xh @ A + b
            s = 0.5 * np.tanh(0.5 * z[:, : 3 * H]) + 0.5
            g = np.tanh(z[:, 3 * H :])
            c_old, c = c, s[:, H : 2 * H] * c + s[:, :H] * g
            self.memory.append((xh, c_old, s, g, np.tanh(c)))
            h = s[:, 2 * H :] * np.tanh(c)
            y[:, t] = h
        if self.stateful:
            self.last = h.copy(), c.copy()
        return y, (h, c)

    def backward(self, dy, dstate=None):
        D, H = self.D, self.H
        A = np.vstack([self.params["W"], self.params["U"]])
        dA, db = np.zeros_like(A), np.zeros_like(self.params["b"])
        dx = np.zeros((*dy.shape[:2], D), dy.dtype)
        dh, dc = (0, 0) if dstate is None else dstate
        for t in range(dy.shape[1] - 1, -1, -1):
            xh, c_old, s, g, tanh_c = self.memory[t]
            i, f, o = s[:, :H], s[:, H : 2 * H], s[:, 2 * H :]
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh_c**2)
            ds = np.hstack([dc * g, dc * c_old, dh * tanh_c]) * s * (1 - s)
            dz = np.hstack([ds, dc * i * (1 - g**2)])
            dA += xh.T @ dz
            db += dz.sum(0)
            dxh = dz @ A.T
            dx[:, t], dh, dc = dxh[:, :D], dxh[:, D:], dc * f
        self.grads = {"W": dA[:D], "U": dA[D:], "b": db}
        return dx, (dh, dc)

"""A layer with helper methods of its own called step and step_backward, and a cell of its own."""

import numpy as np


class Cell:
    """Not the LSTM itself: it has no forward."""

    def __init__(self, layer):
        self.layer = layer

    def run(self, x, h, c):
        p = self.layer.params
        z = np.stack(np.split(x @ p["W"] + h @ p["U"] + p["b"], 4, axis=1))
        z[[0, 1, 3]] = 0.5 + 0.5 * np.tanh(0.5 * z[[0, 1, 3]])
        z[2] = np.tanh(z[2])
        return z


class LSTM:
    def __init__(self, input_size, hidden_size, stateful=False):
        self.hidden_size = hidden_size
        self.stateful = stateful
        self.params = {
            "W": np.zeros((input_size, 4 * hidden_size)),
            "U": np.zeros((hidden_size, 4 * hidden_size)),
            "b": np.zeros(4 * hidden_size),
        }
        self.cell = Cell(self)
        self.h = self.c = None

    def reset_state(self):
        self.h = self.c = None

    def step(self, t):
        h, c = self.hs[-1], self.cs[-1]
        i, f, g, o = gates = self.cell.run(self.x[:, t], h, c)
        self.gates.append(gates)
        self.cs.append(f * c + i * g)
        self.hs.append(o * np.tanh(self.cs[-1]))

    def forward(self, x, state=None):
        if state is not None:
            h, c = state
        elif self.h is not None:
            h, c = self.h, self.c
        else:
            h = c = np.zeros((x.shape[0], self.hidden_size), x.dtype)
        self.x, self.hs, self.cs, self.gates = x, [h], [c], []
        for t in range(x.shape[1]):
            self.step(t)
        if self.stateful:
            self.h, self.c = self.hs[-1].copy(), self.cs[-1].copy()
        return np.stack(self.hs[1:], axis=1), (self.hs[-1], self.cs[-1])

    def step_backward(self, t, dh, dc):
        i, f, g, o = self.gates[t]
        u = np.tanh(self.cs[t + 1])
        dc = dc + dh * o * (1 - u**2)
        dz = [dc * g, dc * self.cs[t], dc * i, dh * u]
        slopes = [i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)]
        dz = np.hstack([d * slope for d, slope in zip(dz, slopes, strict=True)])
        self.grads["W"] += self.x[:, t].T @ dz
        self.grads["U"] += self.hs[t].T @ dz
        self.grads["b"] += dz.sum(axis=0)
        return dz @ self.params["W"].T, dz @ self.params["U"].T, dc * f

    def backward(self, dy, dstate=None):
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        dh = dc = np.zeros_like(dy[:, 0])
        if dstate is not None:
            dh, dc = dstate
        dx = np.zeros_like(self.x)
        for t in range(dy.shape[1])[::-1]:
            dx[:, t], dh, dc = self.step_backward(t, dh + dy[:, t], dc)
        return dx, (dh, dc)

"""All weights lie in one vector, params are views into it; gradients are made once, then zeroed."""

import numpy as np


class Views(dict):
    """Assigning to a key writes into the vector; the dtype is that of what is written."""

    def __init__(self, shapes):
        super().__init__()
        self.shapes = shapes
        self.flat = np.zeros(sum(int(np.prod(shape)) for shape in shapes.values()))
        self.cut()

    def cut(self):
        start = 0
        for name, shape in self.shapes.items():
            stop = start + int(np.prod(shape))
            super().__setitem__(name, self.flat[start:stop].reshape(shape))
            start = stop

    def __setitem__(self, name, value):
        if value.dtype != self.flat.dtype:
            self.flat = self.flat.astype(value.dtype)
            self.cut()
        self[name][...] = value


class LSTM:
    __slots__ = ("H", "cache", "grads", "params", "state", "stateful")

    def __init__(self, input_size, hidden_size, stateful=False):
        shapes = {
            "W": (input_size, 4 * hidden_size),
            "U": (hidden_size, 4 * hidden_size),
            "b": (4 * hidden_size,),
        }
        self.H = hidden_size
        self.params = Views(shapes)
        self.grads = {name: np.zeros(shape) for name, shape in shapes.items()}
        self.state = None
        self.stateful = stateful

    def reset_state(self):
        self.state = None

    def forward(self, x, state=None):
        H, p = self.H, self.params
        N, T, _ = x.shape
        h, c = (np.zeros((N, H), x.dtype) for _ in "hc")
        if state is not None:
            h, c = state
        elif self.state is not None:
            h, c = self.state
        self.cache = []
        y = np.empty((T, N, H), x.dtype)
        for t in range(T):
            z = p["b"] + x[:, t] @ p["W"] + h @ p["U"]
            gates = 0.5 * np.tanh(0.5 * z) + 0.5
            np.tanh(z[:, 2 * H : 3 * H], out=gates[:, 2 * H : 3 * H])
            i, f, g, o = np.hsplit(gates, 4)
            before = h, c
            c = f * c + i * g
            h = o * np.tanh(c)
            self.cache.append((x[:, t], *before, i, f, g, o, c))
            y[t] = h
        if self.stateful:
            self.state = h.copy(), c.copy()
        return y.transpose(1, 0, 2), (h, c)

    def backward(self, dy, dstate=None):
        for name, value in self.params.items():
            if self.grads[name].dtype != value.dtype:
                self.grads[name] = np.zeros_like(value)
            self.grads[name][...] = 0
        dh, dc = (
            dstate if dstate is not None else (np.zeros_like(dy[:, 0]), np.zeros_like(dy[:, 0]))
        )
        dx = []
        for t in reversed(range(dy.shape[1])):
            x, h, c, i, f, g, o, c_new = self.cache[t]
            u = np.tanh(c_new)
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - u * u)
            dz = np.hstack(
                [
                    dc * g * i * (1 - i),
                    dc * c * f * (1 - f),
                    dc * i * (1 - g * g),
                    dh * u * o * (1 - o),
                ]
            )
            self.grads["W"] += x.T @ dz
            self.grads["U"] += h.T @ dz
            self.grads["b"] += dz.sum(axis=0)
            dx.append(dz @ self.params["W"].T)
            dh, dc = dz @ self.params["U"].T, dc * f
        return np.array(dx[::-1]).transpose(1, 0, 2), (dh, dc)

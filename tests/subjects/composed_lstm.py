"""An LSTM that makes stacks, two directions, and rows of unequal lengths: a native `composes`."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def turned(x, lengths):
    """Each row reversed in time, up to its own end."""
    steps, ends = np.arange(x.shape[1])[None], lengths[:, None]
    order = np.where(steps < ends, ends - 1 - steps, steps)
    return x[np.arange(len(x))[:, None], order]


class LSTM:
    composes = ("layers", "directions", "lengths")

    def __init__(self, input_size, hidden_size, layers=0, directions=1):
        self.H, self.layers, self.sides = hidden_size, max(layers, 1), directions
        self.composed = layers > 0
        self.params = {}
        for k in range(self.layers * self.sides):
            size = input_size if k < self.sides else self.sides * hidden_size
            self.params[self.name(k, "W")] = np.zeros((size, 4 * hidden_size))
            self.params[self.name(k, "U")] = np.zeros((hidden_size, 4 * hidden_size))
            self.params[self.name(k, "b")] = np.zeros(4 * hidden_size)
        self.grads = {}

    def name(self, k, name):
        return f"{k}.{name}" if self.composed else name

    def weights(self, k):
        return [self.params[self.name(k, name)] for name in "WUb"]

    def forward(self, x, state=None, lengths=None):
        x = x.astype(self.params[self.name(0, "W")].dtype, copy=False)
        N, T, _ = x.shape
        if state is None:
            state = np.zeros((2, self.layers * self.sides, N, self.H), x.dtype)
        elif not self.composed:
            state = [part[None] for part in state]
        self.lengths = np.full(N, T) if lengths is None else np.array(lengths)
        self.caches, ends = [], []
        for layer in range(self.layers):
            ys = []
            for side in range(self.sides):
                k = layer * self.sides + side
                h, c = state[0][k], state[1][k]
                y, end = self.one_forward(k, turned(x, self.lengths) if side else x, h, c)
                ys.append(turned(y, self.lengths) if side else y)
                ends.append(end)
            x = np.concatenate(ys, 2)
        hs, cs = (np.stack(part) for part in zip(*ends, strict=True))
        return x, (hs, cs) if self.composed else (hs[0], cs[0])

    def one_forward(self, k, x, h, c):
        W, U, b = self.weights(k)
        y, cache = np.zeros((*x.shape[:2], self.H), x.dtype), []
        for t in range(x.shape[1]):
            alive = (t < self.lengths)[:, None]
            i, f, g, o = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c_next = np.where(alive, f * c + i * g, c)
            h_next = np.where(alive, o * np.tanh(c_next), h)
            cache.append((x[:, t], h, c, i, f, g, o, c_next, alive))
            h, c = h_next, c_next
            y[:, t] = h * alive
        self.caches.append(cache)
        return y, (h, c)

    def backward(self, dy, dstate=None):
        H, count = self.H, self.layers * self.sides
        if dstate is None:
            dstate = np.zeros((2, count, len(dy), H), dy.dtype)
        elif not self.composed:
            dstate = [part[None] for part in dstate]
        ends = [None] * count
        for layer in reversed(range(self.layers)):
            dx = 0
            for side in range(self.sides):
                k = layer * self.sides + side
                own = dy[:, :, side * H : (side + 1) * H]
                own = turned(own, self.lengths) if side else own
                d, ends[k] = self.one_backward(k, own, dstate[0][k], dstate[1][k])
                dx = dx + (turned(d, self.lengths) if side else d)
            dy = dx
        dhs, dcs = (np.stack(part) for part in zip(*ends, strict=True))
        return dx, (dhs, dcs) if self.composed else (dhs[0], dcs[0])

    def one_backward(self, k, dy, dh, dc):
        W, U, b = self.weights(k)
        dx = np.zeros((*dy.shape[:2], len(W)), dy.dtype)
        grads = {name: np.zeros_like(one) for name, one in zip("WUb", (W, U, b), strict=True)}
        for t, (x, h, c, i, f, g, o, c_next, alive) in reversed([*enumerate(self.caches[k])]):
            tanh_c = np.tanh(c_next)
            dh_t = (dh + dy[:, t]) * alive
            dc_t = dc * alive + dh_t * o * (1 - tanh_c**2)
            gates = dc_t * g * i * (1 - i), dc_t * c * f * (1 - f), dc_t * i * (1 - g**2)
            dz = np.concatenate([*gates, dh_t * tanh_c * o * (1 - o)], axis=1)
            grads["W"] += x.T @ dz
            grads["U"] += h.T @ dz
            grads["b"] += dz.sum(axis=0)
            dx[:, t] = dz @ W.T
            dh = np.where(alive, dz @ U.T, dh)
            dc = np.where(alive, dc_t * f, dc)
        self.grads |= {self.name(k, name): grad for name, grad in grads.items()}
        return dx, (dh, dc)

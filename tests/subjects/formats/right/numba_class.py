"""A class whose steps Numba compiles, forward and backward, where it is installed."""

import numpy as np

try:
    from numba import njit
except ImportError:

    def njit(function):
        return function


@njit
def run(x, h, c, W, U, b):
    N, T, D = x.shape
    H = h.shape[1]
    y = np.zeros((N, T, H), x.dtype)
    gates = np.zeros((T, N, 4 * H), x.dtype)
    hs = np.zeros((T + 1, N, H), x.dtype)
    cs = np.zeros((T + 1, N, H), x.dtype)
    hs[0], cs[0] = h, c
    for t in range(T):
        z = np.ascontiguousarray(x[:, t]) @ W + hs[t] @ U + b
        for n in range(N):
            for k in range(H):
                i = 1 / (1 + np.exp(-z[n, k]))
                f = 1 / (1 + np.exp(-z[n, H + k]))
                g = np.tanh(z[n, 2 * H + k])
                o = 1 / (1 + np.exp(-z[n, 3 * H + k]))
                cs[t + 1, n, k] = f * cs[t, n, k] + i * g
                hs[t + 1, n, k] = o * np.tanh(cs[t + 1, n, k])
                gates[t, n, k], gates[t, n, H + k] = i, f
                gates[t, n, 2 * H + k], gates[t, n, 3 * H + k] = g, o
        y[:, t] = hs[t + 1]
    return y, hs, cs, gates


@njit
def run_back(dy, dh, dc, x, hs, cs, gates, W, U):
    N, T, H = dy.shape
    dx = np.zeros_like(x)
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros(4 * H, W.dtype)
    dh, dc = dh.copy(), dc.copy()
    dz = np.zeros((N, 4 * H), dy.dtype)
    for s in range(T):
        t = T - 1 - s
        for n in range(N):
            for k in range(H):
                i, f = gates[t, n, k], gates[t, n, H + k]
                g, o = gates[t, n, 2 * H + k], gates[t, n, 3 * H + k]
                tc = np.tanh(cs[t + 1, n, k])
                d = dh[n, k] + dy[n, t, k]
                dcell = dc[n, k] + d * o * (1 - tc**2)
                dz[n, k] = dcell * g * i * (1 - i)
                dz[n, H + k] = dcell * cs[t, n, k] * f * (1 - f)
                dz[n, 2 * H + k] = dcell * i * (1 - g**2)
                dz[n, 3 * H + k] = d * tc * o * (1 - o)
                dc[n, k] = dcell * f
        dW += np.ascontiguousarray(x[:, t]).T @ dz
        dU += hs[t].T @ dz
        db += dz.sum(axis=0)
        dx[:, t] = dz @ W.T
        dh = dz @ U.T
    return dx, dh, dc, dW, dU, db


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.params = {
            "W": np.zeros((input_size, 4 * hidden_size)),
            "U": np.zeros((hidden_size, 4 * hidden_size)),
            "b": np.zeros(4 * hidden_size),
        }
        self.grads = {}

    def weights(self):
        return [np.ascontiguousarray(self.params[name]) for name in "WUb"]

    def forward(self, x, state=None):
        W, U, b = self.weights()
        x = np.ascontiguousarray(x, W.dtype)
        zeros = np.zeros((len(x), self.H), W.dtype)
        state = (zeros, zeros) if state is None else state
        h, c = (np.ascontiguousarray(part, W.dtype) for part in state)
        y, hs, cs, gates = run(x, h, c, W, U, b)
        self.kept = x, hs, cs, gates
        return y, (hs[-1].copy(), cs[-1].copy())

    def backward(self, dy, dstate=None):
        W, U, b = self.weights()
        zeros = np.zeros_like(dy[:, 0])
        dh, dc = (zeros, zeros) if dstate is None else dstate
        args = [np.ascontiguousarray(a, W.dtype) for a in (dy, dh, dc)]
        dx, dh, dc, dW, dU, db = run_back(*args, *self.kept, W, U)
        self.grads = {"W": dW, "U": dU, "b": db}
        return dx, (dh, dc)

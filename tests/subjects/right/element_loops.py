"""Loops over every element in pure Python; forward alone, neither stateful nor differentiable."""

import math

import numpy as np


def sigmoid(z):
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.D = input_size
        self.H = hidden_size
        self.W = np.zeros((input_size, 4 * hidden_size))
        self.U = np.zeros((hidden_size, 4 * hidden_size))
        self.b = np.zeros(4 * hidden_size)

    def forward(self, x, state=None):
        N, T, _ = x.shape
        W, U, b = self.W.tolist(), self.U.tolist(), self.b.tolist()
        if state is None:
            h = [[0.0] * self.H for _ in range(N)]
            c = [[0.0] * self.H for _ in range(N)]
        else:
            h, c = state[0].tolist(), state[1].tolist()
        y = []
        for n in range(N):
            row = []
            for t in range(T):
                z = []
                for k in range(4 * self.H):
                    total = b[k]
                    for d in range(self.D):
                        total += float(x[n, t, d]) * W[d][k]
                    for j in range(self.H):
                        total += h[n][j] * U[j][k]
                    z.append(total)
                for j in range(self.H):
                    i = sigmoid(z[j])
                    f = sigmoid(z[self.H + j])
                    g = math.tanh(z[2 * self.H + j])
                    o = sigmoid(z[3 * self.H + j])
                    c[n][j] = f * c[n][j] + i * g
                    h[n][j] = o * math.tanh(c[n][j])
                row.append(list(h[n]))
            y.append(row)
        return np.array(y, x.dtype), (np.array(h, x.dtype), np.array(c, x.dtype))

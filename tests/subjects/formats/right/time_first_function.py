"""A function of a sequence, time first, with its gradient."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_forward(x, h0, c0, W, U, b):
    hs, caches, h, c = [], [], h0, c0
    for x_t in x:
        i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c_next = f * c + i * g
        caches.append((x_t, h, c, i, f, g, o, np.tanh(c_next), W, U))
        h, c = o * np.tanh(c_next), c_next
        hs.append(h)
    return np.stack(hs), h, c, caches


def lstm_backward(dhs, dh, dc, caches):
    dxs, dW, dU, db = [], 0, 0, 0
    for dh_t, (x_t, h, c, i, f, g, o, tanh, W, U) in zip(dhs[::-1], caches[::-1], strict=True):
        dh = dh + dh_t
        dc = dc + dh * o * (1 - tanh**2)
        dz = [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2)]
        dz = np.concatenate([*dz, dh * tanh * o * (1 - o)], axis=1)
        dW, dU, db = dW + x_t.T @ dz, dU + h.T @ dz, db + dz.sum(axis=0)
        dxs.append(dz @ W.T)
        dh, dc = dz @ U.T, dc * f
    return np.stack(dxs[::-1]), dh, dc, dW, dU, db

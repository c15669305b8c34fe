"""Plain functions: one for a time step, and one for its gradients.

lstm-checks check examples/formats/functions_lstm.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h_prev, c_prev, Wf, Wi, Wc, Wo, bf, bi, bc, bo):
    both = np.concatenate([h_prev, x], axis=1)
    f, i, o = sigmoid(both @ Wf + bf), sigmoid(both @ Wi + bi), sigmoid(both @ Wo + bo)
    g = np.tanh(both @ Wc + bc)
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    return h, c, (both, c_prev, f, i, g, o, np.tanh(c), Wf, Wi, Wc, Wo)


def lstm_cell_backward(dh, dc, cache):
    both, c_prev, f, i, g, o, tanh, *W = cache
    dc = dc + dh * o * (1 - tanh**2)
    dz = [
        dc * c_prev * f * (1 - f),
        dc * g * i * (1 - i),
        dc * i * (1 - g**2),
        dh * tanh * o * (1 - o),
    ]
    H = dh.shape[1]
    dboth = sum(d @ w.T for d, w in zip(dz, W, strict=True))
    dW, db = [both.T @ d for d in dz], [d.sum(axis=0) for d in dz]
    return dboth[:, H:], dboth[:, :H], dc * f, *dW, *db

"""Helpers of the file beside."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cell(z, c):
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c

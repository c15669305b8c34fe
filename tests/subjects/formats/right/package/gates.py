"""The gates of the LSTM beside."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gates(z):
    i, f, g, o = np.split(z, 4, axis=-1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)

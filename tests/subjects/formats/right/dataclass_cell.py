"""A cell that is a dataclass."""

from dataclasses import InitVar, dataclass, field

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@dataclass
class LSTMCell:
    input_size: InitVar[int]
    hidden_size: InitVar[int]
    Wx: np.ndarray = field(init=False)
    Wh: np.ndarray = field(init=False)
    bias: np.ndarray = field(init=False)

    def __post_init__(self, input_size, hidden_size):
        self.Wx = np.zeros((4 * hidden_size, input_size))
        self.Wh = np.zeros((4 * hidden_size, hidden_size))
        self.bias = np.zeros((4 * hidden_size,))

    def step(self, x_t, h_prev, c_prev):
        i, f, g, o = np.split(x_t @ self.Wx.T + h_prev @ self.Wh.T + self.bias, 4, axis=-1)
        c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

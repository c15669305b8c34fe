"""An adapter of one's own: it makes a class of the native contract from another format."""

import numpy as np


def adapt(module):
    class LSTM:
        def __init__(self, input_size, hidden_size):
            self.hidden_size, self.params = hidden_size, {}

        def forward(self, x, state=None):
            zeros = np.zeros((len(x), self.hidden_size), x.dtype)
            h, c = (zeros, zeros) if state is None else state
            stacked = np.concatenate([self.params["U"], self.params["W"]])
            weights = dict(zip("ifco", np.split(stacked.T, 4), strict=True))
            biases = dict(zip("ifco", np.split(self.params["b"][:, None], 4), strict=True))
            y, h, c = module.run(x.transpose(2, 0, 1), h.T, c.T, weights, biases)
            return y.transpose(1, 2, 0), (h.T, c.T)

    return LSTM

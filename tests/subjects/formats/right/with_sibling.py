"""An LSTM that imports a file beside it."""

import numpy as np
from sibling_helpers import cell


class LSTM:
    batch_first = False

    def __init__(self, input_size, hidden_size):
        shapes = {"W": (input_size, 4 * hidden_size), "U": (hidden_size, 4 * hidden_size)}
        self.params = {name: np.zeros(shape) for name, shape in shapes.items()}
        self.params["b"] = np.zeros(4 * hidden_size)

    def forward(self, x, state=None):
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        h, c = state if state is not None else np.zeros((2, x.shape[1], len(U)), x.dtype)
        ys = []
        for x_t in x:
            h, c = cell(x_t @ W + h @ U + b, c)
            ys.append(h)
        return np.stack(ys), (h, c)

"""A class whose params are a property over one flat vector."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.D, self.H = input_size, hidden_size
        self.flat = np.zeros((input_size + hidden_size + 1) * 4 * hidden_size)

    @property
    def params(self):
        whole = self.flat.reshape(-1, 4 * self.H)
        return Views(self, W=whole[: self.D], U=whole[self.D : -1], b=whole[-1])

    def forward(self, x, state=None):
        W, U, b = self.params.values()
        h, c = state if state is not None else np.zeros((2, len(x), self.H), x.dtype)
        ys = []
        for t in range(x.shape[1]):
            i, f, g, o = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            ys.append(h)
        return np.stack(ys, 1), (h, c)


class Views(dict):
    """Weights by name; what is written goes into the flat vector."""

    def __init__(self, owner, **views):
        super().__init__(views)
        self.owner = owner

    def __setitem__(self, name, array):
        if array.dtype != self.owner.flat.dtype:
            self.owner.flat = self.owner.flat.astype(array.dtype)
            self.owner.params[name] = array
        else:
            self[name][...] = array

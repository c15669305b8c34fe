"""A script: the LSTM, and its training where it is run."""

import sys
from pathlib import Path

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class VanillaLSTM:
    def __init__(self, input_dim, hidden_dim):
        self.params = {
            "Wx": np.zeros((input_dim, 4 * hidden_dim)),
            "Wh": np.zeros((hidden_dim, 4 * hidden_dim)),
            "b": np.zeros(4 * hidden_dim),
        }

    names = {"W": "Wx", "U": "Wh"}

    def forward(self, x, state=None):
        p = self.params
        h, c = state if state is not None else np.zeros((2, len(x), len(p["Wh"])), x.dtype)
        ys = []
        for t in range(x.shape[1]):
            i, f, g, o = np.split(x[:, t] @ p["Wx"] + h @ p["Wh"] + p["b"], 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            ys.append(h)
        return np.stack(ys, axis=1), (h, c)


if __name__ == "__main__":
    data = Path(sys.argv[1]).read_text()
    model = VanillaLSTM(len(set(data)), 100)
    raise SystemExit("training is left out")

"""A dataclass that prints and warns a lot, seeds NumPy's generator and imports its neighbour."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, field

import numpy as np
from neighbour_functions import sigmoid

np.random.seed(3)
print("importing", __name__, sys.argv)


@dataclass
class LSTM:
    input_size: int
    hidden_size: int
    stateful: bool = False
    params: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    state: tuple[np.ndarray, np.ndarray] | None = None

    def __post_init__(self):
        wide = 4 * self.hidden_size
        self.params["W"] = np.random.randn(self.input_size, wide)
        self.params["U"] = np.random.randn(self.hidden_size, wide)
        self.params["b"] = np.random.randn(wide)
        print(self)

    def reset_state(self):
        print("reset")
        self.state = None

    def forward(self, x, state=None):
        print("forward", x.shape, x.ravel()[:40])
        warnings.warn("this is slow", UserWarning, stacklevel=2)
        sys.stderr.write("step " * x.shape[1] + "\n")
        zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)
        h, c = state if state is not None else self.state or (zeros, zeros)
        y = np.zeros((*x.shape[:2], self.hidden_size), x.dtype)
        for t in range(x.shape[1]):
            z = x[:, t] @ self.params["W"] + h @ self.params["U"] + self.params["b"]
            i, f, g, o = np.split(z, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            y[:, t] = h
        if self.stateful:
            self.state = h.copy(), c.copy()
        return y, (h, c)


if __name__ == "__main__":
    raise SystemExit("this part is for the command line")

"""Every convention at once: z for the candidate, transposed, two biases, time first, (c, h)."""

import numpy as np


class LSTM:
    gate_order = "OZFI"
    batch_first = False
    weights = "out_in"
    biases = 2
    state_order = "ch"
    forget_bias = -0.5
    names = {"W": "input_weights", "U": "recurrent_weights", "b": ["input_bias", "recurrent_bias"]}

    def __init__(self, features, units, stateful=False):
        self.units = units
        self.stateful = stateful
        self.carried = None
        self.params = {
            "input_weights": np.zeros((4 * units, features)),
            "recurrent_weights": np.zeros((4 * units, units)),
            "input_bias": np.zeros(4 * units),
            "recurrent_bias": np.zeros(4 * units),
        }

    def reset_state(self):
        self.carried = None

    def forward(self, x, state=None):
        p, n = self.params, self.units
        state = self.carried if state is None else state
        c, h = state if state is not None else np.zeros((2, x.shape[1], n), x.dtype)
        y = np.zeros((*x.shape[:2], n), x.dtype)
        for t, x_t in enumerate(x):
            z = (p["input_weights"] @ x_t.T + p["recurrent_weights"] @ h.T).T
            o, g, f, i = np.split(z + p["input_bias"] + p["recurrent_bias"], 4, axis=1)
            o, f, i = (0.5 * (1 + np.tanh(0.5 * a)) for a in (o, f - np.float32(0.5), i))
            c = f * c + i * np.tanh(g)
            y[t] = h = o * np.tanh(c)
        if self.stateful:
            self.carried = c.copy(), h.copy()
        return y, (c, h)

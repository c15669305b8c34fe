"""The course Sequence Models, week 1: lstm_cell_forward, lstm_forward and their backwards.

Features come first: x (D, N, T), a (H, N, T). `parameters` is a dict of Wf, Wi, Wc, Wo (H, H + D)
on [a, x], of bf, bi, bc, bo (H, 1), and of Wy, by for an output that the kit does not look at. The
sequence starts from c = 0, and its backward takes no gradient of the final c; the cell does both.
"""

import numpy as np

GATES = "ifco"


def adapt(target):
    class LSTM:
        gate_order = GATES
        weights = "out_in"
        step_functions = True
        names = {
            "W": [f"W{gate}[:, H:]" for gate in GATES],
            "U": [f"W{gate}[:, :H]" for gate in GATES],
            "b": [f"b{gate}" for gate in GATES],
        }
        not_offered = {
            "initial_c": "lstm_forward starts from c = 0",
            "stateful": "functions carry no state",
        }

        def __init__(self, input_size, hidden_size):
            self.D, self.H, self.params = input_size, hidden_size, {}
            for gate in GATES:
                self.params[f"W{gate}[:, H:]"] = np.zeros((hidden_size, input_size))
                self.params[f"W{gate}[:, :H]"] = np.zeros((hidden_size, hidden_size))
                self.params[f"b{gate}"] = np.zeros((hidden_size, 1))

        def parameters(self, dtype):
            own = {"Wy": np.zeros((2, self.H), dtype), "by": np.zeros((2, 1), dtype)}
            for gate in GATES:
                pair = [self.params[f"W{gate}[:, :H]"], self.params[f"W{gate}[:, H:]"]]
                own |= {f"W{gate}": np.concatenate(pair, 1), f"b{gate}": self.params[f"b{gate}"]}
            return own

        def taken(self, gradients):
            """The gradients of the weights from the dict that a backward returns."""
            self.grads = {}
            for gate in GATES:
                whole = gradients[f"dW{gate}"]
                self.grads[f"W{gate}[:, :H]"] = whole[:, : self.H]
                self.grads[f"W{gate}[:, H:]"] = whole[:, self.H :]
                self.grads[f"b{gate}"] = gradients[f"db{gate}"]

        def forward(self, x, state=None):
            a0 = np.zeros((self.H, len(x)), x.dtype) if state is None else state[0].T
            result = target.lstm_forward(x.transpose(2, 0, 1), a0, self.parameters(x.dtype))
            if result is None or result[0] is None:
                return None
            a, _, c, self.caches = result
            return a.transpose(1, 2, 0), (a[:, :, -1].T, c[:, :, -1].T)

        def backward(self, dy, dstate=None):
            if dstate is not None:
                dy = dy.copy()
                dy[:, -1] += dstate[0]
            gradients = target.lstm_backward(dy.transpose(2, 0, 1), self.caches)
            if gradients is None:
                self.grads = {}
                return None
            self.taken(gradients)
            return gradients["dx"].transpose(1, 2, 0), (gradients["da0"].T, None)

        def step(self, x, h, c):
            given = x.T, h.T, c.T, self.parameters(x.dtype)
            result = target.lstm_cell_forward(*given)
            if result is None or result[0] is None:
                return None
            a, c, _, self.cache = result
            return a.T, c.T

        def step_backward(self, dh, dc):
            gradients = target.lstm_cell_backward(dh.T, dc.T, self.cache)
            if gradients is None:
                self.grads = {}
                return None
            self.taken(gradients)
            return tuple(gradients[name].T for name in ("dxt", "da_prev", "dc_prev"))

    if callable(getattr(target, "lstm_backward", None)):
        LSTM.not_offered["final_c"] = "lstm_backward takes no gradient of the final cell state"
    for method, function in (
        ("backward", "lstm_backward"),
        ("step", "lstm_cell_forward"),
        ("step_backward", "lstm_cell_backward"),
    ):
        if not callable(getattr(target, function, None)):
            delattr(LSTM, method)
    return LSTM

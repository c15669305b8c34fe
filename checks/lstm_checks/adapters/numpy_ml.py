"""numpy-ml: the layers LSTM(n_out) and LSTMCell(n_out), whose weights are made at the first call.

Arrays are (N, D, T). `parameters` has Wf, Wu, Wc, Wo (H + D, H) on [a, x], and bf, bu, bc, bo
(1, H); `gradients` has the same names. There is no state between calls and none is given.
"""

import copy

import numpy as np

GATES = "fuco"


def adapt(target):
    is_cell = "cell" in target.__name__.lower()

    class LSTM:
        gate_order = "figo"
        names = {
            "W": [f"W{gate}[H:]" for gate in GATES],
            "U": [f"W{gate}[:H]" for gate in GATES],
            "b": [f"b{gate}" for gate in GATES],
        }
        not_offered = dict.fromkeys(
            ("stateful", "initial_h", "initial_c", "final_h", "final_c"),
            "the layer starts from zeros and returns the outputs alone",
        )

        def __init__(self, input_size, hidden_size):
            self.D, self.H, self.params = input_size, hidden_size, {}
            for gate in GATES:
                self.params[f"W{gate}[H:]"] = np.zeros((input_size, hidden_size))
                self.params[f"W{gate}[:H]"] = np.zeros((hidden_size, hidden_size))
                self.params[f"b{gate}"] = np.zeros((1, hidden_size))

        def forward(self, x, state=None):
            self.layer = layer = target(self.H)
            if not is_cell:
                layer.n_in = self.D
                layer._init_params()
            cell = layer if is_cell else layer.cell
            cell.n_in = self.D
            cell._init_params()
            own = cell.parameters
            for gate in GATES:
                pair = [self.params[f"W{gate}[:H]"], self.params[f"W{gate}[H:]"]]
                own[f"W{gate}"] = np.concatenate(pair)
                own[f"b{gate}"] = self.params[f"b{gate}"]
            if is_cell:
                y = np.stack([layer.forward(x[:, t])[0] for t in range(x.shape[1])], 1)
            else:
                y = layer.forward(x.transpose(0, 2, 1)).transpose(0, 2, 1)
            return y, (None, None)

        def backward(self, dy, dstate=None):
            layer = copy.deepcopy(self.layer)  # its backward can be called once
            if is_cell:
                steps = [layer.backward(dy[:, t]) for t in reversed(range(dy.shape[1]))]
                dx = np.stack(steps[::-1], 1)
            else:
                dx = layer.backward(dy.transpose(0, 2, 1)).transpose(0, 2, 1)
            found = (layer if is_cell else layer.cell).gradients
            self.grads = {f"b{gate}": found[f"b{gate}"] for gate in GATES}
            for gate in GATES:
                self.grads[f"W{gate}[:H]"] = found[f"W{gate}"][: self.H]
                self.grads[f"W{gate}[H:]"] = found[f"W{gate}"][self.H :]
            return dx, (None, None)

    return LSTM

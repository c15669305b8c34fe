"""CS231n's assignment 3: lstm_forward, lstm_backward, lstm_step_forward, lstm_step_backward.

Gates i, f, o, g. The sequence starts from c0 = 0 and does not return c; the step functions do both.
"""

import numpy as np


def adapt(target):
    class LSTM:
        gate_order = "ifog"
        step_functions = True
        names = {"W": "Wx", "U": "Wh"}
        not_offered = {
            "initial_c": "lstm_forward starts from c0 = 0",
            "final_c": "lstm_forward does not return the cell state",
            "stateful": "functions carry no state",
        }

        def __init__(self, input_size, hidden_size):
            self.hidden_size = hidden_size
            self.params = {}

        def _weights(self):
            return self.params["Wx"], self.params["Wh"], self.params["b"]

        def forward(self, x, state=None):
            zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)
            h0 = zeros if state is None else state[0]
            result = target.lstm_forward(x, h0, *self._weights())
            if result is None or result[0] is None:
                return None
            h, self.cache = result
            return h, (h[:, -1], None)

        def backward(self, dy, dstate=None):
            if dstate is not None:
                dy = dy.copy()
                dy[:, -1] += dstate[0]
            result = target.lstm_backward(dy, self.cache)
            self.grads = {}
            if result is None or all(part is None for part in result):
                return None
            dx, dh0, self.grads["Wx"], self.grads["Wh"], self.grads["b"] = result
            return dx, (dh0, None)

        def step(self, x, h, c):
            result = target.lstm_step_forward(x, h, c, *self._weights())
            if result is None or result[0] is None:
                return None
            next_h, next_c, self.step_cache = result
            return next_h, next_c

        def step_backward(self, dh, dc):
            result = target.lstm_step_backward(dh, dc, self.step_cache)
            self.grads = {}
            if result is None or all(part is None for part in result):
                return None
            dx, dh, dc, self.grads["Wx"], self.grads["Wh"], self.grads["b"] = result
            return dx, dh, dc

    for method in ("backward", "step", "step_backward"):
        function = f"lstm_{method}" if method != "step" else "lstm_step_forward"
        if not callable(getattr(target, function, None)):
            delattr(LSTM, method)
    return LSTM

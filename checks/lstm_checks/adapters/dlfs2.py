"""Deep Learning from Scratch 2: TimeLSTM(Wx, Wh, b, stateful), with set_state and reset_state.

Gates f, g, i, o; forward(xs) gives hs (N, T, H), backward(dhs) gives dxs; `params` and `grads` are
lists. The state is in h and c, and the gradient of the final state is not taken in.
"""

import numpy as np

NAMES = ("Wx", "Wh", "b")


def adapt(target):
    class LSTM:
        gate_order = "fgio"
        names = {"W": "Wx", "U": "Wh"}
        not_offered = dict.fromkeys(
            ("final_c", "dc0"), "backward takes no gradient of the final cell state, and gives none"
        )

        def __init__(self, input_size, hidden_size, stateful=False):
            shapes = (input_size, 4 * hidden_size), (hidden_size, 4 * hidden_size), 4 * hidden_size
            self.params = {n: np.zeros(s) for n, s in zip(NAMES, shapes, strict=True)}
            self.stateful, self.layer = stateful, None

        def forward(self, x, state=None):
            kept = self.layer
            arrays = [self.params[name] for name in NAMES]
            # The layer zeroes its state at a call unless it is stateful, so that it can be given.
            layer = self.layer = target(*arrays, stateful=self.stateful or state is not None)
            if state is not None:
                layer.set_state(*state)
            elif self.stateful and kept is not None and kept.h is not None:
                layer.set_state(kept.h, kept.c)
            y = layer.forward(x)
            return y, (layer.h.copy(), None)  # layer.h may be y's last part

        def backward(self, dy, dstate=None):
            if dstate is not None:
                dy = dy.copy()
                dy[:, -1] += dstate[0]
            dx = self.layer.backward(dy)
            self.grads = dict(zip(NAMES, self.layer.grads, strict=True))
            return dx, (self.layer.dh, None)

        def reset_state(self):
            if self.layer is not None:
                self.layer.reset_state()

    return LSTM

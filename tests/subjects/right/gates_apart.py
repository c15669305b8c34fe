"""A matrix and a bias for each gate, under names of their own, in the order f, i, g, o."""

import numpy as np

GATES = ("f", "i", "g", "o")


def sigma(z):
    return (1 + np.tanh(z / 2)) / 2


class LSTM:
    gate_order = "figo"
    names = {
        "W": ["Wf", "Wi", "Wg", "Wo"],
        "U": ["Uf", "Ui", "Ug", "Uo"],
        "b": ["bf", "bi", "bg", "bo"],
    }

    def __init__(self, n_in, n_out, stateful=False):
        rng = np.random.default_rng(7)
        self.n_out = n_out
        self.params = {}
        for k in GATES:
            self.params["W" + k] = rng.normal(size=(n_in, n_out))
            self.params["U" + k] = rng.normal(size=(n_out, n_out))
            self.params["b" + k] = np.zeros(n_out)
        self.stateful = stateful
        self.reset_state()

    def reset_state(self):
        self.state = None

    def gates(self, x, h):
        z = {
            k: x @ self.params["W" + k] + h @ self.params["U" + k] + self.params["b" + k]
            for k in GATES
        }
        return {k: np.tanh(z[k]) if k == "g" else sigma(z[k]) for k in GATES}

    def forward(self, x, state=None):
        state = self.state if state is None else state
        if state is None:
            state = 2 * (np.zeros((len(x), self.n_out), x.dtype),)
        h, c = state
        self.history = []
        y = []
        for t in range(x.shape[1]):
            a = self.gates(x[:, t], h)
            c_new = a["f"] * c + a["i"] * a["g"]
            self.history.append((x[:, t], h, c, a, np.tanh(c_new)))
            h, c = a["o"] * np.tanh(c_new), c_new
            y.append(h[:, None])
        if self.stateful:
            self.state = (h.copy(), c.copy())
        return np.concatenate(y, axis=1), (h, c)

    def backward(self, dy, dstate=None):
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        dh = dc = np.zeros_like(dy[:, 0])
        if dstate is not None:
            dh, dc = dstate
        dx = []
        for t in reversed(range(dy.shape[1])):
            x, h, c, a, tanh_c = self.history[t]
            dh = dh + dy[:, t]
            dc = dc + dh * a["o"] * (1 - tanh_c**2)
            d = {"f": dc * c, "i": dc * a["g"], "g": dc * a["i"], "o": dh * tanh_c}
            dc = dc * a["f"]
            dh, dx_t = 0, 0
            for k in GATES:
                dz = d[k] * (1 - a[k] ** 2 if k == "g" else a[k] * (1 - a[k]))
                self.grads["W" + k] += x.T @ dz
                self.grads["U" + k] += h.T @ dz
                self.grads["b" + k] += dz.sum(axis=0)
                dx_t = dx_t + dz @ self.params["W" + k].T
                dh = dh + dz @ self.params["U" + k].T
            dx.append(dx_t)
        return np.stack(dx[::-1], axis=1), (dh, dc)

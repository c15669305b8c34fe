"""Time first, weights (4H, D) and two biases in params, as in PyTorch; everything is stored."""

import numpy as np


def sigmoid(z):
    out = np.empty_like(z)
    positive = z >= 0
    out[positive] = 1 / (1 + np.exp(-z[positive]))
    grown = np.exp(z[~positive])
    out[~positive] = grown / (1 + grown)
    return out


class LSTM:
    batch_first = False
    weights = "out_in"
    biases = 2
    names = {"W": "weight_ih", "U": "weight_hh", "b": ["bias_ih", "bias_hh"]}

    def __init__(self, input_size, hidden_size, stateful=False):
        rng = np.random.default_rng(1)
        k = hidden_size**-0.5
        self.params = {
            "weight_ih": rng.uniform(-k, k, (4 * hidden_size, input_size)),
            "weight_hh": rng.uniform(-k, k, (4 * hidden_size, hidden_size)),
            "bias_ih": rng.uniform(-k, k, 4 * hidden_size),
            "bias_hh": rng.uniform(-k, k, 4 * hidden_size),
        }
        self.H, self.stateful, self.kept = hidden_size, stateful, None

    def reset_state(self):
        self.kept = None

    def forward(self, x, state=None):
        T, N, _ = x.shape
        p = self.params
        if state is None:
            state = self.kept
        if state is None:
            state = np.zeros((2, N, self.H), dtype=x.dtype)
        hs, cs, gates = [state[0]], [state[1]], []
        for x_t in x:
            z = x_t @ p["weight_ih"].T + p["bias_ih"] + hs[-1] @ p["weight_hh"].T + p["bias_hh"]
            i, f, g, o = np.split(z, 4, axis=1)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            cs.append(f * cs[-1] + i * g)
            hs.append(o * np.tanh(cs[-1]))
            gates.append((i, f, g, o))
        self.stored = x, hs, cs, gates
        if self.stateful:
            self.kept = hs[-1].copy(), cs[-1].copy()
        return np.stack(hs[1:]), (hs[-1], cs[-1])

    def backward(self, dy, dstate=None):
        x, hs, cs, gates = self.stored
        dh, dc = dstate if dstate is not None else (0, 0)
        dzs = []
        for t in range(len(x) - 1, -1, -1):
            i, f, g, o = gates[t]
            dh = dh + dy[t]
            dc = dc + dh * o / np.cosh(np.clip(cs[t + 1], -300, 300)) ** 2
            dz = np.hstack(
                [
                    dc * g * (i - i * i),
                    dc * cs[t] * (f - f * f),
                    dc * i * (1 - g * g),
                    dh * np.tanh(cs[t + 1]) * (o - o * o),
                ]
            )
            dzs.append(dz)
            dh, dc = dz @ self.params["weight_hh"], dc * f
        dz = np.stack(dzs[::-1])
        db = dz.sum((0, 1))
        self.grads = {
            "weight_ih": np.tensordot(dz, x, ((0, 1), (0, 1))),
            "weight_hh": np.tensordot(dz, np.stack(hs[:-1]), ((0, 1), (0, 1))),
            "bias_ih": db,
            "bias_hh": db.copy(),
        }
        return dz @ self.params["weight_ih"], (dh, dc)

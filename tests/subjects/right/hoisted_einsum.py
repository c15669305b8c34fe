"""The input products of all steps at once, by einsum; blocks (N, T, 4, H) of o, f, i, g."""

import numpy as np


class LSTM:
    gate_order = "ofig"

    def __init__(self, input_size, hidden_size, stateful=False):
        self.sizes = input_size, hidden_size
        self.stateful = stateful
        self.params = {
            "W": np.ones((input_size, 4 * hidden_size)),
            "U": np.ones((hidden_size, 4 * hidden_size)),
            "b": np.ones(4 * hidden_size),
        }
        self.state = None

    def reset_state(self):
        self.state = None

    def forward(self, x, state=None):
        D, H = self.sizes
        N, T = x.shape[:2]
        W = self.params["W"].reshape(D, 4, H)
        U = self.params["U"].reshape(H, 4, H)
        z = np.einsum("ntd,dkh->ntkh", x, W) + self.params["b"].reshape(4, H)
        h = np.zeros((N, T + 1, H), z.dtype)
        c = np.zeros((N, T + 1, H), z.dtype)
        given = state if state is not None else self.state
        if given is not None:
            h[:, 0], c[:, 0] = given
        for t in range(T):
            z[:, t] += np.einsum("nh,hkj->nkj", h[:, t], U)
            z[:, t, :3] = 0.5 * (1 + np.tanh(0.5 * z[:, t, :3]))
            z[:, t, 3] = np.tanh(z[:, t, 3])
            o, f, i, g = z[:, t].swapaxes(0, 1)
            c[:, t + 1] = f * c[:, t] + i * g
            h[:, t + 1] = o * np.tanh(c[:, t + 1])
        self.saved = x, h, c, z
        if self.stateful:
            self.state = h[:, -1], c[:, -1]
        return h[:, 1:].copy(), (h[:, -1].copy(), c[:, -1].copy())

    def backward(self, dy, dstate=None):
        D, H = self.sizes
        x, h, c, a = self.saved
        N, T = x.shape[:2]
        W = self.params["W"].reshape(D, 4, H)
        U = self.params["U"].reshape(H, 4, H)
        dh = np.zeros((N, H), dy.dtype)
        dc = np.zeros((N, H), dy.dtype)
        if dstate is not None:
            dh += dstate[0]
            dc += dstate[1]
        slope = np.concatenate([a[:, :, :3] * (1 - a[:, :, :3]), 1 - a[:, :, 3:] ** 2], axis=2)
        tanh_c = np.tanh(c[:, 1:])
        dz = np.empty_like(a)
        for t in reversed(range(T)):
            o, f, i, g = a[:, t].swapaxes(0, 1)
            dh += dy[:, t]
            dc += dh * o * (1 - tanh_c[:, t] ** 2)
            dz[:, t] = np.stack([dh * tanh_c[:, t], dc * c[:, t], dc * g, dc * i], axis=1)
            dz[:, t] *= slope[:, t]
            dh = np.einsum("nkj,hkj->nh", dz[:, t], U)
            dc *= f
        self.grads = {
            "W": np.einsum("ntd,ntkh->dkh", x, dz).reshape(D, 4 * H),
            "U": np.einsum("nti,ntkh->ikh", h[:, :-1], dz).reshape(H, 4 * H),
            "b": np.einsum("ntkh->kh", dz).reshape(4 * H),
        }
        return np.einsum("ntkh,dkh->ntd", dz, W), (dh, dc)

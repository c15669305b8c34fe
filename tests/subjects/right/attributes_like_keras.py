"""Weights as attributes under Keras's names, no params; the candidate's block is called c."""

import numpy as np


def expit(z):
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-z))


class LSTM:
    gate_order = "ifco"
    names = {"W": "kernel", "U": "recurrent_kernel", "b": "bias"}

    def __init__(self, units_in, units, *, stateful=False):
        self.units = units
        self.stateful = stateful
        self.kernel = np.full((units_in, 4 * units), 0.1)
        self.recurrent_kernel = np.tile(np.eye(units), 4)
        self.bias = np.zeros(4 * units)
        self.bias[units : 2 * units] = 1
        self.states = [None, None]

    def reset_state(self):
        self.states = [None, None]

    def forward(self, inputs, initial_state=None):
        batch, steps = inputs.shape[:2]
        h, c = self.states if initial_state is None else initial_state
        if h is None:
            h = np.zeros((batch, self.units), inputs.dtype)
            c = np.zeros((batch, self.units), inputs.dtype)
        self.tape = []
        outputs = np.empty((batch, steps, self.units), inputs.dtype)
        for t in range(steps):
            z = np.dot(inputs[:, t, :], self.kernel)
            z += np.dot(h, self.recurrent_kernel)
            z += self.bias
            z0, z1, z2, z3 = np.split(z, 4, axis=1)
            i, f, o, candidate = expit(z0), expit(z1), expit(z3), np.tanh(z2)
            self.tape.append((inputs[:, t, :], h, c, i, f, candidate, o))
            c = f * c + i * candidate
            h = o * np.tanh(c)
            outputs[:, t, :] = h
        if self.stateful:
            self.states = [h + 0, c + 0]
        return outputs, (h, c)

    def backward(self, dout, dstate=None):
        zero = np.zeros_like(dout[:, 0])
        dh, dc = (zero, zero) if dstate is None else dstate
        dkernel = np.zeros_like(self.kernel)
        drecurrent = np.zeros_like(self.recurrent_kernel)
        dbias = np.zeros_like(self.bias)
        dinputs = []
        for t, (x, h, c, i, f, candidate, o) in reversed(list(enumerate(self.tape))):
            tanh_c = np.tanh(f * c + i * candidate)
            dh = dh + dout[:, t]
            dc = dc + dh * o * (1 - tanh_c) * (1 + tanh_c)
            dz = np.concatenate(
                (
                    dc * candidate * i * (1 - i),
                    dc * c * f * (1 - f),
                    dc * i * (1 - candidate**2),
                    dh * tanh_c * o * (1 - o),
                ),
                axis=-1,
            )
            dkernel += np.dot(x.T, dz)
            drecurrent += np.dot(h.T, dz)
            dbias += dz.sum(0)
            dinputs.insert(0, np.dot(dz, self.kernel.T))
            dh, dc = np.dot(dz, self.recurrent_kernel.T), dc * f
        self.grads = {"kernel": dkernel, "recurrent_kernel": drecurrent, "bias": dbias}
        return np.stack(dinputs, axis=1), (dh, dc)

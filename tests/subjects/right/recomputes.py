"""Keeps nothing but the input and the initial state: backward runs the steps again, recursively."""

from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    h: np.ndarray
    c: np.ndarray


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def one_step(x, state, W, U, b):
    i, f, g, o = np.array_split(x @ W + state.h @ U + b, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * state.c + i * g
    return State(o * np.tanh(c), c), (i, f, g, o)


class LSTM:
    def __init__(self, input_size, hidden_size, stateful=False, **options):
        shape = {"W": (input_size, 4 * hidden_size), "U": (hidden_size, 4 * hidden_size)}
        self.params = {name: np.zeros(size) for name, size in shape.items()}
        self.params["b"] = np.zeros(4 * hidden_size)
        self.stateful = stateful
        self.carried = None

    def reset_state(self):
        self.carried = None

    def weights(self):
        return self.params["W"], self.params["U"], self.params["b"]

    def forward(self, x, state=None):
        if state is None and self.carried is not None:
            state = self.carried
        if state is None:
            state = np.zeros((2, x.shape[0], self.params["U"].shape[0]), x.dtype)
        state = self.begin = State(np.array(state[0]), np.array(state[1]))
        self.x = x.copy()
        y = np.empty((*x.shape[:2], state.h.shape[1]), x.dtype)
        for t in range(x.shape[1]):
            state, _ = one_step(x[:, t], state, *self.weights())
            y[:, t] = state.h
        if self.stateful:
            self.carried = State(state.h.copy(), state.c.copy())
        return y, state

    def backward(self, dy, dstate=None):
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        dx = np.empty(self.x.shape, dy.dtype)

        def back_from(t, state):
            """Fills in everything from step t on; the gradient by the state before it."""
            if t == dy.shape[1]:
                zeros = np.zeros_like(dy[:, 0])
                return (zeros, zeros) if dstate is None else dstate
            after, (i, f, g, o) = one_step(self.x[:, t], state, *self.weights())
            dh, dc = back_from(t + 1, after)
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - np.tanh(after.c) ** 2)
            dz = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * state.c * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * np.tanh(after.c) * o * (1 - o),
                ],
                axis=1,
            )
            self.grads["W"] += self.x[:, t].T @ dz
            self.grads["U"] += state.h.T @ dz
            self.grads["b"] += dz.sum(axis=0)
            dx[:, t] = dz @ self.params["W"].T
            return dz @ self.params["U"].T, dc * f

        return dx, back_from(0, self.begin)

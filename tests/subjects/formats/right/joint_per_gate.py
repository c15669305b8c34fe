"""Functions with a matrix per gate on [h, x], in a dictionary."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def init_params(input_size, hidden_size):
    joint = (hidden_size, hidden_size + input_size)
    params = {f"W{gate}": np.zeros(joint) for gate in "fico"}
    return params | {f"b{gate}": np.zeros(hidden_size) for gate in "fico"}


def lstm_cell(x, h_prev, c_prev, params):
    hx = np.concatenate([h_prev, x], axis=1)
    f = sigmoid(hx @ params["Wf"].T + params["bf"])
    i = sigmoid(hx @ params["Wi"].T + params["bi"])
    g = np.tanh(hx @ params["Wc"].T + params["bc"])
    o = sigmoid(hx @ params["Wo"].T + params["bo"])
    c = f * c_prev + i * g
    return o * np.tanh(c), c

"""The functions of the course Sequence Models: features first, parameters in a dict.

lstm-checks check examples/formats/coursera_lstm.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    both = np.concatenate([a_prev, xt])
    ft, it, ot = (sigmoid(parameters[f"W{g}"] @ both + parameters[f"b{g}"]) for g in "fio")
    cct = np.tanh(parameters["Wc"] @ both + parameters["bc"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"])
    return (
        a_next,
        c_next,
        yt_pred,
        (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters),
    )


def lstm_forward(x, a0, parameters):
    a_next, c_next, caches = a0, np.zeros_like(a0), []
    a, y, c = [], [], []
    for t in range(x.shape[2]):
        a_next, c_next, yt, cache = lstm_cell_forward(x[:, :, t], a_next, c_next, parameters)
        caches.append(cache)
        a.append(a_next)
        y.append(yt)
        c.append(c_next)
    return np.stack(a, 2), np.stack(y, 2), np.stack(c, 2), (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    _, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    tanh = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh**2)
    dz = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da_next * tanh * ot * (1 - ot),
    }
    both, n_a = np.concatenate([a_prev, xt]), len(a_prev)
    dboth = sum(parameters[f"W{g}"].T @ d for g, d in dz.items())
    gradients = {"dxt": dboth[n_a:], "da_prev": dboth[:n_a], "dc_prev": dc * ft}
    for g, d in dz.items():
        gradients |= {f"dW{g}": d @ both.T, f"db{g}": d.sum(axis=1, keepdims=True)}
    return gradients


def lstm_backward(da, caches):
    caches, x = caches
    gradients, dx = {}, np.zeros(x.shape, da.dtype)
    da_prev = dc_prev = np.zeros_like(da[:, :, 0])
    for t in reversed(range(x.shape[2])):
        step = lstm_cell_backward(da[:, :, t] + da_prev, dc_prev, caches[t])
        dx[:, :, t], da_prev, dc_prev = step["dxt"], step["da_prev"], step["dc_prev"]
        for name in step:
            if name[:2] in ("dW", "db"):
                gradients[name] = gradients.get(name, 0) + step[name]
    return gradients | {"dx": dx, "da0": da_prev}

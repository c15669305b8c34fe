"""Initial weights: those that Keras draws for its dense and recurrent layers, in float64.

PyTorch's, U(-1/√H, 1/√H) for everything, are what the recurrent layers here begin with; to begin
with Keras's: `layer.params.update(keras_lstm(input_size, hidden_size, rng))`.
"""

import numpy as np

from lstm_reference.cell import Array


def glorot_uniform(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """A matrix of U(-a, a) with a = √(6 / (rows + columns)) (Glorot & Bengio 2010)."""
    bound = (6 / sum(shape)) ** 0.5
    return rng.uniform(-bound, bound, shape)


def orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """A uniformly random matrix with orthonormal rows or columns, whichever are fewer.

    The Q of a QR decomposition of a normal matrix, its signs made those of a positive diagonal in
    R so that Q is uniformly distributed (Mezzadri 2007; Saxe, McClelland & Ganguli 2014).
    """
    Q, R = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    Q *= np.sign(np.diag(R))
    return Q if shape[0] >= shape[1] else np.ascontiguousarray(Q.T)


def keras_lstm(
    input_size: int, hidden_size: int, rng: np.random.Generator, unit_forget_bias: bool = True
) -> dict[str, Array]:
    """Keras's initial weights of an LSTM, as params with gate blocks i, f, g, o.

    W (D, 4H) is Glorot uniform, U (H, 4H) one orthogonal matrix over all four gates, and b (4H,)
    zero but for the forget gates, where it is 1 (Gers et al. 2000; Jozefowicz et al. 2015).
    """
    b = np.zeros(4 * hidden_size)
    if unit_forget_bias:
        b[hidden_size : 2 * hidden_size] = 1
    return {
        "W": glorot_uniform((input_size, 4 * hidden_size), rng),
        "U": orthogonal((hidden_size, 4 * hidden_size), rng),
        "b": b,
    }


def keras_rnn(input_size: int, hidden_size: int, rng: np.random.Generator) -> dict[str, Array]:
    """Keras's initial weights of a simple recurrent layer: W (D, H), U (H, H), b (H,) of zeros."""
    return {
        "W": glorot_uniform((input_size, hidden_size), rng),
        "U": orthogonal((hidden_size, hidden_size), rng),
        "b": np.zeros(hidden_size),
    }

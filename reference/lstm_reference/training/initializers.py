"""Initial weights as Keras draws them for its dense and recurrent layers, in float64.

The recurrent layers here start from PyTorch's weights, U(-1/√H, 1/√H). To start from those of
Keras: `layer.params.update(keras_lstm(input_size, hidden_size, rng))`.
"""

import numpy as np

from lstm_reference.cells.cell import Array


def glorot_uniform(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """A matrix of the given shape from U(-a, a), a = √(6 / (rows + columns)).

    Source: Glorot & Bengio (2010).
    """
    bound = (6 / sum(shape)) ** 0.5
    return rng.uniform(-bound, bound, shape)


def orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """A uniformly random matrix of the given shape with orthonormal rows or columns.

    The rows are orthonormal if they are fewer than the columns, otherwise the columns are. The
    matrix is Q of the QR decomposition of a normal matrix, with the signs for which the diagonal
    of R is positive; only then is Q uniformly distributed (Mezzadri 2007; Saxe, McClelland &
    Ganguli 2014).
    """
    Q, R = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    Q *= np.sign(np.diag(R))
    return Q if shape[0] >= shape[1] else np.ascontiguousarray(Q.T)


def keras_lstm(input_size: int, hidden_size: int, rng: np.random.Generator) -> dict[str, Array]:
    """Keras's initial weights of an LSTM, with gate blocks i, f, g, o.

    "W" (D, 4H) is Glorot uniform. "U" (H, 4H) is one orthogonal matrix over all four gates.
    "b" (4H,) is 1 for the forget gates and 0 for the others (Gers et al. 2000; Jozefowicz et al.
    2015).
    """
    b = np.zeros(4 * hidden_size)
    b[hidden_size : 2 * hidden_size] = 1
    return {
        "W": glorot_uniform((input_size, 4 * hidden_size), rng),
        "U": orthogonal((hidden_size, 4 * hidden_size), rng),
        "b": b,
    }


def keras_rnn(input_size: int, hidden_size: int, rng: np.random.Generator) -> dict[str, Array]:
    """Keras's initial weights of a simple recurrent layer.

    "W" (D, H) is Glorot uniform, "U" (H, H) is orthogonal, and "b" (H,) is zero.
    """
    return {
        "W": glorot_uniform((input_size, hidden_size), rng),
        "U": orthogonal((hidden_size, hidden_size), rng),
        "b": np.zeros(hidden_size),
    }

"""How much of a gradient is left after a lag: what an output owes to an input k steps before it.

The gradient of the last output with respect to earlier inputs is a product of one factor per step.
In a simple recurrent layer the factor is (1 - h²) U, so that the gradient vanishes or explodes
(Hochreiter 1991; Bengio, Simard & Frasconi 1994). Along the cell state of an LSTM it is the forget
gate: σ(b) per step for a forget bias b, if all else is small.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.training.initializers import keras_lstm, keras_rnn

SYMBOLS, UNITS = 5, 20

Make = Callable[[np.random.Generator], Any]


def lstm(forget_bias: float, input_bias: float = 0.0) -> Make:
    """Draws LSTMs of 20 units with Keras's initial weights, and these biases of two gates."""

    def make(rng: np.random.Generator) -> LSTM:
        layer = LSTM(SYMBOLS, UNITS)
        layer.params.update(keras_lstm(SYMBOLS, UNITS, rng))
        layer.params["b"][:UNITS] = input_bias
        layer.params["b"][UNITS : 2 * UNITS] = forget_bias
        return layer

    return make


def simple(scale: float = 1.0) -> Make:
    """Draws simple recurrent layers with Keras's initial weights, U multiplied by `scale`."""

    def make(rng: np.random.Generator) -> SimpleRNN:
        layer = SimpleRNN(SYMBOLS, UNITS)
        layer.params.update(keras_rnn(SYMBOLS, UNITS, rng))
        layer.params["U"] *= scale
        return layer

    return make


def norms(make: Make, lags: int, draws: int, seed: int = 0) -> Array:
    """The norm of the gradient against the lag, over drawn layers and drawn symbols.

    Each layer reads `lags + 1` symbols. The loss is the sum of the last hidden state in a drawn
    direction; its gradient with respect to the input k steps before the last has the norm n_k.

    Args:
        make: draws a layer, such as `lstm(1.0)` or `simple()`.
        lags: the longest lag, K.
        draws: how many layers are drawn, R.
        seed: of the generator.

    Returns:
        n_k / n_0 for k = 0 … K: (R, K + 1).
    """
    return np.stack(list(_drawn(make, lags, draws, seed)))


def _drawn(make: Make, lags: int, draws: int, seed: int) -> Iterator[Array]:
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        layer = make(rng)
        x = np.eye(SYMBOLS)[rng.integers(SYMBOLS, size=(1, lags + 1))]
        y, _ = layer.forward(x)
        dy = np.zeros_like(y)
        dy[0, -1] = rng.standard_normal(y.shape[2])
        dx, _ = layer.backward(dy)
        found = np.linalg.norm(dx[0], axis=1)[::-1]
        yield found / found[0]

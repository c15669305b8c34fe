"""A subject as a layer of a network, trained through its own forward and backward."""

import numpy as np

from lstm_checks.contract import State
from lstm_checks.conventions import Array
from lstm_checks.layer import Layer
from lstm_checks.subject import Subject
from lstm_reference.initializers import orthogonal
from lstm_reference.layers import Dense
from lstm_reference.losses import categorical_cross_entropy_from_logits
from lstm_reference.network import Sequential
from lstm_reference.optimizers import Adam

LEARNING_RATE = 0.1
FORGET_BIAS = 2.0  # remembers from the start (Gers et al. 2000; Jozefowicz et al. 2015)


class Recurrent:
    """One instance of the subject with native weights, as `lstm_reference.network` takes layers.

    The judge keeps the weights and writes them into the instance before each forward.
    """

    def __init__(self, subject: Subject, input_size: int, hidden_size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        H = hidden_size
        b = np.zeros(4 * H)
        b[H : 2 * H] = FORGET_BIAS if subject.offers("bias") else 0.0
        self.params: dict[str, Array] = {
            "W": 0.5 * rng.standard_normal((input_size, 4 * H)),
            "U": np.concatenate([orthogonal((H, H), rng) for _ in range(4)], axis=1),
            "b": b,
        }
        self.grads: dict[str, Array] = {}
        self.layer: Layer = subject.layer(self.params)

    def forward(self, x: Array, state: State | None = None) -> Array:
        """y (N, T, H) for x (N, T, D), from a state (h, c) or from none given."""
        self.layer.write(self.params)
        return self.layer.forward(x, state).y

    def run(self, x: Array, state: State) -> tuple[Array, State]:
        """y and the final state, from a given one."""
        self.layer.write(self.params)
        out = self.layer.forward(x, state)
        assert out.h is not None
        assert out.c is not None
        return out.y, (out.h, out.c)

    def backward(self, dy: Array) -> Array:
        got = self.layer.backward(dy)
        db = next(iter(got.db.values()), np.zeros_like(self.params["b"]))
        self.grads = {"W": got.dW, "U": got.dU, "b": db}
        return got.dx


def network(recurrent: Recurrent, outputs: int, seed: int) -> Sequential:
    """The subject under a dense layer, for next-symbol prediction, trained by Adam."""
    hidden = len(recurrent.params["U"])
    dense = Dense(hidden, outputs, rng=np.random.default_rng(seed + 1))
    return Sequential(
        [recurrent, dense], categorical_cross_entropy_from_logits, Adam(LEARNING_RATE)
    )

"""A subject in a network, trained through its own forward and backward."""

import numpy as np

from lstm_checks.subjects.network_layer import NetworkLayer
from lstm_checks.subjects.subject import Subject
from lstm_reference.training.initializers import orthogonal
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import categorical_cross_entropy_from_logits
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import Adam

LEARNING_RATE = 0.1
FORGET_BIAS = 2.0  # remembers from the start (Gers et al. 2000; Jozefowicz et al. 2015)


def recurrent(subject: Subject, input_size: int, hidden_size: int, seed: int) -> NetworkLayer:
    """An instance of the subject that starts with weights which learn to remember quickly."""
    rng = np.random.default_rng(seed)
    H = hidden_size
    b = np.zeros(4 * H)
    b[H : 2 * H] = FORGET_BIAS if subject.offers("bias") else 0.0
    weights = {
        "W": 0.5 * rng.standard_normal((input_size, 4 * H)),
        "U": np.concatenate([orthogonal((H, H), rng) for _ in range(4)], axis=1),
        "b": b,
    }
    return NetworkLayer(subject, weights, recorded=True)


def network(layer: NetworkLayer, outputs: int, seed: int) -> Sequential:
    """The subject under a dense layer, for next-symbol prediction, trained by Adam."""
    hidden = len(layer.params["U"])
    dense = Dense(hidden, outputs, rng=np.random.default_rng(seed + 1))
    return Sequential([layer, dense], categorical_cross_entropy_from_logits, Adam(LEARNING_RATE))

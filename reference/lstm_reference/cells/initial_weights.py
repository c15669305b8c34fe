"""The weights that the recurrent layers start from: U(-1/√H, 1/√H) for every entry, as in PyTorch.

`training/initializers.py` has those of Keras.
"""

import numpy as np

from lstm_reference.cells.cell import Array


def lstm_weights(
    input_size: int, hidden_size: int, rng: np.random.Generator | None = None
) -> dict[str, Array]:
    """ "W" (D, 4H), "U" (H, 4H) and "b" (4H,), float64, for D inputs and H units.

    `rng` draws the weights; the default is a generator with seed 0.

    Raises:
        ValueError: hidden_size is less than 1.
    """
    return _weights(input_size, hidden_size, 4 * hidden_size, rng)


def rnn_weights(
    input_size: int, hidden_size: int, rng: np.random.Generator | None = None
) -> dict[str, Array]:
    """The same for a simple recurrent layer: "W" (D, H), "U" (H, H) and "b" (H,)."""
    return _weights(input_size, hidden_size, hidden_size, rng)


def _weights(
    input_size: int, hidden_size: int, columns: int, rng: np.random.Generator | None
) -> dict[str, Array]:
    if hidden_size < 1:
        raise ValueError(f"hidden_size is {hidden_size}; it should be at least 1")
    rng = np.random.default_rng(0) if rng is None else rng
    bound = hidden_size**-0.5
    shapes = {"W": (input_size, columns), "U": (hidden_size, columns), "b": (columns,)}
    return {name: rng.uniform(-bound, bound, shape) for name, shape in shapes.items()}

"""Gradients by the complex step: f'(x) = Im f(x + iε)/ε, exact to rounding if f is analytic.

Nothing is subtracted, so that ε can be as small as 1e-30 (Squire & Trapp, SIAM Review 40, 1998).
Every operation in f must be analytic, and every buffer must be complex.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.training.layers import Layer

STEP = 1e-30


def gradient(f: Callable[[Array], complex], x: Array) -> Array:
    """The gradient of a scalar f at the real array x, in the shape of x; one call of f per entry.

    Raises:
        TypeError: f returned a real number, so something in it dropped the imaginary part.
    """
    result = np.empty(x.shape)
    z = x.astype(complex)
    for index in np.ndindex(x.shape):
        z[index] += STEP * 1j
        value = f(z)
        if not np.iscomplexobj(value):
            raise TypeError(
                "f returned a real number for a complex array: it drops the imaginary part"
            )
        result[index] = value.imag / STEP
        z[index] = x[index]
    return result


def layer_gradients(layer: Layer, x: Array, dy: Array) -> dict[str, Array]:
    """The gradients of Σ dy·y for y = layer.forward(x), with respect to its params and "x".

    The layer has its old weights when this returns, but its last forward was another one.
    """

    def loss(z: Array) -> complex:
        y = layer.forward(z)
        total: complex = (dy * (y[0] if isinstance(y, tuple) else y)).sum()
        return total

    def loss_of_weight(name: str, z: Array) -> complex:
        layer.params[name] = z
        return loss(x.astype(complex) if x.dtype.kind == "f" else x)

    result = {"x": gradient(loss, x)} if x.dtype.kind == "f" else {}
    for name, array in list(layer.params.items()):
        result[name] = gradient(partial(loss_of_weight, name), array)
        layer.params[name] = array
    return result

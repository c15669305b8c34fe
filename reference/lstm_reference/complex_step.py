"""Gradients by the complex step: f'(x) = Im f(x + iε)/ε, exact to rounding when f is analytic.

Nothing is subtracted, so ε can be as small as 1e-30 (Squire & Trapp, SIAM Review 40, 1998). Every
operation inside f has to be analytic, and every buffer complex.
"""

from collections.abc import Callable

import numpy as np

from lstm_reference.cell import Array

STEP = 1e-30


def gradient(f: Callable[[Array], complex], x: Array) -> Array:
    """The gradient of a scalar f at the real array x, in x's shape, one evaluation an entry.

    Raises:
        TypeError: f gave a real number, so something in it dropped the imaginary part.
    """
    result = np.empty(x.shape)
    z = x.astype(complex)
    for index in np.ndindex(x.shape):
        z[index] += STEP * 1j
        value = f(z)
        if not np.iscomplexobj(value):
            raise TypeError("f gave a real number for a complex array: it drops the imaginary part")
        result[index] = value.imag / STEP
        z[index] = x[index]
    return result

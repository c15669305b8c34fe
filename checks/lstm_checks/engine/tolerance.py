"""How far a right LSTM may be from the exact result: the one place where tolerances are made.

A pre-activation is a sum of D + H + 1 terms, so its rounding error is at most about
(D + H + 1) · eps · Σ|terms| (Higham 2002, §3.1). The activations do not enlarge it. Over T steps
the error grows at most in proportion to T while the state's Jacobian stays near or below one. So

    tolerance = FACTOR · eps · (D + H + 1) · T · (1 + max|expected|)

where FACTOR covers Σ|terms| (a few units for the cases' scales), the Jacobian above one that a
scale of 2 brings, and other right orders of summing up.

Laws on values take eps of float32 whatever the dtype: they ask whether the formula is right. Only
the laws on precision take eps of the dtype itself. So a subject that computes in float32 inside
fails there and nowhere else. No tolerance depends on how many numbers are compared.

Where data is larger than these cases have, the tolerance is larger in proportion to Σ|terms|. A
gradient also has an error of eps times the upstream gradient and times the cell state: where a gate
is saturated, σ(1 - σ) is exact to eps, not to eps times its own value.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_checks.engine.case import Case
from lstm_checks.findings import Array
from lstm_checks.subjects.contract import State

FACTOR = 16.0
USUAL = 4.0  # about the largest number that the cases of single calls draw
VALUES = float(np.finfo(np.float32).eps)


def precision(dtype: str) -> float:
    """The machine epsilon of a dtype."""
    return float(np.finfo(dtype).eps)


def tolerance(case: Case, eps: float = VALUES) -> float:
    """The tolerance for an expected value of size one or less; see above."""
    return FACTOR * eps * (case.D + case.H + 1) * case.T


def larger(x: Array, state: State, params: Mapping[str, Array]) -> float:
    """How many times larger the tolerance of outputs is: by Σ|terms| of a pre-activation, over 16.

    Args:
        x: (N, T, D).
        state: the initial (h, c), each (N, H).
        params: native weights.
    """
    W, U, b = (np.abs(params[name]) for name in ("W", "U", "b"))
    h = max(1.0, _size(state[0]))
    terms = float(np.max(np.abs(x) @ W + h * U.sum(axis=0) + b))
    return max(1.0, terms / FACTOR)


def larger_backward(upstream: Sequence[Array], state: State) -> float:
    """How many times larger still it is for gradients: by upstream gradients and the cell state.

    Args:
        upstream: dy, and dh and dc where they are given.
        state: the initial (h, c) of the forward, each (N, H).
    """
    return max(1.0, *map(_size, upstream)) * max(1.0, _size(state[1]))


def _size(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0)) / USUAL

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
"""

import numpy as np

from lstm_checks.engine.case import Case

FACTOR = 16.0
VALUES = float(np.finfo(np.float32).eps)


def precision(dtype: str) -> float:
    """The machine epsilon of a dtype."""
    return float(np.finfo(dtype).eps)


def tolerance(case: Case, eps: float = VALUES) -> float:
    """The tolerance for an expected value of size one or less; see above."""
    return FACTOR * eps * (case.D + case.H + 1) * case.T

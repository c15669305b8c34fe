"""What the textbook says: the reference's cell, unrolled, in float64, on a case's arrays."""

from collections.abc import Mapping

import numpy as np

from lstm_checks.conventions import Array
from lstm_checks.laws.case import Case, State
from lstm_checks.subject import Subject
from lstm_reference import unrolled


def start(subject: Subject, case: Case) -> State:
    """The case's initial state, with zeros for what the subject cannot be given."""
    h, c = case.state
    return (
        h if subject.offers("initial_h") else np.zeros_like(h),
        c if subject.offers("initial_c") else np.zeros_like(c),
    )


def upstream(subject: Subject, case: Case) -> State:
    """The case's gradients on the final state, with zeros for what the subject does not return."""
    dh, dc = case.dstate
    return (
        dh if subject.offers("final_h") else np.zeros_like(dh),
        dc if subject.offers("final_c") else np.zeros_like(dc),
    )


def forward(params: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
    """y (N, T, H) and the final (h, c) by the textbook."""
    y, final, _ = unrolled.forward(*_exact(params, x, state))
    return y, final


def gradients(
    params: Mapping[str, Array],
    x: Array,
    state: State,
    dy: Array,
    dstate: State | None = None,
) -> unrolled.Gradients:
    """All gradients by the textbook; dstate None means zeros."""
    exact, x, state = _exact(params, x, state)
    _, _, caches = unrolled.forward(exact, x, state)
    dh, dc = np.zeros((2, *state[0].shape)) if dstate is None else dstate
    return unrolled.backward(
        exact, caches, dy.astype(np.float64), (dh.astype(np.float64), dc.astype(np.float64))
    )


def _exact(
    params: Mapping[str, Array], x: Array, state: State
) -> tuple[dict[str, Array], Array, State]:
    wide = {name: array.astype(np.float64) for name, array in params.items()}
    h, c = state
    return wide, x.astype(np.float64), (h.astype(np.float64), c.astype(np.float64))

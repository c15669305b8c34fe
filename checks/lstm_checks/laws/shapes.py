"""Rung shapes: what comes back has the form and the shapes of the contract, at every size."""

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, cases
from lstm_checks.laws.expected import start, upstream
from lstm_checks.laws.law import Law, law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.subject import Subject

FEW = (1, 2, 10)
DISTINCT = cases(N=(2, 3), T=(4, 5), D=(6, 7), H=(8, 9))  # no axis can be taken for another


@law("shapes", cases=DISTINCT, examples=FEW)
def forward(subject: Subject, case: Case) -> None:
    """forward returns y (N, T, H) and (h, c), each (N, H), as NumPy arrays of finite floats.

    Without a state and with one, for any batch size in one instance.
    """
    layer = subject.layer(case.params)
    out = layer.forward(case.x)
    for name in ("y", "h", "c"):
        array = getattr(out, name)
        if array is not None and not np.isfinite(array).all():
            bad = "nan" if np.isnan(array).any() else "inf"
            raise Broken(
                f"{name} holds {bad} for inputs and weights of about one",
                "Look for a division by zero, a logarithm or a power that overflows.",
            )
    layer.forward(case.x, start(subject, case))
    wider = case.sized(N=case.N + 1)
    layer.forward(wider.x, start(subject, wider))
    layer.forward(wider.x)


@law("shapes", examples=FEW, needs=("final_h",))
def last_output_is_h(subject: Subject, case: Case) -> None:
    """The last output is the final hidden state: y[:, -1] = h."""
    state = start(subject, case)
    out = subject.layer(case.params).forward(case.x, state)
    assert out.h is not None
    limit = tolerance(case)
    if not expect.differ(out.y[:, -1], out.h, limit):
        return
    _, (_, cell) = expected.forward(case.params, case.x, state)
    if not expect.differ(out.y[:, -1], cell, limit):
        raise Broken(
            "y holds the cell state c of each step, not the hidden state h",
            "Put h = o * tanh(c) of every step into y.",
        )
    if out.c is not None and not expect.differ(out.y[:, -1], out.c, limit):
        raise Broken(
            "the last output equals what is returned as c: the state comes as (c, h)",
            "Return (h, c), or declare state_order = 'ch'.",
        )
    if not expect.differ(out.y[:, 0], out.h, limit):
        raise Broken(
            "the returned h is the first output, not the last",
            "Return h of the last time step; if time runs backwards in y, turn it round.",
        )
    expect.agree(
        out.h,
        out.y[:, -1],
        limit,
        "h",
        "state",
        what="the returned h is not the last output y[:, -1]",
        mend="Return the hidden state after the last step as h, and put it into y as it is.",
    )


def _one(axis: str, meaning: str) -> Law:
    """The law for a size of one."""

    def check(subject: Subject, case: Case) -> None:
        case = case.sized(**{axis: 1})
        layer = subject.layer(case.params)
        layer.forward(case.x)
        layer.forward(case.x, start(subject, case))

    check.__name__ = f"{axis}_is_1"
    check.__doc__ = f"{meaning} ({axis} = 1) is a size like any other for forward."
    return law("shapes", examples=(1, 1, 3))(check)


def _one_backward(axis: str, meaning: str) -> Law:
    def check(subject: Subject, case: Case) -> None:
        _backward_runs(subject, case.sized(**{axis: 1}))

    check.__name__ = f"{axis}_is_1_backward"
    check.__doc__ = f"{meaning} ({axis} = 1) is a size like any other for backward."
    return law("shapes", examples=(1, 1, 3), needs=("backward",))(check)


@law("shapes", cases=DISTINCT, examples=FEW, needs=("backward",))
def backward(subject: Subject, case: Case) -> None:
    """backward returns dx as x, (dh0, dc0), each (N, H); grads has the keys and shapes of params.

    With gradients on the final state and without.
    """
    _backward_runs(subject, case)


def _backward_runs(subject: Subject, case: Case) -> None:
    layer = subject.layer(case.params)
    layer.forward(case.x, start(subject, case))
    layer.backward(case.dy)
    layer.forward(case.x, start(subject, case))
    layer.backward(case.dy, upstream(subject, case))


SIZES: tuple[tuple[str, str], ...] = (
    ("N", "A batch of one sequence"),
    ("T", "A sequence of one time step"),
    ("D", "A single feature"),
    ("H", "A single unit"),
)
LAWS: tuple[Law, ...] = (
    forward,
    last_output_is_h,
    *(_one(*size) for size in SIZES),
    backward,
    *(_one_backward(*size) for size in SIZES),
)

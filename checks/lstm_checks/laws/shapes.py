"""Rung shapes: what comes back has the form and the shapes of the contract, at every size."""

import numpy as np

from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach

FEW = (1, 2, 10)
ONE = (1, 1, 3)
DISTINCT = Sizes(N=(2, 3), T=(4, 5), D=(6, 7), H=(8, 9))  # no axis can be taken for another
BACKWARD = ("backward",)


@law("shapes", sizes=DISTINCT, examples=FEW)
def forward(t: Trial) -> None:
    """forward returns y (N, T, H) and (h, c), each (N, H), as NumPy arrays of finite floats.

    It does so without a state and with one, for any batch size in one instance.
    """
    instance = t.instance()
    for name, array in instance.forward(t.x).arrays().items():
        if not np.isfinite(array).all():
            bad = "NaN" if np.isnan(array).any() else "infinite values"
            raise Breach(
                f"{name} holds {bad} for inputs and weights of about one",
                "Look for memory of np.empty that is never filled, for a division by zero, and for "
                "a power that overflows.",
            )
    instance.forward(t.x, t.state)
    wider = t.sized(N=t.case.N + 1)
    instance.forward(wider.x, wider.state)
    instance.forward(wider.x)


@law("shapes", examples=FEW, needs=("final_h",))
def last_output_is_h(t: Trial) -> None:
    """The last output is the final hidden state: y[:, -1] = h."""
    out = t.instance().forward(t.x, t.state)
    assert out.h is not None
    if not t.differ(out.y[:, -1], out.h):
        return
    _, (_, cell) = t.expected()
    if not t.differ(out.y[:, -1], cell):
        raise Breach(
            "y holds the cell state c of each step, not the hidden state h",
            "Put h = o * tanh(c) of every step into y.",
        )
    if out.c is not None and not t.differ(out.y[:, -1], out.c):
        raise Breach(
            "the last output equals what is returned as c: the state comes as (c, h)",
            "Return (h, c), or declare state_order = 'ch'.",
        )
    if not t.differ(out.y[:, 0], out.h):
        raise Breach(
            "the returned h is the first output, not the last",
            "Return h of the last time step. If time runs backwards in y, reverse it.",
        )
    t.agree(
        "h",
        out.h,
        out.y[:, -1],
        "the returned h is not the last output y[:, -1]",
        "Return the hidden state after the last step as h, and put it into y as it is.",
    )


def _forward_runs(t: Trial) -> None:
    instance = t.instance()
    instance.forward(t.x)
    instance.forward(t.x, t.state)


def _backward_runs(t: Trial) -> None:
    instance = t.instance()
    instance.forward(t.x, t.state)
    instance.backward(t.dy)
    instance.forward(t.x, t.state)
    instance.backward(t.dy, t.dstate)


@law("shapes", examples=ONE)
def N_is_1(t: Trial) -> None:
    """A batch of one sequence (N = 1) is a size like any other for forward."""
    _forward_runs(t.sized(N=1))


@law("shapes", examples=ONE)
def T_is_1(t: Trial) -> None:
    """A sequence of one time step (T = 1) is a size like any other for forward."""
    _forward_runs(t.sized(T=1))


@law("shapes", examples=ONE)
def D_is_1(t: Trial) -> None:
    """A single feature (D = 1) is a size like any other for forward."""
    _forward_runs(t.sized(D=1))


@law("shapes", examples=ONE)
def H_is_1(t: Trial) -> None:
    """A single unit (H = 1) is a size like any other for forward."""
    _forward_runs(t.sized(H=1))


@law("shapes", sizes=DISTINCT, examples=FEW, needs=BACKWARD)
def backward(t: Trial) -> None:
    """backward returns dx as x, (dh0, dc0), each (N, H); grads has the keys and shapes of params.

    It does so with gradients on the final state and without.
    """
    _backward_runs(t)


@law("shapes", examples=ONE, needs=BACKWARD)
def N_is_1_backward(t: Trial) -> None:
    """A batch of one sequence (N = 1) is a size like any other for backward."""
    _backward_runs(t.sized(N=1))


@law("shapes", examples=ONE, needs=BACKWARD)
def T_is_1_backward(t: Trial) -> None:
    """A sequence of one time step (T = 1) is a size like any other for backward."""
    _backward_runs(t.sized(T=1))


@law("shapes", examples=ONE, needs=BACKWARD)
def D_is_1_backward(t: Trial) -> None:
    """A single feature (D = 1) is a size like any other for backward."""
    _backward_runs(t.sized(D=1))


@law("shapes", examples=ONE, needs=BACKWARD)
def H_is_1_backward(t: Trial) -> None:
    """A single unit (H = 1) is a size like any other for backward."""
    _backward_runs(t.sized(H=1))


LAWS = (
    forward,
    last_output_is_h,
    N_is_1,
    T_is_1,
    D_is_1,
    H_is_1,
    backward,
    N_is_1_backward,
    T_is_1_backward,
    D_is_1_backward,
    H_is_1_backward,
)

"""Rung sequence: many steps from a given state; the future and other rows have no influence."""

import numpy as np

from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach
from lstm_checks.subjects.contract import State

ROWS = "Do not sum, average or normalise over the batch."


@law("sequence", needs=("initial_h",), examples=(1, 2, 10))
def initial_h_used(t: Trial) -> None:
    """The given initial hidden state is used: the outputs are not those of h0 = 0."""
    h0, c0 = t.state
    _not_from(t, (0 * h0, c0), t.zeros, which="hidden")


@law("sequence", needs=("initial_c",), examples=(1, 2, 10))
def initial_c_used(t: Trial) -> None:
    """The given initial cell state is used: the outputs are not those of c0 = 0."""
    h0, c0 = t.state
    _not_from(t, (h0, 0 * c0), t.zeros, which="cell")


def _not_from(t: Trial, *states: State, which: str) -> None:
    """The outputs from the case's state are not the textbook's from any of these."""
    got = t.instance().forward(t.x, t.state).y
    for state in states:
        if not t.differ(got, t.expected(state=state)[0]):
            raise Breach(
                f"the given initial {which} state is not used; the outputs are those of zeros",
                "Start from state = (h0, c0) where it is given, and from zeros only where it is "
                "None.",
            )


@law("sequence")
def no_state_is_zeros(t: Trial) -> None:
    """forward(x) = forward(x, (0, 0)): with no state given it starts from zeros."""
    want, _ = t.expected(state=t.zeros)
    given = t.instance().forward(t.x, t.zeros)
    none = t.instance().forward(t.x)
    if not t.differ(given.y, want):
        t.agree(
            "y",
            none.y,
            want,
            "with no state given, it does not start from zeros",
            "Where state is None, start from h = 0 and c = 0, each of shape (N, H).",
        )


@law("sequence")
def causality(t: Trial) -> None:
    """The future does not change the past: y[:, :t] depends on x[:, :t] alone."""
    begin = int(t.case.rng("t").integers(1, t.case.T))
    later = t.x.copy()
    later[:, begin:] = t.case.normal("later", *later[:, begin:].shape)
    one, other = (t.instance().forward(x, t.state).y for x in (t.x, later))
    t.agree(
        "y",
        other[:, :begin],
        one[:, :begin],
        f"inputs from time {begin} on change outputs before it",
        "Run the steps in the order of time, first to last, over the time axis.",
    )


@law("sequence")
def batch_rows(t: Trial) -> None:
    """Rows of a batch are independent: permuted, or alone, each gives the same outputs."""
    h, c = t.state
    instance = t.instance()
    whole = instance.forward(t.x, (h, c)).y
    order = np.roll(np.arange(t.case.N), 1)
    permuted = instance.forward(t.x[order], (h[order], c[order])).y
    what = "the rows of a batch give different outputs in another order"
    t.agree("y", permuted, whole[order], what, ROWS)
    row = t.case.N - 1
    alone = instance.forward(t.x[row:], (h[row:], c[row:])).y
    t.agree("y", alone, whole[row:], "a row alone gives different outputs than in a batch", ROWS)


@law("sequence", examples=(3, 4, 80))
def outputs(t: Trial) -> None:
    """y[:, t] is the textbook's h after t + 1 steps from the given state."""
    want, _ = t.expected()
    got = t.instance().forward(t.x, t.state).y
    what = "the outputs are wrong from the first step on"
    fix = "One step alone is right. Look at how h and c are carried from step to step."
    if not t.differ(got[:, 0], want[:, 0]):
        what = "the first output is right and later ones are wrong: h or c is not carried correctly"
    t.agree("y", got, want, what, fix)


@law("sequence", examples=(3, 4, 80), needs=("final_c",))
def final_c(t: Trial) -> None:
    """The returned c is the textbook's cell state after the last step."""
    _, (_, want) = t.expected()
    got = t.instance().forward(t.x, t.state).c
    what = "the returned cell state is not the one after the last step"
    t.agree("c", got, want, what, "Return (h, c) as they are after the last step.")


@law("sequence", sizes=Sizes(N=(1, 1), T=(40, 60)), examples=(1, 1, 4))
def long(t: Trial) -> None:
    """A sequence of 40 to 60 steps is a sequence like any other."""
    want, _ = t.expected()
    t.agree(
        "y",
        t.instance().forward(t.x, t.state).y,
        want,
        "short sequences are right and a long one is wrong",
        "Look for what depends on the number of steps, such as a buffer of fixed length.",
    )


@law("sequence")
def float32(t: Trial) -> None:
    """float32 arrays give the textbook's outputs too, to the precision of float32."""
    t = t.typed("float32")
    y, (h, c) = t.expected()
    for name, array in t.instance().forward(t.x, t.state).arrays().items():
        what = f"{name} is wrong for float32 arrays, although it is right for float64"
        want = {"y": y, "h": h, "c": c}[name]
        t.agree(name, array, want, what, "Look for what depends on the dtype of an array.")


FIRST = (initial_h_used, initial_c_used)
LAWS = (no_state_is_zeros, causality, batch_rows, outputs, final_c, long, float32)

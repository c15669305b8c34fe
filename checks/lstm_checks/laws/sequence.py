"""Rung sequence: many steps from a given state; the future, and other rows, have no say."""

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, State, cases
from lstm_checks.laws.expected import start
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.rungs import NEEDS
from lstm_checks.subject import Subject

# Whether a given state is used at all is asked before any step is looked at.
EARLY = NEEDS["step"]


@law("sequence", needs=("initial_h",), examples=(1, 2, 10), explains=True, stands_on=EARLY)
def initial_h_used(subject: Subject, case: Case) -> None:
    """The given initial hidden state is used: the outputs are not those of h0 = 0."""
    h0, c0 = start(subject, case)
    _not_from(subject, case, (0 * h0, c0), (0 * h0, 0 * c0), "hidden")


@law("sequence", needs=("initial_c",), examples=(1, 2, 10), explains=True, stands_on=EARLY)
def initial_c_used(subject: Subject, case: Case) -> None:
    """The given initial cell state is used: the outputs are not those of c0 = 0."""
    h0, c0 = start(subject, case)
    _not_from(subject, case, (h0, 0 * c0), (0 * h0, 0 * c0), "cell")


def _not_from(subject: Subject, case: Case, one: State, other: State, which: str) -> None:
    """The outputs from the case's state are not the textbook's from either of these."""
    got = subject.layer(case.params).forward(case.x, start(subject, case)).y
    for state in (one, other):
        if not expect.differ(got, expected.forward(case.params, case.x, state)[0], tolerance(case)):
            raise Broken(
                f"the given initial {which} state is not used: the outputs are those of zeros",
                "Start from state = (h0, c0) where it is given, from zeros only where it is None.",
            )


@law("sequence")
def no_state_is_zeros(subject: Subject, case: Case) -> None:
    """forward(x) = forward(x, (0, 0)): with no state given it starts from zeros."""
    zeros = tuple(np.zeros_like(part) for part in case.state)
    want, _ = expected.forward(case.params, case.x, (zeros[0], zeros[1]))
    given = subject.layer(case.params).forward(case.x, (zeros[0], zeros[1]))
    none = subject.layer(case.params).forward(case.x)
    if not expect.differ(given.y, want, tolerance(case)):
        expect.agree(
            none.y,
            want,
            tolerance(case),
            "y",
            "sequence",
            what="with no state given, it does not start from zeros",
            mend="Where state is None, start from h = 0 and c = 0, each of shape (N, H).",
        )


@law("sequence")
def causality(subject: Subject, case: Case) -> None:
    """The future does not touch the past: y[:, :t] depends on x[:, :t] alone."""
    t = int(case.rng("t").integers(1, case.T))
    later = case.x.copy()
    later[:, t:] = case.normal("later", *later[:, t:].shape)
    state = start(subject, case)
    one = subject.layer(case.params).forward(case.x, state)
    other = subject.layer(case.params).forward(later, state)
    expect.agree(
        other.y[:, :t],
        one.y[:, :t],
        tolerance(case),
        "y",
        "sequence",
        what=f"inputs from time {t} on change outputs before it",
        mend="Run the steps in the order of time, first to last, over the time axis.",
    )


@law("sequence")
def batch_rows(subject: Subject, case: Case) -> None:
    """Rows of a batch are independent: permuted, or one alone, each gives the same outputs."""
    h, c = start(subject, case)
    layer = subject.layer(case.params)
    whole = layer.forward(case.x, (h, c)).y
    order = np.roll(np.arange(case.N), 1)
    turned = layer.forward(case.x[order], (h[order], c[order])).y
    mend = "Nothing may be summed, averaged or normalised over the batch."
    expect.agree(
        turned, whole[order], tolerance(case), "y", "sequence",
        what="the rows of a batch in another order give other outputs", mend=mend,
    )  # fmt: skip
    row = case.N - 1
    alone = layer.forward(case.x[row:], (h[row:], c[row:])).y
    expect.agree(
        alone, whole[row:], tolerance(case), "y", "sequence",
        what="a row alone gives other outputs than in a batch", mend=mend,
    )  # fmt: skip


@law("sequence", examples=(3, 8, 80))
def outputs(subject: Subject, case: Case) -> None:
    """y[:, t] is the textbook's h after t + 1 steps from the given state."""
    state = start(subject, case)
    want, _ = expected.forward(case.params, case.x, state)
    got = subject.layer(case.params).forward(case.x, state)
    limit = tolerance(case)
    backwards = not expect.differ(got.y[:, ::-1], want, limit)
    first_right = not expect.differ(got.y[:, 0], want[:, 0], limit)
    expect.agree(
        got.y,
        want,
        limit,
        "y",
        "sequence",
        what="the outputs stand in the reverse order of time"
        if backwards
        else "the first output is right and later ones are wrong: h or c is not carried on rightly"
        if first_right
        else "the outputs are wrong from the first step on",
        mend="Put h of step t into y[:, t]."
        if backwards
        else "One step alone is right: look at how h and c are carried from step to step.",
    )


@law("sequence", examples=(3, 8, 80), needs=("final_c",))
def final_c(subject: Subject, case: Case) -> None:
    """The returned c is the textbook's cell state after the last step."""
    state = start(subject, case)
    _, (_, want) = expected.forward(case.params, case.x, state)
    got = subject.layer(case.params).forward(case.x, state).c
    assert got is not None
    expect.agree(
        got, want, tolerance(case), "c", "state",
        what="the returned cell state is not the one after the last step",
        mend="Return (h, c) as they are after the last step.",
    )  # fmt: skip


@law("sequence", cases=cases(N=(1, 1), T=(40, 60)), examples=(1, 1, 4))
def long(subject: Subject, case: Case) -> None:
    """A sequence of 40 to 60 steps is a sequence like any other."""
    state = start(subject, case)
    want, _ = expected.forward(case.params, case.x, state)
    expect.agree(
        subject.layer(case.params).forward(case.x, state).y, want, tolerance(case), "y",
        "sequence", what="short sequences are right and a long one is wrong",
        mend="Look for what depends on the number of steps, such as a buffer of fixed length.",
    )  # fmt: skip


FIRST = (initial_h_used, initial_c_used)
LAWS = (no_state_is_zeros, causality, batch_rows, outputs, final_c, long)

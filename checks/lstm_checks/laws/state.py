"""Rung state: what is carried from call to call, and what is not."""

import numpy as np

from lstm_checks.engine.law import Lives, law, law_of_lives
from lstm_checks.engine.live import FORWARD
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Array, Breach
from lstm_checks.subjects.contract import Output, State

STATEFUL = ("stateful",)


@law("state", needs=("initial_h", "initial_c", "final_h", "final_c"), examples=(3, 4, 80))
def split_anywhere(t: Trial) -> None:
    """A sequence that is split anywhere, with the state handed on, gives the whole. For every k

    forward(x) = forward(x[:, :k]), then forward(x[:, k:], its final state).
    """
    whole = t.instance().forward(t.x, t.state)
    instance = t.instance()
    for k in range(1, t.case.T):
        first = instance.forward(t.x[:, :k], t.state)
        second = instance.forward(t.x[:, k:], _handed_on(first))
        t.agree(
            "y",
            np.concatenate([first.y, second.y], axis=1),
            whole.y,
            f"the sequence gives a different y when it is split after {k} of {t.case.T} steps and "
            "the state is handed on",
            "Return h and c as they are after the last step, and start exactly from what is given.",
        )


@law("state")
def stateless(t: Trial) -> None:
    """Without stateful, nothing is carried: a second call with no state starts from zeros again."""
    instance = t.instance()
    first = instance.forward(t.x).y
    t.agree(
        "y",
        instance.forward(t.x).y,
        first,
        "a second call without a state gives a different y: state is carried although the layer is "
        "not stateful",
        "Start from zeros where no state is given, unless stateful is asked for.",
    )


@law_of_lives("state", Lives(stateful=False, kind=FORWARD))
def any_order_stateless() -> None:
    """In any order of calls, each forward of a stateless instance gives the textbook's y, h and c.

    It does so whatever was called before, on this instance or another, with a state or without,
    with other sizes, weights, dtypes and data. `engine.lives` says what is mixed.
    """


@law("state", needs=STATEFUL, examples=(3, 4, 80))
def stateful_carries(t: Trial) -> None:
    """With stateful, the final h and c of a call are the initial ones of the next."""
    _attempted(t)
    instance = t.instance(stateful=True)
    first, second = t.x, t.case.normal("second", *t.x.shape)
    _, (h, c) = t.expected(first, t.zeros)
    _agree(t, instance.forward(first), first, t.zeros, "the first call of a stateful layer", "")
    got = instance.forward(second).y
    t.agree(
        "y",
        got,
        t.expected(second, (h, c))[0],
        "the second call of a stateful layer does not continue the first",
        "With stateful, keep both h and c at the end of forward, and start from them.",
    )


@law("state", needs=STATEFUL)
def reset(t: Trial) -> None:
    """reset_state() returns to zeros: after it, a call gives what the first call gave."""
    if "reset_state" not in t.subject.methods:
        raise Breach("it takes stateful, but has no reset_state()", "Write reset_state(self).")
    instance = t.instance(stateful=True)
    instance.forward(t.x)
    instance.reset()
    got = instance.forward(t.x)
    _agree(t, got, t.x, t.zeros, "the call after reset_state()", "Set both h and c to zeros.")


@law("state", needs=(*STATEFUL, "initial_h", "initial_c"))
def explicit_state_overrides(t: Trial) -> None:
    """With stateful, a state that is given takes the place of the carried one for that call."""
    instance = t.instance(stateful=True)
    instance.forward(t.x)
    which = "a call of a stateful layer that is given a state"
    fix = "Use the argument where it is given, and the carried state only where it is None."
    _agree(t, instance.forward(t.x, t.state), t.x, t.state, which, fix)


@law("state", needs=(*STATEFUL, "initial_h", "initial_c"))
def explicit_state_carried_on(t: Trial) -> None:
    """With stateful, what comes out of a call with a given state is carried on to the next."""
    instance = t.instance(stateful=True)
    instance.forward(t.x)
    instance.forward(t.x, t.state)
    _, after = t.expected()
    second = t.case.normal("second", *t.x.shape)
    which = "the call after one with a given state"
    fix = "Keep the final state at the end of every call, also where a state was given."
    _agree(t, instance.forward(second), second, after, which, fix)


@law("state", needs=STATEFUL)
def instances_apart(t: Trial) -> None:
    """Two stateful instances each carry their own state."""
    one, other = t.instance(stateful=True), t.instance(stateful=True)
    one.forward(t.x)
    other.forward(t.case.normal("other", *t.x.shape))
    _, after = t.expected(state=t.zeros)
    which = "a call of a stateful layer, after a call of a second instance,"
    fix = "Keep the state in self, not in the class or in the module."
    _agree(t, one.forward(t.x), t.x, after, which, fix)


@law("state", needs=STATEFUL)
def batch_size_after_reset(t: Trial) -> None:
    """After reset_state() a batch of another size may come."""
    instance = t.instance(stateful=True)
    instance.forward(t.x)
    instance.reset()
    wider = t.sized(N=t.case.N + 1)
    which = "a larger batch after reset_state()"
    fix = "Let reset_state() set the state to None, and make zeros for the batch that comes."
    _agree(wider, instance.forward(wider.x), wider.x, wider.zeros, which, fix)


@law_of_lives("state", Lives(stateful=True, kind=FORWARD), needs=STATEFUL)
def any_order() -> None:
    """In any order of calls, resets and given states, each stateful instance continues from its
    own last state, whatever a second instance does in between.
    """


def _attempted(t: Trial) -> None:
    """Raise the breach of a reset_state that is not written yet: then the mode is not, either."""
    if "reset_state" not in t.subject.methods:
        return
    try:
        t.instance(stateful=True).reset()
    except Breach as breach:
        if breach.finding.unwritten:
            raise


def _handed_on(output: Output) -> State:
    assert output.h is not None
    assert output.c is not None
    return output.h, output.c


def _agree(t: Trial, output: Output, x: Array, state: State, which: str, fix: str) -> None:
    """The outputs are the textbook's for x from a state."""
    want, _ = t.expected(x, state)
    t.agree("y", output.y, want, f"{which} does not start from the right state", fix)


LAWS = (
    split_anywhere,
    stateless,
    any_order_stateless,
    stateful_carries,
    reset,
    explicit_state_overrides,
    explicit_state_carried_on,
    instances_apart,
    batch_size_after_reset,
    any_order,
)

"""Rung state: what is carried from call to call, and what is not."""

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.contract import Output
from lstm_checks.conventions import Array
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, State, cases
from lstm_checks.laws.law import Law, law
from lstm_checks.laws.state_machine import machine
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.subject import Subject

STATEFUL = ("stateful",)


@law("state", needs=("initial_h", "initial_c", "final_h", "final_c"), examples=(3, 8, 80))
def split_anywhere(subject: Subject, case: Case) -> None:
    """A sequence split anywhere, the state handed on, gives the whole: for every k

    forward(x) = forward(x[:, :k]) then forward(x[:, k:], its final state).
    """
    state = case.state
    whole = subject.layer(case.params).forward(case.x, state)
    layer = subject.layer(case.params)
    for k in range(1, case.T):
        first = layer.forward(case.x[:, :k], state)
        second = layer.forward(case.x[:, k:], _handed_on(first))
        expect.agree(
            np.concatenate([first.y, second.y], axis=1),
            whole.y,
            tolerance(case),
            "y",
            "sequence",
            what=f"split after {k} of {case.T} steps, with the state handed on, it gives another y",
            mend="Hand on h and c as they are after the last step, and start exactly from them.",
        )


@law("state")
def stateless(subject: Subject, case: Case) -> None:
    """Without stateful nothing is carried: a second call with no state starts from zeros again."""
    layer = subject.layer(case.params)
    first = layer.forward(case.x).y
    expect.agree(
        layer.forward(case.x).y, first, tolerance(case), "y", "sequence",
        what="a second call without a state gives something else: state is carried although "
        "the layer is not stateful",
        mend="Start from zeros where no state is given, unless stateful is asked for.",
    )  # fmt: skip


@law("state", needs=STATEFUL, examples=(3, 8, 80))
def stateful_carries(subject: Subject, case: Case) -> None:
    """With stateful, the final h and c of a call are the initial ones of the next."""
    layer = subject.layer(case.params, stateful=True)
    first, second = case.x, case.normal("second", *case.x.shape)
    zeros = _zeros(case)
    _, (h, c) = expected.forward(case.params, first, zeros)
    _agree(layer.forward(first), case, first, zeros, "the first call of a stateful layer", "")
    got = layer.forward(second)
    limit = tolerance(case)
    want, _ = expected.forward(case.params, second, (h, c))
    carried = {
        "neither h nor c": zeros,
        "h and not c": (h, zeros[1]),
        "c and not h": (zeros[0], c),
    }
    seems = [
        name
        for name, state in carried.items()
        if not expect.differ(got.y, expected.forward(case.params, second, state)[0], limit)
    ]
    expect.agree(
        got.y, want, limit, "y", "sequence",
        what="the second call of a stateful layer does not continue the first"
        + (f": {seems[0]} is carried" if seems else ""),
        mend="With stateful, keep both h and c at the end of forward, and start from them.",
    )  # fmt: skip


@law("state", needs=STATEFUL)
def reset(subject: Subject, case: Case) -> None:
    """reset_state() returns to zeros: after it a call gives what the first call gave."""
    if "reset_state" not in subject.methods:
        raise Broken("it takes stateful, but has no reset_state()", "Write reset_state(self).")
    layer = subject.layer(case.params, stateful=True)
    layer.forward(case.x)
    layer.reset()
    got = layer.forward(case.x)
    _agree(got, case, case.x, _zeros(case), "after reset_state()", "Set both h and c to zeros.")


@law("state", needs=(*STATEFUL, "initial_h", "initial_c"))
def explicit_state_overrides(subject: Subject, case: Case) -> None:
    """With stateful, a state that is given takes the place of the carried one for that call."""
    layer = subject.layer(case.params, stateful=True)
    layer.forward(case.x)
    got = layer.forward(case.x, case.state)
    _agree(
        got, case, case.x, case.state, "given a state explicitly, a stateful layer",
        "Look at the argument first, and at the carried state only where it is None.",
    )  # fmt: skip


@law("state", needs=(*STATEFUL, "initial_h", "initial_c"))
def explicit_state_carried_on(subject: Subject, case: Case) -> None:
    """With stateful, what comes out of a call with a given state is carried on to the next."""
    layer = subject.layer(case.params, stateful=True)
    layer.forward(case.x)
    layer.forward(case.x, case.state)
    _, after = expected.forward(case.params, case.x, case.state)
    second = case.normal("second", *case.x.shape)
    _agree(
        layer.forward(second), case, second, after, "after a call with a given state, the next",
        "Keep the final state at the end of every call, with a given state too.",
    )  # fmt: skip


@law("state", needs=STATEFUL)
def instances_apart(subject: Subject, case: Case) -> None:
    """Two stateful instances carry each their own state."""
    one = subject.layer(case.params, stateful=True)
    other = subject.layer(case.params, stateful=True)
    one.forward(case.x)
    other.forward(case.normal("other", *case.x.shape))
    _, after = expected.forward(case.params, case.x, _zeros(case))
    _agree(
        one.forward(case.x), case, case.x, after, "with a second instance running in between, it",
        "Keep the state in self, not in the class or the module.",
    )  # fmt: skip


@law("state", needs=STATEFUL, cases=cases(N=(2, 3)))
def batch_size_after_reset(subject: Subject, case: Case) -> None:
    """After reset_state() a batch of another size may come."""
    layer = subject.layer(case.params, stateful=True)
    layer.forward(case.x)
    layer.reset()
    wider = case.sized(N=case.N + 1)
    _agree(
        layer.forward(wider.x), case, wider.x, _zeros(wider), "after reset_state(), a larger batch",
        "Let reset_state() forget the state (None), and make zeros of the batch that comes.",
    )  # fmt: skip


def _handed_on(output: Output) -> State:
    assert output.h is not None
    assert output.c is not None
    return output.h, output.c


def _zeros(case: Case) -> State:
    h, c = case.state
    return np.zeros_like(h), np.zeros_like(c)


def _agree(output: Output, case: Case, x: Array, state: State, which: str, mend: str) -> None:
    """The outputs are the textbook's for x from a state."""
    want, _ = expected.forward(case.params, x, state)
    expect.agree(
        output.y, want, tolerance(case), "y", "sequence",
        what=f"{which} does not start from the right state", mend=mend,
    )  # fmt: skip


LAWS: tuple[Law, ...] = (
    split_anywhere,
    stateless,
    stateful_carries,
    reset,
    explicit_state_overrides,
    explicit_state_carried_on,
    instances_apart,
    batch_size_after_reset,
    machine,
)

"""Any order of calls: two stateful instances, fed, reset and given states, held against a model.

The model is the state itself, as the textbook carries it: (h, c) of each instance, or zeros.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lstm_checks.broken import Broken
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, State
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.subject import Subject

WHICH = st.sampled_from((0, 1))
LENGTH = st.integers(1, 4)
SEED = st.integers(0, 255)
NAMES = ("a", "b")


def machine_for(subject: Subject) -> type[RuleBasedStateMachine]:
    """The state machine that drives this subject."""

    class Calls(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            subject.begin()
            self.cases = tuple(Case(seed=k, bias=subject.offers("bias")) for k in (1, 2))
            self.layers = [subject.layer(case.params, stateful=True) for case in self.cases]
            self.states = [_zeros(case) for case in self.cases]
            self.calls: list[str] = []

        @rule(which=WHICH, length=LENGTH, seed=SEED)
        def feed(self, which: int, length: int, seed: int) -> None:
            self._feed(which, length, seed, given=None)

        @rule(which=WHICH, length=LENGTH, seed=SEED)
        def feed_with_state(self, which: int, length: int, seed: int) -> None:
            if subject.offers("initial_h") and subject.offers("initial_c"):
                self._feed(which, length, seed, given=replace(self.cases[which], seed=seed).state)

        @rule(which=WHICH)
        def reset(self, which: int) -> None:
            with self._told(f"{NAMES[which]}.reset_state()"):
                self.layers[which].reset()
                self.states[which] = _zeros(self.cases[which])

        def _feed(self, which: int, length: int, seed: int, given: State | None) -> None:
            case = replace(self.cases[which], T=length, seed=seed)
            state = "" if given is None else ", a state"
            with self._told(f"{NAMES[which]}.forward({length} steps{state})"):
                begin = self.states[which] if given is None else given
                params = self.cases[which].params
                want, self.states[which] = expected.forward(params, case.x, begin)
                got = self.layers[which].forward(case.x, given)
                expect.agree(
                    got.y, want, tolerance(case), "y", "sequence",
                    what=f"the outputs of the last of these calls are wrong: "
                    f"{'; '.join(self.calls)}",
                    mend="Each law on the stateful mode holds alone; look at what this order of "
                    "calls leaves behind in the instance.",
                )  # fmt: skip

        @contextmanager
        def _told(self, call: str) -> Iterator[None]:
            self.calls.append(call)
            try:
                yield
            except Broken as broken:
                broken.case = self.cases[0].as_dict() | {"calls": list(self.calls)}
                broken.trace, broken.last = list(subject.trace), subject.last
                raise

    return Calls


def _zeros(case: Case) -> State:
    h, c = case.state
    return np.zeros_like(h), np.zeros_like(c)


@law("state", needs=("stateful",), examples=(2, 5, 50))
def any_order(subject: Subject, case: Case) -> None:
    """In any order of feeding, resetting and giving states, with two instances interleaved and
    changing lengths, each instance continues from the state that the textbook carries.
    """


machine = replace(any_order, machine=machine_for)

"""Any order of calls: two stateful instances, fed, reset and given states, held against a model.

The model is the state itself, as the textbook carries it: (h, c) of each instance, or zeros.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lstm_checks.engine.case import Case
from lstm_checks.engine.law import law_of_calls
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.subject import Subject

WHICH = st.sampled_from((0, 1))
LENGTH = st.integers(1, 4)
SEED = st.integers(0, 255)
NAMES = ("a", "b")


@law_of_calls("state", needs=("stateful",), examples=(2, 5, 50))
def any_order(subject: Subject) -> type[RuleBasedStateMachine]:
    """In any order of feeding, resetting and giving states, with two instances interleaved and
    with changing lengths, each instance continues from the state that the textbook carries.
    """

    class Calls(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            subject.begin()
            cases = (Case(seed=k, bias=subject.offers("bias")) for k in (1, 2))
            self.trials = tuple(Trial(subject, case) for case in cases)
            self.instances = [trial.instance(stateful=True) for trial in self.trials]
            self.states = [trial.zeros for trial in self.trials]
            self.calls: list[str] = []

        @rule(which=WHICH, length=LENGTH, seed=SEED)
        def feed(self, which: int, length: int, seed: int) -> None:
            self._feed(which, length, seed, given=None)

        @rule(which=WHICH, length=LENGTH, seed=SEED)
        def feed_with_state(self, which: int, length: int, seed: int) -> None:
            if subject.offers("initial_h") and subject.offers("initial_c"):
                given = replace(self.trials[which].case, seed=seed).state
                self._feed(which, length, seed, given)

        @rule(which=WHICH)
        def reset(self, which: int) -> None:
            with self._told(f"{NAMES[which]}.reset_state()"):
                self.instances[which].reset()
                self.states[which] = self.trials[which].zeros

        def _feed(self, which: int, length: int, seed: int, given: State | None) -> None:
            trial = self.trials[which]
            x = replace(trial.case, T=length, seed=seed).x
            state = "" if given is None else ", a state"
            with self._told(f"{NAMES[which]}.forward({length} steps{state})"):
                begin = self.states[which] if given is None else given
                want, self.states[which] = trial.expected(x, begin)
                got = self.instances[which].forward(x, given)
                trial.agree(
                    "y",
                    got.y,
                    want,
                    f"the last of these calls gives wrong outputs: {'; '.join(self.calls)}",
                    "Each law on the stateful mode holds alone. Look at what this order of calls "
                    "leaves behind in the instance.",
                )

        @contextmanager
        def _told(self, call: str) -> Iterator[None]:
            self.calls.append(call)
            try:
                yield
            except Breach as breach:
                breach.add(
                    case=self.trials[0].case.as_dict() | {"calls": list(self.calls)},
                    calls=tuple(subject.calls),
                    returned=dict(subject.returned),
                )
                raise

    return Calls

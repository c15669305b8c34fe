"""Tries a law on cases, and searches for the smallest on which it does not hold.

The cases that decide are drawn by NumPy's generator from the seed and the law, so they are the same
on every machine and under every version of Hypothesis. Hypothesis tries further ones, and from a
failing case it searches for a smaller one.
"""

from dataclasses import replace
from random import Random

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import FlakyFailure, FlakyReplay, NoSuchExample
from hypothesis.stateful import run_state_machine_as_test

from lstm_checks.engine.case import Case, Sizes
from lstm_checks.engine.law import Law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach, Finding
from lstm_checks.subjects.subject import Subject

SHRINKS = 60  # cases tried in search of a smaller one
FURTHER = 0.5  # cases that Hypothesis generates, per case that decides
STEPS = 8  # calls in a sequence of calls


def first_failure(
    law: Law, subject: Subject, level: str, seed: int, *, shrink: bool = True
) -> Finding | str:
    """The finding on the law's smallest failing case within a level's number of cases.

    Where the law holds, what its last case found worth telling, or "".

    Args:
        law: the law.
        subject: the subject under check.
        level: "quick", "standard" or "deep".
        seed: what the cases are drawn from.
        shrink: search for a smaller case; without it the first failing case is taken.

    Raises:
        Halted: the subject's process ended or ran out of time.
    """
    if law.machine is not None:
        return _failure_of_calls(law, subject, level, seed)
    tried = _Tried(law, subject)
    count = law.examples_at(level)
    for case in law.cases(level, seed):
        if tried.fails(case):
            break
    else:
        if count > 1:
            _find(law.sizes, tried, seed, max(1, int(FURTHER * count)), shrinks=False)
    if tried.first is None:
        return tried.note
    if shrink and law.shrinks:
        _find(law.sizes.up_to(tried.first), tried, seed, SHRINKS, shrinks=True)
    return tried.finding()


class _Tried:
    """A law tried on cases: which fail, and with what finding."""

    def __init__(self, law: Law, subject: Subject) -> None:
        self._law = law
        self._subject = subject
        self._findings: dict[Case, Finding | None] = {}
        self._left = SHRINKS
        self.first: Case | None = None
        self.smallest: Case | None = None
        self.note = ""

    def fails(self, case: Case) -> bool:
        """Whether the law does not hold on a case; remembered."""
        case = replace(case, bias=self._subject.offers("bias"))
        if case not in self._findings:
            if self.first is not None:
                self._left -= 1
                if self._left < 0:
                    return False
            self._findings[case] = self._attempt(case)
        failing = self._findings[case] is not None
        if failing:
            self.first = self.first or case
            if self.smallest is None or _size(case) <= _size(self.smallest):
                self.smallest = case
        return failing

    def _attempt(self, case: Case) -> Finding | None:
        assert self._law.check is not None
        self._subject.begin()
        try:
            self.note = self._law.check(Trial(self._subject, case)) or ""
        except Breach as breach:
            breach.add(
                case=breach.finding.case or case.as_dict(),
                calls=tuple(self._subject.calls),
                returned=dict(self._subject.returned),
            )
            return breach.finding
        return None

    def finding(self) -> Finding:
        """The finding on the smallest failing case, with the excess of the first one."""
        assert self.first is not None
        assert self.smallest is not None
        first, smallest = self._findings[self.first], self._findings[self.smallest]
        assert first is not None
        assert smallest is not None
        return replace(smallest, first_excess=first.excess)


def _size(case: Case) -> tuple[int, int, float, int]:
    return case.N * case.T * (case.D + case.H), case.D + case.H, case.scale, case.seed


def _settings(count: int, *, shrinks: bool) -> settings:
    return settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


def _find(sizes: Sizes, tried: _Tried, seed: int, count: int, *, shrinks: bool) -> None:
    """Let Hypothesis try cases; what fails is remembered by `tried`."""
    try:
        hypothesis.find(
            sizes.cases(),
            tried.fails,
            settings=_settings(count, shrinks=shrinks),
            random=Random(seed),
            database_key=b"",
        )
    except (NoSuchExample, FlakyFailure, FlakyReplay):
        return


def _failure_of_calls(law: Law, subject: Subject, level: str, seed: int) -> Finding | str:
    assert law.machine is not None
    machine = hypothesis.seed(seed)(law.machine(subject))
    try:
        run_state_machine_as_test(machine, settings=_settings(law.examples_at(level), shrinks=True))
    except Breach as breach:
        return breach.finding
    except (FlakyFailure, FlakyReplay):
        return Finding(
            "the same calls in the same order give different answers at different times",
            "Look for state outside the instance, and for random numbers.",
        )
    return ""

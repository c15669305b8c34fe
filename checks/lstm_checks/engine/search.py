"""Tries a law on cases, and searches for the smallest on which it does not hold.

The cases that decide are drawn by NumPy's generator from the seed and the law, so they are the same
on every machine and under every version of Hypothesis. Hypothesis tries further ones, and from a
failing case it searches for a smaller one.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeVar
from weakref import WeakKeyDictionary

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure, FlakyReplay, NoSuchExample

from lstm_checks.engine.case import Case
from lstm_checks.engine.law import Law
from lstm_checks.engine.live import live
from lstm_checks.engine.lives import Life, draw, lives, shorter, smaller
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach, Finding
from lstm_checks.subjects.subject import Subject

SHRINKS = 60  # cases tried in search of a smaller one
FURTHER = {"quick": 0.0, "standard": 0.0, "deep": 0.5}  # cases by Hypothesis, per deciding one
FURTHER_LIVES = {"quick": 1, "standard": 3, "deep": 60}  # lives by Hypothesis


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
    if law.lives is not None:
        return _failure_in_lives(law, subject, level, seed, shrink=shrink)
    tried = _Tried(law, subject)
    further = int(FURTHER[level] * law.examples_at(level))
    if not any(map(tried.fails, law.cases(level, seed))) and further:
        _find(law.sizes.cases(), tried.fails, seed, further, shrinks=False)
    if tried.first is None:
        return tried.note
    if shrink and law.shrinks:
        _find(law.sizes.up_to(tried.first).cases(), tried.fails, seed, SHRINKS, shrinks=True)
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
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


T = TypeVar("T")


def _find(
    strategy: st.SearchStrategy[T],
    fails: Callable[[T], bool],
    seed: int,
    count: int,
    *,
    shrinks: bool,
) -> None:
    """Let Hypothesis try examples; `fails` remembers what fails."""
    try:
        hypothesis.find(
            strategy,
            fails,
            settings=_settings(count, shrinks=shrinks),
            random=Random(seed),
            database_key=b"",
        )
    except (NoSuchExample, FlakyFailure, FlakyReplay):
        return


# Lives ------------------------------------------------------------------------------------------

_LIVED: WeakKeyDictionary[Subject, dict[Life, dict[str, Finding]]] = WeakKeyDictionary()


def _lived(subject: Subject, life: Life) -> dict[str, Finding]:
    """The findings in a life; a subject lives each life once, whichever law asks first."""
    lived = _LIVED.setdefault(subject, {})
    if life not in lived:
        lived[life] = live(subject, life)
    return lived[life]


def _failure_in_lives(
    law: Law, subject: Subject, level: str, seed: int, *, shrink: bool
) -> Finding | str:
    assert law.lives is not None
    stateful, kind = law.lives.stateful, law.lives.kind
    count = law.examples_at(level)
    failing: list[Life] = []

    def fails(life: Life) -> bool:
        found = kind in _lived(subject, life)
        if found:
            failing.append(life)
        return found

    # The lives are drawn from the seed alone, so that laws on the same lives share them.
    for life in draw(np.random.default_rng([seed, stateful]), stateful, count):
        if fails(life):
            break
    else:
        _find(lives(stateful), fails, seed, FURTHER_LIVES[level], shrinks=False)
    if not failing:
        return ""
    first = _lived(subject, failing[0])[kind]
    if shrink:
        for parts in (shorter, smaller, shorter):
            _find(parts(failing[-1]), fails, seed, SHRINKS // 2, shrinks=True)
            failing.sort(key=_length, reverse=True)
    return replace(_lived(subject, failing[-1])[kind], first_excess=first.excess)


def _length(life: Life) -> tuple[int, int, int]:
    N, T, D, H = life.largest()
    return len(life.steps), len(life.sizes), N * T * (D + H)

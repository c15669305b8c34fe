"""Tries a law on cases, and searches for the smallest on which it does not hold.

The cases that decide are drawn by NumPy's generator from the seed and the law, so they are the same
on every machine and under every version of Hypothesis. Hypothesis tries further ones, and from a
failing case it searches for a smaller one.
"""

from dataclasses import replace

from lstm_checks.engine.case import Case
from lstm_checks.engine.hypothesis_find import SHRINKS, find
from lstm_checks.engine.law import Law
from lstm_checks.engine.search_lives import failure_in_lives
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach, Finding
from lstm_checks.launch.channel import Halted
from lstm_checks.subjects.subject import Subject

FURTHER = {"quick": 0.0, "standard": 0.0, "deep": 0.5}  # cases by Hypothesis, per deciding one


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
        return failure_in_lives(law.lives, subject, law.examples_at(level), level, seed, shrink)
    tried = _Tried(law, subject)
    # Each size costs a compilation where the subject compiles.
    few = subject.compiles
    further = 0 if few else int(FURTHER[level] * law.examples_at(level))
    if not any(map(tried.fails, law.cases(level, seed, few_sizes=few))) and further:
        find(law.sizes.cases(), tried.fails, seed, further, shrinks=False)
    if tried.first is None:
        return tried.note
    if shrink and law.shrinks and not few:
        find(law.sizes.up_to(tried.first).cases(), tried.fails, seed, SHRINKS, shrinks=True)
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
            if not breach.finding.calls:
                breach.add(calls=tuple(self._subject.calls), returned=dict(self._subject.returned))
            breach.add(case=breach.finding.case or case.as_dict())
            return breach.finding
        except Halted as halted:
            halted.case = case.as_dict()
            raise
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

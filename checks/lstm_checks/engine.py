"""Tries a law on drawn cases, and finds the smallest on which it does not hold."""

from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import FlakyFailure, FlakyReplay
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from lstm_checks.broken import Broken
from lstm_checks.laws.case import Case
from lstm_checks.laws.law import Law
from lstm_checks.subject import Subject

SHRINKS = 60  # smaller cases tried after the first failure


class Plain(HypothesisProvider):
    """Hypothesis's own draws, without the constants that it collects from the loaded modules.

    Those differ from machine to machine, and the same seed must give everybody the same cases.
    """

    def _maybe_draw_constant(self, *args: object, **kwargs: object) -> None:
        return None


AVAILABLE_PROVIDERS["lstm-checks"] = f"{__name__}.Plain"


def first_failure(
    law: Law, subject: Subject, level: str, seed: int, *, shrink: bool = True
) -> Broken | str:
    """The law's smallest failure within a level's number of cases.

    Where it holds, what its last case found worth telling, or "".

    `excess` of what comes back is that of the smallest case; its case also holds
    "first_error_over_tolerance", since shrinking can make a serious error look small.

    Raises:
        Halted: the subject's process ended or ran out of time.
    """
    chosen = settings(
        backend="lstm-checks",
        max_examples=law.examples_at(level),
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if shrink and law.shrinks else (Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        stateful_step_count=8,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    if law.machine is not None:
        return _machine_failure(law, subject, chosen, seed)
    failures: dict[Case, Broken] = {}
    tried_since = 0
    note = ""

    def attempt(case: Case) -> None:
        nonlocal tried_since, note
        case = replace(case, bias=subject.offers("bias"))
        if case in failures:
            raise failures[case]
        if failures:
            tried_since += 1
            if tried_since > SHRINKS:
                return
        subject.begin()
        try:
            note = law.check(subject, case) or ""
        except Broken as broken:
            broken.case = case.as_dict()
            broken.trace, broken.last = list(subject.trace), subject.last
            failures[case] = broken
            raise

    try:
        trial: Any = hypothesis.seed(seed)(chosen(hypothesis.given(law.cases)(attempt)))
        # There is no database: without this Hypothesis reads this file's source for a key, each
        # time, which costs more than the drawing.
        trial._hypothesis_internal_database_key = None
        trial()
    except Broken as broken:
        return _with_first(broken, next(iter(failures.values())))
    except (FlakyFailure, FlakyReplay):
        return next(iter(failures.values()))
    return note


def _machine_failure(law: Law, subject: Subject, chosen: settings, seed: int) -> Broken | str:
    assert law.machine is not None
    machine = hypothesis.seed(seed)(law.machine(subject))
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except Broken as broken:
        return broken
    except (FlakyFailure, FlakyReplay):
        return Broken(
            "the same order of calls gives different answers at different times",
            "Look for state outside the instance, and for random numbers.",
        )
    return ""


def _with_first(smallest: Broken, first: Broken) -> Broken:
    if first.excess is not None:
        smallest.case = smallest.case | {"first_error_over_tolerance": first.excess}
    return smallest

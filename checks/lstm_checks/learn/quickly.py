"""Checks that answer at once: what failed before comes first, and the diagnosis last."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lstm_checks import api
from lstm_checks.engine.law import Law
from lstm_checks.engine.outcome import Outcome, Result
from lstm_checks.laws.registry import EVERY
from lstm_checks.report.terminal import headline, shown_status
from lstm_checks.words import details

NAMED = 4  # laws that one line names; of more it tells the number
LOADING = tuple(law for law in EVERY if law.rung == "load")

quick = partial(api.ladder, level="quick")  # a run at level quick, not begun yet


def laws_up_to(law_id: str) -> tuple[Law, ...]:
    """The laws on loading, and one other: what it takes to try this one."""
    return (*LOADING, *(law for law in EVERY if law.id == law_id and law not in LOADING))


def first_wrong(file: Path) -> Outcome:
    """The outcome as far as its cause, without a diagnosis.

    What is not written yet is the cause only if nothing is wrong, so then all laws are tried.
    """
    run = quick(file, diagnosed=False)
    found = []
    for result in run.results():
        found.append(result)
        if result.wrong and shown_status(result) != "unwritten":
            break
    return run.summed_up(tuple(found))


def diagnosed(file: Path, law_id: str) -> Outcome:
    """The outcome of one law, with the diagnosis."""
    return quick(file, laws=laws_up_to(law_id)).outcome()


class Watch:
    """One file, checked again and again; each time it tells what is new.

    Args:
        file: the file with the subject.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._before: dict[str, str] = {}
        self._cause = ""

    def answers(self, stale: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """Check once. The lines come as soon as they are known; none after the file is stale."""
        if self._cause:
            yield self._again(self._cause)
        run = quick(self.file, diagnosed=False)
        found: list[Result] = []
        told = False
        for result in run.results():
            if stale():
                return
            found.append(result)
            if result.wrong and self._before.get(result.id) == "passed" and not told:
                told = True
                yield f"{result.id} does not hold any more."
        outcome = run.summed_up(tuple(found))
        yield from self._news(outcome)
        if outcome.cause is not None and outcome.cause.status == "failed":
            for one in diagnosed(self.file, outcome.cause.id).diagnosis:
                yield f"  {one.says} {one.fix}"

    def _again(self, law_id: str) -> str:
        """What became of the law that was the cause before."""
        outcome = quick(self.file, laws=laws_up_to(law_id), diagnosed=False).outcome()
        cause = outcome.cause
        if cause is None:
            return f"{law_id} holds now."
        return f"{law_id} still does not hold." if cause.id == law_id else headline(outcome).plain

    def _news(self, outcome: Outcome) -> Iterator[str]:
        statuses: dict[str, str] = {law.id: shown_status(law) for law in outcome.laws}
        before = self._before
        held = [i for i, s in statuses.items() if s == "passed" != before.get(i, s)]
        lost = [i for i, s in statuses.items() if before.get(i) == "passed" != s]
        cause = outcome.cause
        self._before, self._cause = statuses, "" if cause is None else cause.id
        yield headline(outcome).plain
        for name, ids in (("holds now", held), ("does not hold any more", lost)):
            if ids:
                more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
                yield f"  {name}: {', '.join(ids[:NAMED])}{more}"
        if cause is not None and cause.finding is not None:
            told = details(cause.finding) if cause.finding.unwritten else [cause.message]
            yield f"  {' '.join(told)}"

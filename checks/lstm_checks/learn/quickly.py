"""Checks that answer at once: what failed before comes first, and the diagnosis last."""

from collections.abc import Callable, Iterator
from pathlib import Path

from lstm_checks.api import connection
from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.law import Law
from lstm_checks.engine.outcome import Outcome, Result
from lstm_checks.launch.limits import Limits
from lstm_checks.laws.registry import ALL
from lstm_checks.museum.diagnose import diagnose
from lstm_checks.report.terminal import headline, shown_status

NAMED = 4  # laws that one line names; of more it tells the number
LOADING = tuple(law for law in ALL if law.rung == "load")


def ladder(file: Path, laws: tuple[Law, ...] = ALL) -> Ladder:
    """A run of some laws at level quick, not begun yet."""
    limits = Limits()
    source, connect = connection(file, None, limits)
    return Ladder(laws, source, connect, "quick", 0, limits, diagnose=diagnose)


def laws_up_to(law_id: str) -> tuple[Law, ...]:
    """The laws on loading, and one other: what it takes to try this one."""
    return (*LOADING, *(law for law in ALL if law.id == law_id and law not in LOADING))


def first_wrong(file: Path) -> Outcome:
    """The outcome as far as its cause, without a diagnosis.

    What is not written yet is the cause only if nothing is wrong, so then all laws are tried.
    """
    run = ladder(file)
    found = []
    for result in _undiagnosed(run):
        found.append(result)
        if result.wrong and shown_status(result) != "unwritten":
            break
    return run.summed_up(tuple(found))


def diagnosed(file: Path, law_id: str) -> Outcome:
    """The outcome of one law, with the diagnosis."""
    return ladder(file, laws_up_to(law_id)).outcome()


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
        run = ladder(self.file)
        found: list[Result] = []
        told = False
        results = run.results()
        for result in results:
            if stale():
                return
            found.append(result)
            if result.wrong and self._before.get(result.id) == "passed" and not told:
                told = True
                yield f"{result.id} does not hold any more."
            if len(found) == len(run.laws):
                break
        yield from self._news(run.summed_up(tuple(found)))
        for _ in results:  # the diagnosis is made after the last result
            pass
        for one in run.diagnosis:
            yield f"  {one.says} {one.fix}"

    def _again(self, law_id: str) -> str:
        """What became of the law that was the cause before."""
        run = ladder(self.file, laws_up_to(law_id))
        outcome = run.summed_up(tuple(_undiagnosed(run)))
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
            yield f"  {cause.message}"


def _undiagnosed(run: Ladder) -> Iterator[Result]:
    """The results of a run; it ends before the diagnosis is made."""
    results = run.results()
    for _ in run.laws:
        yield next(results)
    results.close()  # type: ignore[attr-defined]

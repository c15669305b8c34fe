"""Runs the laws in order, and blocks what stands on a law that does not hold."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from lstm_checks.engine.law import Law
from lstm_checks.engine.outcome import Loaded, Outcome, Result
from lstm_checks.engine.rungs import LEVELS
from lstm_checks.engine.search import first_failure
from lstm_checks.engine.search_lives import draw_ahead
from lstm_checks.findings import Breach, Diagnosis, Finding
from lstm_checks.launch.channel import Channel, Halted
from lstm_checks.launch.limits import Limits
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject
from lstm_checks.words import sizes

IMPORTS = "load.imports"
CALLS_OF_A_LIFE = 15  # in the mean


class Ladder:
    """One run of laws on one subject. `results()` may be read as it goes.

    Args:
        laws: the laws, in the order in which they are run; the first is about loading.
        source: what is under check.
        connect: starts the subject, and again where its process was ended.
        level: "quick", "standard" or "deep".
        seed: the same seed draws the same cases, for every subject.
        limits: seconds for loading, a call and the run.
        skip: ids of laws that are left out.
        strict: remarks count as failures.
        more: laws that follow where the subject offers what they need; others are not mentioned.
        fails: whether a law does not hold for an LSTM of a framework's own, by its name.
        diagnose: names known mistakes in a subject for which a law failed, from the seed.
    """

    def __init__(
        self,
        laws: Sequence[Law],
        source: Source,
        connect: Callable[[], Channel],
        level: str,
        seed: int,
        limits: Limits,
        skip: Collection[str] = (),
        strict: bool = False,
        diagnose: Callable[[Subject, int], tuple[Diagnosis, ...]] | None = None,
        more: Sequence[Law] = (),
        fails: Callable[[str, Law], bool] | None = None,
    ) -> None:
        chosen = tuple(law for law in laws if law.examples_at(level))
        self.laws = tuple(law for law in chosen if law.id not in skip)
        self.more = tuple(law for law in more if law.examples_at(level) and law.id not in skip)
        self._skipped = tuple(law.id for law in chosen if law.id in skip)
        self._strict = strict
        self.source = source
        self.level = level
        self.seed = seed
        self._connect = connect
        self._limits = limits
        self._diagnose = diagnose
        self._fails = fails
        self._inherited = False
        self.diagnosis: tuple[Diagnosis, ...] = ()
        self._subject: Subject | None = None
        self._loaded: Loaded | None = None
        self._notes: list[str] = []
        self._wrong: list[tuple[Law, Result]] = []
        self._output = ("", "")
        self._begun = 0.0

    def outcome(self) -> Outcome:
        """Run to the end."""
        return self.summed_up(tuple(self.results()))

    def results(self) -> Iterator[Result]:
        """The laws' results, in the order in which they are run."""
        self._begun = time.perf_counter()
        self._channel = self._connect()
        with ExitStack() as stack:
            stack.callback(self._end)
            for law in self.laws:
                if law.lives is not None:
                    draw_ahead(law.lives, law.examples_at(self.level), self.seed)
            for law in self._in_order():
                result = self._result(law)
                if result.wrong or result.status == "remark":
                    self._wrong.append((law, result))
                yield result
            self.diagnosis = self._diagnosed()

    def _in_order(self) -> Iterator[Law]:
        yield from self.laws
        subject = self._subject
        if subject is not None:
            yield from (law for law in self.more if all(map(subject.offers, law.needs)))

    def unmentioned(self, law_id: str) -> Result:
        """What is to be said of a law of `more` after a run whose results do not mention it."""
        subject = self._subject
        if subject is None:
            return Result(law_id, "blocked", note=f"blocked by {IMPORTS}")
        needs = next(law.needs for law in self.more if law.id == law_id)
        lacking = next(need for need in needs if not subject.offers(need))
        return Result(law_id, "not_offered", note=f"not offered: {subject.not_offered[lacking]}")

    def summed_up(self, results: tuple[Result, ...]) -> Outcome:
        """The outcome of results that were read before."""
        return Outcome(
            source=self.source,
            level=self.level,
            seed=self.seed,
            seconds=time.perf_counter() - self._begun,
            laws=results,
            loaded=self._loaded,
            notes=(*self._notes, *(f"The law {law} was left out." for law in self._skipped)),
            strict=self._strict,
            diagnosis=self.diagnosis,
            stdout=self._output[0],
            stderr=self._output[1],
        )

    def _result(self, law: Law) -> Result:
        if law.id == IMPORTS:
            return self._load(law)
        subject = self._subject
        blocker, try_it = self._blocker(law)
        if subject is None or not try_it:
            return Result(law.id, "blocked", note=f"blocked by {blocker or IMPORTS}")
        lacking = [need for need in law.needs if not subject.offers(need)]
        if lacking:
            return Result(
                law.id, "not_offered", note=f"not offered: {subject.not_offered[lacking[0]]}"
            )
        try:
            found = first_failure(law, subject, self.level, self.seed, shrink=not blocker)
        except Halted as halted:
            return self._halted(law, halted, subject)
        if isinstance(found, str):
            return Result(law.id, "passed", note=found)
        if blocker:
            return Result(law.id, "blocked", note=f"does not hold, perhaps because of {blocker}")
        if found.out_of_scope:
            return Result(law.id, "error", found)
        return Result(law.id, "remark" if law.remark else "failed", self._whose(law, found))

    def _whose(self, law: Law, found: Finding) -> Finding:
        """The finding; where the framework's own LSTM breaks the law, too, it says so."""
        own = self._subject.own if self._subject is not None else ""
        if not own or self._fails is None or not self._fails(own, law):
            return found
        self._inherited = True
        return replace(
            found,
            what=f"{found.what}; {own} breaks this law too, so it is a defect of the framework",
            fix=f"If the class adds nothing here, --skip {law.id} leaves the law out.",
        )

    def _diagnosed(self) -> tuple[Diagnosis, ...]:
        """Known mistakes, where a law failed; nothing is asked of a subject that is right."""
        failed = any(result.status == "failed" for _, result in self._wrong)
        if not failed or self._inherited or self._subject is None or self._diagnose is None:
            return ()
        return self._diagnose(self._subject, self.seed)

    def _load(self, law: Law) -> Result:
        try:
            subject = Subject.load(self._channel, self.source, self._limits)
        except Breach as breach:
            found = breach.finding
            return Result(law.id, "error" if found.out_of_scope else "failed", found)
        except Halted as halted:
            return Result(law.id, halted.kind, Finding(halted.text, halted.fix))
        self._subject = subject
        self._loaded = Loaded(subject.name, subject.adapter, subject.conventions)
        self._notes = subject.notes
        return Result(law.id, "passed")

    def _halted(self, law: Law, halted: Halted, subject: Subject) -> Result:
        """The law's result; a new process takes the subject up again for the other laws."""
        text = halted.text
        self._subject = None
        if subject.seconds_left() > 0:
            self._end()
            self._channel = self._connect()
            try:
                self._subject = subject.reloaded(self._channel, self.source)
                self._subject.avoided = subject.avoided | law.about
            except (Breach, Halted):
                text += "; then it could not be loaded a second time"
            fix = halted.fix
        else:
            fix = self._fitting(law, subject) or halted.fix
        if halted.case is not None and halted.kind == "timeout":
            text += f", at {sizes(halted.case)}"
        return Result(law.id, halted.kind, Finding(text, fix, case=halted.case or {}))

    def _fitting(self, law: Law, subject: Subject) -> str:
        """At which lower level the laws would fit into the time limit, going by their pace so far.

        The pace is that of the laws before the one whose case the time ran out on.
        """
        limit = self._limits.run
        laws = (*self.laws, *self.more)
        done = _work(laws[: laws.index(law)], self.level)
        if not done:
            return ""
        told = []
        for level in LEVELS[: LEVELS.index(self.level) + 1]:
            needed = limit * _work(self.laws, level) / done
            told.append(f"level {level} would take about {needed:.2g} s")
        pace = ", ".join(told)
        return f"At the pace so far, {pace}: choose a level that fits, or raise --time-limit."

    def _end(self) -> None:
        """End the subject's process, and keep what it printed."""
        self._channel.close()
        stdout, stderr = self._channel.output()
        self._output = (self._output[0] + stdout, self._output[1] + stderr)

    def _blocker(self, law: Law) -> tuple[str, bool]:
        """The first law on which this one stands and which does not hold, and whether to try it.

        A law of the same rung is tried all the same, so that nothing right goes unsaid; where it
        does not hold either, it counts as blocked: one fault, one verdict. Where the subject's
        process stopped, nothing that stands on it is tried again.
        """
        blocking = [
            (one, result)
            for one, result in self._wrong
            if law.stands_on(one)
            and (result.wrong or law.remark)  # a remark explains remarks
            and (one.blocks or result.status != "failed")
        ]
        if not blocking:
            return "", True
        same_rung = all(
            one.rung == law.rung and result.status in ("failed", "remark")
            for one, result in blocking
        )
        return blocking[0][0].id, same_rung


def _work(laws: Sequence[Law], level: str) -> int:
    """How much the laws have to do at a level: a case counts one, a life as many as its calls."""
    lives = {law.lives.stateful: law.examples_at(level) for law in laws if law.lives}
    cases = sum(law.examples_at(level) for law in laws if not law.lives)
    return cases + CALLS_OF_A_LIFE * sum(lives.values())

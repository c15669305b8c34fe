"""Runs the laws in order, and blocks what stands on a law that failed."""

import time
from collections.abc import Iterator

from lstm_checks.broken import Broken
from lstm_checks.engine import first_failure
from lstm_checks.laws.law import Law
from lstm_checks.laws.registry import ALL
from lstm_checks.report.model import WRONG, LawResult, Report
from lstm_checks.report.reproduce import script
from lstm_checks.report.words import sentence
from lstm_checks.sources import Source
from lstm_checks.subject import Subject
from lstm_checks.worker.process import Channel, Halted, Limits, Process

IMPORTS = "load.imports"


class Ladder:
    """One run of the laws on one subject. `results()` may be read as it goes.

    Args:
        source: what is under check.
        level: "quick", "standard" or "deep".
        seed: the same seed draws the same cases, for every subject.
        channel: where the subject lives; a process of its own if left out.
        limits: seconds for loading, a call and the run.
    """

    def __init__(
        self,
        source: Source,
        level: str = "standard",
        seed: int = 0,
        channel: Channel | None = None,
        limits: Limits = Limits(),  # noqa: B008  (it is frozen)
    ) -> None:
        self.source = source
        self.level = level
        self.seed = seed
        self._limits = limits
        self._begun = time.perf_counter()
        self._owned = channel is None
        self._channel: Channel = Process() if channel is None else channel
        self._subject: Subject | None = None
        self._wrong: list[tuple[Law, LawResult]] = []
        self._output = ("", "")

    def results(self) -> Iterator[LawResult]:
        """The laws' results, in the order in which they are run."""
        try:
            for law in ALL:
                if not law.examples_at(self.level):
                    continue
                result = self._result(law)
                if result.status in WRONG:
                    self._wrong.append((law, result))
                yield result
        finally:
            self._close()

    def report(self) -> Report:
        """Run to the end, and report."""
        return self.reported(tuple(self.results()))

    def reported(self, results: tuple[LawResult, ...]) -> Report:
        """The report on results that were read before."""
        subject = self._subject
        return Report(
            subject=self.source.source + (f":{self.source.name}" if self.source.name else ""),
            adapter=subject.adapter if subject else self.source.adapter or "",
            level=self.level,
            seed=self.seed,
            seconds=time.perf_counter() - self._begun,
            laws=results,
            stdout=self._output[0],
            stderr=self._output[1],
        )

    def _result(self, law: Law) -> LawResult:
        if law.id == IMPORTS:
            return self._loaded(law)
        subject = self._subject
        hard, soft = self._blockers(law)
        if subject is None or hard:
            return LawResult(law.id, law.rung, "blocked", f"blocked by {hard or IMPORTS}")
        lacking = [need for need in law.needs if not subject.offers(need)]
        if lacking:
            reasons = "; ".join(subject.not_offered[need] for need in lacking)
            return LawResult(law.id, law.rung, "not_offered", f"not offered: {reasons}")
        try:
            found = first_failure(law, subject, self.level, self.seed, shrink=not soft)
        except Halted as halted:
            return self._halted(law, halted, subject)
        if isinstance(found, str):
            return LawResult(law.id, law.rung, "passed", found)
        if soft:
            return LawResult(law.id, law.rung, "blocked", f"does not hold, perhaps by {soft}")
        return self._failed(law, found)

    def _loaded(self, law: Law) -> LawResult:
        try:
            self._subject = Subject.load(self._channel, self.source, self._limits)
        except Broken as broken:
            return self._failed(law, broken)
        except Halted as halted:
            return _halted_result(law, halted)
        return LawResult(law.id, law.rung, "passed")

    def _failed(self, law: Law, broken: Broken) -> LawResult:
        reproduce = ""
        if broken.trace and self._subject is not None:
            reproduce = script(self.source, self._subject, broken)
        return LawResult(
            law.id, law.rung, "failed", sentence(broken), broken.case, broken.excess, reproduce
        )

    def _halted(self, law: Law, halted: Halted, subject: Subject) -> LawResult:
        """The law's result; a new process takes the subject up again for the other laws."""
        more = ""
        if self._owned and subject.seconds_left() > 0:
            self._close()
            self._channel = Process()
            try:
                self._subject = subject.reloaded(self._channel, self.source)
            except (Broken, Halted):
                more = "; then it could not be loaded a second time"
                self._subject = None
        return _halted_result(law, halted, more)

    def _close(self) -> None:
        """End the subject's process, and keep what it printed."""
        self._channel.close()
        stdout, stderr = self._channel.output()
        self._output = (self._output[0] + stdout, self._output[1] + stderr)

    def _blockers(self, law: Law) -> tuple[str, str]:
        """The ids of what went wrong before: what rules the law out, and what could explain it.

        A failure of the forward pass counts for everything, one of backward or the stateful mode
        for what is about the same. A law whose rung stands on that of the failure is not
        run. One of the same rung, or behind a law that explains others, is run, and only blocked
        where it does not hold: one fault, one verdict, and nothing right goes unsaid.
        """
        hard = soft = ""
        for failed, result in self._wrong:
            if not failed.about <= law.about:
                continue
            below = failed.rung in law.stands_on and not failed.explains
            ended = result.status != "failed"  # its process died or hung: not to be tried again
            if below or (ended and (failed.rung == law.rung or failed.explains)):
                hard = hard or failed.id
            elif failed.rung == law.rung or failed.explains:
                soft = soft or failed.id
        return hard, soft


def _halted_result(law: Law, halted: Halted, more: str = "") -> LawResult:
    return LawResult(law.id, law.rung, halted.kind, halted.text + more)

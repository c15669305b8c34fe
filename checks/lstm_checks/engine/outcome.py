"""What came of a run, as data: a result per law, and from these the verdict and the cause."""

from dataclasses import dataclass, field
from typing import Literal

from lstm_checks import words
from lstm_checks.findings import Diagnosis, Finding, plain
from lstm_checks.subjects.conventions import Conventions
from lstm_checks.subjects.source import Source

Status = Literal["passed", "remark", "failed", "blocked", "not_offered", "error", "timeout"]
Verdict = Literal["passed", "failed", "error"]
WRONG: tuple[Status, ...] = ("failed", "error", "timeout")


@dataclass(frozen=True)
class Result:
    """What one law came to.

    Attributes:
        id: the law's id, "rung.name".
        status: "failed" where the law does not hold, "remark" where it does not and every result
            is right all the same, "error" or "timeout" where the subject's process stopped,
            "blocked" where the law stands on another that does not hold.
        finding: why, where the status is one of the first four.
        note: what is worth telling where there is no finding: why it is blocked or not offered.
    """

    id: str
    status: Status
    finding: Finding | None = None
    note: str = ""

    @property
    def rung(self) -> str:
        return self.id.partition(".")[0]

    @property
    def message(self) -> str:
        """What there is to say, in one paragraph; "" where there is nothing."""
        return self.note if self.finding is None else words.message(self.finding)

    @property
    def wrong(self) -> bool:
        return self.status in WRONG


@dataclass(frozen=True)
class Loaded:
    """How the subject was read: what a script needs to load it again."""

    name: str
    adapter: str
    conventions: Conventions


@dataclass(frozen=True)
class Outcome:
    """The outcome of checking one subject.

    Attributes:
        source: what was checked.
        level, seed: how.
        seconds: how long it took.
        laws: a result per law, in the order in which the laws were run.
        loaded: how the subject was read; None where it could not be loaded.
        notes: what is worth telling of how it was read.
        strict: remarks count as failures.
        diagnosis: known mistakes that give the subject's wrong numbers, in the order in which to
            fix them.
        stdout, stderr: what it wrote there: the beginning of each.
    """

    source: Source
    level: str
    seed: int
    seconds: float
    laws: tuple[Result, ...]
    loaded: Loaded | None = None
    notes: tuple[str, ...] = ()
    strict: bool = False
    diagnosis: tuple[Diagnosis, ...] = ()
    stdout: str = field(default="", repr=False)
    stderr: str = field(default="", repr=False)

    @property
    def subject(self) -> str:
        """What was checked, in one printable line."""
        return plain(self.source)

    @property
    def adapter(self) -> str:
        """The adapter that drove it, "" where it was not found."""
        return self.loaded.adapter if self.loaded else self.source.adapter or ""

    @property
    def cause(self) -> Result | None:
        """The first result, in the order of the ladder, that keeps the subject from passing.

        What is wrong comes before what is not written yet. Of several parts that are not written,
        it is the last in the ladder: `backward` is asked for early, by the shapes, and its
        gradients are the last to be written.
        """
        all_wrong = [result for result in self.laws if result.wrong]
        written = [one for one in all_wrong if not (one.finding and one.finding.unwritten)]
        wrong = written[0] if written else all_wrong[-1] if all_wrong else None
        return wrong or (self.remarks[0] if self.strict and self.remarks else None)

    @property
    def remarks(self) -> tuple[Result, ...]:
        """The results of laws that do not hold although every result is right."""
        return tuple(result for result in self.laws if result.status == "remark")

    @property
    def out_of_scope(self) -> bool:
        """Whether the subject is something else than what the laws are about, such as a GRU."""
        cause = self.cause
        return cause is not None and cause.finding is not None and cause.finding.out_of_scope

    @property
    def unfinished(self) -> bool:
        """Whether the cause is a part that is not written yet; all before it holds."""
        cause = self.cause
        return cause is not None and cause.finding is not None and cause.finding.unwritten

    @property
    def verdict(self) -> Verdict:
        """ "passed", "failed", or "error" where the subject's process stopped at the cause."""
        cause = self.cause
        if cause is None:
            return "passed"
        return "failed" if cause.status in ("failed", "remark") else "error"

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    def __getitem__(self, law_id: str) -> Result:
        """The result of one law by its id. Raises KeyError."""
        for result in self.laws:
            if result.id == law_id:
                return result
        raise KeyError(law_id)

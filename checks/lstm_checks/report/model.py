"""The report: what each law came to, the verdict, and the cause."""

from dataclasses import dataclass, field
from typing import Any, Literal

from lstm_checks.report.words import printable

Status = Literal["passed", "failed", "blocked", "not_offered", "error", "timeout"]
Verdict = Literal["passed", "failed", "error"]
WRONG: tuple[Status, ...] = ("failed", "error", "timeout")
SCHEMA = 1


@dataclass(frozen=True)
class LawResult:
    """What one law came to.

    `message` says it in words; `case` holds the smallest case's sizes, scale and seed;
    `reproduce` is a script that needs NumPy and the subject alone.
    """

    id: str
    rung: str
    status: Status
    message: str = ""
    case: dict[str, Any] = field(default_factory=dict)
    error_over_tolerance: float | None = None
    reproduce: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message))

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Report:
    """The outcome of checking one subject."""

    subject: str
    adapter: str
    level: str
    seed: int
    seconds: float
    laws: tuple[LawResult, ...]
    diagnosis: tuple[dict[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""

    @property
    def verdict(self) -> Verdict:
        """ "failed" or "error" after the cause's status; "error" where nothing could be judged."""
        cause = self.cause
        if cause is None:
            return "passed"
        return "failed" if cause.status == "failed" else "error"

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    @property
    def cause(self) -> LawResult | None:
        """The first law, in the order of the ladder, that does not hold."""
        return next((law for law in self.laws if law.status in WRONG), None)

    def __getitem__(self, law_id: str) -> LawResult:
        """The result of one law by its id. Raises KeyError."""
        for law in self.laws:
            if law.id == law_id:
                return law
        raise KeyError(law_id)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON, schema 1."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "adapter": self.adapter,
            "level": self.level,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "verdict": self.verdict,
            "laws": [law.as_dict() for law in self.laws],
            "diagnosis": [dict(one) for one in self.diagnosis],
        }

    def __str__(self) -> str:
        from lstm_checks.report.terminal import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from lstm_checks.report.terminal import as_html

        return as_html(self)

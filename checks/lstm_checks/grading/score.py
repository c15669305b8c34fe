"""From a report and a rubric to a score: what was lost where, and why, in words.

One mistake costs once: it costs the law that is the cause and what it blocks in the same rung.
What it blocks in other rungs is kept where known faults explain every number of what the law is
about (the forward pass, the backward pass, the stateful mode); each further fault costs its own
rung. Else nobody knows whether the rest is right, and the rubric says what that is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_checks.engine.rungs import RUNGS
from lstm_checks.grading.rubric import Rubric
from lstm_checks.laws.registry import ALL

# The rung of a fault, by the family that its id begins with.
FAMILIES = {
    "gates": "step",
    "update": "step",
    "sequence": "sequence",
    "state": "state",
    "backward": "gradients",
    "manners": "numerics",
}
NOT_ATTEMPTED = "not attempted"
# What a submission came to, from best to worst for a reader; "infra" is the grader's own.
STATUSES = (
    "passed",
    "failed",
    "unfinished",
    "out_of_memory",
    "timeout",
    "crashed",
    "not_loaded",
    "out_of_scope",
    "unusable",
    "infra",
)


@dataclass(frozen=True)
class Line:
    """What one law earned.

    Attributes:
        law, status: the law, and what it came to; "not_attempted" where nothing is written yet.
        points, lost: what it carries, and how much of this is lost.
    """

    law: str
    status: str
    points: float
    lost: float

    @property
    def rung(self) -> str:
        return self.law.partition(".")[0]


@dataclass(frozen=True)
class Score:
    """A submission's score.

    Attributes:
        status: one of `STATUSES`.
        says: what is wrong, in words; "" where nothing is.
        lines: what each law earned that carries points.
        late: the points lost for being late.
        undecided: the points of laws that were blocked and earn nothing: a teacher may look there.
    """

    status: str
    says: str
    lines: tuple[Line, ...]
    late: float
    undecided: float

    @property
    def total(self) -> float:
        return sum(line.points for line in self.lines)

    @property
    def score(self) -> float:
        """The points earned, at least 0, rounded to hundredths."""
        return round(max(0.0, self.total - sum(line.lost for line in self.lines) - self.late), 2)

    def lost(self) -> dict[str, float]:
        """The points lost per rung, where any are lost."""
        rungs = {
            rung: round(sum(line.lost for line in self.lines if line.rung == rung), 2)
            for rung in RUNGS
        }
        return {rung: points for rung, points in rungs.items() if points}


def score(judged: Mapping[str, Any], rubric: Rubric, student: str) -> Score:
    """The score of a report.

    Args:
        judged: what `judge` gave; not "infra". "explained" lists what known faults explain in
            full: "forward", "backward", "stateful".
        rubric: what is worth what.
        student: the id, for lateness.
    """
    report = judged["report"]
    laws = {law["id"]: law for law in report["laws"]}
    known, kept = _kept(judged)
    unwritten = [law for law in report["laws"] if _not_attempted(law)]
    lines = []
    undecided = 0.0
    for law, points in rubric.shares().items():
        result = laws.get(law)
        status = "blocked" if result is None else result["status"]
        if result is not None and _not_attempted(result):
            status = "not_attempted"
        earned = _earned(status, rubric, law in kept and not unwritten)
        lost = points * (1 - earned)
        decided = law in known or report["cause"] == "load.imports" or unwritten
        undecided += lost if status == "blocked" and not decided else 0.0
        lines.append(Line(law, status, points, lost))
    lacking = sorted({line.law for line in lines if line.status == "not_offered"})
    status = _status(judged, bool(unwritten), bool(lacking))
    late = rubric.late.cost(student) if rubric.late else 0.0
    return Score(status, _says(report, laws, lacking), tuple(lines), late, round(undecided, 2))


def _kept(judged: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The laws that are known to hold but for named faults, and those of them that keep points."""
    report = judged["report"]
    explained = set(judged.get("explained", ()))
    if not report["diagnosis"] or "forward" not in explained:
        return set(), set()
    costly = {str(report["cause"]).partition(".")[0]}
    costly |= {FAMILIES.get(one["fault"].partition(".")[0], "") for one in report["diagnosis"][1:]}
    known = {law.id for law in ALL if law.about - {"training"} <= explained}
    return known, {law for law in known if law.partition(".")[0] not in costly}


def _earned(status: str, rubric: Rubric, named: bool) -> float:
    worth = rubric.worth
    if status == "blocked":
        return worth.blocked_by_a_named_fault if named else worth.blocked
    return {
        "passed": 1.0,
        "remark": worth.remark,
        "not_offered": worth.not_offered,
        "not_attempted": worth.not_attempted,
    }.get(status, 0.0)


def _not_attempted(law: Mapping[str, Any]) -> bool:
    finding = law["finding"]
    return finding is not None and finding["what"].startswith(NOT_ATTEMPTED)


def _status(judged: Mapping[str, Any], unwritten: bool, lacking: bool) -> str:
    report = judged["report"]
    if report["verdict"] == "passed":
        return "unfinished" if lacking else "passed"
    cause = next(law for law in report["laws"] if law["id"] == report["cause"])
    if judged["out_of_scope"]:
        return "out_of_scope"
    if cause["status"] == "timeout":
        return "timeout"
    if "MemoryError" in cause["finding"]["what"]:
        return "out_of_memory"
    if cause["status"] == "error":
        return "crashed"
    if unwritten and _not_attempted(cause):
        return "unfinished"
    return "not_loaded" if cause["id"] == "load.imports" else "failed"


def _says(report: Mapping[str, Any], laws: Mapping[str, Any], lacking: list[str]) -> str:
    if report["diagnosis"]:
        return str(report["diagnosis"][0]["says"])
    if report["cause"] is not None:
        return str(laws[report["cause"]]["finding"]["what"])
    if lacking:
        return str(laws[lacking[0]]["message"])
    return ""

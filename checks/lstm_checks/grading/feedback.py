"""What a student is told: as much as the rubric discloses, in one form that all reports share."""

import html
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lstm_checks.engine.rungs import RUNGS
from lstm_checks.findings import UNWRITTEN
from lstm_checks.grading.results import Record
from lstm_checks.grading.rubric import DISCLOSES, Rubric
from lstm_checks.laws.registry import ALL
from lstm_checks.words import sentence

STATEMENTS = {law.id: law.statement.splitlines()[0] for law in ALL}
WORDS = {
    "passed": "It passed.",
    "failed": "It does not pass yet.",
    "unfinished": "A part of it is not written yet.",
    "out_of_memory": "It asks for more memory than it may have.",
    "timeout": "It ran out of time.",
    "crashed": "It ended or crashed its process.",
    "not_loaded": "It cannot be imported.",
    "out_of_scope": "It is something else than an LSTM of one layer and one direction.",
    "unusable": "It cannot be graded as it was handed in.",
    "infra": "The grader failed; this says nothing about the submission.",
}
HIDDEN = "a hidden law"
TEMPLATES = Path(__file__).parent / "templates"


def view(one: Record, rubric: Rubric) -> dict[str, Any]:
    """A record as a student may see it."""
    laws = {} if one["report"] is None else {law["id"]: law for law in one["report"]["laws"]}
    rungs = []
    for rung in RUNGS:
        lines = [line for line in one["lines"] if line["law"].partition(".")[0] == rung]
        if lines:
            rungs.append(
                {
                    "rung": rung,
                    "points": round(sum(line["points"] for line in lines), 2),
                    "lost": round(sum(line["lost"] for line in lines), 2),
                    "laws": _merged(
                        [
                            _law(line, laws.get(line["law"]), rubric)
                            for line in lines
                            if line["lost"] or line["status"] == "remark"
                        ]
                    ),
                }
            )
    return {
        "id": one["id"],
        "score": one["score"],
        "out_of": one["out_of"],
        "status": one["status"],
        "words": WORDS[one["status"]],
        "says": _says(one, rubric),
        "rungs": rungs,
        "late": one["late"],
        "main": one["main"],
        "left_out": one["left_out"],
        "title": rubric.title,
        "seconds": one["seconds"],
    }


def discloses(rubric: Rubric, what: str) -> bool:
    """Whether a student is told this much."""
    return DISCLOSES.index(what) <= DISCLOSES.index(rubric.disclose)


def _says(one: Record, rubric: Rubric) -> str:
    report = one["report"]
    if report is None:
        return told(one["says"])
    cause = report["cause"]
    if cause is None or rubric.hides(cause):
        return "" if cause is None else f"The first that does not hold is {HIDDEN}."
    if report["diagnosis"] and discloses(rubric, "fault"):
        return str(report["diagnosis"][0]["says"])
    law = next(law for law in report["laws"] if law["id"] == cause)
    return f"{cause}: {_text(law, rubric)}"


def _law(line: Mapping[str, Any], law: Mapping[str, Any] | None, rubric: Rubric) -> dict[str, Any]:
    hidden = rubric.hides(line["law"])
    status = line["status"].replace("_", " ")
    if hidden or law is None:
        shown = HIDDEN if hidden else line["law"]
        return {"id": shown, "status": status, "lost": line["lost"], "text": ""}
    return {
        "id": line["law"],
        "status": status,
        "lost": line["lost"],
        "text": _text(law, rubric),
    }


def _merged(laws: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Laws with the same status and text as one entry."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for law in laws:
        groups.setdefault((law["status"], law["text"]), []).append(law)
    return [
        group[0]
        if len(group) == 1
        else group[0] | {"id": f"{len(group)} laws", "lost": sum(law["lost"] for law in group)}
        for group in groups.values()
    ]


def _text(law: Mapping[str, Any], rubric: Rubric) -> str:
    """What is told of one law that does not hold."""
    finding = law["finding"]
    statement = STATEMENTS.get(law["id"], "")
    if law["status"] in ("blocked", "not_offered"):
        return _without_hidden(law["message"], rubric)
    if finding is None or not discloses(rubric, "place"):
        return statement
    parts = [told(finding["what"])]
    if finding["said"]:
        parts.append(f"Your code says: “{finding['said']}”.")
    if finding["code"]:
        parts.append(f"It was raised at {finding['code']}.")
    if finding["place"] is not None:
        place = finding["place"]["words"]
        if discloses(rubric, "expected") and finding["expected"] is not None:
            place += f": expected {finding['expected']}, got {finding['got']}"
        parts.append(f"First wrong: {place}.")
    if discloses(rubric, "fault") and finding["fix"]:
        parts.append(f"How to fix it: {finding['fix']}")
    return _without_hidden(" ".join(parts), rubric)


def told(text: str) -> str:
    """What is wrong, or not written yet, as a sentence; "" where nothing is."""
    return sentence(text.removeprefix(UNWRITTEN)) if text else ""


def _without_hidden(text: str, rubric: Rubric) -> str:
    """The text without the names of hidden laws."""
    for law in STATEMENTS:
        if rubric.hides(law):
            text = re.sub(rf"{re.escape(law)}(?![\w.])", HIDDEN, text)
    return text


@cache
def _templates() -> Any:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: str(name).endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["md"] = in_markdown
    made.filters["told"] = told
    made.filters["points"] = lambda number: f"{number:g}"
    return made


def in_markdown(text: object) -> str:
    """Text as Markdown that shows it and does nothing else."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]()#|~$])", r"\\\1", html.escape(line, quote=False))


def as_markdown(seen: Mapping[str, Any]) -> str:
    """A student's report in Markdown."""
    return str(_templates().get_template("student.md").render(**seen))


def as_page(seen: Mapping[str, Any]) -> str:
    """A student's report as an HTML page."""
    return str(_templates().get_template("student.html").render(**seen))


def class_page(records: list[Record], rubric: Rubric, files: Mapping[str, str]) -> str:
    """The class on one HTML page: for the teacher, so nothing is held back.

    Args:
        records: all results.
        rubric: what is worth what.
        files: each student's page, by id.
    """
    scores = [one["score"] for one in records if one["score"] is not None]
    bins = [0] * 10
    for points in scores:
        bins[min(9, int(10 * points / rubric.total)) if rubric.total else 0] += 1
    faults = Counter(
        one["says"] for one in records if one["status"] not in ("passed", "infra", "unusable")
    )
    failed = Counter(
        law["id"]
        for one in records
        if one["report"]
        for law in one["report"]["laws"]
        if law["status"] in ("failed", "error", "timeout")
    )
    return str(
        _templates()
        .get_template("class.html")
        .render(
            title=rubric.title,
            records=records,
            files=files,
            total=rubric.total,
            mean=sum(scores) / len(scores) if scores else None,
            bins=[
                (f"{10 * k}–{10 * k + 10} %", count, 100 * count / max(1, max(bins)))
                for k, count in enumerate(bins)
            ],
            statuses=Counter(one["status"] for one in records).most_common(),
            faults=faults.most_common(12),
            laws=[(law, count, STATEMENTS.get(law, "")) for law, count in failed.most_common(12)],
        )
    )

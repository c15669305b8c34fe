"""The report as JSON, schema 1; `schema.json` beside this file is its JSON Schema."""

import json
import math
from typing import Any

from lstm_checks.engine.outcome import Outcome, Result
from lstm_checks.findings import Finding
from lstm_checks.report.script import script

SCHEMA = 1


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """The report as plain values."""
    cause = outcome.cause
    return {
        "schema": SCHEMA,
        "subject": outcome.subject,
        "adapter": outcome.adapter,
        "level": outcome.level,
        "seed": outcome.seed,
        "seconds": round(outcome.seconds, 3),
        "verdict": outcome.verdict,
        "cause": None if cause is None else cause.id,
        "laws": [_result(outcome, result) for result in outcome.laws],
        "diagnosis": [
            {"fault": one.fault, "says": one.says, "mend": one.fix} for one in outcome.diagnosis
        ],
        "notes": list(outcome.notes),
    }


def as_json(outcome: Outcome) -> str:
    """The report as JSON text."""
    return json.dumps(as_dict(outcome), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _result(outcome: Outcome, result: Result) -> dict[str, Any]:
    finding = result.finding
    return {
        "id": result.id,
        "rung": result.rung,
        "status": result.status,
        "message": result.message,
        "case": {} if finding is None else dict(finding.case),
        "error_over_tolerance": None if finding is None else finding.excess,
        "reproduce": script(outcome, result),
        "finding": None if finding is None else _finding(finding),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "what": finding.what,
        "fix": finding.fix,
        "said": finding.said,
        "code": finding.code,
        "place": None
        if place is None
        else {"array": place.array, "index": list(place.index), "words": place.words},
        "expected": _number(finding.expected),
        "got": _number(finding.got),
    }


def _number(value: float | None) -> float | str | None:
    """A number; NaN and infinity, which JSON lacks, as text."""
    return value if value is None or math.isfinite(value) else str(value)

"""Results on disk: a JSON file per student, and what is made of all of them."""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy

import lstm_checks
import lstm_reference
from lstm_checks.engine.rungs import RUNGS
from lstm_checks.grading.rubric import Rubric
from lstm_checks.grading.score import score
from lstm_checks.grading.submissions import Submission
from lstm_checks.report.files import write

SCHEMA = 1
STUDENTS = "students"
Record = dict[str, Any]


@cache
def kit() -> str:
    """What the kit is: a digest of its source, and of NumPy's version."""
    found = hashlib.sha256(numpy.__version__.encode())
    for package in (lstm_checks, lstm_reference):
        folder = Path(str(package.__file__)).parent
        for file in sorted(folder.rglob("*.py")):
            found.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def fingerprint(submission: Submission, rubric: Rubric, seed: int, adapter: bytes | None) -> str:
    """What a result depends on: the submission, the kit, the rubric, and the key's cases."""
    parts = [submission.id, submission.digest, kit(), rubric.digest, rubric.adapter, rubric.level]
    parts += [f"{seed}", hashlib.sha256(adapter or b"").hexdigest()]
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()


def record(submission: Submission, judged: Mapping[str, Any], rubric: Rubric, mark: str) -> Record:
    """A student's result as plain values.

    Args:
        submission: what was graded.
        judged: what `judge` gave; {"infra": why} where the grader failed, {} for a trouble.
        rubric: what is worth what.
        mark: the fingerprint.
    """
    made: Record = {
        "schema": SCHEMA,
        "id": submission.id,
        "entry": submission.entry,
        "fingerprint": mark,
        "kit": kit(),
        "rubric": rubric.digest,
        "status": "unusable" if submission.trouble else "infra",
        "says": submission.trouble or judged.get("infra", ""),
        "score": None,
        "out_of": rubric.total,
        "late": 0.0,
        "lost": {},
        "undecided": 0.0,
        "lines": [],
        "main": submission.main,
        "left_out": list(submission.left_out),
        "imports": list(submission.imports),
        "remarkable": list(submission.remarkable),
        "sandbox": judged.get("sandbox", ""),
        "seconds": judged.get("seconds", 0.0),
        "printed": judged.get("printed", ""),
        "report": judged.get("report"),
    }
    if submission.trouble or "infra" in judged:
        return made
    found = score(judged, rubric, submission.id)
    return made | {
        "status": found.status,
        "says": found.says,
        "score": found.score,
        "late": found.late,
        "lost": found.lost(),
        "undecided": found.undecided,
        "lines": [asdict(line) for line in found.lines],
    }


def file_name(name: str) -> str:
    """A name for files from an id: its own where that is harmless, else with a digest behind."""
    safe = re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:80].lstrip(".-") or "_"
    if safe == name:
        return safe
    return f"{safe}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def save(out: Path, one: Record) -> None:
    """Write a student's result. Raises Unwritable."""
    text = json.dumps(one, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    write(str(out / STUDENTS / f"{file_name(one['id'])}.json"), text)


def saved(out: Path) -> dict[str, Record]:
    """The results that are there, by id; a file that is none is left alone."""
    found = {}
    for file in sorted((out / STUDENTS).glob("*.json")):
        try:
            one = json.loads(file.read_text())
            if one["schema"] == SCHEMA:
                found[one["id"]] = one
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def as_csv(records: Iterable[Record]) -> str:
    """The gradebook. Text that a spreadsheet would take for a formula gets an apostrophe."""
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    header = ["id", "score", "out of", "status", *(f"lost: {rung}" for rung in RUNGS)]
    writer.writerow([*header, "lost: late", "undecided", "diagnosis", "entry"])
    for one in records:
        lost = [one["lost"].get(rung, 0) for rung in RUNGS]
        row = [one["id"], "" if one["score"] is None else one["score"], one["out_of"]]
        row += [one["status"], *lost, one["late"], one["undecided"], one["says"], one["entry"]]
        writer.writerow([harmless(cell) for cell in row])
    return table.getvalue()


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet runs (OWASP, CSV injection)."""
    if not isinstance(cell, str):
        return cell
    text = re.sub(r"[\t\r\n\x00-\x1f]", " ", cell)
    return (
        f"'{text}"
        if cell[:1] in tuple("=+-@\t\r\n") or text.lstrip()[:1] in tuple("=+-@")
        else text
    )

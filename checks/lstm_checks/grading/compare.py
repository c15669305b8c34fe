"""Whose grade changes between two runs, and why."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from lstm_checks.grading.results import Record


def table(before: dict[str, Record], after: list[Record]) -> Table:
    """The changes, one row per student whose score or status is another."""
    made = Table("id", "before", "now", "why", title="Changed grades")
    for row in changes(before, after):
        made.add_row(*map(escape, row))
    return made


def changes(before: dict[str, Record], after: list[Record]) -> list[tuple[str, str, str, str]]:
    """(id, before, now, why) for each student whose score or status is another."""
    found = []
    now = {one["id"]: one for one in after}
    for student in sorted({*before, *now}):
        old, new = before.get(student), now.get(student)
        if old is None or new is None:
            missing = "is new" if old is None else "is gone"
            found.append((student, _grade(old), _grade(new), f"the submission {missing}"))
        elif (old["score"], old["status"]) != (new["score"], new["status"]):
            found.append((student, _grade(old), _grade(new), _why(old, new)))
    return found


def _grade(one: Record | None) -> str:
    if one is None:
        return "–"
    return one["status"] if one["score"] is None else f"{one['score']:g} ({one['status']})"


def _why(old: Record, new: Record) -> str:
    was, is_ = _statuses(old), _statuses(new)
    moved = [f"{law}: {was.get(law, '–')} → {is_[law]}" for law in is_ if was.get(law) != is_[law]]
    reasons = []
    if old["main"] != new["main"] or old["entry"] != new["entry"]:
        reasons.append("another file was graded")
    if moved:
        more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
        reasons.append("; ".join(moved[:3]) + more)
    if old["late"] != new["late"]:
        reasons.append("lateness")
    if old["rubric"] != new["rubric"]:
        reasons.append("another rubric")
    if old["kit"] != new["kit"]:
        reasons.append("another version of the kit")
    return "; ".join(reasons) or new["says"] or "the sandbox or the machine"


def _statuses(one: Record) -> dict[str, Any]:
    report = one["report"]
    return {} if report is None else {law["id"]: law["status"] for law in report["laws"]}

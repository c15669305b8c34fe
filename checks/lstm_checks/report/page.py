"""The report as HTML: a page of its own, in one file, and the short form that a notebook shows.

The page requests nothing from anywhere: its style, its drawing and its pictures stand in the file.
The template, `templates/page.html`, escapes every text, since names and messages may come from the
subject.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_checks.engine.outcome import Outcome, Result
from lstm_checks.engine.rungs import ALL_RUNGS
from lstm_checks.findings import UNWRITTEN, Finding
from lstm_checks.report.cell_drawing import wrong_parts
from lstm_checks.report.grid import Grid, grid_of
from lstm_checks.report.script import script
from lstm_checks.report.terminal import MARKS, WORST_FIRST, headline, shown_status, verdict
from lstm_checks.words import details, sentence

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Rung:
    """A rung of the ladder: its worst status, in words and as a sign, and its laws."""

    name: str
    status: str
    said: str
    laws: tuple[Result, ...]


def as_page(outcome: Outcome) -> str:
    """A page of its own, in one file."""
    return _rendered("page.html", outcome)


def as_notebook(outcome: Outcome) -> str:
    """What a notebook shows: the verdict, the diagnosis, the cell and the pictures."""
    return _rendered("notebook.html", outcome)


def _rendered(template: str, outcome: Outcome) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(_context(outcome))


def _context(outcome: Outcome) -> dict[str, Any]:
    """What the templates show. Every text here is plain and is escaped by the template."""
    cause = outcome.cause
    finding = None if cause is None else cause.finding
    wrong = wrong_parts(outcome)
    named = any(one.parts for one in outcome.diagnosis[:1])
    said = "The first wrong number is in"
    if named:
        backward = cause is not None and cause.rung == "gradients"
        said = "Wrong in the backward pass" if backward else "Wrong"
    grid: Grid | None = None if finding is None else grid_of(finding)
    return {
        "outcome": outcome,
        "headline": headline(outcome).plain,
        "verdict": verdict(outcome),
        "tone": _tone(outcome),
        "cause": cause,
        "what": "" if finding is None else _what(finding),
        "details": [] if finding is None else details(finding),
        "wrong": wrong,
        "marked": f"{said}: {', '.join(wrong.values())}.",
        "grid": grid,
        "rungs": _rungs(outcome),
        "marks": MARKS,
        "what_of": _what,
        "shown_status": shown_status,
        "script": "" if cause is None or outcome.unfinished else script(outcome, cause),
        "held": sum(result.status == "passed" for result in outcome.laws),
    }


def _what(finding: Finding) -> str:
    """What is wrong, or what is not written yet, in a sentence."""
    return sentence(finding.what.removeprefix(UNWRITTEN))


def _tone(outcome: Outcome) -> str:
    """ "right", "unclear" or "wrong": what colours the verdict."""
    if outcome.passed:
        return "right"
    return "unclear" if outcome.out_of_scope or outcome.unfinished else "wrong"


def _rungs(outcome: Outcome) -> list[Rung]:
    found = []
    for name in ALL_RUNGS:
        laws = tuple(result for result in outcome.laws if result.rung == name)
        if not laws:
            continue
        counts = {status: sum(shown_status(law) == status for law in laws) for status in MARKS}
        worst = next(status for status in WORST_FIRST if counts[status])
        said = ", ".join(f"{n} {MARKS[status].words}" for status, n in counts.items() if n)
        found.append(Rung(name, worst, said, laws))
    return found

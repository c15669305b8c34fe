"""The report in the terminal: the cause first, then the rungs, a line each."""

from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lstm_checks.engine.outcome import Outcome, Result
from lstm_checks.engine.rungs import RUNGS
from lstm_checks.findings import plain
from lstm_checks.words import details, sentence

WIDTH = 80
MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "error": ("!", "bold red"),
    "timeout": ("⧖", "bold red"),
    "blocked": ("·", "yellow"),
    "not_offered": ("–", "dim"),
}
ASCII = {"✓": "+", "✗": "x", "⧖": "t", "·": ".", "–": "-"}
HEADS = {"failed": "does not hold", "error": "could not be judged", "timeout": "ran out of time"}


def renderable(
    outcome: Outcome, *, every_law: bool = False, show_output: bool = False
) -> RenderableType:
    """The whole report. Its first line gives the verdict and names the cause.

    Args:
        outcome: what to show.
        every_law: name each law of a rung, not their numbers alone.
        show_output: show what the subject printed.
    """
    parts: list[RenderableType] = [headline(outcome)]
    cause = outcome.cause
    if cause is not None:
        parts.append(_cause(outcome, cause))
    if outcome.loaded is not None:
        parts.append(_every_law(outcome) if every_law else _rungs(outcome))
        others = [result for result in outcome.laws if result.wrong and result is not cause]
        if others:
            parts.append(_others(others))
    parts += [Text(f"Note: {note}") for note in outcome.notes]
    for name, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if text and show_output:
            lines = "\n".join(plain(line, 1000) for line in text.splitlines())
            parts.append(Panel(Text(lines), title=f"The subject wrote to {name}"))
        elif text:
            count = len(text.splitlines())
            lines = f"{count} line{'s' if count > 1 else ''}"
            parts.append(Text(f"The subject wrote {lines} to {name}; --show-output shows them."))
    return Group(*parts)


def headline(outcome: Outcome) -> Text:
    """One line: the verdict, and the law that is the cause."""
    cause = outcome.cause
    tail = f"({outcome.level}, seed {outcome.seed}, {outcome.seconds:.1f} s)"
    if cause is None:
        passed = sum(result.status == "passed" for result in outcome.laws)
        lacking = sum(result.status == "not_offered" for result in outcome.laws)
        rest = f", {lacking} not offered" if lacking else ""
        return Text(f"PASSED  {outcome.subject}: {passed} laws hold{rest}  {tail}", "bold green")
    word = "FAILED" if outcome.verdict == "failed" else "ERROR"
    return Text(f"{word}  {outcome.subject}: {cause.id} {HEADS[cause.status]}  {tail}", "bold red")


def _cause(outcome: Outcome, result: Result) -> RenderableType:
    finding = result.finding
    assert finding is not None
    body = Text(sentence(finding.what), "bold")
    for part in details(finding):
        body.append(f"\n{part}", "")
    if finding.calls and outcome.loaded is not None:
        body.append(
            "\nThe option --reproduce FILE writes a script that shows it without the kit.", "dim"
        )
    body.append(f"\nMore: lstm-checks explain {result.id}", "dim")
    return Panel(body, title=Text(result.id), title_align="left", border_style="red")


def _rungs(outcome: Outcome) -> Table:
    """A line per rung: how many of its laws hold, and what became of the others."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for rung, results in _by_rung(outcome).items():
        counts = dict.fromkeys(MARKS, 0)
        for result in results:
            counts[result.status] += 1
        mark, style = MARKS[next((s for s in _WORST if counts[s]), "passed")]
        said = [f"{count} {_WORDS[status]}" for status, count in counts.items() if count]
        table.add_row(Text(_mark(mark), style), Text(rung, "bold"), Text(", ".join(said)))
    return table


_WORST = ("failed", "error", "timeout", "blocked", "passed", "not_offered")
_WORDS = {
    "passed": "hold",
    "failed": "failed",
    "error": "could not be judged",
    "timeout": "ran out of time",
    "blocked": "blocked",
    "not_offered": "not offered",
}


def _every_law(outcome: Outcome) -> Table:
    """A line per law, under its rung."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for results in _by_rung(outcome).values():
        for result in results:
            mark, style = MARKS[result.status]
            said = result.note if result.finding is None else sentence(result.finding.what)
            table.add_row(Text(_mark(mark), style), Text(result.id), Text(said, "dim"))
    return table


def _by_rung(outcome: Outcome) -> dict[str, list[Result]]:
    found = {rung: [one for one in outcome.laws if one.rung == rung] for rung in RUNGS}
    return {rung: results for rung, results in found.items() if results}


def _mark(mark: str) -> str:
    return mark


def _others(results: list[Result]) -> RenderableType:
    lines = [Text("These are wrong too, each independently of the cause:")]
    for result in results:
        assert result.finding is not None
        lines.append(Text(f"  {result.id}: ", "red") + Text(sentence(result.finding.what), ""))
    return Group(*lines)


def as_text(outcome: Outcome, *, every_law: bool = False) -> str:
    """The report as plain text, 80 columns wide."""
    stream = StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None)
    console.print(renderable(outcome, every_law=every_law))
    return stream.getvalue()

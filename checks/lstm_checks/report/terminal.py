"""The report in the terminal: the cause first, then the rungs, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lstm_checks.engine.outcome import Outcome, Result, Status
from lstm_checks.engine.rungs import ALL_RUNGS
from lstm_checks.findings import UNWRITTEN, plain
from lstm_checks.words import details, sentence

WIDTH = 80
HEADS = {
    "failed": "does not hold",
    "remark": "does not hold",
    "error": "could not be judged",
    "timeout": "ran out of time",
}


@dataclass(frozen=True)
class Mark:
    """How a status is shown: a sign, the same where there is ASCII alone, a style, and words."""

    sign: str
    ascii: str
    style: str
    words: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.ascii if options.ascii_only else self.sign, self.style)


Shown = Status | Literal["unwritten"]  # a status; "unwritten" where a part was not attempted
MARKS: dict[Shown, Mark] = {
    "passed": Mark("✓", "+", "green", "hold"),
    "remark": Mark("~", "~", "yellow", "with a remark"),
    "failed": Mark("✗", "x", "bold red", "failed"),
    "error": Mark("!", "!", "bold red", "could not be judged"),
    "timeout": Mark("⧖", "t", "bold red", "ran out of time"),
    "unwritten": Mark("○", "o", "yellow", "not written yet"),
    "blocked": Mark("·", ".", "yellow", "blocked"),
    "not_offered": Mark("–", "-", "dim", "not offered"),
}
WORST_FIRST: tuple[Shown, ...] = (
    "failed",
    "error",
    "timeout",
    "unwritten",
    "blocked",
    "remark",
    "passed",
    "not_offered",
)


def shown_status(result: Result) -> Shown:
    """The status as it is shown: what is not written yet is not said to fail."""
    unwritten = result.finding is not None and result.finding.unwritten
    return "unwritten" if unwritten else result.status


def renderable(
    outcome: Outcome, *, every_law: bool = False, show_output: bool = False
) -> RenderableType:
    """The whole report. Its first line gives the verdict and names the cause.

    Args:
        outcome: what to show.
        every_law: name each law of a rung, not their numbers alone.
        show_output: show what the subject printed.
    """
    parts: list[RenderableType] = [headline(outcome), _how(outcome)]
    if outcome.diagnosis:
        parts.append(_diagnosis(outcome))
    cause = outcome.cause
    if cause is not None:
        parts.append(_cause(outcome, cause))
    if outcome.loaded is not None and not outcome.out_of_scope:
        parts.append(_every_law(outcome) if every_law else _rungs(outcome))
        others = [result for result in outcome.laws if result.wrong and result is not cause]
        unwritten = [result for result in others if shown_status(result) == "unwritten"]
        others = [result for result in others if result not in unwritten]
        if others:
            parts.append(_listed("These are wrong too, each independently of the cause:", others))
        if unwritten:
            parts.append(_listed("These are not written yet:", unwritten))
        remarks = [result for result in outcome.remarks if result is not cause]
        if remarks:
            parts.append(_listed("Remarks, which leave every result right:", remarks))
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
    """One line: the verdict, and the known mistake or the law that is the cause."""
    cause = outcome.cause
    head = f"{verdict(outcome)}  {outcome.subject}"
    if cause is None:
        return Text(head, "bold green")
    if outcome.out_of_scope:
        return Text(head, "bold yellow")
    if outcome.unfinished and cause.finding is not None:
        return Text(f"{head}: {cause.finding.what.removeprefix(UNWRITTEN)}", "bold yellow")
    if outcome.diagnosis:
        return Text(f"{head}: {outcome.diagnosis[0].says}", "bold red")
    return Text(f"{head}: {cause.id} {HEADS[cause.status]}", "bold red")


def verdict(outcome: Outcome) -> str:
    """The verdict in a word or two."""
    if outcome.cause is None:
        count = len(outcome.remarks)
        return f"PASSED with {count} remark{'s' if count > 1 else ''}" if count else "PASSED"
    if outcome.out_of_scope:
        return "OUT OF SCOPE"
    if outcome.unfinished:
        return "UNFINISHED"
    return "FAILED" if outcome.verdict == "failed" else "ERROR"


def _how(outcome: Outcome) -> Text:
    """One line: how many laws were tried, and how."""
    passed = sum(result.status == "passed" for result in outcome.laws)
    held = f"{passed} of {len(outcome.laws)} laws hold; " if outcome.loaded else ""
    adapter = f"adapter {outcome.adapter}, " if outcome.adapter else ""
    how = f"{adapter}level {outcome.level}, seed {outcome.seed}, {outcome.seconds:.1f} s"
    return Text(held + how, "dim")


def _diagnosis(outcome: Outcome) -> RenderableType:
    """The known mistakes that give the subject's numbers, in the order in which to fix them."""
    lines = []
    for number, one in enumerate(outcome.diagnosis, start=1):
        lines.append(Text(f"{number}. {one.says}" if len(outcome.diagnosis) > 1 else one.says))
        lines[-1].stylize("bold")
        if one.code:
            lines.append(Text(f"It is on {one.code}"))
        lines.append(Text(f"How to fix it: {one.fix}"))
        if one.seen:
            lines.append(Text(f"It was seen before: {one.seen}.", "dim"))
    lines.append(Text("Put into a right LSTM, this gives exactly the subject's numbers.", "dim"))
    return Panel(Group(*lines), title="diagnosis", title_align="left", border_style="red")


def _cause(outcome: Outcome, result: Result) -> RenderableType:
    finding = result.finding
    assert finding is not None
    body = Text(sentence(finding.what), "bold")
    for part in details(finding):
        body.append(f"\n{part}", "")
    if finding.calls and outcome.loaded is not None and not finding.unwritten:
        body.append("\n--reproduce FILE writes a script that shows it without the kit.", "dim")
    body.append(f"\nlstm-checks explain {result.id} states the law.", "dim")
    style = "yellow" if finding.unwritten else "red"
    return Panel(body, title=Text(result.id), title_align="left", border_style=style)


def _rungs(outcome: Outcome) -> Table:
    """A line per rung: how many of its laws hold, and what became of the others."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for rung, results in _by_rung(outcome).items():
        counts = dict.fromkeys(MARKS, 0)
        for result in results:
            counts[shown_status(result)] += 1
        worst = next(status for status in WORST_FIRST if counts[status])
        said = [f"{count} {MARKS[status].words}" for status, count in counts.items() if count]
        table.add_row(MARKS[worst], Text(rung, "bold"), Text(", ".join(said)))
    return table


def _every_law(outcome: Outcome) -> Table:
    """A line per law, under its rung."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for results in _by_rung(outcome).values():
        for result in results:
            said = result.note if result.finding is None else sentence(result.finding.what)
            table.add_row(MARKS[shown_status(result)], Text(result.id), Text(said, "dim"))
    return table


def _by_rung(outcome: Outcome) -> dict[str, list[Result]]:
    found = {rung: [one for one in outcome.laws if one.rung == rung] for rung in ALL_RUNGS}
    return {rung: results for rung, results in found.items() if results}


def _listed(head: str, results: Sequence[Result]) -> RenderableType:
    """Findings beside the cause: what is wrong, and how to fix it."""
    lines = [Text(head)]
    for result in results:
        assert result.finding is not None
        said = f"{sentence(result.finding.what)} {result.finding.fix}"
        lines.append(Text(f"  {result.id}: ", MARKS[shown_status(result)].style) + Text(said, ""))
    return Group(*lines)


def as_text(outcome: Outcome, *, every_law: bool = False) -> str:
    """The report as plain text, 80 columns wide."""
    stream = StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None)
    console.print(renderable(outcome, every_law=every_law))
    return stream.getvalue()

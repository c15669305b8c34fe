"""The report in the terminal: rungs, what passed, the cause, and how to reproduce it."""

from io import StringIO

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lstm_checks.report.model import WRONG, LawResult, Report
from lstm_checks.report.words import printable
from lstm_checks.rungs import RUNGS

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "error": ("!", "bold red"),
    "timeout": ("⧖", "bold red"),
    "blocked": ("·", "yellow"),
    "not_offered": ("–", "dim"),
}
HEADS = {"failed": "does not hold", "error": "could not be judged", "timeout": "ran out of time"}


def renderable(report: Report, show_output: bool = False) -> RenderableType:
    """The whole report; its first line says the verdict and names the cause."""
    parts: list[RenderableType] = [headline(report)]
    if report.cause is not None:
        parts.append(_cause(report.cause))
    parts.append(_rungs(report))
    others = [law for law in report.laws if law.status in WRONG and law is not report.cause]
    if others:
        parts.append(_others(others))
    for name, text in (("stdout", report.stdout), ("stderr", report.stderr)):
        if text and show_output:
            parts.append(Panel(Text(printable(text)), title=f"what the subject wrote to {name}"))
        elif text:
            lines = len(text.splitlines())
            parts.append(
                Text(f"The subject wrote {lines} lines to {name}; --show-output shows them.", "dim")
            )
    return Group(*parts)


def headline(report: Report) -> Text:
    """One line: the verdict, and the law that is the cause."""
    cause = report.cause
    passed = [law for law in report.laws if law.status == "passed"]
    tail = f"{report.level}, seed {report.seed}, {report.seconds:.1f} s"
    if cause is None:
        lacking = sum(law.status == "not_offered" for law in report.laws)
        rest = f", {lacking} not offered" if lacking else ""
        text = f"PASSED  {report.subject}: {len(passed)} laws hold{rest}  ({tail})"
        return Text(text, "bold green")
    word = "FAILED" if report.verdict == "failed" else "ERROR"
    return Text(f"{word}  {report.subject}: {cause.id} {HEADS[cause.status]}  ({tail})", "bold red")


def _cause(law: LawResult) -> RenderableType:
    body = Text()
    for k, part in enumerate(_paragraphs(law.message)):
        body.append(part + "\n", "bold" if k == 0 else "")
    if law.reproduce:
        body.append("Reproduce: --reproduce FILE writes a script without the kit.\n", "dim")
    body.append(f"More: lstm-checks explain {law.id}", "dim")
    return Panel(body, title=escape(law.id), title_align="left", border_style="red")


def _paragraphs(message: str) -> list[str]:
    """A message's sentences on lines of their own, as `words.sentence` joined them."""
    for head in (" First wrong: ", " Smallest case: ", " What to do: "):
        message = message.replace(head, "\n" + head.strip() + " ", 1)
    return message.split("\n")


def _rungs(report: Report) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    rungs = list(dict.fromkeys(law.rung for law in sorted(report.laws, key=_rung_order)))
    for rung in rungs:
        marked = []
        for law in report.laws:
            if law.rung == rung:
                mark, style = MARKS[law.status]
                marked.append(Text(f"{mark} {law.id.split('.', 1)[1]}", style))
        table.add_row(Text(rung, "bold"), Columns(marked, padding=(0, 2)))
    used = {law.status for law in report.laws}
    legend = "  ".join(f"{MARKS[s][0]} {s.replace('_', ' ')}" for s in MARKS if s in used)
    table.add_row("", Text(legend, "dim"))
    return table


def _rung_order(law: LawResult) -> int:
    return RUNGS.index(law.rung)


def _others(laws: list[LawResult]) -> RenderableType:
    table = Table(
        box=None, show_header=False, padding=(0, 1, 0, 0), title="Also wrong, each alone:"
    )
    table.title_justify = "left"
    for law in laws:
        table.add_row(Text(law.id, "red"), Text(_paragraphs(law.message)[0]))
    return table


def as_text(report: Report) -> str:
    """The report as plain text."""
    stream = StringIO()
    Console(file=stream, width=100, color_system=None).print(renderable(report))
    return stream.getvalue()


def as_html(report: Report) -> str:
    """The report as a notebook shows it."""
    return _recorded(report).export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def as_page(report: Report) -> str:
    """The report as a page of its own."""
    return _recorded(report).export_html(inline_styles=True)


def _recorded(report: Report) -> Console:
    console = Console(record=True, file=StringIO(), width=100)
    console.print(renderable(report))
    return console

"""The report as HTML: a page of its own, and what a notebook shows."""

from io import StringIO

from rich.console import Console

from lstm_checks.engine.outcome import Outcome
from lstm_checks.report.terminal import renderable

WIDTH = 100


def as_page(outcome: Outcome) -> str:
    """A page of its own, in one file."""
    return _recorded(outcome, every_law=True).export_html(inline_styles=True)


def as_notebook(outcome: Outcome) -> str:
    """What a notebook shows."""
    console = _recorded(outcome, every_law=False)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def _recorded(outcome: Outcome, *, every_law: bool) -> Console:
    console = Console(record=True, file=StringIO(), width=WIDTH)
    console.print(renderable(outcome, every_law=every_law))
    return console

"""The report that Python users get: an outcome that shows itself."""

from dataclasses import fields
from typing import Any, Self

from lstm_checks.engine.outcome import Outcome
from lstm_checks.report.data import as_dict
from lstm_checks.report.page import as_notebook
from lstm_checks.report.terminal import as_text, headline


class Report(Outcome):
    """The outcome of checking one subject. `str(report)` is the text of the terminal.

    `report.passed`, `report.verdict` and `report.cause` are the short of it,
    `report["gradients.dW"]` is the result of one law.
    """

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The report on an outcome."""
        return cls(**{field.name: getattr(outcome, field.name) for field in fields(Outcome)})

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, schema 1 of the JSON report."""
        return as_dict(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<Report {headline(self).plain}>"

    def _repr_html_(self) -> str:
        return as_notebook(self)

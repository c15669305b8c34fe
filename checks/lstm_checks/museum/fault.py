"""A fault: a known mistake, as other choices than the textbook's."""

from collections.abc import Mapping
from dataclasses import dataclass

from lstm_checks.museum.equations import equations
from lstm_checks.museum.parts import parts_of
from lstm_checks.museum.textbook import TEXTBOOK


@dataclass(frozen=True, eq=False)
class Fault:
    """A known mistake.

    Attributes:
        id: "family.place.mistake", stable.
        names: the mistake in one sentence, without its full stop.
        choices: the slots that differ from the textbook's, with the expressions in them.
        how: how to fix it, where the right equation does not say it.
        seen: where in published code it was seen.
        line: whether an equation shows it.
        convention: what to declare where it is no mistake but another layout: key and value.
        biases: how many biases a layer must declare for it to be possible.
        law: the law that names it, where it is a matter of manners and no choice of an LSTM.
        edit: texts of a right source that are replaced then, each with what replaces it.
    """

    id: str
    names: str
    choices: Mapping[str, str]
    how: str = ""
    seen: str = ""
    line: bool = True
    convention: tuple[str, str] | None = None
    biases: int = 1
    law: str = ""
    edit: tuple[tuple[str, str], ...] | None = None

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the cell that it is about, as `museum.parts` names them."""
        return parts_of(self.choices)

    @property
    def wrote(self) -> list[str]:
        """The equations as they were written."""
        return equations(self.choices, TEXTBOOK | dict(self.choices)) if self.line else []

    @property
    def should(self) -> list[str]:
        """The same equations as the textbook has them."""
        return equations(self.choices, TEXTBOOK) if self.line else []

    @property
    def says(self) -> str:
        """One sentence that names the mistake, with its equation where one line tells it."""
        wrote = self.wrote
        return f"{self.names}: {wrote[0]}." if len(wrote) == 1 else f"{self.names}."

    @property
    def fix(self) -> str:
        """How to fix it."""
        should = self.should
        write = f"Write {', '.join(should)}." if 0 < len(should) <= 4 else ""
        return " ".join(part for part in (write, self.how) if part)

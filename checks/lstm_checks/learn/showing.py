"""What `show` gives: a demonstration and two pictures, for a terminal, a file or a notebook."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from lstm_checks.findings import Array, plain
from lstm_checks.learn.demonstration import EPOCHS, SYMBOLS, Demonstration, demonstrate
from lstm_checks.plots import contents, form_of, missing
from lstm_checks.subjects.subject import Subject
from lstm_reference.training import gradient_lag

LAGS, DRAWS = 200, 200
LAYERS = {
    "LSTM, forget bias 8": gradient_lag.lstm(8.0),
    "LSTM, forget bias 1": gradient_lag.lstm(1.0),
    "simple recurrent layer": gradient_lag.simple(),
}
REFERENCE = "the bundled reference"


class NoPictures(Exception):
    """Pictures cannot be drawn; the message says what to install."""


@dataclass(frozen=True)
class Shown:
    """A subject trained in two ways, and the gradient against the lag.

    A notebook shows the pictures and the words; `print` gives the words; `save` writes the
    pictures.

    Attributes:
        demonstration: gates, states and answers as arrays.
        lags: for each kind of layer, the norms of the gradient (R, K + 1) of
            `lstm_reference.training.gradient_lag.norms`.
        dark: draw on dark paper.
    """

    demonstration: Demonstration
    lags: dict[str, Array] = field(repr=False)
    dark: bool = False

    @property
    def gates(self) -> Any:
        """The matplotlib figure of the gates and the state over time."""
        from lstm_checks.learn.pictures import gates_over_time

        return gates_over_time(self.demonstration, self.dark)

    @property
    def gradient(self) -> Any:
        """The matplotlib figure of the gradient against the lag."""
        from lstm_checks.learn.pictures import gradient_against_lag

        return gradient_against_lag(self.lags, self.dark)

    def files(self, path: str) -> dict[str, bytes]:
        """The pictures as the content of files, `path` and `path`-lag.

        Raises:
            ValueError: the suffix is none of `plots.FORMATS`.
        """
        (gates, gradient), form = file_names(path), form_of(path)
        return {gates: contents(self.gates, form), gradient: contents(self.gradient, form)}

    def __str__(self) -> str:
        from rich.console import Console

        stream = StringIO()
        Console(file=stream, width=80, color_system=None).print(self.words())
        return stream.getvalue()

    def words(self) -> Any:
        """The small table for a terminal, and what is to be told beside it."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        parts: list[Any] = []
        for way in self.demonstration.ways:
            verdict = "solved" if way.solved else "not solved"
            table = Table(title=f"{way.title}: {verdict}", title_justify="left")
            table.add_column("sequence", no_wrap=True)
            for seen in range(1, SYMBOLS.shape[1]):
                table.add_column(f"after step {seen}", justify="right")
            for symbols, answers, p in zip(SYMBOLS, way.answers, way.p, strict=True):
                cells = [
                    f"{answer} (p {p[t, answer]:.2f})" + ("" if answer == symbols[t + 1] else " ✗")
                    for t, answer in enumerate(answers)
                ]
                table.add_row(",".join(map(str, symbols)), *cells)
            table.add_row("distance of c", *(f"{one:.2f}" for one in way.distance))
            parts.append(table)
        lag = LAGS // 2
        parts.append(
            Text(
                f"The gradient of an output with respect to the input {lag} steps before, over "
                f"that at lag 0, is in the median of {DRAWS} drawn layers: "
                + "; ".join(f"{name} {np.median(n[:, lag]):.1e}" for name, n in self.lags.items())
                + "."
            )
        )
        parts.append(
            Text(
                f"After {EPOCHS} epochs. The answers are the subject's own; the gates, c and h in "
                "the picture are computed by the reference from the trained weights."
            )
        )
        parts += [Text(f"Note: {note}") for note in self.demonstration.notes]
        return Group(*parts)

    def _repr_html_(self) -> str:
        pictures = "".join(
            f'<p><img alt="{escape(what)}" style="max-width: 100%" '
            f'src="data:image/png;base64,{b64encode(contents(figure, "png")).decode()}"></p>'
            for what, figure in (
                ("gates and state over time, solved and not solved", self.gates),
                ("norm of the gradient against the lag", self.gradient),
            )
        )
        return f"{pictures}<pre>{escape(str(self))}</pre>"


def shown(
    subject: Subject | None,
    name: str = REFERENCE,
    seed: int = 0,
    dark: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Shown:
    """Train a subject in both ways, and find the gradient against the lag; see `demonstrate`.

    Raises:
        NoPictures: matplotlib is not installed.
        Breach, Halted: from the subject.
    """
    absent = missing()
    if absent is not None:
        raise NoPictures(absent)
    demonstration = demonstrate(subject, plain(name), seed, advance)
    lags = {name: gradient_lag.norms(make, LAGS, DRAWS) for name, make in LAYERS.items()}
    return Shown(demonstration, lags, dark)


def file_names(path: str) -> tuple[str, str]:
    """Where the two pictures go: `path` itself, and beside it one with -lag in its name."""
    place = Path(path)
    return str(place), str(place.with_name(f"{place.stem}-lag{place.suffix}"))

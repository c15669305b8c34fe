"""What the notebooks of the course share: pictures, and exercises that the kit judges."""

import hashlib
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch
from matplotlib_inline.backend_inline import set_matplotlib_formats

from lstm_checks import check
from lstm_checks.museum.catalogue import WRITABLE
from lstm_checks.museum.matrix import module
from lstm_checks.museum.source import source_of
from lstm_checks.plots import EITHER, settings
from lstm_checks.words import figures, sentence

# Pictures ------------------------------------------------------------------------------------

COLOURS = {**dict(zip("ifgoc", EITHER.lines, strict=False)), "h": EITHER.dim}
BLUE, ORANGE, GREEN, VIOLET, _, _ = EITHER.lines
GREY = EITHER.dim

set_matplotlib_formats("svg")
plt.rcParams.update(settings(EITHER) | {"svg.hashsalt": "course"})


def unrolled(axes: Any, title: str, reads: Sequence[bool], answers: Sequence[bool]) -> None:
    """Draw a recurrent layer over time: which steps read an input, and which give an answer."""
    axes.set(xlim=(-0.7, len(reads) - 0.3), ylim=(-1.6, 1.6), aspect="equal")
    axes.set_title(title, fontsize=10)
    axes.axis("off")
    arrow = {"arrowstyle": "-|>", "color": GREY, "lw": 1.2}
    for t, (read, answer) in enumerate(zip(reads, answers, strict=True)):
        _box(axes, t, 0, GREEN, "")
        if t:
            axes.annotate("", (t - 0.3, 0), (t - 0.7, 0), arrowprops=arrow)
        if read:
            _box(axes, t, -1.2, ORANGE, "")
            axes.annotate("", (t, -0.3), (t, -0.9), arrowprops=arrow)
        if answer:
            _box(axes, t, 1.2, BLUE, "")
            axes.annotate("", (t, 0.9), (t, 0.3), arrowprops=arrow)


def rows_of(axes: Any, title: str, batches: Sequence[Any]) -> None:
    """Draw batches (rows, steps) of a series side by side, each cell with its place in it."""
    at = 0.0
    for batch in batches:
        for row, steps in enumerate(batch):
            for t, number in enumerate(steps):
                _box(axes, at + t, -row, [BLUE, ORANGE, GREEN, VIOLET][row % 4], str(number), 0.42)
        at += len(batch[0]) + 0.6
    axes.set(xlim=(-0.6, at - 0.9), ylim=(-len(batches[0]) + 0.4, 0.6), aspect="equal")
    axes.set_title(title, fontsize=10)
    axes.axis("off")


def _box(axes: Any, x: float, y: float, colour: str, text: str, half: float = 0.3) -> None:
    corner, side = (x - half + 0.08, y - half + 0.08), 2 * half - 0.16
    style = "round,pad=0.08"
    axes.add_patch(
        FancyBboxPatch(corner, side, side, boxstyle=style, ec=colour, fc=colour + "1a", lw=1.3)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=9)


# Exercises -----------------------------------------------------------------------------------


class Told:
    """What an exercise's check says: a word for its state, and a sentence."""

    def __init__(self, state: str, says: str) -> None:
        self.state, self.says = state, says

    def __repr__(self) -> str:
        return textwrap.fill(f"{self.state}  {self.says}", 88)


def compare(mine: Callable[..., Any], right: Callable[..., Any], *calls: tuple[Any, ...]) -> Told:
    """Compare a function with the reference's in some calls, until one differs."""
    name = mine.__name__
    for arguments in calls:
        want = right(*arguments)
        try:
            got = mine(*arguments)
        except NotImplementedError:
            return Told("NOT WRITTEN", f"Write {name} in the cell above, and run both again.")
        difference = _difference(got, want)
        if difference:
            said = ", ".join(_short(one) for one in arguments)
            return Told("NOT YET", f"{name}({said}): {difference}")
    return Told("RIGHT", f"{name} agrees with the reference in {len(calls)} calls.")


def _difference(got: Any, want: Any, where: str = "the result") -> str:
    """The first difference in words, "" where there is none."""
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            return f"{where} should consist of {len(want)} parts."
        parts = (
            _difference(one, other, f"part {k} of {where}")
            for k, (one, other) in enumerate(zip(got, want, strict=True))
        )
        return next((part for part in parts if part), "")
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            return f"{where} should be a dictionary with the keys {', '.join(want)}."
        each = (_difference(got[key], want[key], f"{where}[{key!r}]") for key in want)
        return next((part for part in each if part), "")
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return f"{where} has the shape {got.shape}; it should be {want.shape}."
    wrong = np.argwhere(~np.isclose(got, want, rtol=1e-9, atol=1e-12))
    if not len(wrong):
        return ""
    at = tuple(map(int, wrong[0]))
    place = f"{where}[{', '.join(map(str, at))}]" if at else where
    return f"{place} is {got[at]:.6g}; it should be {want[at]:.6g}."


def _short(argument: Any) -> str:
    """An argument in a message: large arrays by their shape."""
    if isinstance(argument, np.ndarray) and argument.size > 6:
        return f"an array {argument.shape}"
    if isinstance(argument, np.ndarray):
        return str(argument.tolist())
    return repr(argument) if isinstance(argument, (int, float, str, tuple)) else "…"


class Exhibit:
    """An LSTM from the museum with one mistake; it shows itself as source with numbered lines."""

    def __init__(self, number: str) -> None:
        """`number` is that of a fault, and tells nothing about it. Raises StopIteration."""
        fault = next(one for one in WRITABLE if number_of(one.id) == number)
        self.number, self.lines = number, source_of(fault).splitlines()

    def __repr__(self) -> str:
        return "\n".join(f"{n:3}  {line}" for n, line in enumerate(self.lines, start=1))

    def check(self) -> Any:
        """The kit's report on it."""
        return _checked(self.lines)


def number_of(fault: str) -> str:
    """The number of a fault: four hexadecimal digits, from its id."""
    return hashlib.sha256(fault.encode()).hexdigest()[:4]


def repaired(exhibit: Exhibit, wrong: str, right: str) -> Told:
    """Whether the kit passes the exhibit once `right` stands in place of the line `wrong`."""
    before = exhibit.check()
    if not wrong:
        return Told("NOT FOUND YET", f"The law {before.cause.id} speaks: {_seen(before)}")
    places = [n for n, line in enumerate(exhibit.lines) if line.strip() == wrong.strip()]
    if len(places) != 1:
        return Told("NOT YET", f"{len(places)} lines of the exhibit are {wrong.strip()!r}.")
    lines, old = exhibit.lines.copy(), exhibit.lines[places[0]]
    lines[places[0]] = old[: len(old) - len(old.lstrip())] + right.strip()
    after = _checked(lines)
    if after.passed:
        return Told("RIGHT", f"The kit passes it now. Its name for the mistake: {_named(before)}")
    return Told("NOT YET", f"With this line, {after.cause.id} speaks: {_seen(after)}")


def _seen(report: Any) -> str:
    """What the law saw, without how to fix it."""
    finding = report.cause.finding
    return " ".join(part for part in (sentence(finding.what), figures(finding)) if part)


def _named(report: Any) -> str:
    return str(report.diagnosis[0].says if report.diagnosis else report.cause.finding.what)


def _checked(lines: Sequence[str]) -> Any:
    try:
        subject = module("\n".join(lines) + "\n").LSTM
    except SyntaxError as error:
        raise SystemExit(f"Line {error.lineno} is no Python: {error.text}") from None
    return check(subject, level="quick", in_process=True)

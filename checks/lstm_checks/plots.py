"""The style of every picture that the kit, its examples and its course draw.

A picture is for light paper, for dark paper, or for a page that may be either.

It needs matplotlib, which is an optional package: `missing()` says what to install, and everything
else here imports it when it is called.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from lstm_checks.findings import Array

FORMATS = ("png", "svg", "pdf")
DPI = 120


@dataclass(frozen=True)
class Theme:
    """Colours of one kind of paper.

    Attributes:
        paper, ink: the background, and text and axes upon it.
        dim: what stands behind the data: chance, naive forecasts, reference lines.
        grid: the lines of a grid.
        lines: the colours of data, in their order; they are told apart by the colour-blind too.
        wrong: what marks a wrong answer.
    """

    paper: str
    ink: str
    dim: str
    grid: str
    lines: tuple[str, ...]
    wrong: str


# The colours of Okabe & Ito (2008), darker on light paper and lighter on dark.
LIGHT = Theme(
    paper="#ffffff",
    ink="#1b1f24",
    dim="#5d6671",
    grid="#e3e7eb",
    lines=("#0072b2", "#d55e00", "#008060", "#b0558d", "#8a6d00", "#3a9bd0"),
    wrong="#b3261e",
)
DARK = Theme(
    paper="#0f1318",
    ink="#e6edf3",
    dim="#a3adb8",
    grid="#2b323b",
    lines=("#6cb6ff", "#ff9a4d", "#3ccb9e", "#e59acb", "#e5c453", "#9fd8f5"),
    wrong="#ff8d85",
)
# Transparent, for a page whose reader chooses: each colour stands out from white and from black.
EITHER = Theme(
    paper="none",
    ink="#767b82",
    dim="#767b82",
    grid="#767b8240",
    lines=("#0a7bc0", "#d55e00", "#00936b", "#c0619b", "#9a7a00", "#3a9bd0"),
    wrong="#d0403b",
)


def missing() -> str | None:
    """What to install where matplotlib is absent, in one line; None where it is there."""
    if find_spec("matplotlib") is not None:
        return None
    return "pictures need matplotlib: pip install 'lstm-checks[examples]'"


@contextmanager
def themed(dark: bool = False) -> Iterator[Theme]:
    """Draw in the style of the house, until the block ends; the figures keep it."""
    import matplotlib as mpl

    theme = DARK if dark else LIGHT
    with mpl.rc_context(settings(theme)):
        yield theme


def settings(theme: Theme) -> Any:
    """The style as matplotlib's settings, for a program that draws nothing else."""
    from cycler import cycler

    return {
        "figure.constrained_layout.use": True,
        "figure.dpi": DPI,
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "font.size": 10,
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.dim,
        "axes.labelcolor": theme.ink,
        "axes.titlesize": 11,
        "axes.titlecolor": theme.ink,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=theme.lines),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": theme.grid,
        "grid.linewidth": 0.8,
        "lines.linewidth": 1.6,
        "text.color": theme.ink,
        "xtick.color": theme.ink,
        "ytick.color": theme.ink,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "boxplot.boxprops.color": theme.ink,
        "boxplot.whiskerprops.color": theme.ink,
        "boxplot.capprops.color": theme.ink,
        "boxplot.medianprops.color": theme.lines[1],
    }


def legend_below(part: Any, axes: Any, columns: int = 1) -> None:
    """A legend below all axes of a figure or a part of one, where it cannot lie on data.

    Args:
        part: the figure or subfigure, in a constrained layout.
        axes: whose lines it names; a sequence of axes names each line once.
        columns: of the legend.
    """
    named: dict[str, Any] = {}
    for one in np.ravel(axes):
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    part.legend(named.values(), named.keys(), loc="outside lower center", ncols=columns)


def form_of(path: str) -> str:
    """The format of a file by its suffix. Raises ValueError where it is none of FORMATS."""
    form = Path(path).suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise ValueError(f"{path} is to be a picture; give it the suffix .png, .svg or .pdf")
    return form


def contents(figure: Any, form: str) -> bytes:
    """The figure as the content of a file; `form` is one of FORMATS."""
    import matplotlib as mpl

    stream = BytesIO()
    date = {"svg": "Date", "pdf": "CreationDate"}.get(form)
    undated = {"metadata": {date: None}} if date else {}
    with mpl.rc_context({"svg.hashsalt": "lstm-checks"}):  # the same picture is the same file
        figure.savefig(stream, format=form, **undated)
    return stream.getvalue()


def median_and_band(
    axes: Any, x: Sequence[float] | Array, values: Array, name: str, colour: str
) -> None:
    """A line at the median of trials (R, n), and a band from their 10th to their 90th percentile.

    The label names the median, the band and the number of trials.
    """
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
    label = f"{name}: median, band 10 to 90 % of {len(values)} draws"
    axes.plot(x, middle, color=colour, label=label)

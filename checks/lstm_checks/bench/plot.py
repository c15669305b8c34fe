"""The figure: ratios to the rivals and to the floor by shape, and growth with each size."""

from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lstm_checks.bench.growth import SEEN
from lstm_checks.bench.outcome import Growth, Outcome
from lstm_checks.bench.rivals import FLOOR

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe & Ito
FORMATS = ("png", "svg", "pdf")
GREY = "#555555"


def save(outcome: Outcome, path: str) -> None:
    """Write the figure; the path's ending is one of FORMATS.

    Raises:
        OSError: the file cannot be written.
    """
    passes = list(dict.fromkeys(cell.backward for cell in outcome.cells))
    count = max(sum(c.backward == backward for c in outcome.cells) for backward in passes)
    height = 1.5 + 0.55 * count
    rows = 2 if outcome.growth else 1
    figure = pyplot.figure(
        figsize=(6.2 * len(passes), height + 3.4 * (rows - 1)), layout="constrained"
    )
    parts = figure.subfigures(rows, 1, squeeze=False, height_ratios=[height, 3.4][:rows])[:, 0]
    axes = parts[0].subplots(1, len(passes), sharey=True, squeeze=False)[0]
    for axis, backward in zip(axes, passes, strict=True):
        _ratios(axis, outcome, backward)
    handles, labels = axes[0].get_legend_handles_labels()
    parts[0].legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    parts[0].suptitle(f"{outcome.subject}: its time over others'", x=0.01, ha="left")
    if outcome.growth:
        _growths(parts[1], outcome.growth)
    try:
        figure.savefig(path, dpi=130)
    finally:
        pyplot.close(figure)


def _ratios(axis: Any, outcome: Outcome, backward: bool) -> None:
    cells = [cell for cell in outcome.cells if cell.backward == backward]
    others = list(dict.fromkeys(name for cell in cells for name in cell.others))
    for place, other in enumerate(others):
        points = [
            (row, cell.ratio(other)) for row, cell in enumerate(cells) if other in cell.timings
        ]
        shift = 0.6 * ((place + 0.5) / len(others) - 0.5)
        medians = [ratio.median for _, ratio in points]
        errors = [
            [ratio.median - ratio.low for _, ratio in points],
            [ratio.high - ratio.median for _, ratio in points],
        ]
        axis.errorbar(
            medians, [row + shift for row, _ in points], xerr=errors, linestyle="none",
            marker="D" if other == FLOOR else "o", markersize=5, capsize=2, label=f"× {other}",
            color=GREY if other == FLOOR else COLOURS[place % len(COLOURS)],
        )  # fmt: skip
    for row in range(len(cells) - 1):
        axis.axhline(row + 0.5, color="0.9", linewidth=0.8)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_title("forward and backward" if backward else "forward", fontsize="medium")
    axis.set_xlabel("ratio of times (quartiles); left of 1 the subject is faster")
    axis.set_yticks(
        range(len(cells)), [f"{cell.shape}{' ~' if cell.noisy else ''}" for cell in cells]
    )
    axis.set_ylim(len(cells) - 0.5, -0.5)
    _ticks(axis.xaxis)
    axis.grid(axis="x", color="0.92")
    axis.set_axisbelow(True)


def _growths(part: Any, grown: list[Growth]) -> None:
    both = "forward and backward" if grown[0].backward else "forward"
    part.suptitle(f"growth, {both}", x=0.01, ha="left")
    axes = part.subplots(1, len(grown), squeeze=False)[0]
    for axis, one in zip(axes, grown, strict=True):
        axis.loglog(
            one.sizes, [s * 1e3 for s in one.seconds], marker="o", color=COLOURS[0],
            label=_label("ms", one.letter, one.seconds_exponent),
        )  # fmt: skip
        seen = [
            (size, peak / 2**20)
            for size, peak in zip(one.sizes, one.memory, strict=True)
            if peak is not None and peak >= SEEN
        ]
        if seen:
            axis.loglog(
                *zip(*seen, strict=True), marker="s", color=COLOURS[1], linestyle="--",
                label=_label("MB", one.letter, one.memory_exponent),
            )  # fmt: skip
        axis.set_xlabel(one.letter)
        axis.set_xticks(one.sizes, [str(size) for size in one.sizes])
        axis.set_xticks([], minor=True)
        _ticks(axis.yaxis)
        axis.grid(color="0.92")
        axis.legend(frameon=False, fontsize="small")


def _label(unit: str, letter: str, exponent: float | None) -> str:
    return unit if exponent is None else f"{unit} ∝ {letter}$^{{{exponent:.2f}}}$"


def _ticks(axis: Any) -> None:
    """Ticks at 1, 2, 5 in each decade, at 1 alone where there are many; as plain numbers."""
    axis.axes.autoscale_view()
    low, high = axis.get_view_interval()
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axis.set_major_locator(LogLocator(10, steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())

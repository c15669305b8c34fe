"""The figure: ratios to the rivals and to the floor by shape, and growth with each size."""

from typing import Any

from matplotlib.figure import Figure

from lstm_checks.bench.contenders import FLOOR
from lstm_checks.bench.growth import SEEN
from lstm_checks.bench.outcome import TITLES, Growth, Outcome
from lstm_checks.plots import LIGHT, contents, themed

GROWTH_HEIGHT = 3.4  # inches


def drawn(outcome: Outcome, form: str) -> bytes:
    """The figure as the content of a file; `form` is one of `plots.FORMATS`."""
    with themed():
        return contents(_figure(outcome), form)


def _figure(outcome: Outcome) -> Figure:
    passes = outcome.passes
    height = 1.5 + 0.55 * max(len(outcome.of_pass(backward)[0]) for backward in passes)
    heights = [height, GROWTH_HEIGHT] if outcome.growth else [height]
    figure = Figure(figsize=(6.2 * len(passes), sum(heights)))
    parts: Any = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    axes = parts[0].subplots(1, len(passes), sharey=True, squeeze=False)[0]
    for axis, backward in zip(axes, passes, strict=True):
        _ratios(axis, outcome, backward)
    handles, labels = axes[0].get_legend_handles_labels()
    parts[0].legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    parts[0].suptitle(f"{outcome.subject}: its time over others'", x=0.01, ha="left")
    if outcome.growth:
        _growth(parts[1], outcome.growth)
    return figure


def _ratios(axis: Any, outcome: Outcome, backward: bool) -> None:
    comparisons, others = outcome.of_pass(backward)
    for place, other in enumerate(others):
        rows = [row for row, one in enumerate(comparisons) if other in one.timings]
        ratios = [comparisons[row].ratio(other) for row in rows]
        shift = 0.6 * ((place + 0.5) / len(others) - 0.5)
        axis.errorbar(
            [ratio.median for ratio in ratios],
            [row + shift for row in rows],
            xerr=[[r.median - r.low for r in ratios], [r.high - r.median for r in ratios]],
            linestyle="none",
            marker="D" if other == FLOOR else "o",
            markersize=5,
            capsize=2,
            color=LIGHT.dim if other == FLOOR else LIGHT.lines[place % len(LIGHT.lines)],
            label=f"× {other}",
        )
    for row in range(len(comparisons) - 1):
        axis.axhline(row + 0.5, color=LIGHT.grid, linewidth=0.8)
    axis.axvline(1, color=LIGHT.ink, linewidth=0.8)
    axis.set_xscale("log", subs=[2, 5])
    axis.set_title(TITLES[backward], fontsize="medium")
    turns = sorted({len(one.mine.seconds) for one in comparisons})
    counted = " to ".join(dict.fromkeys((str(turns[0]), str(turns[-1]))))
    axis.set_xlabel(
        f"ratio of times, median and quartiles of {counted} turns\nleft of 1 the subject is faster"
    )
    noisy = {one.shape for one in outcome.comparisons if one.noisy}  # both passes share the axis
    names = [f"{one.shape}{' ~' if one.shape in noisy else ''}" for one in comparisons]
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    _plain_numbers(axis.xaxis)
    axis.grid(axis="x")


def _growth(part: Any, grown: list[Growth]) -> None:
    part.suptitle(f"growth, {TITLES[grown[0].backward]}", x=0.01, ha="left")
    axes = part.subplots(1, len(grown), squeeze=False)[0]
    axes[0].set_ylabel("time in ms, memory in MB")
    for axis, one in zip(axes, grown, strict=True):
        megabytes = [None if m is None or m < SEEN else m / 2**20 for m in one.memory]
        for values, unit, exponent, style, colour in (
            ([s * 1e3 for s in one.seconds], "ms", one.seconds_exponent, "o-", LIGHT.lines[0]),
            (megabytes, "MB", one.memory_exponent, "s--", LIGHT.lines[1]),
        ):
            points = [(n, v) for n, v in zip(one.sizes, values, strict=True) if v is not None]
            power = "" if exponent is None else f" ∝ {one.letter}$^{{{exponent:.2f}}}$"
            if points:
                axis.plot(*zip(*points, strict=True), style, color=colour, label=unit + power)
        axis.set_xscale("log")
        axis.set_yscale("log", subs=[2, 5])
        axis.set_xlabel(one.letter)
        axis.set_xticks(one.sizes, [str(size) for size in one.sizes])
        axis.set_xticks([], minor=True)
        _plain_numbers(axis.yaxis)
        axis.grid()
        axis.legend(frameon=False, fontsize="small")


def _plain_numbers(axis: Any) -> None:
    """Ticks as 0.5 and 20 instead of powers of ten; the minor ones where decades are few."""
    axis.set_major_formatter("{x:g}")
    low, high = axis.get_view_interval()
    if high / low < 300:
        axis.set_minor_formatter("{x:g}")

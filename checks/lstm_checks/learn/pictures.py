"""The pictures of `show`: gates and state over time, and the gradient against the lag."""

from typing import Any

import numpy as np

from lstm_checks.findings import Array, plain
from lstm_checks.learn.demonstration import EPOCHS, SYMBOLS, UNITS, Demonstration, Trained
from lstm_checks.plots import Theme, legend_below, median_and_band, themed

ROWS = {
    "i": "input gate i",
    "f": "forget gate f",
    "g": "candidate g",
    "o": "output gate o",
    "c": "cell state c",
    "h": "hidden state h",
}
SIGNED = "gch"  # the others are between 0 and 1
FLOOR = 1e-16  # gradients below are not drawn


def gates_over_time(demonstration: Demonstration, dark: bool = False) -> Any:
    """Gates, c and h of both sequences over time, for both ways of training: a figure."""
    from matplotlib.figure import Figure

    ways = demonstration.ways
    # The state of both ways is drawn to one scale.
    most = {k: max(float(np.abs(getattr(way, k)).max()) for way in ways) for k in ROWS}
    with themed(dark) as theme:
        figure = Figure(figsize=(11.5, 12.5))
        parts: Any = figure.subfigures(1, len(ways))
        for part, way in zip(parts, ways, strict=True):
            _way(part, way, most, theme)
        figure.suptitle(
            f"{plain(demonstration.name, 60)} on 3,0,1,2,3 and 4,0,1,2,4: one network, "
            f"seed {demonstration.seed}, {EPOCHS} epochs\n"
            f"The {UNITS} units are sorted by how much their last c differs between the sequences."
        )
    return figure


def _way(part: Any, way: Trained, most: dict[str, float], theme: Theme) -> None:
    """One way of training: a column per sequence, a row per gate, and the answers below."""
    order = np.argsort(-np.abs(way.c[0, -1] - way.c[1, -1]), kind="stable")
    grid = part.subplots(len(ROWS) + 1, 2, height_ratios=[1] * len(ROWS) + [0.85])
    for sequence, column in enumerate(grid.T):
        for axes, k in zip(column, ROWS, strict=False):
            image = _over_time(axes, getattr(way, k)[sequence][:, order], k, most[k])
            if sequence:
                part.colorbar(image, ax=axes, shrink=0.9, pad=0.04)
        column[0].set_title(f"sequence {','.join(map(str, SYMBOLS[sequence]))}", fontsize=10)
        _answers(column[-1], way, sequence, theme)
    for axes, name in zip(grid[:, 0], ROWS.values(), strict=False):
        axes.set_ylabel(f"{name}\nunit")
    apart = ", ".join(f"{one:.1f}" for one in way.distance)
    part.suptitle(
        f"{'SOLVED' if way.solved else 'NOT SOLVED'}: {way.title}\n"
        f"c of the two is {apart} apart after the steps 1 to 4",
        color=theme.ink if way.solved else theme.wrong,
        fontsize=11,
    )


def _over_time(axes: Any, values: Array, name: str, most: float) -> Any:
    """One array (T, H) with a column per step and a row per unit."""
    signed = name in SIGNED
    limit = most if name == "c" else 1.0
    image = axes.imshow(
        values.T,
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r" if signed else "viridis",
        vmin=-limit if signed else 0.0,
        vmax=limit,
    )
    axes.set_yticks([0, values.shape[1] - 1], ["1", str(values.shape[1])])
    axes.set_xticks([])
    axes.tick_params(length=0)
    return image


def _answers(axes: Any, way: Trained, sequence: int, theme: Theme) -> None:
    """Under each step: the symbol seen, the right next one, the prediction, its probability."""
    symbols, answers, p = SYMBOLS[sequence], way.answers[sequence], way.p[sequence]
    lines = ("step", "symbol seen", "right next", "predicted", "its probability")
    axes.set_ylim(len(lines), 0)
    axes.set_yticks(np.arange(len(lines)) + 0.5, lines)
    for t, answer in enumerate(answers):
        right = answer == symbols[t + 1]
        shown = (t + 1, symbols[t], symbols[t + 1], answer, f"{p[t, answer]:.2f}")
        for name, line, text in zip(lines, range(len(lines)), shown, strict=True):
            wrong = line >= 3 and not right
            axes.text(
                t,
                line + 0.5,
                f"{text} ✗" if wrong and name == "predicted" else str(text),
                ha="center",
                va="center",
                color=theme.wrong if wrong else theme.ink,
                weight="bold" if name == "predicted" else "normal",
            )
    axes.set_xticks([])
    axes.set_xlim(-0.5, len(answers) - 0.5)
    axes.tick_params(length=0, labelleft=sequence == 0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def gradient_against_lag(found: dict[str, Array], dark: bool = False) -> Any:
    """The norms (R, K + 1) of `gradient_lag.norms`, by the name of the layer: a figure."""
    from matplotlib.figure import Figure

    with themed(dark) as theme:
        figure = Figure(figsize=(8, 5))
        axes = figure.subplots()
        highest = 1.0
        for (name, norms), colour in zip(found.items(), theme.lines, strict=False):
            lags = np.arange(norms.shape[1])
            median_and_band(axes, lags, np.maximum(norms, FLOOR / 10), name, colour)
            highest = max(highest, float(np.quantile(norms, 0.9, axis=0).max()))
        axes.axhline(1, color=theme.dim, linestyle=":", linewidth=1, label="nothing lost")
        axes.set_yscale("log")
        axes.set_ylim(FLOOR, 10 * highest)
        axes.set_xlim(0, lags[-1])
        axes.set_xlabel("lag: steps from the last output back to the input")
        axes.set_ylabel("norm of the gradient, over that at lag 0")
        axes.set_title("What an output owes to an earlier input, before any training")
        axes.grid()
        legend_below(figure, axes)
    return figure

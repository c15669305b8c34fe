"""Helpers for the examples: command line, progress bar, processes, tables, plots as PNG files.

The style of the plots is that of `lstm_checks.plots`, on light paper, or on dark with --dark.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

try:
    import matplotlib.pyplot as plt
    from threadpoolctl import threadpool_limits
except ImportError:
    raise SystemExit(
        "The examples draw plots and use all cores: pip install -c constraints.txt -e '.[examples]'"
    ) from None
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lstm_checks import plots

plt.switch_backend("Agg")  # plots are written to files, so that no screen is needed
PLOTS = Path(__file__).parent / "plots"
_papers = [plots.LIGHT]  # the last one counts


def theme():
    """The colours of the plots."""
    return _papers[-1]


def is_quick(description):
    """Whether the command line has --quick, for a smaller run."""
    return quick_and_parts(description, ())[0]


def quick_and_parts(description, names):
    """Whether the command line has --quick, and which parts of the program it asks for.

    A program with several parts runs all of them, or those given by --part, which may be repeated.
    With --dark, plots are drawn on dark paper.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a smaller run that takes seconds")
    parser.add_argument("--dark", action="store_true", help="plots on dark paper")
    if names:
        parser.add_argument("--part", action="append", choices=names, help="may be repeated")
    options = parser.parse_args()
    threadpool_limits(1)  # small matrix products take longer with more threads
    _papers.append(plots.DARK if options.dark else plots.LIGHT)
    plt.rcParams.update(plots.settings(theme()))
    return options.quick, list(getattr(options, "part", None) or names)


def bar(steps, description, total=None):
    """Iterate over the steps with a progress bar on stderr; `total` is their number if unknown."""
    console = Console(stderr=True)
    return track(steps, description=description, total=total, console=console, transient=True)


def on_all_cores(function, jobs, description):
    """[function(*job) for job in jobs], in one process per core, with a progress bar."""
    with ProcessPoolExecutor(os.cpu_count(), initializer=threadpool_limits, initargs=(1,)) as pool:
        results = pool.map(function, *zip(*jobs, strict=True))
        return list(bar(results, description, len(jobs)))


def show_table(title, columns, rows):
    """Print a table whose first column is text and whose other columns are figures."""
    print(f"\n{title}")
    table = Table()
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(str, row))
    # wide enough for the figures even if the output is a pipe
    Console(width=None if Console().is_terminal else 120).print(table)


def new_plot(columns=1, width=8.0, height=4.4, rows=1):
    """A new figure and its axes."""
    return plt.subplots(rows, columns, figsize=(width, height))


def line_at(axes, value, name, style="--", across=True):
    """A reference line, of chance, a naive forecast or a bound, with its name for the legend."""
    draw = axes.axhline if across else axes.axvline
    draw(value, color=theme().dim, linestyle=style, linewidth=1.2, label=name)


def share_bars(axes, labels, shares):
    """Horizontal bars from the top down: shares in %, each with its 95 % interval."""
    values = np.array([100 * one.k / one.n for one in shares])
    bounds = 100 * np.array([one.interval for one in shares]).T
    spread = np.maximum([values - bounds[0], bounds[1] - values], 0)
    places = np.arange(len(shares))[::-1]
    axes.barh(places, values, height=0.6, alpha=0.6)
    axes.errorbar(
        values, places, xerr=spread, fmt="none", capsize=3, color=theme().ink, linewidth=1
    )
    axes.set_yticks(places, labels)
    axes.set_xlim(0, 105)
    axes.set_ylim(len(shares) - max(3, len(shares)) - 0.6, len(shares) - 0.4)


def share_curve(axes, x, shares, name, color):
    """A line of shares in %, and a band of their 95 % intervals."""
    bounds = 100 * np.array([one.interval for one in shares]).T
    axes.fill_between(x, *bounds, color=color, alpha=0.15, linewidth=0)
    axes.plot(x, [100 * one.k / one.n for one in shares], color=color, label=name)


def save_plot(figure, name, quick):
    """Write the figure to examples/plots/NAME.png, or NAME_quick.png for a quick run."""
    PLOTS.mkdir(exist_ok=True)
    dark = "_dark" if theme() is plots.DARK else ""
    path = PLOTS / f"{name}{'_quick' if quick else ''}{dark}.png"
    path.write_bytes(plots.contents(figure, "png"))
    plt.close(figure)
    print(f"plot: {path}")


def named_by_parts(name, parts, every):
    """The name of a plot that shows all parts of a program, or those that were asked for."""
    return name if set(parts) == set(every) else "_".join([name, *parts])

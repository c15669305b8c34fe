"""Helpers for the examples: command line, progress bar, processes, tables, plots as PNG files."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit(
        "The examples draw plots: pip install -c constraints.txt -e '.[examples]'"
    ) from None
from rich.console import Console
from rich.progress import track
from rich.table import Table

plt.switch_backend("Agg")  # plots are written to files, so that no screen is needed
PLOTS = Path(__file__).parent / "plots"


def is_quick(description):
    """Whether the command line has --quick, its only option, for a smaller run."""
    return quick_and_parts(description, ())[0]


def quick_and_parts(description, names):
    """Whether the command line has --quick, and which parts of the program it asks for.

    A program with several parts runs all of them, or those given by --part, which may be repeated.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a smaller run that takes seconds")
    if names:
        parser.add_argument("--part", action="append", choices=names, help="may be repeated")
    options = parser.parse_args()
    return options.quick, list(getattr(options, "part", None) or names)


def bar(steps, description, total=None):
    """Iterate over the steps with a progress bar on stderr; `total` is their number if unknown."""
    console = Console(stderr=True)
    return track(steps, description=description, total=total, console=console, transient=True)


def on_all_cores(function, jobs, description):
    """[function(*job) for job in jobs], in one process per core, with a progress bar."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
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


def new_plot(columns=1, width=8.0, height=4.0, rows=1):
    """A new figure and its axes."""
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", dpi=120)


def save_plot(figure, name, quick):
    """Write the figure to examples/plots/NAME.png, or NAME_quick.png for a quick run."""
    PLOTS.mkdir(exist_ok=True)
    path = PLOTS / f"{name}{'_quick' if quick else ''}.png"
    figure.savefig(path)
    plt.close(figure)
    print(f"plot: {path}")

"""The kit's own speed: `python tests/perf/kit_speed.py [FILE[:NAME]] [--json OUT]`.

How long a cold verdict takes and where the time goes, what a call across the channel costs, and
how many laws are judged per second. Each figure is the median of several runs.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import click

BUNDLED = "lstm_reference.cells.lstm:LSTM"
RUNS = 5
CALLS = 300
LEVELS = ("quick", "standard")
IMPORTS = "import lstm_checks.api, lstm_checks.report.terminal"


def seconds(action: Callable[[], Any], runs: int = RUNS) -> float:
    """The median time of an action."""
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def python(*arguments: str) -> Callable[[], None]:
    """A fresh interpreter with these arguments, run to its end."""

    def run() -> None:
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise click.ClickException(f"{' '.join(arguments)} failed: {done.stdout}{done.stderr}")

    return run


def cold(subject: str, level: str) -> float:
    """A verdict from nothing: the whole of `lstm-checks check FILE --level LEVEL`."""
    code = "from lstm_checks.cli import main; main()"
    return seconds(python("-c", code, "check", subject, "--level", level))


def parts(subject: str) -> dict[str, float]:
    """What comes before the first law: the interpreter, imports, the subject's process."""
    from lstm_checks.bench.kit import LIMITS
    from lstm_checks.launch.process import Process
    from lstm_checks.subjects.source import parse
    from lstm_checks.subjects.subject import Subject

    def start() -> None:
        process = Process()
        try:
            Subject.load(process, parse(subject), LIMITS)
        finally:
            process.close()

    interpreter = seconds(python("-c", "pass"))
    return {
        "interpreter": interpreter,
        "imports of the judge": seconds(python("-c", IMPORTS)) - interpreter,
        "the subject's process, until it is loaded": seconds(start),
    }


def rungs(subject: str, level: str) -> tuple[dict[str, float], int]:
    """Seconds per rung, in this process; and how many laws were judged."""
    from lstm_checks.api import ladder

    runs: list[dict[str, float]] = []
    for _ in range(RUNS):
        taken: dict[str, float] = {}
        count = 0
        begun = time.perf_counter()
        for result in ladder(subject, level=level).results():
            now = time.perf_counter()
            taken[result.rung] = taken.get(result.rung, 0.0) + now - begun
            begun = now
            count += result.status == "passed"
        runs.append(taken)
    medians = {rung: statistics.median(run[rung] for run in runs) for rung in runs[0]}
    return medians, count


def channel(subject: str) -> dict[str, float]:
    """Seconds of one small forward: across the channel, and without it."""
    from lstm_checks.bench.calls import draw
    from lstm_checks.bench.kit import LIMITS
    from lstm_checks.bench.shapes import Shape
    from lstm_checks.launch.channel import Channel
    from lstm_checks.launch.local import Local
    from lstm_checks.launch.process import Process
    from lstm_checks.subjects.source import parse
    from lstm_checks.subjects.subject import Subject

    calls = draw(Shape(2, 3, 2, 3), "float64", 1, (0,))

    def call(over: Channel) -> float:
        try:
            loaded = Subject.load(over, parse(subject), LIMITS)
            instance = loaded.instance(calls.params)

            def forward() -> None:
                instance.forward(calls.x[0], (calls.h[0], calls.c[0]))
                loaded.calls.clear()

            return seconds(forward, CALLS)
        finally:
            over.close()

    return {"in a process of its own": call(Process()), "in this process": call(Local())}


def measured(subject: str) -> dict[str, Any]:
    """All of it, in seconds."""
    from lstm_checks.bench import machine

    levels: dict[str, Any] = {}
    for level in LEVELS:
        by_rung, laws = rungs(subject, level)
        levels[level] = {
            "cold_seconds": cold(subject, level),
            "rung_seconds": by_rung,
            "laws": laws,
            "laws_per_second": laws / sum(by_rung.values()),
        }
    return {
        "subject": subject,
        "machine": machine.describe(1, "cpu"),
        "levels": levels,
        "start_seconds": parts(subject),
        "forward_seconds": channel(subject),
    }


def shown(figures: dict[str, Any]) -> str:
    """The figures as a table in Markdown."""
    levels = figures["levels"]
    lines = [
        f"| what ({figures['subject']}) | " + " | ".join(levels) + " |",
        "|---|" + "--:|" * len(levels),
        "| cold verdict, whole command (s) | "
        + " | ".join(f"{one['cold_seconds']:.2f}" for one in levels.values())
        + " |",
    ]
    lines += [
        f"| {name} (s) | " + " | ".join([f"{taken:.2f}"] * len(levels)) + " |"
        for name, taken in figures["start_seconds"].items()
    ]
    first = next(iter(levels.values()))["rung_seconds"]
    for rung in dict.fromkeys([*first, *levels[LEVELS[-1]]["rung_seconds"]]):
        taken = [one["rung_seconds"].get(rung) for one in levels.values()]
        cells = ("–" if one is None else f"{one:.2f}" for one in taken)
        lines.append(f"| rung {rung} (s) | " + " | ".join(cells) + " |")
    for name, key in (("laws judged", "laws"), ("laws per second", "laws_per_second")):
        cells = (f"{one[key]:.0f}" for one in levels.values())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for where, taken in figures["forward_seconds"].items():
        same = " | ".join([f"{taken * 1e6:.0f}"] * len(levels))
        lines.append(f"| a small forward {where} (µs) | {same} |")
    return "\n".join(lines)


@click.command()
@click.argument("subject", metavar="[FILE[:NAME]]", default=BUNDLED)
@click.option("--json", "json_out", metavar="OUT", type=click.Path(), help="Write it as JSON.")
def main(subject: str, json_out: str | None) -> None:
    """How fast the kit judges FILE, and where the time goes."""
    from lstm_checks.bench.command import as_json
    from lstm_checks.report.files import Unwritable, check_writable, write
    from lstm_checks.subjects.source import Unusable

    try:
        if json_out is not None:
            check_writable(json_out)
        figures = measured(subject)
        if json_out is not None:
            write(json_out, as_json(figures))
    except (Unusable, Unwritable) as error:
        raise click.UsageError(str(error)) from None
    click.echo(shown(figures))


if __name__ == "__main__":
    main()

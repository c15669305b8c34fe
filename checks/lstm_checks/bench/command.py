"""The command `lstm-checks bench`. Imported only when it is called; what it needs, later still."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from lstm_checks.bench.files import check_writable, write_json

if TYPE_CHECKING:
    from lstm_checks.bench.outcome import Outcome
    from lstm_checks.bench.run import Plan
    from lstm_checks.bench.shapes import Shape

PASSES = {"forward": (False,), "both": (True,), "forward,both": (False, True)}
PASSES["both,forward"] = PASSES["forward,both"]


@click.command()
@click.argument("subject", metavar="FILE[:NAME]")
@click.option("--adapter", metavar="A", help="native, torch, cs231n, or a file with adapt(target).")
@click.option(
    "--against", metavar="RIVALS",
    help="torch, reference, plain, or files, separated by commas.  [default: torch,reference]",
)  # fmt: skip
@click.option(
    "--shapes", default="small", show_default=True, metavar="SHAPES",
    help="small, deepbench, or a file with one B T D H a line.",
)  # fmt: skip
@click.option("--pass", "passes", type=click.Choice(list(PASSES)[:3]), default="forward,both")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--growth/--no-growth", default=True, help="Measure how time and memory grow.")
@click.option("--even-if-wrong", is_flag=True, help="Time it though it does not pass the ladder.")
@click.option("--json", "json_out", metavar="OUT", type=click.Path(), help="Write it as JSON.")
@click.option("--plot", "plot_out", metavar="OUT", type=click.Path(), help="Write a figure.")
def bench(
    subject: str,
    adapter: str | None,
    against: str | None,
    shapes: str,
    passes: str,
    threads: int,
    dtype: str,
    device: str,
    growth: bool,
    even_if_wrong: bool,
    json_out: str | None,
    plot_out: str | None,
) -> None:
    """Time the LSTM in FILE against rivals and against the bare matrix products.

    It has to pass the ladder first, and every block of timed calls is verified.

    Exit 0: timed. 1: it is wrong, or was found out. 2: the call cannot be used.
    """
    from lstm_checks.bench.shapes import parse
    from lstm_checks.sources import Unusable

    try:
        sizes = parse(shapes)
        if device == "cuda":
            for name, given in (("--against", against), ("--adapter", adapter)):
                if given is not None:
                    raise Unusable(f"on CUDA rivals and adapter are given: leave {name} out")
            _cuda(subject, even_if_wrong, sizes, PASSES[passes], dtype, json_out, plot_out)
        from lstm_checks.bench import rivals
        from lstm_checks.bench.run import Plan

        plan = Plan(
            rivals.subject(subject, adapter),
            rivals.rivals("torch,reference" if against is None else against),
            sizes,
            PASSES[passes],
            _cores(threads),
            dtype,
            sweep=growth,
        )
        check_writable(json_out)
        _check_drawable(plot_out)
        outcome = _measured(plan, _verdict(subject, adapter, even_if_wrong))
        if plot_out is not None:
            from lstm_checks.bench.plot import save

            save(outcome, plot_out)
    except Unusable as error:
        raise click.UsageError(str(error)) from None
    from rich.console import Console

    from lstm_checks.bench.show import renderable

    Console().print(renderable(outcome))
    if json_out is not None:
        write_json(json_out, outcome.as_dict())
    sys.exit(1 if outcome.findings or outcome.verdict != "passed" else 0)


def _verdict(subject: str, adapter: str | None, even_if_wrong: bool) -> str:
    """ "passed" or "wrong"; ends the program where a wrong subject is not to be timed."""
    from lstm_checks.api import ladder

    report = ladder(subject, adapter=adapter, level="quick").report()
    if report.passed:
        return "passed"
    if even_if_wrong:
        return "wrong"
    from rich.console import Console

    from lstm_checks.report.terminal import renderable

    Console().print(renderable(report))
    click.echo("It is not timed: what is wrong can be as fast as one likes. --even-if-wrong does.")
    sys.exit(1)


def _measured(plan: "Plan", verdict: str) -> "Outcome":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from lstm_checks.bench.run import Bench, Gone

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=plan.steps())

        def tick(doing: str, advance: int) -> None:
            progress.update(task, description=doing, advance=advance)

        try:
            return Bench(plan, verdict, tick).run()
        except Gone as gone:
            progress.stop()
            click.echo(f"It cannot be timed: {gone}", err=True)
            sys.exit(1)


def _cores(threads: int) -> int:
    import os

    from lstm_checks.sources import Unusable

    cores = os.cpu_count() or threads
    if threads > cores:
        raise Unusable(f"--threads {threads}: there are only {cores} cores")
    return threads


def _check_drawable(path: str | None) -> None:
    """Raises Unusable: a figure cannot be written there."""
    from lstm_checks.sources import Unusable

    if path is None:
        return
    try:
        from lstm_checks.bench.plot import FORMATS
    except ImportError:
        raise Unusable("--plot needs matplotlib: pip install 'lstm-checks[bench]'") from None
    if Path(path).suffix[1:].lower() not in FORMATS:
        raise Unusable(f"--plot {path}: the ending can be {', '.join(FORMATS)}")
    check_writable(path)


def _cuda(
    subject: str,
    even_if_wrong: bool,
    shapes: "tuple[Shape, ...]",
    passes: tuple[bool, ...],
    dtype: str,
    json_out: str | None,
    plot_out: str | None,
) -> NoReturn:
    """The same on a CUDA device; growth is not measured there. Ends the program."""
    from importlib.util import find_spec

    from lstm_checks.sources import Unusable

    if find_spec("torch") is None:
        raise Unusable("--device cuda needs torch: pip install 'lstm-checks[torch]'")
    from lstm_checks.bench import cuda
    from lstm_checks.bench.device_run import DeviceBench, DevicePlan

    if not cuda.available():
        click.echo(cuda.NO_DEVICE, err=True)
        sys.exit(2)
    check_writable(json_out)
    _check_drawable(plot_out)
    plan = DevicePlan(shapes, passes, dtype, target=cuda.loaded(subject), says=subject)
    verdict = _verdict(subject, None, even_if_wrong)
    outcome = DeviceBench(plan, verdict, cuda.progress(plan)).run()
    outcome.note("growth, --threads and CPU time are not looked at on CUDA")
    if plot_out is not None and outcome.cells:
        from lstm_checks.bench.plot import save

        save(outcome, plot_out)
    cuda.finish(outcome, json_out)

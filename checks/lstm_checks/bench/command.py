"""The command `lstm-checks bench`: from what is typed to a plan, and from an outcome to an exit."""

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from lstm_checks.bench.extra import missing

if TYPE_CHECKING:
    from lstm_checks.bench.run import Plan

PASSES = {"forward": (False,), "both": (True,), "forward,both": (False, True)}
DTYPES = ("float32", "float64", "float16", "bfloat16")
NO_DEVICE = "there is no CUDA device here (torch.cuda.is_available() says so): nothing was timed"


@click.command()
@click.argument("subject", metavar="FILE[:NAME]")
@click.option("--adapter", metavar="A", help="native, torch, cs231n, or a file with adapt(target).")
@click.option(
    "--against",
    metavar="RIVALS",
    help="torch, reference, plain, or files, separated by commas; empty for none.  "
    "[default: torch,reference]",
)
@click.option(
    "--shapes",
    default="small",
    show_default=True,
    metavar="SHAPES",
    help="small, deepbench, or a file with one N T D H per line.",
)
@click.option(
    "--pass", "passes", type=click.Choice(list(PASSES)), default="forward,both", show_default=True
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", show_default=True)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--growth/--no-growth", default=True, help="Measure how time and memory grow.")
@click.option("--even-if-wrong", is_flag=True, help="Time it even if it does not pass the ladder.")
@click.option("--json", "json_out", metavar="OUT", type=click.Path(), help="Write it as JSON.")
@click.option("--plot", "plot_out", metavar="OUT", type=click.Path(), help="Write a figure.")
def bench(
    subject: str,
    adapter: str | None,
    even_if_wrong: bool,
    json_out: str | None,
    plot_out: str | None,
    **options: Any,
) -> None:
    """Time the LSTM in FILE against rivals and against the bare matrix products.

    It has to pass the ladder first, and the results of every timed call are verified.

    Exit 0: it was timed. 1: it is wrong, or a deceit was detected. 2: the call cannot be used.
    """
    if needs := missing():
        raise click.UsageError(needs)
    from rich.console import Console

    from lstm_checks.api import check
    from lstm_checks.bench import plot, terminal
    from lstm_checks.bench.kit import LEVEL
    from lstm_checks.bench.run import Gone
    from lstm_checks.plots import form_of
    from lstm_checks.report.files import Unwritable, check_writable, write
    from lstm_checks.report.terminal import renderable
    from lstm_checks.subjects.source import Unusable

    try:
        plan = _plan(subject, adapter, **options)
        for out in (json_out, plot_out):
            if out is not None:
                check_writable(out)
        if plot_out is not None:
            form_of(plot_out)
        report = check(subject, adapter=adapter, level=LEVEL)
    except (Unusable, Unwritable, ValueError) as error:
        raise click.UsageError(str(error)) from None
    if report.out_of_scope:
        Console().print(renderable(report))
        click.echo("It is not timed: only LSTMs of one layer and one direction are.")
        sys.exit(2)
    if not report.passed and not even_if_wrong:
        Console().print(renderable(report))
        click.echo(
            "It is not timed, since a wrong LSTM can be as fast as you like; "
            "--even-if-wrong times it."
        )
        sys.exit(1)
    try:
        outcome = _measured(plan, "passed" if report.passed else "wrong")
    except Gone as gone:
        click.echo(f"It cannot be timed: {gone}", err=True)
        sys.exit(1)
    if count := len(report.remarks):
        outcome.note(f"the ladder made {count} remark(s) about it; lstm-checks check shows them")
    Console().print(terminal.renderable(outcome))
    try:
        if json_out is not None:
            write(json_out, as_json(outcome.as_dict()))
        if plot_out is not None and outcome.comparisons:
            write(plot_out, plot.drawn(outcome, form_of(plot_out)))
    except Unwritable as error:
        raise click.UsageError(str(error)) from None
    sys.exit(1 if outcome.findings or not report.passed else 0)


def _plan(
    subject: str,
    adapter: str | None,
    against: str | None,
    shapes: str,
    passes: str,
    threads: int,
    dtype: str,
    device: str,
    growth: bool,
) -> "Plan":
    """What is to be timed. Raises Unusable: the options make no sense."""
    from lstm_checks.bench import contenders
    from lstm_checks.bench.run import Plan
    from lstm_checks.bench.shapes import parse
    from lstm_checks.subjects.source import Unusable

    cores = os.cpu_count() or threads
    if threads > cores:
        raise Unusable(f"--threads {threads}: there are only {cores} cores")
    if device == "cpu":
        if dtype not in ("float32", "float64"):
            raise Unusable(f"--dtype {dtype} needs --device cuda")
        mine = contenders.subject(subject, adapter)
        rivals = contenders.rivals("torch,reference" if against is None else against)
        floor = contenders.NUMPY_FLOOR
    else:
        for name, given in (("--against", against), ("--adapter", adapter)):
            if given is not None:
                raise Unusable(f"on CUDA the rivals and the adapter are fixed: leave {name} out")
        if find_spec("torch") is None:
            raise Unusable("--device cuda needs torch: pip install 'lstm-checks[torch]'")
        if not import_module("torch").cuda.is_available():
            raise Unusable(NO_DEVICE)
        mine = contenders.subject_on_tensors(subject)
        rivals, floor = contenders.ON_TENSORS, contenders.TENSOR_FLOOR
    sizes, timed = parse(shapes), PASSES[passes]
    return Plan(mine, rivals, floor, sizes, timed, threads, dtype, device, growth=growth)


def _measured(plan: "Plan", verdict: str) -> Any:
    """The outcome, with a progress bar on stderr meanwhile."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from lstm_checks.bench.run import Run

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=plan.steps())
        return Run(
            plan, verdict, lambda doing, by: progress.update(task, description=doing, advance=by)
        ).run()


def as_json(figures: dict[str, Any]) -> str:
    """Figures as JSON."""
    return json.dumps(figures, indent=2, ensure_ascii=False) + "\n"

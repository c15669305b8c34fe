"""Timing on a CUDA device: `python -m lstm_checks.bench.cuda [FILE:NAME] --json OUT`.

By CUDA events around blocks of calls, with warm-up, in turns, each block's last call verified
against a loop in float64 on the device. Everything runs in this one process, which a subject
shares: what `lstm-checks bench` finds out on the CPU about clocks and helpers is not looked at
here, only whether work goes on outside the timed stream.
"""

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click
import torch

from lstm_checks.bench.device_run import DTYPES, DeviceBench, DevicePlan
from lstm_checks.bench.files import check_writable, write_json
from lstm_checks.bench.outcome import Outcome

NO_DEVICE = "there is no CUDA device here (torch.cuda.is_available() says so): nothing was timed"


@click.command()
@click.argument("subject", metavar="[FILE:NAME]", required=False)
@click.option("--shapes", default="small", show_default=True, help="small, deepbench, or a file.")
@click.option("--pass", "passes", type=click.Choice(["forward", "both", "forward,both"]),
              default="forward,both")  # fmt: skip
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", show_default=True)
@click.option("--tf32", is_flag=True, help="Let float32 products be made in TF32.")
@click.option("--json", "json_out", metavar="OUT", type=click.Path(), help="Write it as JSON.")
def main(
    subject: str | None, shapes: str, passes: str, dtype: str, tf32: bool, json_out: str | None
) -> None:
    """Time an nn.Module, or torch.nn.LSTM itself, on a CUDA device."""
    from lstm_checks.bench.shapes import parse
    from lstm_checks.sources import Unusable

    if not available():
        click.echo(NO_DEVICE, err=True)
        sys.exit(2)
    try:
        check_writable(json_out)
        plan = DevicePlan(
            shapes=parse(shapes),
            passes=(False, True) if "," in passes else (passes == "both",),
            dtype=dtype,
            tf32=tf32,
            target=None if subject is None else loaded(subject),
            says=subject or "torch.nn.LSTM",
        )
    except Unusable as error:
        raise click.UsageError(str(error)) from None
    finish(DeviceBench(plan, "unchecked", progress(plan)).run(), json_out)


def available() -> bool:
    """Whether there is a CUDA device."""
    return bool(torch.cuda.is_available())


def loaded(text: str) -> Any:
    """The class that FILE:NAME means, loaded into this process.

    Raises:
        Unusable: there is no such file or module, or what is there is no nn.Module.
    """
    from lstm_checks.adapters.detect import NoSubject, detect
    from lstm_checks.sources import Unusable, parse
    from lstm_checks.worker.files import load_module

    source = parse(text)
    module = load_module(source.source, source.is_file)
    try:
        target, name, adapter = detect(module, source.name, None)
    except NoSubject as error:
        raise Unusable(f"{text}: {error}") from None
    if adapter != "torch":
        raise Unusable(f"{name} is no torch.nn.Module: on CUDA nothing else can be timed")
    return target


def finish(outcome: Outcome, json_out: str | None) -> NoReturn:
    """Show the outcome, write it, and end the program with its exit code."""
    from rich.console import Console

    from lstm_checks.bench.show import renderable

    Console().print(renderable(outcome))
    if json_out is not None:
        write_json(json_out, outcome.as_dict())
    sys.exit(1 if outcome.findings or outcome.verdict == "wrong" or not outcome.cells else 0)


def progress(plan: DevicePlan) -> Callable[[str, int], None]:
    """A line for each shape and pass, for logs."""
    seen: set[str] = set()

    def tick(doing: str, advance: int) -> None:
        if doing not in seen:
            seen.add(doing)
            click.echo(f"{len(seen)}/{len(plan.shapes) * len(plan.passes)} {doing}", err=True)

    return tick


if __name__ == "__main__":
    main()

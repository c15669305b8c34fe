"""The command line: thin."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lstm_checks.report.model import Report

LEVELS = ("quick", "standard", "deep")


# Commands with a package of their own, imported when they are called.
ELSEWHERE = {"bench": "lstm_checks.bench.command"}


class Commands(click.Group):
    """The commands of this file, and those of ELSEWHERE."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(ELSEWHERE[cmd_name]), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lstm-checks")
def main() -> None:
    """Tells whether an LSTM is right, and if not, what is wrong."""


@main.command()
@click.argument("subject", metavar="FILE[:NAME]")
@click.option("--adapter", metavar="A", help="native, torch, cs231n, or a file with adapt(target).")
@click.option("--level", type=click.Choice(LEVELS), default="standard", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "json_out", metavar="OUT", type=click.Path(), help="Write it as JSON.")
@click.option("--html", "html_out", metavar="OUT", type=click.Path(), help="Write it as a page.")
@click.option("--reproduce", metavar="OUT", type=click.Path(), help="Write the cause's script.")
@click.option("--show-output", is_flag=True, help="Show what the subject printed.")
@click.option("--in-process", is_flag=True, help="Run the subject in this process, to debug it.")
def check(
    subject: str,
    adapter: str | None,
    level: str,
    seed: int,
    json_out: str | None,
    html_out: str | None,
    reproduce: str | None,
    show_output: bool,
    in_process: bool,
) -> None:
    """Check the LSTM in FILE, or under an importable name such as torch.nn:LSTM.

    Exit 0: it passed. 1: it did not. 2: the call cannot be used.
    """
    from lstm_checks.api import ladder
    from lstm_checks.report.terminal import as_page, renderable
    from lstm_checks.sources import Unusable

    try:
        run = ladder(subject, adapter=adapter, level=level, seed=seed, in_process=in_process)
    except Unusable as error:
        raise click.UsageError(str(error)) from None
    report = run.report()
    from rich.console import Console

    Console().print(renderable(report, show_output))
    if json_out is not None:
        _write(json_out, json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n")
    if html_out is not None:
        _write(html_out, as_page(report))
    if reproduce is not None:
        _write_reproduction(report, reproduce)
    sys.exit(0 if report.passed else 1)


@main.command()
def laws() -> None:
    """List the laws, rung by rung."""
    from rich.console import Console

    from lstm_checks.laws.registry import ALL
    from lstm_checks.rungs import RUNGS

    console = Console(highlight=False, markup=False)
    for rung in RUNGS:
        console.print(rung, style="bold")
        for law in ALL:
            if law.rung == rung:
                console.print(f"  {law.id}")
                console.print(f"      {law.statement.splitlines()[0]}", style="dim", soft_wrap=True)


@main.command()
@click.argument("law_id", metavar="LAW")
def explain(law_id: str) -> None:
    """Say what a law demands, and why."""
    from rich.console import Console

    from lstm_checks.laws.registry import BY_ID

    if law_id not in BY_ID:
        close = [known for known in BY_ID if law_id.split(".")[-1] in known]
        hint = f"; do you mean {', '.join(close)}?" if close else "; lstm-checks laws lists them"
        raise click.UsageError(f"there is no law {law_id!r}{hint}")
    law = BY_ID[law_id]
    console = Console(highlight=False, markup=False)
    console.print(law.id, style="bold")
    console.print(law.statement)
    console.print()
    if law.needs:
        console.print(f"Asked only of a subject that offers: {', '.join(law.needs)}.")
    console.print(f"Blocked where a law of these rungs failed: {', '.join(law.stands_on)}.")
    counts = ", ".join(f"{level} {law.examples_at(level)}" for level in LEVELS)
    console.print(f"Cases tried: {counts}.")


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None


def _write_reproduction(report: "Report", path: str) -> None:
    cause = report.cause
    if cause is None or not cause.reproduce:
        click.echo("There is nothing to reproduce: no call of the subject went wrong.", err=True)
        return
    _write(path, cause.reproduce)
    click.echo(f"{path} reproduces {cause.id}; it needs NumPy and the subject alone.")

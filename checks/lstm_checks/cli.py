"""The command line: thin. Exit 0 passed, 1 not passed, 2 unusable call, 3 the kit's own failure."""

import codecs
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_checks.adapters import NAMES

if TYPE_CHECKING:
    from lstm_checks.report.report import Report

LEVELS = ("quick", "standard", "deep")
STYLES = ("stacked", "dicts", "apart")
NOT_PASSED, UNUSABLE, OUR_FAILURE, INTERRUPTED = 1, 2, 3, 130
# What stands in the kit's sentences and laws, for a terminal that lacks it.
IN_ASCII = {
    "·": "*",
    "⊙": "*",
    "×": "x",
    "±": "+-",
    "≤": "<=",
    "√": "sqrt",
    "²": "^2",
    "⁻": "^-",
    "ˣ": "^x",
    "→": "->",
    "ᵀ": "^T",
    "σ": "sigma",
    "Σ": "sum",
    "“": '"',
    "”": '"',
    "…": "...",
    "–": "-",
    "§": "section ",
    "○": "o",
    "₁": "1",
    "₂": "2",
}
# Commands with a package of their own, imported when they are called.
ELSEWHERE = {
    "bench": "lstm_checks.bench.command",
    "grade": "lstm_checks.grading.command",
    "gradescope-zip": "lstm_checks.grading.gradescope_command",
    "rubric": "lstm_checks.grading.rubric_command",
    "start": "lstm_checks.learn.commands",
    "hint": "lstm_checks.learn.commands",
    "show": "lstm_checks.learn.commands",
    "watch": "lstm_checks.learn.commands",
}


class Commands(click.Group):
    """The commands of this file, and those of ELSEWHERE."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(
            import_module(ELSEWHERE[cmd_name]), cmd_name.replace("-", "_")
        )
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A failure of the kit's own is one line and an exit status of its own."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("lstm-checks was interrupted.", err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:
            if "LSTM_CHECKS_TRACEBACK" in os.environ:
                raise
            text = " ".join(str(error).split())[:200]
            click.echo(
                f"lstm-checks failed itself, not your LSTM: {type(error).__name__}: {text} "
                "(set LSTM_CHECKS_TRACEBACK=1 for the traceback, and report it)",
                err=True,
            )
            sys.exit(OUR_FAILURE)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lstm-checks")
def main() -> None:
    """lstm-checks tells whether an LSTM is right and, if not, what is wrong."""
    codecs.register_error("lstm-checks", _spelled_out)
    for stream in (sys.stdout, sys.stderr):  # a terminal may know few characters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="lstm-checks")


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    """An error handler for encoding: the kit's own signs in ASCII, "?" for any other."""
    assert isinstance(error, UnicodeEncodeError)
    unknown = error.object[error.start : error.end]
    return "".join(IN_ASCII.get(sign, "?") for sign in unknown), error.end


@main.command()
@click.argument("subject", metavar="FILE[:NAME]")
@click.option(
    "--adapter", metavar="A", help=f"The format: {', '.join(NAMES)}, or a file with adapt(target)."
)
@click.option(
    "--names", metavar="W=Wx,U=Wh,b=bias", help="What is called what, where the file does not say."
)
@click.option("--level", type=click.Choice(LEVELS), default="standard", show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The same seed draws the same cases.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Limit for the whole run.",
)
@click.option(
    "--call-limit",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Limit for one call of the subject.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(0, min_open=True),
    default=4.0,
    show_default=True,
    metavar="GIB",
    help="Limit for the subject's process.",
)
@click.option("--json", "json_out", metavar="OUT", help="Write the report as JSON.")
@click.option("--html", "html_out", metavar="OUT", help="Write the report as an HTML page.")
@click.option("--reproduce", metavar="FILE", help="Write a script that reproduces the cause.")
@click.option("--strict", is_flag=True, help="Count remarks as failures.")
@click.option("--skip", multiple=True, metavar="LAW", help="Leave a law out; may be repeated.")
@click.option("--all", "every_law", is_flag=True, help="Name every law, not only the rungs.")
@click.option("--show-output", is_flag=True, help="Show what the subject printed.")
@click.option("--in-process", is_flag=True, help="Run the subject in this process, to debug it.")
def check(
    subject: str,
    adapter: str | None,
    names: str | None,
    level: str,
    seed: int,
    time_limit: float,
    call_limit: float,
    memory_limit: float,
    json_out: str | None,
    html_out: str | None,
    reproduce: str | None,
    strict: bool,
    skip: tuple[str, ...],
    every_law: bool,
    show_output: bool,
    in_process: bool,
) -> None:
    """Check the LSTM in FILE, or under an importable name such as torch.nn:LSTM.

    Exit status: 0 it passed, 1 it did not pass, 2 the call cannot be used or the subject is no LSTM
    of one layer and one direction, 3 the kit itself failed.
    """
    from lstm_checks.api import ladder
    from lstm_checks.launch.limits import Limits
    from lstm_checks.report.files import Unwritable, check_writable
    from lstm_checks.report.report import Report
    from lstm_checks.report.terminal import renderable
    from lstm_checks.subjects.source import Unusable

    _hide_arguments()
    try:
        limits = Limits(
            load=min(max(30.0, call_limit), time_limit),
            call=call_limit,
            run=time_limit,
            memory=int(min(memory_limit, 2.0**30) * (1 << 30)),
        )
        for out in (json_out, html_out, reproduce):
            if out is not None:
                check_writable(out)
        run = ladder(
            subject,
            adapter=adapter,
            level=level,
            seed=seed,
            limits=limits,
            in_process=in_process,
            skip=skip,
            strict=strict,
            names=names,
        )
    except (Unusable, Unwritable, ValueError) as error:
        raise click.UsageError(str(error)) from None
    report = Report.of(run.outcome())
    from rich.console import Console

    Console().print(renderable(report, every_law=every_law, show_output=show_output))
    try:
        _write(report, json_out, html_out, reproduce)
    except Unwritable as error:
        raise click.UsageError(str(error)) from None
    sys.exit(0 if report.passed else UNUSABLE if report.out_of_scope else NOT_PASSED)


def _write(
    report: "Report", json_out: str | None, html_out: str | None, reproduce: str | None
) -> None:
    from lstm_checks.report.data import as_json
    from lstm_checks.report.files import write
    from lstm_checks.report.page import as_page
    from lstm_checks.report.script import script

    if json_out is not None:
        write(json_out, as_json(report))
    if html_out is not None:
        write(html_out, as_page(report))
    if reproduce is not None:
        text = "" if report.cause is None else script(report, report.cause)
        if text:
            write(reproduce, text)
            click.echo(f"{reproduce} shows the finding; it needs NumPy and the subject alone.")
        else:
            click.echo("There is nothing to reproduce: no call of the subject failed.", err=True)


def _hide_arguments() -> None:
    """Take the arguments off the process's title, where the subject could read the seed."""
    from setproctitle import setproctitle

    setproctitle("lstm-checks")


@main.command()
def laws() -> None:
    """List the laws, rung by rung."""
    from rich.console import Console

    from lstm_checks.engine.rungs import ALL_RUNGS
    from lstm_checks.laws.registry import EVERY

    console = Console(highlight=False, markup=False)
    for rung in ALL_RUNGS:
        console.print(rung, style="bold")
        for law in EVERY:
            if law.rung == rung:
                console.print(f"  {law.id}")
                console.print(f"      {law.statement.splitlines()[0]}", style="dim", soft_wrap=True)


@main.command()
def adapters() -> None:
    """List the formats that can be checked, each with its form and an example."""
    from rich.console import Console

    from lstm_checks.adapters import FORMS

    console = Console(highlight=False, markup=False)
    for name, form in FORMS.items():
        console.print(name, style="bold")
        console.print(f"      {form.what}", soft_wrap=True)
        console.print(f"      lstm-checks check {form.example}", style="dim", soft_wrap=True)


@main.command()
@click.argument("fault", required=False)
@click.option("--matrix", is_flag=True, help="Put every fault into an LSTM, and check it.")
@click.option("--export", "folder", metavar="FOLDER", help="Write the faults as LSTM files.")
@click.option("--style", type=click.Choice(STYLES), help="Write all files in one style.")
def museum(fault: str | None, matrix: bool, folder: str | None, style: str | None) -> None:
    """List known mistakes, or show the one called FAULT; see --matrix and --export."""
    from lstm_checks.museum.command import NoSuchFault, export, listed, shown

    if (fault is not None) + matrix + (folder is not None) > 1:
        raise click.UsageError("give one of FAULT, --matrix and --export")
    if style is not None and folder is None:
        raise click.UsageError("--style goes with --export")
    if matrix:
        from lstm_checks.museum.matrix import kills, table

        click.echo(table(kills()), nl=False)
    elif folder is not None:
        try:
            count = export(Path(folder), style)
        except OSError as error:
            raise click.UsageError(f"{folder} cannot be written: {error.strerror}") from None
        click.echo(f"{folder} holds {count} files, and answers.md says what is wrong in each.")
    else:
        try:
            for line in listed() if fault is None else shown(fault):
                click.echo(line)
        except NoSuchFault as error:
            raise click.UsageError(str(error)) from None


@main.command()
@click.argument("law_id", metavar="LAW")
def explain(law_id: str) -> None:
    """State what a law demands, what it needs, and what blocks it."""
    from rich.console import Console

    from lstm_checks.laws.registry import EVERY

    known = {law.id: law for law in EVERY}
    if law_id not in known:
        close = [one for one in known if law_id.split(".")[-1] in one]
        hint = f"; do you mean {', '.join(close)}?" if close else "; lstm-checks laws lists them"
        raise click.UsageError(f"there is no law {law_id!r}{hint}")
    law = known[law_id]
    console = Console(highlight=False, markup=False)
    console.print(law.id, style="bold")
    console.print(law.statement)
    console.print()
    if law.needs:
        console.print(f"It is tried only on a subject that offers {', '.join(law.needs)}.")
    earlier = list(
        dict.fromkeys(
            one.rung
            for one in EVERY[: EVERY.index(law)]
            if law.stands_on(one) and one.rung != law.rung
        )
    )
    if earlier:
        console.print(
            f"It is blocked where an earlier law of these rungs does not hold: "
            f"{', '.join(earlier)}."
        )
    counts = ", ".join(f"{law.examples_at(level)} at {level}" for level in LEVELS)
    console.print(f"Cases that decide: {counts}.")

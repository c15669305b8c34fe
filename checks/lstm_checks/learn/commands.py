"""The commands start, hint, watch and show."""

import shutil
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import click

from lstm_checks.learn.start import FORMATS, starter


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="native", show_default=True)
def start(file: Path, form: str) -> None:
    """Write a starter: the parts of an LSTM to fill in, in order."""
    text = starter(form).replace("THIS_FILE", str(file))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise click.UsageError(f"{file} is there already; choose another name") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"{file} has the parts to write, in order. After each: lstm-checks check {file}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def hint(file: Path) -> None:
    """Give a hint on the first thing that is wrong; ask again for a plainer one."""
    from lstm_checks.learn.hint import DEGREES, hints, next_degree
    from lstm_checks.learn.quickly import diagnosed, first_wrong

    outcome = first_wrong(file)
    cause = outcome.cause
    if cause is None or cause.finding is None:
        click.echo(f"{file} passes at level quick; there is nothing to hint at.")
        return
    record = Path(click.get_app_dir("lstm-checks")) / "hints.json"
    try:
        degree = next_degree(record, file, outcome)
    except OSError as error:
        raise click.UsageError(
            f"{record} cannot be written, so hints cannot be counted: {error.strerror}"
        ) from None
    named = DEGREES[degree] in ("name", "equation")  # what the diagnosis tells
    told = hints(diagnosed(file, cause.id) if named else outcome)
    click.echo(_wrapped(f"Hint {degree + 1} of {len(told)}, the {DEGREES[degree]}: {told[degree]}"))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--once", is_flag=True, help="Check one time and stop.")
def watch(file: Path, once: bool) -> None:
    """Check FILE at every save, at level quick, and say what is new. Ctrl-C stops it.

    What did not hold before is tried first, and the diagnosis comes last.
    """
    from lstm_checks.learn.quickly import Watch

    watching = Watch(file)
    saved = None
    while True:
        now = _saved(file) or saved
        if now != saved:
            saved = now
            for line in watching.answers(partial(_changed, file, now)):
                click.echo(_wrapped(line))
                sys.stdout.flush()
        if once:
            return
        time.sleep(0.1)


def _wrapped(text: str) -> str:
    """A paragraph in lines that fit into the terminal, 80 columns at most; an indent is kept."""
    indent = text[: len(text) - len(text.lstrip())]
    width = min(80, shutil.get_terminal_size().columns)
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _changed(file: Path, since: int | None) -> bool:
    """Whether the file was saved again."""
    return _saved(file) not in (None, since)


def _saved(file: Path) -> int | None:
    """When the file was saved, in nanoseconds; None while an editor replaces it."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


@click.command()
@click.argument("subject", metavar="[FILE[:NAME]]", required=False)
@click.option("--adapter", metavar="A", help="The format, as for check.")
@click.option("--out", default="show.png", show_default=True, help="A file, .png, .svg or .pdf.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--dark", is_flag=True, help="Draw on dark paper.")
def show(subject: str | None, adapter: str | None, out: str, seed: int, dark: bool) -> None:
    """Draw what an LSTM remembers: its gates and state over time, and its gradient over the lag.

    The LSTM in FILE, or the bundled reference, is trained on the sequences 3,0,1,2,3 and 4,0,1,2,4,
    once with the gradient through the sequence and once with it cut at every step.
    """
    from rich.console import Console
    from rich.progress import Progress

    from lstm_checks import api
    from lstm_checks.findings import Breach
    from lstm_checks.launch.channel import Halted
    from lstm_checks.learn.demonstration import EPOCHS
    from lstm_checks.learn.showing import NoPictures, file_names
    from lstm_checks.plots import form_of
    from lstm_checks.report.files import Unwritable, check_writable, write
    from lstm_checks.subjects.source import Unusable

    try:
        form_of(out)
        for name in file_names(out):
            check_writable(name)
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("training", total=2 * EPOCHS)
            shown = api.show(
                subject, adapter=adapter, seed=seed, dark=dark, advance=lambda: bar.advance(task)
            )
        for name, content in shown.files(out).items():
            write(name, content)
    except (Unusable, Unwritable, NoPictures, ValueError) as error:
        raise click.UsageError(str(error)) from None
    except (Breach, Halted) as error:
        told = error.finding.what if isinstance(error, Breach) else error.text
        click.echo(
            f"{subject} cannot be trained: {told}. lstm-checks check {subject} tells more.",
            err=True,
        )
        sys.exit(1)
    Console().print(shown.words())
    gates, lag = file_names(out)
    click.echo(f"{gates} shows gates and state over time, {lag} the gradient against the lag.")

"""The command `lstm-checks grade`: from what is typed to a class, and from results to files."""

import os
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_checks.grading.extra import missing

if TYPE_CHECKING:
    from lstm_checks.grading.results import Record
    from lstm_checks.grading.run import Class

SANDBOXES = ("process", "landlock", "namespaces")
KIT_FAILED, INTERRUPTED = 3, 130


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--adapter", metavar="A", help="The format: native, torch, cs231n, or a file.")
@click.option("--rubric", "rubric_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="FOLDER", default="results", show_default=True, type=click.Path(path_type=Path)
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), help="Judges at a time.  [default: one per core]"
)
@click.option(
    "--key-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The course's key, which the cases are drawn from; made if there is none.  "
    "[default: key beside the results]",
)
@click.option("--names", metavar="PATTERN", help="canvas, moodle, gradescope, or a pattern.")
@click.option("--resume", is_flag=True, help="Keep the results that are still good.")
@click.option("--require-sandbox", type=click.Choice(SANDBOXES), default="process")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler: tcp://HOST:PORT.")
@click.option("--compare", metavar="OLD", type=click.Path(path_type=Path, exists=True))
def grade(folder: Path, out: Path, jobs: int | None, **options: Any) -> None:
    """Grade the submissions in FOLDER: a file, notebook, folder or zip per student.

    Exit status: 0 all are graded, 2 the call cannot be used, 3 the grader failed for some of them.
    """
    if needs := missing():
        raise click.UsageError(needs)
    from rich.console import Console

    from lstm_checks.grading import results
    from lstm_checks.grading.judge import sweep
    from lstm_checks.report.files import Unwritable

    _hide_arguments()
    console = Console(highlight=False)
    course, key_file = _course(folder, out, options)
    known = results.saved(out)
    if known and not options["resume"]:
        raise click.UsageError(
            f"{out} holds results already: give --resume to keep what is still good, or another "
            "--out"
        )
    before = results.saved(options["compare"]) if options["compare"] else {}
    _introduce(console, course, key_file, options)
    sweep()
    jobs = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else [0])
    begun = time.monotonic()
    found: list[Record] = []
    try:
        (out / results.STUDENTS).mkdir(parents=True, exist_ok=True)
        _grade(console, course, out, jobs, known, options["scheduler"], found)
        _write_all(out, course, found)
    except KeyboardInterrupt:
        console.print(f"Interrupted; --resume goes on from here. {len(found)} results are kept.")
        sys.exit(INTERRUPTED)
    except (Unwritable, OSError) as error:
        click.echo(f"The results cannot be written: {error}. --resume goes on from here.", err=True)
        sys.exit(KIT_FAILED)
    _sum_up(console, course, out, found, time.monotonic() - begun)
    if before:
        from lstm_checks.grading.compare import table

        console.print(table(before, found))
    sys.exit(KIT_FAILED if any(one["status"] == "infra" for one in found) else 0)


def _course(folder: Path, out: Path, options: dict[str, Any]) -> tuple["Class", Path]:
    """What is graded. Raises click.UsageError."""
    from dataclasses import replace

    from lstm_checks.grading import rubric as rubrics
    from lstm_checks.grading.run import Class, key_of, seed_of
    from lstm_checks.grading.submissions import Trouble, look
    from lstm_checks.launch.sandbox.reach import NotInstalled
    from lstm_checks.launch.sandbox.sandbox import NoSandbox, find
    from lstm_checks.subjects.source import Unusable

    try:
        adapter, source = _adapter(options["adapter"])
        path = options["rubric_file"]
        rubric = rubrics.load(path, adapter) if path else rubrics.default(adapter)
        if source is None and rubric.adapter not in (None, adapter):
            adapter, source = _adapter(rubric.adapter)
        rubric = replace(rubric, adapter=adapter or rubric.adapter)
        if options["names"]:
            rubric = replace(rubric, id_pattern=options["names"])
        listed = look(folder, rubric.id_pattern)
        out.mkdir(parents=True, exist_ok=True)
        key_file = options["key_file"] or out / "key"
        seed = seed_of(key_of(key_file), rubric.title)
        if not options["scheduler"]:
            find(options["require_sandbox"], rubric.packages)
    except (Trouble, Unusable, NotInstalled, ValueError, rubrics.BadRubric) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be used: {error.strerror}") from None
    except NoSandbox as error:
        click.echo(f"Nothing was graded: {error}.", err=True)
        sys.exit(KIT_FAILED)
    return Class(listed, rubric, seed, source, options["require_sandbox"]), key_file


def _adapter(named: str | None) -> tuple[str | None, bytes | None]:
    """An adapter's name, and its source where it is a file. Raises Unusable."""
    from lstm_checks.adapters import NAMES
    from lstm_checks.subjects.source import Unusable

    if named is None or named in NAMES:
        return named, None
    if not named.endswith(".py") or not Path(named).is_file():
        known = ", ".join(NAMES)
        raise Unusable(f"there is no adapter {named!r}; there are {known}, or name a file")
    return named, Path(named).read_bytes()


def _introduce(console: Any, course: "Class", key_file: Path, options: dict[str, Any]) -> None:
    from rich.markup import escape

    from lstm_checks.launch.sandbox.sandbox import find

    rubric = course.rubric
    console.print(f"[bold]{escape(rubric.title)}[/], {rubric.total:g} points, level {rubric.level}")
    if options["scheduler"]:
        console.print(f"Judges: the Dask cluster at {escape(options['scheduler'])}")
    else:
        sandbox = find(course.sandbox, rubric.packages)
        console.print(f"Sandbox: {escape(sandbox.says)}")
        for reason in sandbox.weaker:
            console.print(f"  not {escape(reason)}", style="dim")
        if sandbox.level == "process":
            console.print("  Do not grade code that you do not trust on this machine.", style="red")
    adapter = f" --adapter {rubric.adapter}" if rubric.adapter else ""
    console.print(
        f"Key: {escape(str(key_file))}. To replay one: lstm-checks check FILE{escape(adapter)} "
        f"--level {rubric.level} --seed {course.seed}",
        soft_wrap=True,
    )
    for name in course.folder.beside:
        console.print(f"No submission, left alone: {escape(name)}", style="dim")


def _grade(
    console: Any,
    course: "Class",
    out: Path,
    jobs: int,
    known: dict[str, "Record"],
    scheduler: str | None,
    found: list["Record"],
) -> None:
    """Grade, save each result as it comes, and add it to `found`."""
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from lstm_checks.grading import results
    from lstm_checks.grading.run import cluster, graded, local

    executors: AbstractContextManager[Any] = cluster(scheduler) if scheduler else local(jobs)
    columns = (TextColumn("graded"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    ahead = 64 if scheduler else 2 * jobs
    with Progress(*columns, console=console) as progress, executors as executor:
        bar = progress.add_task("", total=len(course.folder.entries))
        for one, was_known in graded(course, executor, ahead, known):
            if not was_known:
                results.save(out, one)
                console.print(escape(line(one)), soft_wrap=True)
            found.append(one)
            progress.advance(bar)
    found.sort(key=lambda one: str(one["id"]))


def line(one: "Record") -> str:
    """A student's result in one line."""
    points = "  –  " if one["score"] is None else f"{one['score']:5.1f}"
    return f"{points}  {one['status']:<13} {one['id']}  {one['says'][:100]}"


def _write_all(out: Path, course: "Class", found: list["Record"]) -> None:
    """Everything that is made of all results; each file is written in one step."""
    from lstm_checks.grading import exchange, feedback, results
    from lstm_checks.report.files import write

    rubric = course.rubric
    for folder in ("feedback", "gradescope"):
        (out / folder).mkdir(exist_ok=True)
    pages = {}
    for one in found:
        name, seen = results.file_name(one["id"]), feedback.view(one, rubric)
        pages[one["id"]] = f"feedback/{name}.html"
        write(str(out / "feedback" / f"{name}.md"), feedback.as_markdown(seen))
        write(str(out / pages[one["id"]]), feedback.as_page(seen))
        if one["score"] is not None:  # no score is not 0 points
            write(str(out / "gradescope" / f"{name}.json"), exchange.as_gradescope(seen))
    write(str(out / "junit.xml"), exchange.as_junit(rubric.title, found))
    write(str(out / "class.html"), feedback.class_page(found, rubric, pages))
    write(str(out / "grades.csv"), results.as_csv(found))


def _sum_up(
    console: Any, course: "Class", out: Path, found: list["Record"], seconds: float
) -> None:
    from rich.markup import escape
    from rich.table import Table

    from lstm_checks.grading.score import STATUSES

    counts = Counter(one["status"] for one in found)
    table = Table("status", "students", "mean score", title=f"{len(found)} submissions")
    for status in STATUSES:
        scores = [one["score"] for one in found if one["status"] == status]
        known = [points for points in scores if points is not None]
        if scores:
            mean = f"{sum(known) / len(known):.1f}" if known else "–"
            table.add_row(status, str(counts[status]), mean)
    console.print(table)
    undecided = [one["id"] for one in found if one["undecided"]]
    if undecided:
        console.print(
            f"{len(undecided)} lost points for laws that their first mistake blocks; the column "
            "“undecided” says how many. A teacher may want to look at these."
        )
    for one in found:
        if one["status"] == "infra":
            console.print(escape(f"Not graded, try --resume: {one['id']}: {one['says']}"))
    console.print(
        escape(
            f"{out / 'grades.csv'} has the grades, {out / 'class.html'} the class; {seconds:.1f} s."
        )
    )


def _hide_arguments() -> None:
    from setproctitle import setproctitle

    setproctitle("lstm-checks grade")

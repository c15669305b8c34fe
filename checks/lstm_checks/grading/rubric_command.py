"""The command `lstm-checks rubric`: tries a rubric before it counts."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from lstm_checks.grading.extra import missing


@click.group()
def rubric() -> None:
    """Try a rubric for grade."""


@rubric.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--adapter", metavar="A", help="Takes the place of the rubric's own.")
def check(file: Path, adapter: str | None) -> None:
    """Check FILE, and show what typical submissions get by it.

    These are a right one, an unfinished one, and five with one mistake each.
    """
    if needs := missing():
        raise click.UsageError(needs)
    from rich.console import Console
    from rich.table import Table

    from lstm_checks.grading import results
    from lstm_checks.grading.judge import Task, judge
    from lstm_checks.grading.rubric import BadRubric, load
    from lstm_checks.grading.samples import samples
    from lstm_checks.grading.submissions import Submission

    try:
        given = load(file, adapter)
    except BadRubric as error:
        raise click.UsageError(str(error)) from None
    console = Console(highlight=False)
    console.print(f"{given.title}: {given.total:g} points, level {given.level}", markup=False)
    table = Table("submission", "score", "status", "lost where", "undecided")
    failed = []
    seed = int.from_bytes(os.urandom(7), "big")
    for one in samples(given.adapter):
        submission = Submission(one.name, one.name, "", {"subject.py": one.source.encode()})
        adapter = given.adapter if given.adapter in ("cs231n", "native") else "native"
        task = Task(
            one.name, submission.files, "subject.py", adapter, None, given.level, seed,
            given.limits, given.packages,
        )  # fmt: skip
        found = results.record(submission, judge(task), replace(given, late=None), "")
        lost = ", ".join(f"{rung} {points:g}" for rung, points in found["lost"].items())
        score = "–" if found["score"] is None else f"{found['score']:g}"
        table.add_row(one.name, score, found["status"], lost, f"{found['undecided'] or ''}")
        failed += [found["says"]] if found["status"] == "infra" else []
    console.print(table)
    if failed:
        click.echo(f"The grader failed: {failed[0]}", err=True)
        sys.exit(3)

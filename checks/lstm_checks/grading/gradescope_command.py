"""The command `lstm-checks gradescope-zip`, and what runs inside the autograder that it makes.

The zip holds the kit's own source, so an autograder fetches only what the kit depends on.
"""

import os
import secrets
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import click

from lstm_checks.grading.extra import missing

SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, as it builds the autograder's image (Ubuntu; choose 24.04).
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap python3 python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --no-cache-dir {requirements}
chmod 600 /autograder/source/key /autograder/source/rubric.toml
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission.
set -euo pipefail
cd /autograder
export PYTHONPATH=/autograder/source/kit PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-/autograder/venv/bin/python}" -m lstm_checks.grading.gradescope_command /autograder
"""
EPOCH = (1980, 1, 1, 0, 0, 0)


@click.command()
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--rubric", "rubric_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--adapter", metavar="A", help="native, torch or cs231n.")
@click.option(
    "--key-file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
def gradescope_zip(
    out: Path, rubric_file: Path | None, adapter: str | None, key_file: Path | None
) -> None:
    """Write an autograder for Gradescope to the zip file OUT."""
    if needs := missing():
        raise click.UsageError(needs)
    from lstm_checks.adapters import NAMES
    from lstm_checks.grading.rubric import RUBRICS, BadRubric, load
    from lstm_checks.grading.run import seed_of
    from lstm_checks.report.files import Unwritable, write

    if adapter is not None and adapter not in NAMES:
        raise click.UsageError(f"there is no adapter {adapter!r}; there are {', '.join(NAMES)}")
    named = adapter if adapter in ("cs231n", "torch") else "native"
    file = rubric_file or RUBRICS / f"{named}.toml"
    try:
        given = load(file, adapter)
        if given.late is not None:
            raise BadRubric(f"{file}: Gradescope has lateness of its own; take [late] out")
        key = key_file.read_bytes().strip() if key_file else secrets.token_hex(32).encode()
        seed_of(key, given.title)
        packages = " ".join(f"'{one}'" for one in _requirements(given.packages))
        content = {
            "setup.sh": SETUP.replace("{requirements}", packages).encode(),
            "run_autograder": RUN.encode(),
            "rubric.toml": file.read_bytes(),
            "adapter": (given.adapter or "").encode(),
            "key": key + b"\n",
            **_kit(),
        }
        write(str(out), _zipped(content))
    except (BadRubric, Unwritable, ValueError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{out} is the autograder; upload it to Gradescope, and keep it from students.")


def _requirements(packages: tuple[str, ...]) -> list[str]:
    """What the kit depends on, at the versions that are installed here."""
    from importlib.metadata import PackageNotFoundError, version

    needed = ["numpy", "hypothesis", "click", "rich", "setproctitle", "jinja2", "jsonschema"]
    found = []
    for name in (*needed, *packages):
        try:
            found.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            found.append(name)
    return found


def _kit() -> dict[str, bytes]:
    import lstm_checks
    import lstm_reference

    found = {}
    for package in (lstm_checks, lstm_reference):
        folder = Path(str(package.__file__)).parent
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found[f"kit/{folder.name}/{file.relative_to(folder)}"] = file.read_bytes()
    return found


def _zipped(content: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return target.getvalue()


def autograde(home: Path) -> dict[str, Any]:
    """Grade the submission in home/submission, and write home/results/results.json.

    Raises:
        RuntimeError: the grader failed; there is then no results.json, so nobody gets 0 points.
    """
    from lstm_checks.grading import exchange, feedback, results
    from lstm_checks.grading.judge import judge
    from lstm_checks.grading.rubric import load
    from lstm_checks.grading.run import Class, seed_of
    from lstm_checks.grading.submissions import Folder, read
    from lstm_checks.report.files import write

    source = home / "source"
    given = load(source / "rubric.toml", (source / "adapter").read_text().strip() or None)
    seed = seed_of((source / "key").read_bytes().strip(), given.title)
    submission = read(home, "submission", ("submission",), "", given.file, None)
    course = Class(Folder(home, (), ()), given, seed)
    judged = {} if submission.trouble else judge(course.task(submission))
    one = results.record(submission, judged, given, "")
    if one["status"] == "infra":
        raise RuntimeError(one["says"])
    text = exchange.as_gradescope(feedback.view(one, given))
    (home / "results").mkdir(exist_ok=True)
    write(str(home / "results" / "results.json"), text)
    return one


if __name__ == "__main__":
    os.umask(0o077)
    try:
        made = autograde(Path(sys.argv[1]))
        print(f"Graded: {made['status']}.")
    except Exception as error:
        sys.exit(f"The grader failed, and not the submission: {type(error).__name__}: {error}")

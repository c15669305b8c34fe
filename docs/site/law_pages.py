"""A page for each law: its statement, a fault that breaks it, and what the kit says of that."""

import difflib
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lstm_checks.api import ladder
from lstm_checks.engine.law import Law
from lstm_checks.engine.rungs import ALL_RUNGS
from lstm_checks.laws import load
from lstm_checks.laws.registry import EVERY
from lstm_checks.museum.catalogue import MANNERS
from lstm_checks.museum.source import source, source_of
from lstm_checks.report.page import as_notebook

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import faults  # noqa: E402 - the faults that the tests put into a plain LSTM

NAME = "my_lstm.py"  # the file of a fault


@dataclass(frozen=True)
class Shown:
    """A right source text, the same with one mistake, and the level at which it is found."""

    right: str
    wrong: str
    level: str


def shown(law: Law) -> Shown:
    """The first fault of which this law is the cause. `tests/test_faults.py` tests that it is."""
    for fault in (*faults.FAULTS, *faults.COMPOSED):
        if fault.law == law.id:
            right = (faults.SUBJECTS / fault.file).read_text(encoding="utf-8")
            return Shown(right, fault.source(), fault.level)
    manner = next(fault for fault in MANNERS if fault.law == law.id)
    return Shown(source({}, "stacked"), source_of(manner), "standard")


def difference(fault: Shown) -> str:
    """The lines that differ, each with the lines around it."""
    right, wrong = (text.splitlines() for text in (fault.right, fault.wrong))
    return "\n".join(
        "…" if line.startswith("@@") else line
        for line in list(difflib.unified_diff(right, wrong, n=2, lineterm=""))[2:]
    )


def report(law: Law, fault: Shown) -> str:
    """What a notebook shows of checking the fault by this law alone, as HTML.

    Raises:
        AssertionError: the law is not the cause.
    """
    laws = tuple(dict.fromkeys((load.imports, law)))
    with (
        np.errstate(all="ignore"),
        redirect_stderr(StringIO()),
        TemporaryDirectory() as temporary,
    ):
        folder = Path(temporary).resolve()
        (folder / NAME).write_text(fault.wrong, encoding="utf-8")
        outcome = ladder(
            NAME, level=fault.level, in_process=True, folder=folder, strict=True, laws=laws
        ).outcome()
    assert outcome.cause is not None, law.id
    assert outcome.cause.id == law.id, f"{outcome.cause.id} speaks in place of {law.id}"
    html = as_notebook(outcome).replace(f"{folder}/", "")
    return re.sub(r"\n\s*\n", "\n", html)  # a blank line would end the block of HTML


def plain(text: str) -> str:
    """Text with nothing in it that Markdown would take for a mark, but for code in backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([\\`*_{}\[\]<>#|$~^])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def page(number: int) -> str:
    """The page of a law of the registry, in Markdown."""
    law = EVERY[number]
    fault = shown(law)
    statement = "\n".join(f"> {line}" for line in plain(law.statement).splitlines())
    needs = f" It needs {', '.join(f'`{one}`' for one in law.needs)}." if law.needs else ""
    few, more, many = law.examples
    parts = [
        f"# {plain(law.id)}",
        statement,
        f"Cases that decide: {few} at quick, {more} at standard, {many} at deep.{needs}",
        "## A fault that breaks it",
        "A right LSTM becomes wrong by this change:",
        f"```diff\n{difference(fault)}\n```",
        "Where only this law is tried, the kit says of it:",
        f"<div>\n{report(law, fault)}\n</div>",
    ]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """The pages of all laws by path: one per law, and one per rung that lists its laws."""
    made = {}
    with ProcessPoolExecutor() as pool:
        texts = dict(zip(EVERY, pool.map(page, range(len(EVERY))), strict=True))
    for rung in ALL_RUNGS:
        laws = [law for law in EVERY if law.rung == rung]
        lines = [f"# Rung {rung}", "", "| law | statement |", "|---|---|"]
        for law in laws:
            name = law.id.partition(".")[2]
            made[f"laws/{rung}/{name}.md"] = texts[law]
            first = plain(law.statement.split("\n\n")[0].replace("\n", " "))
            lines.append(f"| [{plain(law.id)}]({rung}/{name}.md) | {first} |")
        ends = [law.id.partition(".")[2] for law in laws]
        names = [f"{end} <{rung}/{end}>" for end in ends]
        made[f"laws/{rung}.md"] = "\n".join(lines) + "\n\n" + contents(names)
    return made


def contents(names: list[str], options: str = ":hidden:") -> str:
    """A table of contents for the sidebar."""
    return "\n".join(["```{toctree}", options, "", *names, "```", ""])

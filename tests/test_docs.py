"""The pages are true: what they name exists, their commands run, and their examples work."""

import ast
import csv
import json
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

import faults
from lstm_checks import Limits, check
from lstm_checks.api import connection
from lstm_checks.cli import check as check_command
from lstm_checks.engine.ladder import Ladder
from lstm_checks.laws import load, sequence
from lstm_checks.laws.registry import ALL
from lstm_checks.subjects.contract import CAPABILITIES
from lstm_checks.subjects.conventions import MEANINGS

ROOT = Path(__file__).parent.parent
KIT = ROOT / "checks" / "lstm_checks"
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
DOCS = ROOT / "docs"
PAGES = [README, CONTRIBUTING, *sorted(DOCS.rglob("*.md"))]
FOLDERS = ("reference", "checks", "tests", "examples", "docs")
FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
# What a page tells its reader to make, or takes for the reader's own.
READERS = {
    "my_lstm.py",
    "my_adapter.py",
    "submission.py",
    "reproduce.py",
    "one_step.py",
    "table.py",
}
READERS |= {"rnn_layers.py", "rubric.toml", "ID.md"}
TESTS = {
    name
    for folder in ("tests", "checks")
    for path in (ROOT / folder).rglob("test_*.py")
    for name in (path.stem, *re.findall(r"def (test_\w+)", path.read_text()))
}
LAWS = {law.id for law in ALL}
RUNGS = {law.rung for law in ALL}
OPTIONS = {
    option
    for path in (*KIT.rglob("*.py"), *ROOT.glob("examples/*.py"), *ROOT.glob("tests/perf/*.py"))
    for option in re.findall(r'"(--[a-z][\w-]+)', path.read_text().replace("/--no", '" "--no'))
} | {"--pyargs", "--benchmark-autosave", "--benchmark-compare", "--check", "--csv"}
OPTIONS |= {"--nthreads", "--nworkers"}  # of dask

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page, language="python"):
    """The fenced blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


# What the pages name -------------------------------------------------------------------------


@every_page
def test_laws_and_tests_exist(page):
    code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text()))
    named = re.findall(r"\b(\w+)\.(\w+)", code)
    assert {f"{rung}.{law}" for rung, law in named if rung in RUNGS and law != "py"} <= LAWS
    assert set(re.findall(r"\btest_\w+", code)) <= TESTS


@every_page
def test_files_exist(page):
    bases = (ROOT, page.parent, KIT, ROOT / "reference" / "lstm_reference", DOCS)
    names = {path.name for path in FILES} | {path.name for path in PAGES}
    missing = [
        name
        for name in re.findall(r"(?<![\w:./-])[\w./-]*\w\.(?:py|md|toml)\b", page.read_text())
        if Path(name).name not in READERS
        and not any((base / name).exists() for base in bases)
        and ("/" in name or name not in names)
    ]
    assert missing == []


@every_page
def test_links_resolve(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
        assert not anchor or anchor in slugs, link


@every_page
def test_options_and_make_targets_exist(page):
    text = page.read_text()
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text)) <= OPTIONS
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"(?:`|^    )make (\w+)", text, re.MULTILINE)) <= set(targets)


@every_page
def test_python_in_a_page_is_python(page):
    for block in blocks(page):
        compile(block, page.name, "exec")


# README --------------------------------------------------------------------------------------


def run(command, cwd=ROOT, **environment):
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "80"} | environment,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


LSTM_CHECKS = [sys.executable, "-c", "from lstm_checks.cli import main; main()"]


def test_the_readme_shows_the_report_that_is_printed():
    (shown,) = blocks(README, "text")
    done = run([*LSTM_CHECKS, "check", "examples/wrong_lstm.py"])

    def lines(text):
        untimed = re.sub(r"\d+\.\d s$", "… s", text, flags=re.MULTILINE)
        return [line.rstrip() for line in untimed.splitlines()]

    assert lines(done.stdout) == lines(shown)


def commands():
    """The commands in the README's text and blocks that end soon and install or begin nothing."""
    text = README.read_text()
    found = re.findall(r"^    ((?:lstm-checks|pytest) .*)$", text, re.MULTILINE)
    found += re.findall(r"`(lstm-checks [^`]*)`", text)
    left_out = (" bench ", " --matrix", "checks grade", "checks watch", "checks start")
    return [one for one in dict.fromkeys(found) if not any(part in one for part in left_out)]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_runs(command, tmp_path):
    right = ROOT / "examples" / "right_lstm.py"
    words = shlex.split(command.replace("my_lstm.py", str(right)).replace("LAW", "step.whole"))
    programs = {"lstm-checks": LSTM_CHECKS, "pytest": [sys.executable, "-m", "pytest"]}
    done = run([*programs[words[0]], *words[1:]], cwd=ROOT if "examples/" in command else tmp_path)
    assert done.returncode == (1 if "wrong_lstm" in command else 0), done.stdout + done.stderr
    assert done.stdout


# docs/your-own-lstm.md -----------------------------------------------------------------------


def test_the_adapter_that_is_shown_is_the_example():
    shown = [block for block in blocks(DOCS / "your-own-lstm.md") if "def adapt" in block]
    assert shown == [(ROOT / "examples" / "gates_adapter.py").read_text()]


def test_the_defaults_of_the_options_are_as_written():
    text = (DOCS / "your-own-lstm.md").read_text()
    written = dict(re.findall(r"^\| `(--[\w-]+) .*default is `?(\w+)`? \|$", text, re.MULTILINE))
    assert set(written) == {"--level", "--time-limit", "--call-limit", "--memory-limit"}
    defaults = {option.opts[0]: option.default for option in check_command.params}
    assert {one: str(defaults[one]).removesuffix(".0") for one in written} == written


# docs/teaching.md and docs/how-it-works.md ---------------------------------------------------


def test_the_gradebook(tmp_path):
    (tmp_path / "reports").mkdir()
    report = check(str(ROOT / "examples" / "wrong_lstm.py"), level="quick")
    (tmp_path / "reports" / "somebody.json").write_text(json.dumps(report.as_dict()))
    (script,) = blocks(DOCS / "teaching.md")
    done = run([sys.executable, "-c", script], cwd=tmp_path)
    (row,) = csv.DictReader(StringIO(done.stdout))
    assert (row["submission"], row["verdict"]) == ("somebody", "failed")
    assert row["cause"] == "gradients.through_time"
    assert int(row["laws that hold"]) == sum(law.status == "passed" for law in report.laws)


def test_every_field_of_the_json_is_described():
    schema = json.loads((KIT / "report" / "schema.json").read_text())
    text = (DOCS / "how-it-works.md").read_text()
    for part in (schema, schema["$defs"]["result"], schema["$defs"]["finding"]):
        missing = [field for field in part["required"] if f"`{field}`" not in text]
        assert missing == []


# docs/conventions.md -------------------------------------------------------------------------

LAYOUTS = re.findall(
    r"^\| (.*?) \| `__lstm__ = (\{.*\})` \|", (DOCS / "conventions.md").read_text(), re.MULTILINE
)


def plain_lstm(declared):
    """A class that declares a layout, written from what the page says about it."""
    order = declared.get("gate_order", "ifgo")
    matrices = [declared.get("names", {}).get(which, which) for which in "WU"]
    axis = 1 if declared.get("batch_first", True) else 0  # of time
    turn = -1 if declared.get("state_order") == "ch" else 1

    class Plain:
        __lstm__ = declared

        def __init__(self, input_size, hidden_size):
            self.params, self.H = {}, hidden_size

        def forward(self, x, state=None):
            W, U = (self.params[name] for name in matrices)
            b = sum(array for name, array in self.params.items() if name not in matrices)
            if declared.get("weights") == "out_in":
                W, U = W.T, U.T
            zeros = np.zeros((x.shape[1 - axis], self.H), x.dtype)
            h, c = (zeros, zeros) if state is None else state[::turn]
            outputs = []
            for x_t in np.moveaxis(x, axis, 0):
                z = dict(zip(order, np.split(x_t @ W + h @ U + b, 4, axis=1), strict=True))
                (candidate,) = set(order) - set("ifo")
                forget = z["f"] + x.dtype.type(declared.get("forget_bias", 0))
                i, f, o = (0.5 * (1 + np.tanh(0.5 * a)) for a in (z["i"], forget, z["o"]))
                c = f * c + i * np.tanh(z[candidate])
                h = o * np.tanh(c)
                outputs.append(h)
            return np.stack(outputs, axis), (h, c)[::turn]

    return Plain


@pytest.mark.parametrize(("name", "line"), LAYOUTS, ids=[name for name, _ in LAYOUTS])
def test_a_layout_of_the_table_can_be_declared(name, line):
    report = check(plain_lstm(ast.literal_eval(line)), level="quick")
    assert report.passed, str(report)
    assert report.notes == ()


def test_every_layout_every_convention_and_every_capability_is_described():
    text = (DOCS / "conventions.md").read_text()
    assert len(LAYOUTS) > 10
    assert set(re.findall(r"^\| `(\w+) = ", text, re.MULTILINE)) == set(MEANINGS)
    assert [one for one in CAPABILITIES if f"`{one}`" not in text] == []


# CONTRIBUTING.md -----------------------------------------------------------------------------


def block(beginning):
    """The one block of CONTRIBUTING.md that begins so."""
    (found,) = (one for one in blocks(CONTRIBUTING) if one.startswith(beginning))
    return found


def status(law, target):
    """What a law comes to on a class at hand."""
    source, connect = connection(target, None, Limits(), in_process=True)
    outcome = Ladder((load.imports, law), source, connect, "quick", 0, Limits()).outcome()
    return outcome[law.id].status


def test_the_law_and_its_fault():
    names = dict(vars(sequence))
    exec(block("@law"), names)
    (line,) = re.findall(r"^    (Fault\(.*\)),$", CONTRIBUTING.read_text(), re.MULTILINE)
    fault = eval(line, vars(faults))
    law = names[fault.law.partition(".")[2]]
    assert law.id == fault.law
    assert status(law, fault.module().LSTM) == "failed"
    assert status(law, faults.Fault("none", "", faults.Z, faults.Z).module().LSTM) == "passed"


def test_the_adapter_and_its_subject(tmp_path):
    adapter, cell = tmp_path / "one_step.py", tmp_path / "cell.py"
    adapter.write_text(block('"""A cell: a class'))
    cell.write_text(block('"""A cell for the adapter'))
    report = check(f"{cell}:Cell", adapter=str(adapter), level="quick")
    assert report.passed, str(report)


def test_the_renderer():
    names = {}
    exec(block('"""The report as one line'), names)
    report = check(str(ROOT / "examples" / "wrong_lstm.py"), level="quick")
    ((subject, verdict, cause, hold),) = csv.reader(StringIO(names["as_csv"](report)))
    assert (subject, verdict, cause) == (report.subject, "failed", report.cause.id)
    assert int(hold) == sum(law.status == "passed" for law in report.laws)

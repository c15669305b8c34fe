"""docs/grading.md and docs/sandbox.md are true: the rubric, the workflow and the table."""

import re
import shlex
import sys
from pathlib import Path

from click.testing import CliRunner

from class_of_submissions import PLAIN
from lstm_checks.cli import main
from lstm_checks.grading import rubric
from lstm_checks.grading.score import STATUSES
from lstm_checks.launch.sandbox.sandbox import LEVELS

sys.path.insert(0, str(Path(__file__).parent))
from redteam.attacks import ATTACKS

DOCS = Path(__file__).parent.parent / "docs"
GRADING = (DOCS / "grading.md").read_text()
SANDBOX = (DOCS / "sandbox.md").read_text()


def block(language):
    return re.search(rf"```{language}\n(.*?)```", GRADING, re.DOTALL)[1]


def test_the_rubric_that_is_shown_is_one(tmp_path):
    (tmp_path / "rubric.toml").write_text(block("toml"))
    shown = rubric.load(tmp_path / "rubric.toml")
    assert shown.total == 100
    assert shown.limits == rubric.default("cs231n").limits
    assert shown.worth == rubric.Worth()


def test_every_setting_of_a_rubric_is_described():
    import json

    schema = json.loads((rubric.RUBRICS / "schema.json").read_text())
    for name, part in schema["properties"].items():
        assert re.search(rf"\b{name}\b", GRADING), name
        for inner in part.get("properties", ()):
            assert re.search(rf"\b{inner}\b", GRADING), inner


def test_every_status_is_described():
    assert [status for status in STATUSES if f"`{status}`" not in GRADING] == []


def test_the_steps_of_the_workflow_run(tmp_path, monkeypatch):
    steps = re.findall(r"- run: (.*)", block("yaml"))
    assert steps[0] == "pip install lstm-checks"
    monkeypatch.chdir(tmp_path)
    Path("rnn_layers.py").write_text(PLAIN)
    for step in steps[1:]:
        program, *arguments = shlex.split(step)
        assert program == "lstm-checks"
        assert CliRunner().invoke(main, arguments).exit_code == 0
    assert Path("report.json").is_file()


def test_the_table_of_levels_claims_no_more_than_the_attacks_show():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", SANDBOX, re.MULTILINE)
    head, *rows = [row for row in rows if not set(row[0]) <= set("-: ")]
    assert head[1:] == tuple(reversed(LEVELS))
    scores = [row for row in rows if "**scores**" in row[3]]
    harms = [row for row in rows if "**possible**" in row[3]]
    assert len(scores) == len([one for one in ATTACKS if one.wins and one.number in (17, 18)])
    assert harms
    assert not any("**" in cell for row in rows for cell in row[1:3])
    assert not any((attack.wins | attack.harms) - {"process"} for attack in ATTACKS)

"""The command line: exit codes, files, and messages."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_checks.cli import main
from lstm_checks.laws.registry import ALL

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((EXAMPLES / "right_lstm.py",), 0),
        ((f"{EXAMPLES / 'right_lstm.py'}:LSTM",), 0),
        ((EXAMPLES / "right_lstm.py", "--in-process"), 0),
        ((EXAMPLES / "right_lstm.py", "--seed", 12345), 0),
        ((EXAMPLES / "cs231n_lstm.py",), 0),
        ((EXAMPLES / "cs231n_lstm.py", "--adapter", "cs231n"), 0),
        ((EXAMPLES / "gates_lstm.py", "--adapter", EXAMPLES / "gates_adapter.py"), 0),
        (("lstm_reference.cells.lstm:LSTM",), 0),
        ((EXAMPLES / "wrong_lstm.py",), 1),
        ((EXAMPLES / "gates_lstm.py",), 1),
        (("no_such_file.py",), 2),
        ((EXAMPLES,), 2),
        (("no_such_module:LSTM",), 2),
        ((EXAMPLES / "right_lstm.py", "--adapter", "nowhere.py"), 2),
        ((EXAMPLES / "right_lstm.py", "--level", "huge"), 2),
        ((EXAMPLES / "right_lstm.py", "--seed", "-1"), 2),
        ((), 2),
    ],
)
def test_exit_codes(arguments, code):
    result = run("check", *arguments, *(["--level", "quick"] if "--level" not in arguments else []))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output


def test_the_page(tmp_path):
    file = tmp_path / "wrong_<b>lstm.py"
    file.write_text((EXAMPLES / "wrong_lstm.py").read_text())
    out = tmp_path / "report.html"
    assert run("check", file, "--level", "quick", "--html", out).exit_code == 1
    page = out.read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "goes wrong on its way back through time" in page
    assert "&lt;b&gt;" in page  # of the file's name
    assert "<b>" not in page


def test_the_json_file(tmp_path):
    out = tmp_path / "report.json"
    assert run("check", EXAMPLES / "wrong_lstm.py", "--json", out).exit_code == 1
    told = json.loads(out.read_text())
    assert told["verdict"] == "failed"
    assert told["subject"] == str(EXAMPLES / "wrong_lstm.py")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    result = run("check", EXAMPLES / "right_lstm.py", "--level", "quick", "--json", tmp_path)
    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_the_reproduction_file(tmp_path):
    out = tmp_path / "reproduce.py"
    result = run("check", EXAMPLES / "wrong_lstm.py", "--level", "quick", "--reproduce", out)
    assert result.exit_code == 1
    compile(out.read_text(), str(out), "exec")


def test_laws_lists_every_law():
    output = run("laws").output
    assert all(law.id in output for law in ALL)


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.id)
def test_every_law_is_explained(law):
    result = run("explain", law.id)
    assert result.exit_code == 0
    assert law.statement.split("\n")[0][:40] in result.output


def test_an_unknown_law_is_answered_with_the_nearest():
    result = run("explain", "gradient.dW")
    assert result.exit_code == 2
    assert "gradients.dW" in result.output

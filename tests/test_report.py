"""The report as JSON and as text, and the script that reproduces a failure without the kit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks import check
from lstm_checks.engine.rungs import RUNGS
from lstm_checks.report.script import script

EXAMPLES = Path(__file__).parent.parent / "examples"
STATUSES = {"passed", "failed", "blocked", "not_offered", "error", "timeout"}


def altered(tmp_path, old, new, name="right_lstm.py"):
    """A file with one change in an example."""
    source = (EXAMPLES / name).read_text()
    assert source.count(old) == 1, (old, source.count(old))
    path = tmp_path / "altered.py"
    path.write_text(source.replace(old, new))
    return str(path)


@pytest.fixture(scope="module")
def wrong():
    return check(str(EXAMPLES / "wrong_lstm.py"))


def test_the_json_is_schema_1(wrong):
    told = json.loads(json.dumps(wrong.as_dict(), allow_nan=False))
    assert set(told) == {
        "schema", "subject", "adapter", "level", "seed", "seconds", "verdict", "cause", "laws",
        "diagnosis", "notes",
    }  # fmt: skip
    assert (told["schema"], told["adapter"], told["level"], told["seed"]) == (
        1,
        "native",
        "standard",
        0,
    )
    assert told["verdict"] == "failed"
    assert told["cause"] == "gradients.through_time"
    assert [one["fault"] for one in told["diagnosis"]] == ["backward.time.dc_forget_left_out"]
    for law in told["laws"]:
        assert set(law) == {
            "id", "rung", "status", "message", "case", "error_over_tolerance", "reproduce",
            "finding",
        }  # fmt: skip
        assert law["status"] in STATUSES
        assert law["rung"] in RUNGS
        assert law["id"].startswith(law["rung"] + ".")
        assert law["status"] == "passed" or law["message"]
        assert (law["finding"] is None) == (law["status"] != "failed")
    (cause,) = (law for law in told["laws"] if law["status"] == "failed")
    assert set(cause["finding"]) == {
        "what", "fix", "said", "code", "place", "expected", "got",
    }  # fmt: skip
    assert cause["finding"]["place"]["array"] == "dx"
    assert cause["case"]["T"] == 2
    assert cause["reproduce"] == script(wrong, wrong.cause)


def test_infinite_errors_are_valid_json(tmp_path):
    path = altered(tmp_path, "outputs.append(h)", "outputs.append(h * np.nan)")
    told = json.dumps(check(path, level="quick").as_dict(), allow_nan=False)
    assert '"verdict": "failed"' in told


def test_the_first_line_names_the_cause(wrong):
    # The sentence is wrapped where the path is long.
    first = " ".join(str(wrong).split("\n\n")[0].split())
    assert first.startswith("FAILED")
    assert "The forget gate is left out where dc is carried on: dc_prev = dc." in first


def test_the_message_says_where_what_and_what_to_do(wrong):
    message = wrong.cause.message
    assert re.search(r"dx\[batch \d, time \d, feature \d\]: expected \S+, got \S+;", message)
    assert "× the tolerance" in message
    assert "N = 1, T = 2, D = 1, H = 2" in message
    assert "How to fix it: " in message
    assert wrong.cause.finding.excess > 1


FAULTS = [
    ("f * c + i * g", "f * c + g", "right_lstm.py", None),
    ("h @ U + b", "h @ U + 2 * b", "right_lstm.py", None),
    ("np.tanh(zg)", "sigmoid(zg)", "right_lstm.py", None),
    ("o * np.tanh(c_next)", "o * c_next", "right_lstm.py", None),
    ("dh, dc = dz @ U.T, dc * f", "dh, dc = dz @ U.T, dc", "right_lstm.py", None),
    ("+= h.T @ dz", "+= 1.1 * h.T @ dz", "right_lstm.py", None),
    ("+= dz.sum(axis=0)", "+= dz.mean(axis=0)", "right_lstm.py", None),
    ("self.state = h.copy(), c.copy()", "self.state = h, 0 * c", "right_lstm.py", None),
    ("zi, zf, zo, zg = ", "zi, zf, zg, zo = ", "cs231n_lstm.py", None),
    ("next_c = f * prev_c", "next_c = i * prev_c", "cs231n_lstm.py", None),
    ("dnext_h * tanh_c * o * (1 - o)", "dnext_h * tanh_c * o", "cs231n_lstm.py", None),
    ('np.tanh(z["c"])', 'sigmoid(z["c"])', "gates_lstm.py", str(EXAMPLES / "gates_adapter.py")),
]


@pytest.mark.parametrize(("old", "new", "name", "adapter"), FAULTS)
def test_the_script_reproduces_the_failure_without_the_kit(tmp_path, old, new, name, adapter):
    path = altered(tmp_path, old, new, name)
    report = check(path, adapter=adapter, level="standard")
    assert not report.passed
    file = tmp_path / "reproduce.py"
    file.write_text(script(report, report.cause))
    assert "lstm_checks" not in file.read_text()
    ran = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    where, expected, got = re.search(
        r"First wrong: (.*?): expected (\S+), got ([^;\s]+)", report.cause.message
    ).groups()
    said = re.search(r"(.*) expected (\S+) got (\S+)", ran.stdout)
    assert said is not None, ran.stdout
    assert said[1] == where
    assert float(said[2]) == pytest.approx(float(expected), rel=1e-8)
    assert float(said[3]) == pytest.approx(float(got), rel=1e-6)


@pytest.mark.torch
def test_a_torch_module_is_reproduced_too(tmp_path):
    source = (
        "import torch\n"
        "class Half(torch.nn.LSTM):\n"
        "    gate_order = 'ifog'\n"
        "    def forward(self, x, state=None):\n"
        "        return super().forward(x, state)\n"
    )
    path = tmp_path / "half.py"
    path.write_text(source)
    report = check(str(path), level="quick")
    assert report.cause.id == "step.gate_order"
    assert "declare gate_order = 'ifgo'" in report.cause.message
    file = tmp_path / "reproduce.py"
    file.write_text(script(report, report.cause))
    subprocess.run([sys.executable, str(file)], check=True, timeout=60, capture_output=True)


def test_a_notebook_shows_the_report(wrong):
    html = wrong._repr_html_()
    assert html.startswith('<div class="lstm-report">')
    assert "gradients.through_time" in html


def test_what_a_subject_calls_itself_cannot_style_the_report(tmp_path):
    path = tmp_path / "[bold]x[red].py"
    path.write_text("raise ValueError('[red]<b>spoof</b>[/red] \\x1b[31m')\n")
    report = check(str(path), level="quick")
    assert "[red]<b>spoof</b>[/red]" in report.cause.message
    assert "\x1b" not in str(report)
    assert "<b>" not in report._repr_html_()

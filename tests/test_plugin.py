"""The laws as pytest items, for a file and for a project of one's own; what the plugin costs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def pytest_run(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )


def test_a_right_file_passes_with_one_item_a_law(tmp_path):
    ran = pytest_run(
        "--pyargs", "lstm_checks", "--lstm", EXAMPLES / "right_lstm.py", "-vv", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stdout
    assert "test_law[step.gate_order] PASSED" in ran.stdout
    assert "failed" not in ran.stdout


def test_from_a_checkout_the_folder_will_do():
    ran = pytest_run("checks", "--lstm", EXAMPLES / "wrong_lstm.py", "-rs")
    assert ran.returncode == 1
    assert (
        "gradients.through_time: The forget gate is left out where dc is carried on" in ran.stdout
    )
    assert "1 failed" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_one_law_alone_has_the_same_result():
    item = "checks/lstm_checks/test_laws.py::test_law[gradients.through_time]"
    ran = pytest_run(item, "--lstm", EXAMPLES / "wrong_lstm.py")
    assert ran.returncode == 1
    assert "1 failed" in ran.stdout


def test_without_a_file_the_bundled_reference_is_checked():
    ran = pytest_run("checks", "--lstm-level", "quick")
    assert ran.returncode == 0, ran.stdout


def test_laws_of_composition_are_items_and_skipped_where_they_are_not_offered():
    composed = ROOT / "tests" / "subjects" / "composed_lstm.py"
    of_composition = ("-k", "load.imports or composition", "--lstm-level", "quick", "-vv", "-rs")
    ran = pytest_run("checks", "--lstm", composed, *of_composition)
    assert ran.returncode == 0, ran.stdout
    assert "test_law[composition.lengths_gradients] PASSED" in ran.stdout
    ran = pytest_run("checks", "--lstm", EXAMPLES / "right_lstm.py", *of_composition)
    assert ran.returncode == 0, ran.stdout
    assert "1 passed, 8 skipped" in ran.stdout
    assert "not offered: it makes no stack of layers" in ran.stdout
    ran = pytest_run("checks", "--lstm", ROOT / "Makefile", *of_composition)
    assert ran.returncode == 1
    assert "1 failed, 8 skipped" in ran.stdout
    assert "blocked by load.imports" in ran.stdout


def test_a_missing_file_is_one_clear_line():
    ran = pytest_run("checks", "--lstm", "nowhere.py")
    assert ran.returncode == 4
    assert "there is no file 'nowhere.py'" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


def test_parametrize_in_a_project_of_ones_own(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import lstm_checks\n"
        "from lstm_reference.cells.lstm import LSTM\n"
        "@lstm_checks.parametrize(LSTM, level='quick')\n"
        "def test_lstm(law):\n"
        "    law()\n"
    )
    ran = pytest_run("-vv", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "test_mine.py::test_lstm[state.split_anywhere] PASSED" in ran.stdout


def test_the_plugin_imports_nothing_of_weight(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_nothing_heavy_is_loaded():\n"
        "    assert 'lstm_checks.pytest_plugin' in sys.modules\n"
        "    heavy = {'numpy', 'torch', 'rich', 'lstm_reference', 'lstm_checks.laws'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    # Hypothesis has a plugin of its own, which is not ours to judge.
    ran = pytest_run("-p", "no:hypothesispytest", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout

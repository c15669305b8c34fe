"""From the starter to a passed verdict: what is written next, hints by degrees, what is new."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_checks import api, check
from lstm_checks.cli import main
from lstm_checks.engine.rungs import ALL_RUNGS
from lstm_checks.learn.hint import DEGREES, EQUATIONS, NUDGES, hints, next_degree
from lstm_checks.learn.quickly import Watch, diagnosed, first_wrong
from lstm_checks.learn.start import FORMATS, starter
from lstm_checks.report.page import as_page

EXAMPLES = Path(__file__).parent.parent / "examples"
RIGHT = (EXAMPLES / "right_lstm.py").read_text()
METHODS = ("__init__", "forward", "reset_state", "backward")


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def methods(text):
    """The methods of the class in a text, by name."""
    pieces = text.split("    def ")[1:]
    return {piece.split("(")[0]: f"    def {piece}" for piece in pieces}


def written(count):
    """The starter with its first `count` parts written."""
    parts, right = methods(starter("native")), methods(RIGHT)
    right["__init__"] = right["__init__"].replace("self.reset_state()", "self.state = None")
    chosen = [right[name] if name in METHODS[:count] else parts[name] for name in METHODS]
    return RIGHT.split("    def ")[0] + "\n".join(chosen)


def test_a_starter_holds_nothing_of_the_solution():
    for form in FORMATS:
        code = [line.strip() for line in starter(form).splitlines()]
        code = code[code.index("import numpy as np") + 1 :]
        told = {line for line in code if line and not line.startswith(("#", "def ", "class "))}
        assert told == {"raise NotImplementedError"}


@pytest.mark.parametrize("form", FORMATS)
def test_a_starter_is_unfinished_and_not_failed(tmp_path, form):
    file = tmp_path / "mine.py"
    assert run("start", file, "--format", form).exit_code == 0
    assert f"lstm-checks hint {file}" in file.read_text()
    report = check(file, level="quick")
    assert report.unfinished
    assert str(report).startswith("UNFINISHED")
    assert [law.id for law in report.laws if law.wrong] == [report.cause.id]


def test_start_overwrites_nothing(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("mine\n")
    done = run("start", file)
    assert (done.exit_code, file.read_text()) == (2, "mine\n")
    assert "is there already" in done.output
    assert run("start", tmp_path / "no" / "such.py").exit_code == 2


def test_the_parts_are_asked_for_in_their_order(tmp_path):
    file = tmp_path / "mine.py"
    for count in (1, 2, 3):
        file.write_text(written(count))
        report = check(file, level="quick")
        assert report.unfinished, str(report)
        assert f": {METHODS[count]} is not written yet" in report.cause.finding.what
    file.write_text(written(4))
    assert check(file, level="quick").passed


def test_a_mode_without_reset_state_is_not_attempted(tmp_path):
    source = (EXAMPLES / "right_lstm.py").read_text()
    source = source.replace("self.reset_state()\n", "self.state = None\n")
    source = source.replace("self.state = h.copy(), c.copy()\n", "pass\n")
    whole = "def reset_state(self):\n        self.state = None\n"
    file = tmp_path / "mine.py"
    file.write_text(
        source.replace(whole, "def reset_state(self):\n        raise NotImplementedError\n")
    )
    report = check(file, level="quick")
    assert report.unfinished, str(report)
    assert "reset_state is not written yet" in report.cause.finding.what
    file.write_text(source)
    assert not check(file, level="quick").unfinished


def test_hints_become_plainer_each_time_and_begin_anew_for_another_cause(tmp_path):
    wrong = check(EXAMPLES / "wrong_lstm.py", level="quick")
    told = hints(wrong)
    assert len(told) == len(DEGREES)
    assert "forget gate" not in told[0] + told[1]
    assert wrong.cause.id in told[1]
    assert told[2] == wrong.diagnosis[0].says
    assert told[3] == wrong.diagnosis[0].fix
    record, file = tmp_path / "kit" / "hints.json", tmp_path / "mine.py"
    assert [next_degree(record, file, wrong) for _ in range(5)] == [0, 1, 2, 3, 3]
    file.write_text(written(1))
    assert next_degree(record, file, check(file, level="quick")) == 0
    record.write_text("spoilt")
    assert next_degree(record, file, wrong) == 0
    assert hints(check(EXAMPLES / "right_lstm.py", level="quick")) == ()


def test_hints_on_what_is_not_written_end_with_its_equations(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(written(1))
    told = hints(check(file, level="quick"))
    assert len(told) == len(DEGREES)
    assert "does not hold" not in " ".join(told)
    assert told[1].startswith("The next part is at line ")
    assert told[2] == "forward is not written yet; it raises NotImplementedError."
    assert told[3] == EQUATIONS["shapes.forward"]


@pytest.mark.parametrize("part", ["lstm_forward", "lstm_backward"])
def test_a_function_that_is_not_written_is_told_by_its_own_name(tmp_path, part):
    whole = (EXAMPLES / "cs231n_lstm.py").read_text()
    file = tmp_path / "mine.py"
    file.write_text(f"{whole}\n\ndef {part}(*of):\n    raise NotImplementedError\n")
    report = check(file, level="quick")
    assert report.unfinished
    assert f"{part} is not written yet" in report.cause.message
    assert "reproduce" not in str(report)
    assert 'id="copy"' not in as_page(report)


def test_a_cell_without_its_step_is_unfinished(tmp_path):
    file = tmp_path / "mine.py"
    arrays = '{"W": np.ones((D, 4 * H)), "U": np.ones((H, 4 * H)), "b": np.ones(4 * H)}'
    file.write_text(
        "import numpy as np\n\n\nclass Cell:\n"
        f"    def __init__(self, D, H):\n        self.params = {arrays}\n\n"
        "    def step(self, x, h, c):\n        raise NotImplementedError\n"
    )
    report = check(file, level="quick")
    assert report.unfinished
    assert "step is not written yet" in report.cause.message


def test_every_rung_has_a_nudge():
    assert tuple(NUDGES) == ALL_RUNGS


def test_watch_tells_the_verdict(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(written(1))
    done = run("watch", "--once", file)
    assert done.exit_code == 0
    assert "UNFINISHED" in done.output
    assert "forward is not written yet" in " ".join(done.output.split())


def test_what_is_not_written_yet_is_not_said_to_fail(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(written(2))
    report = check(file, level="quick")
    text, page = str(report), as_page(report)
    for shown in (text, page):
        assert "not written yet" in shown
        assert "failed" not in shown
        assert "✗" not in shown
        assert "○" in shown
    assert "These are not written yet:\n  shapes.backward" in text
    wrong = str(check(EXAMPLES / "wrong_lstm.py", level="quick"))
    assert "✗ gradients" in wrong
    assert "not written" not in wrong


def test_what_failed_before_is_told_first_and_the_diagnosis_last(tmp_path):
    file = tmp_path / "mine.py"
    wrong = (EXAMPLES / "wrong_lstm.py").read_text()
    watch = Watch(file)

    def answers(text):
        file.write_text(text)
        return list(watch.answers())

    first = answers(RIGHT)
    assert first == [f"PASSED  {file}"]
    broken = answers(wrong)
    assert broken[0] == "gradients.through_time does not hold any more."
    assert broken[1].startswith("FAILED")
    assert broken[2].startswith("  does not hold any more: gradients.through_time, ")
    assert "dc_prev = dc." in broken[-1]
    still = answers(wrong + "\n")
    assert still[0] == "gradients.through_time still does not hold."
    assert not any("any more" in line for line in still)
    mended = answers(RIGHT)
    assert mended[0] == "gradients.through_time holds now."
    assert mended[1].startswith("PASSED")
    assert mended[2].startswith("  holds now: gradients.through_time, ")
    assert answers("x = (")[0] == "load.imports does not hold any more."


def test_a_check_of_what_was_saved_again_is_given_up(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(RIGHT)
    assert list(Watch(file).answers(stale=lambda: True)) == []


def test_a_hint_waits_for_nothing_that_it_does_not_tell(tmp_path, monkeypatch):
    """The cause is that of a whole check; the diagnosis is made for the degrees that tell it."""
    file = EXAMPLES / "wrong_lstm.py"
    whole = check(file, level="quick")
    early = first_wrong(file)
    assert (early.cause.id, early.cause.message) == (whole.cause.id, whole.cause.message)
    assert len(early.laws) < len(whole.laws)
    assert hints(early)[:2] == hints(whole)[:2]
    assert hints(diagnosed(file, whole.cause.id)) == hints(whole)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr(api, "_diagnosed", lambda *of: asked.append(of) or ())
    for degree in range(len(DEGREES)):
        assert f"Hint {degree + 1} of 4" in run("hint", file).output
        assert len(asked) == max(0, degree - 1)


def test_what_is_said_fits_into_80_columns(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = EXAMPLES / "wrong_lstm.py"
    for arguments in (["watch", "--once"], *[["hint"]] * len(DEGREES)):
        lines = run(*arguments, file).output.splitlines()
        assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []


def test_the_unwritten_is_the_cause_only_where_nothing_is_wrong(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(written(2))
    assert first_wrong(file).unfinished
    file.write_text(written(2).replace("o * np.tanh(", "o * np.sin("))
    found = first_wrong(file)
    assert not found.unfinished
    assert found.cause.id == check(file, level="quick").cause.id

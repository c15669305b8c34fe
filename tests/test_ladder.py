"""One fault, one verdict: what is blocked, what still runs, and what the verdict is."""

import numpy as np
import pytest

from lstm_checks import Limits, Report, check
from lstm_checks.api import ladder
from lstm_reference.cells.lstm import LSTM


class BackwardWithout(LSTM):
    """Its gradient of W is wrong, and nothing else."""

    def backward(self, dy, dstate=None):
        result = super().backward(dy, dstate)
        self.grads["W"] = self.grads["W"] * 2
        return result


class WrongForward(LSTM):
    def forward(self, x, state=None):
        y, (h, c) = super().forward(x, state)
        return y * 1.01, (h * 1.01, c)


class WrongState(LSTM):
    def reset_state(self):
        pass


class Single(LSTM):
    """Computes in float32, whatever comes."""

    def forward(self, x, state=None):
        params = self.params
        self.params = {name: array.astype(np.float32) for name, array in params.items()}
        given = None if state is None else tuple(part.astype(np.float32) for part in state)
        y, (h, c) = super().forward(x.astype(np.float32), given)
        self.params = params
        return y.astype(x.dtype), (h.astype(x.dtype), c.astype(x.dtype))

    def backward(self, dy, dstate=None):
        params = self.params
        self.params = {name: array.astype(np.float32) for name, array in params.items()}
        given = None if dstate is None else tuple(part.astype(np.float32) for part in dstate)
        dx, (dh0, dc0) = super().backward(dy.astype(np.float32), given)
        self.params = params
        self.grads = {name: array.astype(dy.dtype) for name, array in self.grads.items()}
        return dx.astype(dy.dtype), (dh0.astype(dy.dtype), dc0.astype(dy.dtype))


def statuses(report):
    return {law.id: law.status for law in report.laws}


def failed(report):
    return [law.id for law in report.laws if law.status in ("failed", "error", "timeout", "remark")]


def test_a_right_subject_passes_and_nothing_is_blocked():
    report = check(LSTM, level="quick")
    assert report.verdict == "passed"
    assert set(statuses(report).values()) == {"passed", "not_offered"}
    assert report.cause is None


def test_a_wrong_gradient_leaves_forward_and_state_standing():
    found = statuses(check(BackwardWithout))
    assert failed(check(BackwardWithout)) == ["gradients.dW"]
    assert found["gradients.dx"] == found["gradients.dU"] == "passed"
    assert found["gradients.together"] == "blocked"
    assert found["state.any_order"] == found["numerics.precision_of_dtype"] == "passed"
    assert found["numerics.precision_of_gradients"] == "blocked"


def test_a_wrong_forward_blocks_what_stands_on_it():
    report = check(WrongForward)
    assert failed(report) == ["step.activation"]
    found = statuses(report)
    assert {found[law] for law in found if law.split(".")[0] in ("state", "gradients")} <= {
        "blocked",
        "not_offered",
    }
    assert found["shapes.forward"] == "passed"


def test_a_wrong_stateful_mode_leaves_gradients_and_numerics_standing():
    report = check(WrongState)
    assert failed(report) == ["state.reset"]
    found = statuses(report)
    assert found["gradients.together"] == found["numerics.precision_of_dtype"] == "passed"
    assert found["state.explicit_state_overrides"] == "passed"


def test_float32_inside_is_a_remark_on_precision_alone():
    report = check(Single)
    assert report.passed
    assert failed(report) == ["numerics.precision_of_dtype"]
    (remark,) = report.remarks
    assert "float32" in remark.message
    assert report["numerics.precision_of_gradients"].status == "blocked"


def test_a_strict_check_holds_a_remark_against_the_subject():
    report = check(Single, level="quick", strict=True)
    assert report.verdict == "failed"
    assert failed(report) == [report.cause.id] == ["numerics.precision_of_dtype"]


def test_what_is_not_offered_is_not_held_against_a_subject():
    class ForwardOnly:
        def __init__(self, input_size, hidden_size):
            self._layer = LSTM(input_size, hidden_size)
            self.params = self._layer.params

        def forward(self, x, state=None):
            return self._layer.forward(x, state)

    report = check(ForwardOnly)
    assert report.passed
    assert report["gradients.dW"].status == report["state.reset"].status == "not_offered"
    assert report["gradients.dW"].message == "not offered: it has no backward method"


def report_on(tmp_path, source, **limits):
    path = tmp_path / "subject.py"
    path.write_text(source)
    given = {"load": 30.0, "call": 10.0, "run": 60.0} | limits
    return Report.of(ladder(str(path), level="quick", limits=Limits(**given)).outcome())


RIGHT = "from lstm_reference.cells.lstm import LSTM as Right\nclass LSTM(Right):\n"


def test_an_endless_loop_in_backward_is_a_timeout_and_forward_is_still_judged(tmp_path):
    source = RIGHT + "    def backward(self, dy, dstate=None):\n        while True: pass\n"
    report = report_on(tmp_path, source, call=0.5)
    assert report.verdict == "error"
    assert failed(report) == ["shapes.backward"]
    assert report.cause.status == "timeout"
    assert report.cause.message.startswith("backward did not return within 0.5 s, at N = ")
    assert report["sequence.outputs"].status == report["state.any_order"].status == "passed"
    assert report["gradients.dW"].status == "blocked"


def test_an_endless_import_is_a_timeout(tmp_path):
    report = report_on(tmp_path, "while True: pass\n", load=0.5)
    assert failed(report) == ["load.imports"]
    assert report.cause.message.startswith("Importing it did not return within 0.5 s.")
    assert {law.status for law in report.laws[1:]} == {"blocked"}


def test_the_run_as_a_whole_has_a_limit(tmp_path):
    source = RIGHT + (
        "    print('once')\n"
        "    def forward(self, x, state=None):\n"
        "        import time; time.sleep(0.05)\n"
        "        return super().forward(x, state)\n"
    )
    report = report_on(tmp_path, source, run=1.5)
    assert report.verdict == "error"
    assert report.stdout == "once\n"
    assert report.cause.status == "timeout"
    assert "The laws took more than 1.5 s in all, at N = " in report.cause.message
    assert "At the pace so far, level quick would take about" in report.cause.message
    after = report.laws[report.laws.index(report.cause) + 1 :]
    assert not {law.status for law in after} & {"passed", "failed", "error"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(0)", "forward ended its process (exit code 0)"),
        (
            "import os; os.kill(os.getpid(), 11)",
            "crashed its process (SIGSEGV)",
        ),
        ("raise SystemExit(3)", "forward ends the program: it raised SystemExit"),
        ("print('x' * (1 << 25))", "printed more than 16 MB"),
        ("import os; os.closerange(3, 256)", "forward ended its process"),
    ],
)
def test_an_end_of_the_process_is_a_verdict_that_names_it(tmp_path, code, words):
    source = RIGHT + f"    def forward(self, x, state=None):\n        {code}\n"
    report = report_on(tmp_path, source)
    assert report.verdict != "passed"
    assert words in report.cause.message


def test_what_a_subject_prints_is_kept_apart(tmp_path):
    source = RIGHT + (
        "    def forward(self, x, state=None):\n"
        "        print('hello'); import sys; print('there', file=sys.stderr)\n"
        "        return super().forward(x, state)\n"
    )
    report = report_on(tmp_path, source)
    assert report.passed
    assert report.stdout.startswith("hello\nhello\n")
    assert report.stderr.startswith("there\nthere\n")
    assert "hello" not in str(report)


def test_what_was_printed_before_a_crash_is_kept(tmp_path):
    source = RIGHT + (
        "    def backward(self, dy, dstate=None):\n"
        "        print('last words'); import os; os._exit(7)\n"
    )
    report = report_on(tmp_path, source)
    assert report.cause.message.startswith("backward ended its process (exit code 7).")
    assert "last words" in report.stdout
    assert report["state.any_order"].status == "passed"

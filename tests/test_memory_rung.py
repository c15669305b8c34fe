"""The memory rung: right subjects reach the task, and each clause alone has a fault."""

import numpy as np
import pytest

from lstm_checks import check
from lstm_checks.engine.case import Case
from lstm_checks.engine.trial import Trial
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.local import Local
from lstm_checks.laws.memory import task_of
from lstm_checks.laws.registry import ALL
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject
from lstm_reference.cells.lstm import LSTM

MEMORY = [law.id for law in ALL if law.rung == "memory"]


class Late(LSTM):
    """Right for more forwards than a life has, so that no other law sees it; then `late`."""

    def forward(self, x, state=None):
        self.calls = getattr(self, "calls", 0) + 1
        return self.late(x, state) if self.calls > 62 else super().forward(x, state)


class Tired(Late):
    """Its outputs are zeros."""

    def late(self, x, state):
        y, (h, c) = LSTM.forward(self, x, state)
        return 0 * y, (0 * h, c)


class Streaming(Late):
    """A call of one step with no state continues the last one, although it is not stateful."""

    def late(self, x, state):
        last = getattr(self, "last", None)
        if x.shape[1] == 1 and state is None and last is not None and len(last[0]) == len(x):
            state = last
        y, self.last = LSTM.forward(self, x, state)
        return y, self.last


class Chunked(Late):
    """Rows beyond the sixth start from where the rows before them ended."""

    def late(self, x, state):
        if len(x) <= 6 or state is not None:
            return LSTM.forward(self, x, state)
        zeros = np.zeros((len(x), self.hidden_size))
        _, (h, c) = LSTM.forward(self, x[: len(x) - 6])
        state = (zeros.copy(), zeros.copy())
        state[0][6:], state[1][6:] = h, c
        return LSTM.forward(self, x, state)


class OwnMemory(Late):
    """Knows a state that it returned, and continues each row from its own copy of it."""

    def late(self, x, state):
        last = getattr(self, "last", None)
        if state is not None and last is not None and self._same_rows(state[0], last[0]):
            state = last
        y, self.last = LSTM.forward(self, x, state)
        return y, self.last

    @staticmethod
    def _same_rows(one, other):
        return one.shape == other.shape and np.allclose(
            np.sort(one, axis=0), np.sort(other, axis=0)
        )


FAULTS = {
    "memory.learns": (Tired, "correctly after 300 updates"),
    "memory.cut_state": (Streaming, "equal inputs get different answers"),
    "memory.short_window": (Chunked, "equal inputs get different answers"),
    "memory.lies_in_state": (OwnMemory, "The endings do not follow the state"),
}


@pytest.mark.parametrize("law", MEMORY)
def test_each_clause_has_a_fault_that_falls_by_it_alone(law):
    subject, words = FAULTS[law]
    report = check(subject)
    assert [one.id for one in report.laws if one.status == "failed"] == [law]
    assert words in report.cause.message
    assert all(
        one.status == "passed" for one in report.laws if one.rung not in ("memory", "gradients")
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_right_subject_reaches_the_task_and_the_ceiling(seed):
    report = check(LSTM, seed=seed)
    assert report.passed
    assert "right after" in report["memory.learns"].message
    assert report["memory.cut_state"].message.endswith("the ceiling")
    assert report["memory.short_window"].message.endswith("the ceiling")
    assert "with h alone cut" in report["memory.lies_in_state"].message


def test_without_backward_the_rung_is_not_offered():
    class ForwardOnly(LSTM):
        backward = None

    report = check(ForwardOnly)
    assert {report[law].status for law in MEMORY} == {"not_offered"}


def test_the_task_is_lost_by_one_symbol_without_memory():
    case = Case(N=2, T=5, D=6, seed=3)
    subject = Subject.load(Local(LSTM), Source("", False, "LSTM"), Limits())
    task = task_of(Trial(subject, case))
    assert task.ceiling(1) * 2 * case.T == 2 * case.T - 1
    assert task.ceiling(case.T) == 1

"""Each single fault of the plain LSTM is found, and the law that names it is the right one.

One fault, one verdict: no other law may fail beside it. What also does not hold is blocked.
"""

from types import ModuleType

import pytest

from faults import FAULTS, SUBJECTS, Fault
from lstm_checks import Report, check

# A naive sigmoid overflows with a warning, which is the subject's affair and no error here.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def checked(module: ModuleType, level: str) -> Report:
    """The report on a module's class LSTM, or on its functions, in this process."""
    return check(getattr(module, "LSTM", module), level=level)


def test_the_plain_lstm_passes() -> None:
    module = ModuleType("plain")
    exec((SUBJECTS / "plain_lstm.py").read_text(), vars(module))
    report = checked(module, "standard")
    assert report.passed, str(report)
    # A native layer has no functions for one step; all else it offers.
    assert [law.id for law in report.laws if law.status != "passed"] == ["gradients.step_backward"]


def test_ids_are_unique() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.id) for fault in FAULTS])
def test_fault(fault: Fault) -> None:
    report = checked(fault.module(), "quick")
    assert not report.passed, "it was not found"
    cause = report.cause
    assert cause is not None
    assert cause.id == fault.law, cause.message
    assert fault.says in cause.message
    failed = [law.id for law in report.laws if law.status in ("failed", "error", "timeout")]
    assert failed == [fault.law]

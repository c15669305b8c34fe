"""Each single fault of the plain LSTM is found, and the law that names it is the right one.

One fault, one verdict: no other law may fail beside it. What also does not hold is blocked. A fault
that leaves every result right is a remark, which a strict check holds against the subject.
"""

from dataclasses import replace
from types import ModuleType

import pytest

from faults import COMPOSED, FAULTS, SUBJECTS, Fault
from lstm_checks import Report, check
from lstm_checks.laws.registry import ALL, EVERY, OF_SOME
from lstm_checks.museum.catalogue import MANNERS

REMARKS = {law.id for law in ALL if law.remark}
WRONG = ("failed", "error", "timeout", "remark")
# A naive sigmoid overflows with a warning, which is the subject's affair and no error here.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def checked(module: ModuleType, level: str) -> Report:
    """The strict report on a module's class LSTM, or on its functions, in this process."""
    return check(getattr(module, "LSTM", module), level=level, strict=True)


def test_the_plain_lstm_passes() -> None:
    module = ModuleType("plain")
    exec((SUBJECTS / "plain_lstm.py").read_text(), vars(module))
    report = checked(module, "standard")
    assert report.passed, str(report)
    # A native layer has no functions for one step; all else it offers.
    assert [law.id for law in report.laws if law.status != "passed"] == ["gradients.step_backward"]


def test_the_composed_lstm_passes() -> None:
    module = ModuleType("composed")
    exec((SUBJECTS / "composed_lstm.py").read_text(), vars(module))
    report = checked(module, "standard")
    assert report.passed, str(report)
    assert {report[law.id].status for law in OF_SOME} == {"passed"}


def test_every_law_has_its_fault() -> None:
    killed = {fault.law for fault in (*FAULTS, *COMPOSED, *MANNERS)}
    assert {law.id for law in EVERY} <= killed


def test_ids_are_unique() -> None:
    every = [*FAULTS, *COMPOSED]
    assert len({fault.id for fault in every}) == len(every)


@pytest.mark.parametrize("fault", [pytest.param(one, id=one.id) for one in (*FAULTS, *COMPOSED)])
def test_fault(fault: Fault) -> None:
    report = checked(fault.module(), fault.level)
    assert not report.passed, "it was not found"
    cause = report.cause
    assert cause is not None
    assert cause.id == fault.law, cause.message
    named = " ".join(f"{one.says} {one.fix}" for one in report.diagnosis)
    assert fault.says in f"{named} {cause.message}"
    wrong = [law.id for law in report.laws if law.status in WRONG]
    assert wrong == [fault.law]
    assert cause.status == ("remark" if fault.law in REMARKS else "failed")
    assert replace(report, strict=False).passed == (fault.law in REMARKS)


def test_remarks_are_about_precision_dtypes_and_what_is_kept() -> None:
    assert {
        "numerics.precision_of_dtype",
        "numerics.precision_of_gradients",
        "numerics.float32_stays",
        "numerics.float32_gradients_stay",
        "numerics.integer_inputs",
        "numerics.integer_inputs_backward",
        "numerics.backward_again",
        "numerics.outputs_apart",
        "numerics.carried_state_apart",
        "numerics.precision_in_any_order",
        "numerics.precision_in_any_order_backward",
        "numerics.precision_in_any_order_stateful",
        "numerics.precision_in_any_order_stateful_backward",
    } == REMARKS

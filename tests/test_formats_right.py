"""Right LSTMs in odd styles and many formats: each is recognised and passes, a fault is told.

Those that need JAX, Flax, Equinox or Keras are tried where these are installed; make
test-frameworks does that.
"""

import random
import re
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from lstm_checks import Limits, Report, check

RIGHT = Path(__file__).parent / "subjects" / "formats" / "right"
LIMITS = Limits(load=120, call=60, run=600)
ADAPTERS = {
    "columns_function.py": "functions",
    "dataclass_cell.py": "cell",
    "einsum_functions.py": "functions",
    "equinox_cell.py": "equinox",
    "flax_linen.py": "flax",
    "generator_class.py": "native",
    "homework.ipynb": "native",
    "jax_scan.py": "functions",
    "jax_step.py": "functions",
    "joint_per_gate.py": "functions",
    "keras_cell.py": "keras",
    "keras_layer.py": "keras",
    "lazy_cell.py": "cell",
    "numba_class.py": "native",
    "numba_functions.py": "functions",
    "package/lstm.py": "native",
    "property_params.py": "native",
    "recursive_function.py": "functions",
    "slots_cell.py": "cell",
    "time_first_function.py": "functions",
    "torch_einsum.py": "torch",
    "torch_functions.py": "functions",
    "torch_gates.py": "torch",
    "torch_parameter_dict.py": "torch",
    "trains_when_run.py": "native",
    "with_sibling.py": "native",
}
HELPERS = {"with_sibling.py": "sibling_helpers.py"}  # where the equations stand, if not in the file
SIGMOID = r"(?:(?:\w+\.)*sigmoid\({0}\)|\b{0})"
TANH = r"(?:\w+\.)?tanh\((\w+)\)"
# What is put in the place of what.
FAULTS: dict[str, Any] = {
    "input_added": (rf"({SIGMOID.format('i')}) \* ((?:\w+\.)?tanh\(g\)|g\b)", r"\1 + \2"),
    "cell_not_squashed": (rf"({SIGMOID.format('o')}) \* {TANH}", r"\1 * \2"),
    "forget_left_out": (rf"{SIGMOID.format('f')} \* (c_prev|c)\b", r"\1"),
    "output_by_forget": (
        rf"({SIGMOID.format('o')}) \* (?={TANH})",
        lambda found: re.sub(r"\bo\b", "f", found[1]) + " * ",
    ),
}
NATIVE = "generator_class.py"  # all faults can be put into it
pytestmark = pytest.mark.filterwarnings("ignore")


def checked(file: Path, **options: str) -> Report:
    return check(str(file), level="quick", limits=LIMITS, **options)


def needs(name: str) -> None:
    package = name.partition("_")[0]
    if package in ("torch", "jax", "flax", "equinox", "keras") and find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def test_a_first_call_that_may_compile_has_the_time_of_loading(tmp_path: Path) -> None:
    text = (RIGHT / "numba_class.py").read_text()
    slow = "time.sleep(1.5 * (len(MADE) == 0))\n        MADE.append(1)\n"
    text = text.replace("def weights(self):\n", f"def weights(self):\n        {slow}")
    file = tmp_path / "slow.py"
    file.write_text("import time\n\nMADE = []\n" + text)
    limits = Limits(load=30, call=1)
    if find_spec("numba") is None:
        report = check(str(file), level="quick", limits=limits)
        assert report.cause is not None
        assert report.cause.status == "timeout"
        (tmp_path / "numba.py").write_text("def njit(function):\n    return function\n")
    report = check(str(file), level="quick", limits=limits)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_right_lstm_is_recognised_and_passes(name: str) -> None:
    needs(name)
    report = checked(RIGHT / name)
    assert report.adapter == ADAPTERS[name]
    assert report.passed, str(report)
    # Keras on JAX computes tanh in float32: docs/formats/keras.md.
    of_keras = ["numerics.precision_of_dtype"] if name.startswith("keras") else []
    assert [one.id for one in report.remarks] in ([], of_keras)


def with_fault(name: str, fault: str, folder: Path) -> Path | None:
    """A copy of a right LSTM with a fault in it; None where its text has no place for it."""
    shutil.copytree(RIGHT, folder, dirs_exist_ok=True)
    file = folder / HELPERS.get(name, name)
    text, count = re.subn(*FAULTS[fault], file.read_text())
    file.write_text(text)
    return folder / name if count else None


def told(report: Report) -> tuple[str | None, str | None]:
    """The cause, and the known mistake that is named first."""
    named = report.diagnosis[0].fault if report.diagnosis else None
    return None if report.cause is None else report.cause.id, named


@cache
def told_in_native_form(fault: str) -> tuple[str | None, str | None]:
    with TemporaryDirectory() as folder:
        file = with_fault(NATIVE, fault, Path(folder) / "right")
        assert file is not None
        return told(checked(file))


@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != NATIVE])
def test_a_fault_is_told_as_in_native_form(name: str, tmp_path: Path) -> None:
    needs(name)
    faults = random.Random(name).sample(list(FAULTS), len(FAULTS))
    fault, file = next(
        (one, file) for one in faults if (file := with_fault(name, one, tmp_path / one))
    )
    report = checked(file)
    assert report.adapter == ADAPTERS[name]
    assert not report.passed
    # A gate that is left out leaves a matrix of its own unused, which is the first to be told.
    cause, named = told_in_native_form(fault)
    assert named is not None
    assert told(report)[0] == cause or told(report)[1] == named, f"{fault}: {report}"

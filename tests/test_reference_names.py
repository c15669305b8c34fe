"""The public names of the reference, and what importing them loads."""

import subprocess
import sys

import pytest

import lstm_reference


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


NAMES = ("LSTM", "LSTMCell", "SimpleRNN", "step_backward", "step_forward")


def test_the_public_names() -> None:
    assert set(lstm_reference.__all__) == {*NAMES, "TorchLSTM"}
    assert {*NAMES, "TorchLSTM"} <= set(dir(lstm_reference))
    with pytest.raises(AttributeError, match="'lstm_reference' has no attribute 'GRU'"):
        lstm_reference.GRU  # noqa: B018


@pytest.mark.parametrize("name", [*NAMES, pytest.param("TorchLSTM", marks=pytest.mark.torch)])
def test_a_public_name_stands_for_what_it_says(name: str) -> None:
    assert getattr(lstm_reference, name).__name__ == name
    assert getattr(lstm_reference, name).__doc__


def test_importing_the_package_loads_neither_numpy_nor_torch() -> None:
    run("import sys, lstm_reference; assert not {'numpy', 'torch'} & set(sys.modules)")


def test_the_other_names_do_not_load_torch() -> None:
    names = ", ".join(NAMES)
    run(f"import sys; from lstm_reference import {names}; assert 'torch' not in sys.modules")


@pytest.mark.torch
def test_the_counterpart_loads_torch() -> None:
    run("import sys; from lstm_reference import TorchLSTM; assert 'torch' in sys.modules")


def test_without_torch_the_counterpart_says_what_to_install() -> None:
    run(
        "import sys; sys.modules['torch'] = None\n"
        "try:\n    from lstm_reference import TorchLSTM\n"
        "except ImportError as error:\n    assert 'pip install torch' in str(error)\n"
        "else:\n    raise AssertionError\n"
    )

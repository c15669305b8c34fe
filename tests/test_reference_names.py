"""The public names of the reference, and what importing them loads."""

import subprocess
import sys

import pytest

import lstm_reference


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_public_names() -> None:
    expected = {"LSTM", "LSTMCell", "SimpleRNN", "TorchLSTM", "step_backward", "step_forward"}
    assert set(lstm_reference.__all__) == expected
    assert expected <= set(dir(lstm_reference))
    for name in expected:
        assert getattr(lstm_reference, name).__name__ == name
        assert getattr(lstm_reference, name).__doc__
    with pytest.raises(AttributeError, match="'lstm_reference' has no attribute 'GRU'"):
        lstm_reference.GRU  # noqa: B018


def test_importing_the_package_loads_neither_numpy_nor_torch() -> None:
    run("import sys, lstm_reference; assert not {'numpy', 'torch'} & set(sys.modules)")


def test_only_the_counterpart_loads_torch() -> None:
    names = "LSTM, LSTMCell, SimpleRNN, step_forward, step_backward"
    run(f"import sys; from lstm_reference import {names}; assert 'torch' not in sys.modules")
    run("import sys; from lstm_reference import TorchLSTM; assert 'torch' in sys.modules")


def test_without_torch_the_counterpart_says_what_to_install() -> None:
    run(
        "import sys; sys.modules['torch'] = None\n"
        "try:\n    from lstm_reference import TorchLSTM\n"
        "except ImportError as error:\n    assert 'pip install torch' in str(error)\n"
        "else:\n    raise AssertionError\n"
    )

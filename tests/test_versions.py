"""What differs between builds of NumPy, versions of Python, and environments without PyTorch."""

import subprocess
import sys

import numpy as np
import pytest

from lstm_checks.subjects.source import Unusable, parse
from lstm_reference.cells import block_products

OPENBLAS = {"blas": {"name": "scipy-openblas"}}
AVX512 = {"found": ["AVX2", "X86_V4"]}


@pytest.mark.parametrize(
    ("config", "helps"),
    [
        ({}, False),
        ({"Build Dependencies": OPENBLAS}, False),
        ({"SIMD Extensions": AVX512}, False),
        ({"Build Dependencies": {"blas": {"name": "mkl"}}, "SIMD Extensions": AVX512}, False),
        ({"Build Dependencies": OPENBLAS, "SIMD Extensions": AVX512}, True),
    ],
)
def test_numpy_may_report_no_blas_and_no_simd(config, helps, monkeypatch):
    monkeypatch.setattr(np, "show_config", lambda mode: config)
    assert block_products._helps() is helps


@pytest.mark.parametrize("name", ["torch", "torch.nn", "torch.nn:LSTM"])
def test_a_framework_that_is_missing_is_to_be_installed(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Unusable, match=r"no module 'torch' is installed: pip install torch$"):
        parse(name)


def test_nobody_is_told_to_install_a_package_of_an_unknown_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unusable, match="'no_such_lstm' is installed: install its package, or name"):
        parse("no_such_lstm")


def test_python_in_its_strict_modes_has_nothing_to_warn_of(tmp_path):
    """Among other things: files and processes are closed, and nothing deprecated is called."""
    code = (
        "import lstm_checks\n"
        "report = lstm_checks.check('lstm_reference:LSTM', level='quick')\n"
        "assert report.passed, str(report)\n"
        "report._repr_html_()\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

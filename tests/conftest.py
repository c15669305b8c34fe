"""A test that needs PyTorch is marked `torch`; where PyTorch is not installed, it is skipped."""

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("torch"):
        pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

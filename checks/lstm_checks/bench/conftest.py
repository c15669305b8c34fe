"""Benchmarks run only where asked for: `pytest --pyargs lstm_checks` runs the laws alone."""

from pathlib import Path

import pytest

from lstm_checks.bench.extra import missing

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out, unless an argument names it or something in it.

    Raises:
        pytest.UsageError: it is named, and packages that it needs are not installed.
    """
    if not collection_path.is_relative_to(HERE):
        return None
    named = [str(one).partition("::")[0] for one in config.args]
    asked = any(
        one.startswith(__package__) or Path(one).resolve().is_relative_to(HERE) for one in named
    )
    if not asked:
        return True
    if needs := missing():
        raise pytest.UsageError(needs)
    return None

"""The pytest plugin: `pytest --pyargs lstm_checks --lstm FILE[:NAME]` runs the laws as items.

It is loaded into every pytest session of an environment, so it imports nothing of weight.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lstm-checks", "laws for LSTM implementations")
    group.addoption("--lstm", metavar="FILE[:NAME]", help="the LSTM under check")
    group.addoption("--adapter", metavar="A", help="its format, if it cannot be found out")
    group.addoption(
        "--level", choices=("quick", "standard", "deep"), default="standard", help="how thorough"
    )
    group.addoption("--lstm-seed", type=int, default=0, help="draws the cases")


def pytest_configure(config: pytest.Config) -> None:
    subject = config.getoption("--lstm")
    if subject:
        from lstm_checks.sources import Unusable, parse

        try:
            parse(subject, config.getoption("--adapter"))
        except Unusable as error:
            raise pytest.UsageError(f"--lstm {subject}: {error}") from None

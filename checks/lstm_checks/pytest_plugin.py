"""The pytest plugin: `pytest --pyargs lstm_checks --lstm FILE[:NAME]` runs the laws as items.

It is loaded into every pytest session of an environment, so it imports nothing of weight, and its
options have names that no other plugin or conftest takes.
"""

import pytest

BUNDLED = "lstm_reference:LSTM"
LEVELS = ("quick", "standard", "deep")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lstm-checks", "laws for LSTM implementations")
    group.addoption("--lstm", action="append", metavar="FILE[:NAME]", help="the LSTM under check")
    group.addoption("--lstm-adapter", metavar="A", help="its format, where it is not detected")
    group.addoption("--lstm-level", choices=LEVELS, default="standard", help="how thorough to be")
    group.addoption("--lstm-seed", type=int, default=0, help="what the cases are drawn from")


def subject_of(config: pytest.Config) -> str:
    """The subject that the command line names, the bundled reference where it names none."""
    named = config.getoption("--lstm")
    return str(named[0]) if named else BUNDLED


def pytest_configure(config: pytest.Config) -> None:
    named = config.getoption("--lstm")
    if not named:
        return
    if len(named) > 1:
        raise pytest.UsageError(
            f"--lstm is given {len(named)} times; check one subject per run of pytest"
        )
    if config.getoption("--lstm-seed") < 0:
        raise pytest.UsageError("--lstm-seed must be an integer from 0")
    from lstm_checks.subjects.source import Unusable, parse

    try:
        parse(named[0], config.getoption("--lstm-adapter"))
    except Unusable as error:
        raise pytest.UsageError(f"--lstm {named[0]}: {error}") from None


def pytest_report_header(config: pytest.Config) -> str | None:
    option = config.getoption
    named = option("--lstm")
    if not named and not any("lstm_checks" in str(one) for one in config.args):
        return None
    what = subject_of(config) if named else f"{BUNDLED} (no --lstm is given)"
    adapter = option("--lstm-adapter") or "detected"
    return (
        f"lstm-checks: {what}, adapter {adapter}, level {option('--lstm-level')}, "
        f"seed {option('--lstm-seed')}"
    )

"""The pytest plugin: `pytest --pyargs lstm_checks --lstm FILE[:NAME]` runs the laws as items.

It is loaded into every pytest session of an environment, so it imports nothing of weight, and its
options have names that no other plugin or conftest takes.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
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
    named = config.getoption("--lstm") or ()
    adapter = config.getoption("--lstm-adapter")
    if len(named) > 1:
        raise pytest.UsageError(
            f"--lstm is given {len(named)} times; check one subject per run of pytest"
        )
    if config.getoption("--lstm-seed") < 0:
        raise pytest.UsageError("--lstm-seed must be an integer from 0")
    if not named and adapter is None:
        return
    from lstm_checks.subjects.source import Unusable, parse

    try:
        parse(subject_of(config), adapter)
    except Unusable as error:
        raise pytest.UsageError(f"--lstm {subject_of(config)}: {error}") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist: when all is done, remove the files that `items.py` shares results by."""
    pattern = f"lstm-checks-{node.workerinput['testrunuid']}-*.json"

    def remove() -> None:
        for file in Path(tempfile.gettempdir()).glob(pattern):
            file.unlink(missing_ok=True)

    node.config.add_cleanup(remove)


def pytest_report_header(config: pytest.Config) -> str | None:
    option = config.getoption
    named = option("--lstm")
    if not named and not _laws_are_asked_for(config):
        return None
    what = subject_of(config) if named else f"{BUNDLED} (no --lstm is given)"
    adapter = option("--lstm-adapter") or "detected"
    return (
        f"lstm-checks: {what}, adapter {adapter}, level {option('--lstm-level')}, "
        f"seed {option('--lstm-seed')}"
    )


def _laws_are_asked_for(config: pytest.Config) -> bool:
    """Whether an argument is this package, by its name, its folder or a file of it."""
    for argument in config.args:
        name = argument.partition("::")[0]
        path = (config.invocation_params.dir / name).resolve()
        if name.partition(".")[0] == HERE.name or path == HERE.parent or path.is_relative_to(HERE):
            return True
    return False

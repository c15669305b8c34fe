"""The laws as pytest items, one per law; --lstm names what is under check."""

import pytest

from lstm_checks.api import ladder
from lstm_checks.items import LawItem, Run
from lstm_checks.pytest_plugin import subject_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per law, all behind one run of the ladder."""
    option = metafunc.config.getoption
    run = Run(
        ladder(
            subject_of(metafunc.config),
            adapter=option("--lstm-adapter"),
            level=option("--lstm-level"),
            seed=option("--lstm-seed"),
        ),
        shared=True,
    )
    metafunc.parametrize("law", [pytest.param(item, id=item.id) for item in run.items()])


def test_law(law: LawItem) -> None:
    law()

"""The laws as pytest items, one a law; what is under check is named by --lstm."""

import pytest

from lstm_checks.api import LawItem, Run, ladder

BUNDLED = "lstm_reference.lstm:LSTM"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a law, all behind one run of the ladder."""
    option = metafunc.config.getoption
    subject, level = option("--lstm") or BUNDLED, option("--level")
    run = Run(
        lambda: ladder(
            subject, adapter=option("--adapter"), level=level, seed=option("--lstm-seed")
        )
    )
    metafunc.parametrize("law", [pytest.param(item, id=item.id) for item in run.laws(level)])


def test_law(law: LawItem) -> None:
    law()

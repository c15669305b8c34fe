"""How laws are tried: the same cases for everybody, the smallest failure, no endless shrinking."""

import sys
import types
from dataclasses import replace

import pytest
from lstm_checks.broken import Broken
from lstm_checks.laws.case import cases
from lstm_checks.laws.law import law
from lstm_checks.sources import Source
from lstm_checks.subject import Subject
from lstm_checks.worker.local import Local
from lstm_checks.worker.process import Limits

import lstm_reference.cells.lstm
from lstm_checks import api
from lstm_checks.engine import SHRINKS, first_failure
from lstm_checks.laws.registry import ALL


@pytest.fixture
def subject():
    channel = Local(lstm_reference.cells.lstm.LSTM)
    return Subject.load(channel, Source("", False, "LSTM"), Limits())


def drawn(subject, seed, level="deep"):
    seen = []

    @law("step", cases=cases(), examples=(2, 6, 40))
    def watcher(subject, case):
        """Holds."""
        seen.append(case)

    assert first_failure(watcher, subject, level, seed) == ""
    return seen


def test_the_same_seed_draws_the_same_cases(subject):
    assert drawn(subject, 3) == drawn(subject, 3)
    assert drawn(subject, 3) != drawn(subject, 4)
    assert len(set(drawn(subject, 3))) == 40


def test_modules_that_happen_to_be_loaded_do_not_change_the_cases(subject, tmp_path, monkeypatch):
    before = drawn(subject, 5)
    path = tmp_path / "project_with_constants.py"
    path.write_text("A, B, C = 3, 17, 40961\n")
    module = types.ModuleType("project_with_constants")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert drawn(subject, 5) == before


def test_the_failure_that_is_reported_is_the_smallest(subject):
    @law("step", cases=cases(T=(1, 9), N=(1, 9)), examples=(60, 60, 60))
    def fails_late(subject, case):
        """Fails from T = 4 and N = 3 on."""
        if case.T >= 4 and case.N >= 3:
            raise Broken("too large", excess=float(case.T))

    broken = first_failure(fails_late, subject, "standard", 0)
    assert isinstance(broken, Broken)
    assert (broken.case["T"], broken.case["N"], broken.case["seed"]) == (4, 3, 0)
    assert broken.case["first_error_over_tolerance"] >= broken.excess


def test_shrinking_ends(subject):
    count = 0

    @law("step", cases=cases(T=(1, 10**6)), examples=(5, 5, 5))
    def fails_at_random(subject, case):
        """Fails now and then, whatever the case."""
        nonlocal count
        count += 1
        if count % 3 == 0:
            raise Broken(f"the {count}th time")

    assert isinstance(first_failure(fails_at_random, subject, "standard", 0), Broken)
    assert count <= 5 + SHRINKS + 2


def test_the_state_machine_finds_and_shrinks(subject):
    machine = next(one for one in ALL if one.machine is not None)
    assert first_failure(machine, subject, "deep", 0) == ""

    class Forgetful(lstm_reference.cells.lstm.LSTM):
        """Forgets its state after three calls."""

        def forward(self, x, state=None):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == 4:
                self.reset_state()
            return super().forward(x, state)

    wrong = Subject.load(Local(Forgetful), Source("", False, "LSTM"), Limits())
    broken = first_failure(machine, wrong, "deep", 0)
    assert isinstance(broken, Broken)
    assert len(broken.case["calls"]) == 4


def test_without_shrinking_the_first_failure_is_reported(subject):
    @law("step", cases=cases(T=(5, 9)), examples=(5, 5, 5))
    def fails(subject, case):
        """Never holds."""
        raise Broken("always")

    tried = replace(fails)
    assert isinstance(first_failure(tried, subject, "quick", 1, shrink=False), Broken)


def test_a_level_has_fewer_cases_than_the_next():
    for one in ALL:
        quick, standard, deep = one.examples
        assert 0 <= quick <= standard <= deep


def test_every_law_states_what_holds():
    for one in ALL:
        assert one.statement.strip().endswith((".", "textbook's.")), one.id
        assert one.id == f"{one.rung}.{one.check.__name__}"


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="there is no level 'huge'"):
        api.check("x.py", level="huge")

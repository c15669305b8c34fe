"""How laws are tried: the same cases for everybody, the smallest failure, no endless shrinking."""

import sys
import types

import pytest

import lstm_reference.cells.lstm
from lstm_checks import api
from lstm_checks.engine.case import Sizes
from lstm_checks.engine.hypothesis_find import SHRINKS
from lstm_checks.engine.law import law
from lstm_checks.engine.search import first_failure
from lstm_checks.findings import Breach, Finding
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.local import Local
from lstm_checks.laws.registry import ALL
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject


@pytest.fixture
def subject():
    channel = Local(lstm_reference.cells.lstm.LSTM)
    return Subject.load(channel, Source("", False, "LSTM"), Limits())


def drawn(subject, seed, level="deep", name="watcher"):
    """All cases that a law is tried on: those that decide, then those of Hypothesis."""
    seen = []

    def watcher(t):
        """Holds."""
        seen.append(t.case)

    watcher.__name__ = name
    watching = law("step", examples=(2, 6, 40))(watcher)
    assert first_failure(watching, subject, level, seed) == ""
    deciding = watching.cases(level, seed)
    assert seen[: len(deciding)] == deciding
    return seen


def test_the_same_seed_draws_the_same_cases(subject):
    assert drawn(subject, 3) == drawn(subject, 3)
    assert drawn(subject, 3)[:40] != drawn(subject, 4)[:40]
    assert drawn(subject, 3)[:40] != drawn(subject, 3, name="another")[:40]
    assert len(set(drawn(subject, 3)[:40])) == 40
    assert 40 < len(set(drawn(subject, 3))) <= 60


def test_a_lower_level_decides_by_the_first_cases_of_a_higher_one(subject):
    assert drawn(subject, 3, "quick")[:2] == drawn(subject, 3)[:2]
    assert drawn(subject, 3, "standard")[:6] == drawn(subject, 3)[:6]


def test_the_bounds_of_a_law_are_kept_and_reached():
    @law("step", sizes=Sizes(N=(1, 2), T=(3, 3), D=(1, 4), H=(2, 3)), examples=(0, 0, 60))
    def bounded(t):
        """Holds."""

    cases = bounded.cases("deep", 0)
    assert {case.N for case in cases} == {1, 2}
    assert {case.T for case in cases} == {3}
    assert {case.D for case in cases} == {1, 2, 3, 4}
    assert {case.H for case in cases} == {2, 3}
    assert {case.scale for case in cases} == {0.5, 1.0, 2.0}


def test_modules_that_happen_to_be_loaded_do_not_change_the_cases(subject, tmp_path, monkeypatch):
    before = drawn(subject, 5)
    path = tmp_path / "project_with_constants.py"
    path.write_text("A, B, C = 3, 17, 40961\n")
    module = types.ModuleType("project_with_constants")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert drawn(subject, 5) == before


def test_the_failure_that_is_reported_is_the_smallest(subject):
    @law("step", sizes=Sizes(T=(1, 9), N=(1, 9)), examples=(60, 60, 60))
    def fails_late(t):
        """Fails from T = 4 and N = 3 on."""
        if t.case.T >= 4 and t.case.N >= 3:
            raise Breach("too large", excess=float(t.case.T))

    found = first_failure(fails_late, subject, "standard", 0)
    assert isinstance(found, Finding)
    assert (found.case["T"], found.case["N"], found.case["seed"]) == (4, 3, 0)
    first = next(case for case in fails_late.cases("standard", 0) if case.T >= 4 and case.N >= 3)
    assert found.excess == 4
    assert found.first_excess == first.T > 4


def test_shrinking_ends(subject):
    count = 0

    @law("step", sizes=Sizes(T=(1, 10**6)), examples=(5, 5, 5))
    def fails_at_random(t):
        """Fails now and then, whatever the case."""
        nonlocal count
        count += 1
        if count % 3 == 0:
            raise Breach(f"the {count}th time")

    assert isinstance(first_failure(fails_at_random, subject, "standard", 0), Finding)
    assert count <= 5 + SHRINKS + 2


def test_lives_find_a_fault_and_shorten_to_it(subject):
    (any_order,) = (one for one in ALL if one.id == "state.any_order")
    assert any_order.lives is not None
    assert first_failure(any_order, subject, "standard", 0) == ""

    class Forgetful(lstm_reference.cells.lstm.LSTM):
        """Forgets its state after three calls."""

        def forward(self, x, state=None):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == 4:
                self.reset_state()
            return super().forward(x, state)

    wrong = Subject.load(Local(Forgetful), Source("", False, "LSTM"), Limits())
    found = first_failure(any_order, wrong, "standard", 0)
    assert isinstance(found, Finding)
    made, *calls = found.case["calls"]
    assert made.startswith("a = LSTM(")
    assert len(calls) == 4
    assert all(call.startswith("a.forward(x of (1, 1)") for call in calls)
    assert found.what.endswith("; ".join(found.case["calls"]))


def test_without_shrinking_the_first_failure_is_reported(subject):
    @law("step", sizes=Sizes(T=(5, 9)), examples=(5, 5, 5))
    def fails(t):
        """Never holds."""
        raise Breach("always")

    found = first_failure(fails, subject, "quick", 1, shrink=False)
    assert isinstance(found, Finding)
    assert found.case == fails.cases("quick", 1)[0].as_dict()


def test_a_level_has_fewer_cases_than_the_next():
    for one in ALL:
        quick, standard, deep = one.examples
        assert 0 <= quick <= standard <= deep


def test_every_law_states_what_holds():
    for one in ALL:
        assert one.statement.strip().endswith((".", "textbook's.")), one.id
        assert (one.check is None) == (one.lives is not None)
        rung, _, name = one.id.partition(".")
        assert rung == one.rung
        assert name.isidentifier()


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="there is no level 'huge'"):
        api.check("x.py", level="huge")

"""Timings as pytest-benchmark items: `pytest --pyargs lstm_checks.bench --lstm FILE`.

There is one item per shape and pass, grouped by these, so that --benchmark-compare sets runs side
by side. A round is a block of calls in the subject's process, timed by the clock of this one; what
is recorded is a call's share of it. The results of every block are verified.
"""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from lstm_checks.api import check
from lstm_checks.bench import contenders
from lstm_checks.bench.calls import Calls, draw
from lstm_checks.bench.kit import LEVEL
from lstm_checks.bench.outcome import PASSES
from lstm_checks.bench.participant import Participant
from lstm_checks.bench.shapes import SMALL, Shape
from lstm_checks.bench.verify import Verifier
from lstm_checks.pytest_plugin import subject_of

ROUNDS = 7
BLOCK = 0.08
DTYPE = "float32"


class Clock:
    """Counts the seconds that calls took by the judge's clock, and no others."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Iterator[Participant]:
    """The subject in a process of its own; it has to pass the ladder first."""
    text = subject_of(pytestconfig)
    adapter = pytestconfig.getoption("--lstm-adapter")
    contender = contenders.subject(text, adapter)  # the plugin has seen that there is one
    report = check(text, adapter=adapter, level=LEVEL)
    if report.cause is not None:
        pytest.fail(f"it is not timed: {report.cause.id}: {report.cause.message}", pytrace=False)
    participant = Participant(contender)
    yield participant
    participant.close()


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("backward", [False, True], ids=PASSES.get)
@pytest.mark.parametrize("shape", SMALL, ids=str)
def test_time(subject: Participant, shape: Shape, backward: bool, benchmark: Any) -> None:
    if backward and not subject.has_backward:
        pytest.skip("the subject offers no backward")
    seed, draws = secrets.randbits(63), iter(range(1 << 30))

    def fresh(count: int) -> Calls:
        return draw(shape, DTYPE, count, (seed, next(draws)))

    verifier = Verifier(fresh(1), backward, DTYPE)
    subject.new_layer(shape, backward)
    k = subject.calls_for(fresh, BLOCK)

    def block() -> None:
        calls = fresh(k)
        timed = subject.timed(calls)
        CLOCK.now += timed.seconds
        verifier.begin(calls)
        for call, got in enumerate(timed.results):
            name, excess = verifier.worst(call, got, subject.offered)
            assert excess <= 1, f"{name} is off by {excess:.3g} times the tolerance"

    benchmark.group = f"{shape} {PASSES[backward]}"
    benchmark.extra_info |= {"calls_per_block": k, "dtype": DTYPE, "threads": 1}
    benchmark.pedantic(block, rounds=ROUNDS)
    found = subject.findings()
    assert not found, "; ".join(found)

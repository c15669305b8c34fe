"""Timings as pytest-benchmark items: `pytest --pyargs lstm_checks.bench --lstm FILE`.

One item a shape and pass, grouped by these, so that --benchmark-compare sets runs side by side.
A round is a block of calls in the subject's process, timed by the clock of this one; what is
recorded is a call's share of it. Every block is verified.
"""

import secrets
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from lstm_checks.api import ladder
from lstm_checks.bench import rivals
from lstm_checks.bench.calls import draw
from lstm_checks.bench.find import Watch
from lstm_checks.bench.measure import Participant
from lstm_checks.bench.outcome import Cell, Timing
from lstm_checks.bench.rivals import FLOOR, SUBJECT
from lstm_checks.bench.shapes import SMALL, Shape
from lstm_checks.bench.verify import Judge, Truth
from lstm_checks.sources import Unusable

BUNDLED = "lstm_reference.cells.lstm:LSTM"
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
    text = pytestconfig.getoption("--lstm") or BUNDLED
    adapter = pytestconfig.getoption("--adapter")
    try:
        contender = rivals.subject(text, adapter)
    except Unusable as error:
        raise pytest.UsageError(f"--lstm {text}: {error}") from None
    report = ladder(text, adapter=adapter, level="quick").report()
    if report.cause is not None:
        pytest.fail(f"it is not timed: {report.cause.id}: {report.cause.message}", pytrace=False)
    participant = Participant(contender, contender.forward, 1)
    participant.measure_overhead()
    yield participant
    participant.close()


@pytest.mark.skipif(find_spec("pytest_benchmark") is None, reason="needs pytest-benchmark")
@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("shape", SMALL, ids=str)
def test_time(subject: Participant, shape: Shape, backward: bool, request: Any) -> None:
    benchmark = request.getfixturevalue("benchmark")
    if backward and not subject.has_backward:
        pytest.skip("the subject offers no backward")
    seed, draws = secrets.randbits(63), iter(range(1 << 30))

    def fresh(count: int) -> Any:
        return draw(shape, DTYPE, count, (seed, next(draws)))

    warm_up = fresh(2)
    subject.new_layer(shape.D, shape.H, backward)
    k = subject.calls_for(fresh, BLOCK)
    cell = Cell(shape, backward, SUBJECT, FLOOR, {SUBJECT: Timing(k, subject.overhead)})
    watch = Watch()
    looking = watch.at(subject, cell, Judge.for_calls(warm_up, backward), warm_up)

    def staged() -> tuple[tuple[Any], dict[str, Any]]:
        calls = fresh(k)
        subject.stage(calls)
        return (calls,), {}

    def block(calls: Any) -> None:
        timed = subject.go(list(range(k)))
        CLOCK.now += timed.seconds
        looking.block(timed, calls, Truth(calls, backward))

    benchmark.group = f"{shape} {'both' if backward else 'forward'}"
    benchmark.extra_info |= {"calls_per_block": k, "dtype": DTYPE, "threads": 1}
    benchmark.pedantic(block, setup=staged, rounds=ROUNDS)
    found = watch.found(1)
    assert not found, "; ".join(found)

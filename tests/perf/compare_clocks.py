"""Whether two clocks agree: `python tests/perf/compare_clocks.py`.

The same function is timed by blocks in a process of its own, as `lstm-checks bench` does it, and
by torch.utils.benchmark in this process, in turns, with one thread each. The function is a call of
the reference's layer on inputs that it has not seen, whose results are kept. The program prints
the ratio of the two times, and also the ratio to a loop over the same inputs again and again whose
results are dropped, as in many benchmarks: there the inputs lie in the processor's cache, and
memory is used again.
"""

import secrets
import statistics
from importlib import import_module

import click
from torch.utils.benchmark import Timer

from lstm_checks.bench import contenders
from lstm_checks.bench.calls import Calls, draw
from lstm_checks.bench.outcome import Summary
from lstm_checks.bench.participant import Participant
from lstm_checks.bench.shapes import SMALL, Shape
from lstm_reference.cells.lstm import LSTM

BLOCK = 0.08


class Loop:
    """A call of a layer: on the next of some inputs, results kept; or on the first ones again."""

    def __init__(self, calls: Calls, shape: Shape, backward: bool, fresh: bool) -> None:
        self._layer = LSTM(shape.D, shape.H)
        self._layer.params = dict(calls.params)
        self._backward, self._fresh = backward, fresh
        # one copy a call, as in the timed process
        self._inputs = [
            (x.copy(), (h.copy(), c.copy()), dy.copy())
            for x, h, c, dy in zip(calls.x, calls.h, calls.c, calls.dy, strict=True)
        ]
        self._next = 0
        self._kept: list[object] = []

    def __call__(self) -> None:
        x, state, dy = self._inputs[self._next if self._fresh else 0]
        self._next += 1
        first = self._layer.forward(x, state)
        back = self._layer.backward(dy) if self._backward else None
        if self._fresh:
            self._kept.append((first, back))

    def seconds(self, count: int) -> float:
        """A call, by torch.utils.benchmark."""
        mean: float = Timer("call()", globals={"call": self}, num_threads=1).timeit(count).mean
        return mean


def ratios(
    participant: Participant, shape: Shape, backward: bool, turns: int
) -> tuple[Summary, Summary]:
    """The time by blocks over that by torch.utils.benchmark: the same function, and hot inputs."""
    seed, draws = secrets.randbits(63), iter(range(1 << 30))

    def fresh(count: int) -> Calls:
        return draw(shape, "float32", count, (seed, next(draws)))

    participant.new_layer(shape, backward)
    k = participant.calls_for(fresh, BLOCK)
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns):
        calls = fresh(k + max(2, k // 100))  # some for timeit's warm-up
        times: dict[str, float] = {}
        for who in ("blocks", "same", "hot") if turn % 2 else ("hot", "same", "blocks"):
            if who == "blocks":
                times[who] = participant.timed(calls.take(list(range(k)))).seconds
            else:
                times[who] = Loop(calls, shape, backward, who == "same").seconds(k)
        found[0].append(times["blocks"] / times["same"])
        found[1].append(times["blocks"] / times["hot"])
    return Summary.of(found[0]), Summary.of(found[1])


@click.command()
@click.option("--turns", type=click.IntRange(1), default=21, show_default=True)
@click.option("--shapes", "count", type=click.IntRange(1, len(SMALL)), default=len(SMALL))
def main(turns: int, count: int) -> None:
    """Print the ratios for each of the small shapes (the first COUNT of them)."""
    participant = Participant(contenders.subject("lstm_reference.cells.lstm:LSTM", None))
    click.echo("time by blocks over time by torch.utils.benchmark, median (quartiles)\n")
    click.echo("| N×T×D×H | pass | the same function | the same inputs each time |")
    click.echo("|---|---|--:|--:|")
    medians = []
    try:
        with import_module("threadpoolctl").threadpool_limits(1):
            for shape in SMALL[:count]:
                for backward in (False, True):
                    same, hot = ratios(participant, shape, backward, turns)
                    medians.append((same.median, hot.median))
                    cells = (
                        f"{one.median:.3f} ({one.low:.3f}–{one.high:.3f})" for one in (same, hot)
                    )
                    name = "both" if backward else "forward"
                    click.echo(f"| {shape.short} | {name} | {' | '.join(cells)} |")
    finally:
        participant.close()
    means = (statistics.geometric_mean(column) for column in zip(*medians, strict=True))
    click.echo(f"| geometric mean | | {' | '.join(f'{mean:.3f}' for mean in means)} |")


if __name__ == "__main__":
    main()

"""Whether two clocks agree: `python -m lstm_checks.bench.agreement`.

The same function, the reference's layer, is timed by blocks in a process of its own, as
`lstm-checks bench` does it, and by torch.utils.benchmark in this process, in turns, one thread
each. What is printed is the ratio of the two.
"""

import secrets
from importlib import import_module
from typing import Any

import click
from torch.utils.benchmark import Timer

from lstm_checks.bench import rivals
from lstm_checks.bench.calls import Calls, draw
from lstm_checks.bench.measure import Participant
from lstm_checks.bench.outcome import Summary
from lstm_checks.bench.shapes import SMALL, Shape
from lstm_reference.lstm import LSTM

BLOCK = 0.08
BOTH = "layer.forward(x, state); layer.backward(dy)"


def ratio(participant: Participant, shape: Shape, backward: bool, turns: int) -> Summary:
    """The time by blocks over the time by torch.utils.benchmark, turn by turn."""
    seed, draws = secrets.randbits(63), iter(range(1 << 30))

    def fresh(count: int) -> Calls:
        return draw(shape, "float32", count, (seed, next(draws)))

    participant.new_layer(shape.D, shape.H, backward)
    k = participant.calls_for(fresh, BLOCK)
    ratios = []
    for _ in range(turns):
        calls = fresh(k)
        participant.stage(calls)
        mine = participant.go(list(range(k))).seconds
        layer = LSTM(shape.D, shape.H)
        layer.params = dict(calls.params)
        names: dict[str, Any] = {"layer": layer, "x": calls.x[0], "dy": calls.dy[0]}
        names["state"] = calls.h[0], calls.c[0]
        statement = BOTH if backward else BOTH.partition(";")[0]
        timer = Timer(statement, globals=names, num_threads=1)
        timer.timeit(1)
        ratios.append(mine / timer.timeit(k).mean)
    return Summary.of(ratios)


@click.command()
@click.option("--turns", type=click.IntRange(1), default=7, show_default=True)
@click.option("--shapes", "count", type=click.IntRange(1, len(SMALL)), default=len(SMALL))
def main(turns: int, count: int) -> None:
    """Print the ratio for each of the small shapes (the first COUNT of them)."""
    contender = rivals.subject("lstm_reference.lstm:LSTM", None)
    participant = Participant(contender, contender.forward, 1)
    click.echo(
        "| B×T×D×H | pass | time by blocks over time by torch.utils.benchmark |\n|---|---|--:|"
    )
    try:
        participant.measure_overhead()
        with import_module("threadpoolctl").threadpool_limits(1):
            for shape in SMALL[:count]:
                for backward in (False, True):
                    one = ratio(participant, shape, backward, turns)
                    click.echo(
                        f"| {shape.short} | {'both' if backward else 'forward'} "
                        f"| {one.median:.3f} ({one.low:.3f}–{one.high:.3f}) |"
                    )
    finally:
        participant.close()


if __name__ == "__main__":
    main()

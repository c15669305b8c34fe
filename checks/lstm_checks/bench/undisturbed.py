"""Whether rivals and the floor are held up by the subject's process.

Processes of one user can stop, slow down and rewrite one another. So the rivals and the floor are
timed three times: before the subject's process is started; in turns with it; and, if a time was
much longer then, once more after it has ended. A machine that got slower meanwhile is slow then
too, and other programs that come and go hold up the subject as they hold up a rival. What is left
is a finding if all other times are steady, and a note if they are not.
"""

import statistics
from collections.abc import Sequence

from lstm_checks.bench.outcome import Timing

SLOWER = 1.5  # times, from which on a time is looked into
STEADY = 1.25  # the longest of some times over the shortest, on a machine with nothing else to do
TURNS = 3  # without the subject


def usual(timing: Timing) -> float:
    """The median time of a call, which is what the report's ratios are made of."""
    return statistics.median(timing.seconds)


def held_up(before: Timing, beside: Timing, after: Timing, subject: Timing) -> bool:
    """Whether a rival was held up while the subject's process was there, and not before and after.

    What stops it makes its time long and leaves its CPU time as it is; and it does so to the rival
    and not to the subject. What rewrites it or occupies its cores makes its CPU time long as well.
    """
    without = max(usual(before), usual(after))
    if usual(beside) <= SLOWER * without:
        return False
    work, worked = (
        statistics.median(one)
        for one in ([*before.cpu_seconds, *after.cpu_seconds], beside.cpu_seconds)
    )
    waiting = max(_waiting(subject), _waiting(before))
    return worked > SLOWER * work or _waiting(beside) > SLOWER * waiting


def steady(before: Timing, after: Timing, subject: Timing) -> bool:
    """Whether times without the subject agree, and so do its own: nothing else disturbs them."""
    groups = ([*before.seconds, *after.seconds], subject.seconds)
    return all(max(group) <= STEADY * min(group) for group in groups)


def _waiting(timing: Timing) -> float:
    """The time over the CPU time: 1 for one thread that has a core to itself."""
    return statistics.median(_over(timing.seconds, timing.cpu_seconds))


def _over(seconds: Sequence[float], cpu: Sequence[float]) -> list[float]:
    return [a / max(b, 1e-9) for a, b in zip(seconds, cpu, strict=True)]

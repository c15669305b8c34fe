"""What the times of a process show against it: threads, helpers, work between blocks, clocks."""

import operator
import statistics
from dataclasses import astuple, dataclass, field

from lstm_checks.bench.outcome import Timing

MORE_CPU = 1.1  # CPU time over wall time and threads
IDLE_CPU = 0.1  # share of the pauses
HELPERS = 0.05  # share of the wall time
WRONG_CLOCK = 0.1
STAGING = 0.25  # share of the CPU time of the calls
KIT = 1.5  # times what the floor's process takes for the same
HANDING = 0.005  # seconds of CPU time that handing over may take beyond these
ANSWERING = 0.002  # seconds of CPU time that a block's request and reply may take


def staging(mine: Timing, floor: Timing) -> str | None:
    """Whether the subject works while its weights and inputs are handed over, which is not timed.

    None of its own code has anything to do then, but what takes the weights. The floor's process
    shows what the kit itself does there: something once per block, and something for each call.
    Medians over the turns are compared, per block.
    """
    count = mine.calls_per_block
    spent, calls, kits = (
        statistics.median(one) * times
        for one, times in (
            (mine.staging_seconds, count),
            (mine.cpu_seconds, count),
            (floor.staging_seconds, max(count, floor.calls_per_block)),
        )
    )
    if spent <= KIT * kits + STAGING * calls + HANDING:
        return None
    return (
        "it works while weights and inputs are handed over, which is not timed: "
        f"{spent * 1e3:.3g} ms of CPU time per block, up to {kits * 1e3:.3g} ms of which are the "
        f"kit's own, beside {calls * 1e3:.3g} ms in the timed calls"
    )


@dataclass
class Evidence:
    """Sums over a process's timed blocks, in seconds.

    Attributes:
        wall, cpu: of the blocks, cpu being that of the process's own threads.
        idle_wall, idle_cpu: of the pauses between staging and the blocks.
        helpers: CPU time of all processes that it started, from staging to the block's end.
        perf_counter, monotonic, time: what these clocks of its own say the blocks took.
        said: findings from other sources, one sentence each.
    """

    blocks: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    idle_wall: float = 0.0
    idle_cpu: float = 0.0
    helpers: float = 0.0
    perf_counter: float = 0.0
    monotonic: float = 0.0
    time: float = 0.0
    said: list[str] = field(default_factory=list)

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(*map(operator.add, astuple(self), astuple(other)))

    def findings(self, threads: int) -> list[str]:
        """One sentence each; findings that are alike up to a colon are of one kind."""
        found = []
        if self.cpu > MORE_CPU * threads * self.wall + 0.02:
            found.append(
                f"more threads are at work than the {threads} asked for: {self.cpu:.2f} s of CPU "
                f"time within {self.wall:.2f} s"
            )
        if self.helpers > HELPERS * (self.wall + self.idle_wall) + 0.02:
            found.append(
                f"helper processes are at work: {self.helpers:.2f} s of CPU time, and "
                f"{self.cpu:.2f} s in the process that is timed"
            )
        if self.idle_cpu > max(IDLE_CPU * threads * self.idle_wall, 0.005):
            found.append(
                f"it works while the clock is stopped: {self.idle_cpu:.2f} s of CPU time in pauses "
                f"of {self.idle_wall:.2f} s before the timed blocks"
            )
        # CPU time that is spent elsewhere says nothing about the clocks.
        return self.said + (found or self._wrong_clock(threads))

    def _wrong_clock(self, threads: int) -> list[str]:
        """A right clock counts no less than the CPU time and no more than the time that passed."""
        least = (self.cpu / threads - self.blocks * ANSWERING) * (1 - WRONG_CLOCK)
        for name in ("perf_counter", "monotonic", "time"):
            counted = getattr(self, name)
            if not least <= counted <= self.wall * (1 + WRONG_CLOCK):
                return [
                    f"the clock in its process is wrong: time.{name} counts {counted:.3g} s where "
                    f"{self.wall:.3g} s passed by the judge's clock, which alone is used, and "
                    f"{self.cpu:.3g} s of CPU time were spent"
                ]
        return []

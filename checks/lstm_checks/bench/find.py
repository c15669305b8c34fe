"""What is watched for while a contender is timed, and what is then said about it.

Wrong results (a cache, work done in the warm-up, lower precision), results that are not finished
when a call returns, work outside the timed block, helpers and threads, a clock that was changed,
and answers that come faster where an input is repeated.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_checks.bench.calls import Calls
from lstm_checks.bench.measure import Block, Participant
from lstm_checks.bench.outcome import Cell
from lstm_checks.bench.verify import Judge, Truth, belongs
from lstm_checks.bench.worker import CLOCKS
from lstm_checks.broken import Broken
from lstm_checks.conventions import Array

MORE_CPU = 1.1  # CPU time over wall time and threads
IDLE_CPU = 0.1  # share of the pauses
HELPERS = 0.05  # share of the wall time
WRONG_CLOCK = 0.1
ANSWERING = 0.002  # seconds of CPU time that a block's request and reply may take
FASTER = 0.7  # a repeated input's time over that of a fresh one


@dataclass
class Watch:
    """The evidence about one contender, over all shapes."""

    wall: float = 0.0
    cpu: float = 0.0
    blocks: int = 0
    idle_wall: float = 0.0
    idle_cpu: float = 0.0
    helpers: float = 0.0
    clocks: list[float] = field(default_factory=lambda: [0.0] * len(CLOCKS))
    said: list[str] = field(default_factory=list)

    def at(
        self, participant: Participant, cell: Cell, judge: Judge, warm_up: Calls
    ) -> "WatchAtShape":
        return WatchAtShape(self, participant, cell, judge, {"the warm-up": warm_up})

    def account(self, block: Block) -> None:
        """Add up a block's times."""
        self.blocks += 1
        self.wall += block.wall
        self.cpu += block.cpu
        self.idle_wall += block.idle_wall
        self.idle_cpu += block.idle_cpu
        self.helpers += block.helpers
        self.clocks = [sum(pair) for pair in zip(self.clocks, block.clocks, strict=True)]

    def say(self, text: str) -> None:
        self.said.append(text)

    @property
    def share(self) -> float:
        """CPU time over wall time."""
        return self.cpu / self.wall if self.wall else 1.0

    def found(self, threads: int) -> list[str]:
        """What was found out, one sentence each; what comes before a colon is said once."""
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
        if self.idle_cpu > IDLE_CPU * threads * self.idle_wall and self.idle_cpu > 0.005:
            found.append(
                f"it works while the clock stands: {self.idle_cpu:.2f} s of CPU time in pauses of "
                f"{self.idle_wall:.2f} s before and after the timed blocks"
            )
        if found:  # CPU time that is spent elsewhere says nothing about the clocks
            return [*self.said, *found]
        # A right clock counts no less than the CPU time and no more than the time that passed.
        least, most = self.cpu / threads - self.blocks * ANSWERING, self.wall
        for name, counted in zip(CLOCKS, self.clocks, strict=True):
            if not least * (1 - WRONG_CLOCK) <= counted <= most * (1 + WRONG_CLOCK):
                found.append(
                    f"the clock in its process is not right: time.{name} counts {counted:.3g} s "
                    f"where {most:.3g} s passed by the judge's clock, which alone was used, and "
                    f"{self.cpu:.3g} s of CPU time were spent"
                )
                break
        return [*self.said, *found]


@dataclass
class WatchAtShape:
    """The same at one shape, where results can be verified."""

    watch: Watch
    participant: Participant
    cell: Cell
    judge: Judge
    earlier: dict[str, Calls]

    def block(self, block: Block, calls: Calls, truth: Truth) -> None:
        """Look at a block that has just been timed, and verify its results.

        Raises:
            Halted: the process ended or ran out of time.
        """
        self.watch.account(block)
        if block.odd:
            self.watch.say(
                f"results are no plain NumPy arrays: they are {', '.join(block.odd)}, whose "
                "conversion is timed with the call"
            )
        last = block.k - 1
        for call in (
            {secrets.randbelow(block.k), last}
            if self.cell.backward
            else {secrets.randbelow(block.k)}
        ):
            self._verify(call, block, calls, truth)
        self.earlier["an earlier block"] = calls.first(1)

    def _verify(self, call: int, block: Block, calls: Calls, truth: Truth) -> None:
        where = f"{self.cell.shape}, call {call} of {block.k}"
        shape = self.cell.shape
        try:
            got, marks = self.participant.results(call, shape.B, shape.T)
        except Broken as broken:
            self.watch.say(f"a timed call gives no result that could be verified: {broken.what}")
            return
        if not np.array_equal(marks, block.marks[call], equal_nan=True):
            self.watch.say(
                f"results are not finished when the call returns: at {where}, elements of the "
                "result had other values then than later"
            )
        tiny = {array.dtype: np.finfo(array.dtype).tiny for array in got.values()}
        self.cell.denormals += sum(
            int(np.sum((a != 0) & (np.abs(a) < tiny[a.dtype]))) for a in got.values()
        )
        expected = truth.of(call, self.participant.offered)
        name, excess = self.judge.worst(got, expected)
        timing = self.cell.timings[self.participant.contender.name]
        timing.error_over_tolerance = max(timing.error_over_tolerance, excess)
        if excess > 1:
            self.watch.say(
                f"a timed call's result is wrong: at {where}, {name} is off by {excess:.3g} times "
                f"the tolerance{self._reason(got, name, excess, calls, call)}"
            )

    def _reason(
        self, got: Mapping[str, Array], name: str, excess: float, calls: Calls, call: int
    ) -> str:
        lower = self.judge.precision_of(name, excess)
        if lower:
            return f", as in {lower}: it computes in lower precision than {self.judge.dtype}"
        whose = belongs(got["y"], calls, call, self.earlier, self.participant.offered, self.judge)
        return f"; it is right for {whose}" if whose else ""

    def repeated(self, draw: Callable[[int], Calls]) -> None:
        """Whether repeated inputs, the same objects or the same content, are answered faster.

        Raises:
            Broken, Halted: as from any call.
        """
        timing = self.cell.timings[self.participant.contender.name]
        count = max(3, timing.k)
        order = list(range(count))
        for says, same_object in (("content", False), ("objects", True)):
            ratios = []
            for _ in range(3):
                fresh = self._seconds(draw(count), order)
                calls = draw(count) if same_object else draw(count).repeated()
                again = self._seconds(calls, [0] * count if same_object else order)
                ratios.append(again / fresh)
                if ratios[-1] > FASTER:
                    break
            if max(ratios) <= FASTER:
                self.watch.say(
                    f"repeated inputs are answered faster: at {self.cell.shape}, inputs with the "
                    f"same {says} take {min(ratios):.2g} of the time of fresh ones; something is "
                    "kept between calls, which fresh inputs made useless here"
                )

    def _seconds(self, calls: Calls, order: list[int]) -> float:
        self.participant.stage(calls)
        block = self.participant.go(order)
        return block.cpu or block.wall  # CPU time stays as it is when others use the processor

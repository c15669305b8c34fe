"""The run: contenders in turns, shape by shape, each block's results verified afterwards."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_checks.bench import cpu_time, growth, machine
from lstm_checks.bench.calls import Calls, draw
from lstm_checks.bench.find import Watch
from lstm_checks.bench.measure import Participant
from lstm_checks.bench.outcome import Cell, Outcome, Timing
from lstm_checks.bench.rivals import FLOOR, FLOOR_CONTENDER, SUBJECT, Contender
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import Judge, Truth
from lstm_checks.broken import Broken
from lstm_checks.sources import Source
from lstm_checks.worker.process import Halted

SWEEP_TURNS = 3
SHARED = 0.95
Tick = Callable[[str, int], None]


@dataclass(frozen=True)
class Plan:
    """What is to be timed, and how.

    turns: how often each contender comes to its turn at a shape. block: seconds that a block of
    calls lasts at least. sweep: whether to measure growth too.
    """

    subject: Contender
    rivals: tuple[Contender, ...]
    shapes: tuple[Shape, ...]
    passes: tuple[bool, ...] = (False, True)
    threads: int = 1
    dtype: str = "float32"
    turns: int = 7
    block: float = 0.08
    sweep: bool = True
    seed: int = field(default_factory=lambda: secrets.randbits(63))

    def settings(self) -> dict[str, Any]:
        return {
            "shapes": [str(shape) for shape in self.shapes],
            "passes": ["both" if backward else "forward" for backward in self.passes],
            "threads": self.threads,
            "dtype": self.dtype,
            "turns": self.turns,
            "block_seconds": self.block,
            "seed": self.seed,
        }

    def steps(self) -> int:
        """How many ticks the run makes."""
        cells = len(self.shapes) * len(self.passes) * self.turns
        swept = {shape for letter in growth.SWEEPS for shape in growth.shapes(letter)}
        return cells + (len(swept) * SWEEP_TURNS if self.sweep else 0)


class Gone(Exception):
    """The subject cannot be timed any further; the message says why."""


class Bench:
    """One run of a plan."""

    def __init__(self, plan: Plan, verdict: str, tick: Tick) -> None:
        self._plan = plan
        self._tick = tick
        self._processes: dict[tuple[str, Source], Participant] = {}
        self._turn = 0
        self.watch: dict[str, Watch] = {}
        everyone = (plan.subject, *plan.rivals, FLOOR_CONTENDER)
        self.outcome = Outcome(
            subject=plan.subject.says,
            verdict=verdict,
            settings=plan.settings(),
            machine=machine.describe(plan.threads),
            contenders={one.name: {"is": one.says} for one in everyone},
        )

    def run(self) -> Outcome:
        """Measure everything that the plan asks for.

        Raises:
            Gone: the subject cannot be timed.
        """
        begun = time.perf_counter()
        plan = self._plan
        try:
            passes = [backward for backward in plan.passes if self._offers(backward)]
            for shape in plan.shapes:
                for backward in passes:
                    everyone = [plan.subject, *plan.rivals, FLOOR_CONTENDER]
                    cell = self.cell(shape, backward, everyone, plan.turns)
                    self.outcome.cells.append(cell)
            if plan.sweep and passes:
                self._grow(passes[-1])
        finally:
            for participant in self._processes.values():
                participant.close()
        self.outcome.machine["load_after"] = machine.load()
        self.outcome.seconds = time.perf_counter() - begun
        for name, watch in self.watch.items():
            for what in watch.found(plan.threads) if name != FLOOR else ():
                self.outcome.find(name, what)
        share = self.watch[FLOOR].share if FLOOR in self.watch else 1.0
        self.outcome.machine["share_of_a_core"] = share
        if share < SHARED:
            self.outcome.note(
                f"others use the processor: the floor, timed, had {share:.0%} of a core's time"
            )
        if not cpu_time.AVAILABLE:
            self.outcome.note("there is no /proc here: CPU time and memory were not looked at")
        return self.outcome

    def _offers(self, backward: bool) -> bool:
        with self._blamed(self._plan.subject):
            subject = self._participant(self._plan.subject, backward)
        if backward and not subject.has_backward:
            self.outcome.note("the subject offers no backward: both passes were not timed")
            return False
        return True

    def _participant(self, contender: Contender, backward: bool) -> Participant:
        key = contender.name, contender.source(backward)
        if key not in self._processes:
            started = self._processes[key] = Participant(contender, key[1], self._plan.threads)
            started.measure_overhead()
            self.outcome.contenders[contender.name] |= started.said
        return self._processes[key]

    @contextmanager
    def _blamed(self, contender: Contender) -> Iterator[None]:
        """What goes wrong in the subject ends the run; a rival is only left out of the shape."""
        try:
            yield
        except (Broken, Halted) as error:
            text = error.text if isinstance(error, Halted) else str(error)
            if contender.name == SUBJECT:
                raise Gone(f"{contender.says}: {text}") from None
            raise _Left(text) from None

    # One shape ---------------------------------------------------------------------------------

    def cell(
        self,
        shape: Shape,
        backward: bool,
        everyone: list[Contender],
        turns: int,
        saying: str = "",
    ) -> Cell:
        """All contenders at one shape, in turns whose order rotates."""
        plan = self._plan
        cell = Cell(shape, backward, SUBJECT, FLOOR)
        doing = f"{saying}{shape} {'forward and backward' if backward else 'forward'}"
        warm_up = self._draw(shape, 2)
        judge = Judge.for_calls(warm_up, backward)
        cell.denormals += _denormals(warm_up.x, warm_up.h, warm_up.c, warm_up.dy)
        field: list[tuple[Contender, Participant]] = []
        for contender in everyone:
            try:
                with self._blamed(contender):
                    participant = self._participant(contender, backward)
                    cell.timings[contender.name] = self._ready(
                        participant, shape, backward, warm_up
                    )
                    field.append((contender, participant))
            except _Left as left:
                self._leave_out(contender, cell, left)
        watching = {
            contender.name: self.watch.setdefault(contender.name, Watch()).at(
                participant, cell, judge, warm_up
            )
            for contender, participant in field
        }
        for turn in range(turns):
            self._tick(doing, 0)
            most = max(cell.timings[contender.name].k for contender, _ in field)
            calls = self._draw(shape, most)
            truth = Truth(calls, backward)
            order = field[turn % len(field) :] + field[: turn % len(field)]
            for contender, participant in order:
                mine = calls.first(cell.timings[contender.name].k)
                try:
                    with self._blamed(contender):
                        participant.stage(mine)
                        block = participant.go(list(range(len(mine))))
                        cell.timings[contender.name].seconds.append(block.seconds)
                        if cpu_time.AVAILABLE:
                            cell.timings[contender.name].cpu.append(block.cpu / block.k)
                        if contender.name == FLOOR:
                            self.watch[FLOOR].account(block)
                        else:
                            watching[contender.name].block(block, mine, truth)
                except _Left as left:
                    field = [one for one in field if one[0] is not contender]
                    self._leave_out(contender, cell, left)
            self._tick(doing, 1)
        if len(everyone) > 1:
            with self._blamed(plan.subject):
                watching[SUBJECT].repeated(lambda k: self._draw(shape, k))
        return cell

    def _ready(
        self, participant: Participant, shape: Shape, backward: bool, warm_up: Calls
    ) -> Timing:
        participant.new_layer(shape.D, shape.H, backward)
        participant.stage(warm_up)
        participant.go([0])  # libraries make their buffers and choose their ways here
        memory = None
        if participant.contender.name != FLOOR:
            memory = participant.peak_memory(warm_up, backward)
        k = participant.calls_for(lambda count: self._draw(shape, count), self._plan.block)
        return Timing(k, participant.overhead, memory=memory)

    def _leave_out(self, contender: Contender, cell: Cell, left: "_Left") -> None:
        cell.timings.pop(contender.name, None)
        self.outcome.note(f"{contender.name} is left out at {cell.shape}: {left}")
        key = contender.name, contender.source(cell.backward)
        if key in self._processes:
            self._processes.pop(key).close()

    def _draw(self, shape: Shape, count: int) -> Calls:
        """Fresh calls: no two draws of a run are the same."""
        self._turn += 1
        return draw(shape, self._plan.dtype, count, (self._plan.seed, self._turn))

    # Growth ------------------------------------------------------------------------------------

    def _grow(self, backward: bool) -> None:
        done: dict[Shape, Cell] = {}
        for letter in growth.SWEEPS:
            cells: list[Cell] = []
            for shape in growth.shapes(letter):
                expected = growth.forecast(cells, shape)
                if expected > growth.LONGEST:
                    self.outcome.note(
                        f"growth with {letter} was not measured at {shape}, where a call would "
                        f"take about {expected:.0f} s"
                    )
                    continue
                if shape not in done:
                    done[shape] = self.cell(
                        shape, backward, [self._plan.subject], SWEEP_TURNS, "growth, "
                    )
                cells.append(done[shape])
            self.outcome.growth.append(growth.fitted(letter, cells))


class _Left(Exception):
    """A rival that could not be timed; the message says why."""


def _denormals(*arrays: Any) -> int:
    return sum(int(np.sum((a != 0) & (np.abs(a) < np.finfo(a.dtype).tiny))) for a in arrays)


__all__ = ["Bench", "Gone", "Plan"]

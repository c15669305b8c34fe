"""The run: contenders in turns, shape by shape; the results of every block are verified."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lstm_checks.bench import evidence, growth, machine, undisturbed
from lstm_checks.bench.calls import Calls, denormals, draw
from lstm_checks.bench.contenders import FLOOR, SUBJECT, Contender
from lstm_checks.bench.kit import in_words
from lstm_checks.bench.outcome import PASSES, TITLES, Comparison, Outcome, Timing
from lstm_checks.bench.participant import Participant
from lstm_checks.bench.process_tree import Scheduling
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import Verifier
from lstm_checks.findings import Breach
from lstm_checks.launch.channel import Halted

SWEEP_TURNS = 3
FASTER = 0.7  # a repeated input's time over that of a fresh one
TRIES = 3
HELD_UP = "is held up while the subject's process is there"
REPEATS = 5  # calls at least
Tick = Callable[[str, int], None]


@dataclass(frozen=True)
class Plan:
    """What is to be timed, and how.

    Attributes:
        device: "cpu" or "cuda"; on the latter all contenders are on tensors.
        turns: how often each contender comes to its turn at a shape.
        block: seconds that a block of calls lasts at least.
        growth: whether to measure growth too.
    """

    subject: Contender
    rivals: tuple[Contender, ...]
    floor: Contender
    shapes: tuple[Shape, ...]
    passes: tuple[bool, ...] = (False, True)
    threads: int = 1
    dtype: str = "float32"
    device: str = "cpu"
    turns: int = 7
    block: float = 0.08
    growth: bool = True
    seed: int = field(default_factory=lambda: secrets.randbits(63))

    @property
    def others(self) -> tuple[Contender, ...]:
        return (*self.rivals, self.floor)

    @property
    def everyone(self) -> tuple[Contender, ...]:
        return (self.subject, *self.others)

    def settings(self) -> dict[str, Any]:
        names = ("threads", "dtype", "device", "turns", "block", "seed")
        return {
            "shapes": [str(shape) for shape in self.shapes],
            "passes": [PASSES[backward] for backward in self.passes],
            **{name: getattr(self, name) for name in names},
        }

    def steps(self) -> int:
        """How many ticks the run makes."""
        swept = {shape for letter in growth.SWEEPS for shape in growth.shapes(letter)}
        timed = len(self.shapes) * len(self.passes) * (self.turns + undisturbed.TURNS)
        return timed + (len(swept) * SWEEP_TURNS if self.growth else 0)


class Gone(Exception):
    """The subject cannot be timed; the message says why."""


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, verdict: str, tick: Tick) -> None:
        self._plan = plan
        self._tick = tick
        self._running: dict[str, Participant] = {}
        self._draws = 0
        self.outcome = Outcome(
            subject=plan.subject.says,
            verdict=verdict,
            settings=plan.settings(),
            machine=machine.describe(plan.threads, plan.device),
            contenders={one.name: {"is": one.says} for one in plan.everyone},
        )

    def run(self) -> Outcome:
        """Measure everything that the plan asks for.

        Raises:
            Gone: the subject cannot be timed.
        """
        plan, outcome, begun = self._plan, self.outcome, time.perf_counter()
        try:
            passes = self._passes()
            cases = [(shape, backward) for shape in plan.shapes for backward in passes]
            before = [self._compare(*case, plan.others, undisturbed.TURNS) for case in cases]
            scheduled = {name: (one, one.scheduling()) for name, one in self._running.items()}
            for case in cases:
                outcome.comparisons.append(self._compare(*case, plan.everyone, plan.turns))
            if plan.growth and passes:
                self._grow(passes[-1])
            self._see_scheduling(scheduled)
            self._see_held_up(before)
        except (Breach, Halted) as error:
            raise Gone(f"{plan.subject.says}: {in_words(error)}") from None
        finally:
            for name in list(self._running):
                self._end(name)
        outcome.machine["load_after"] = machine.load()
        outcome.seconds = time.perf_counter() - begun
        return outcome

    def _passes(self) -> tuple[bool, ...]:
        """The passes that the subject offers, by a process that ends before any timing begins."""
        plan = self._plan
        trial = Participant(plan.subject, plan.threads, plan.device, plan.dtype)
        trial.close()
        if True not in plan.passes or trial.has_backward:
            return plan.passes
        self.outcome.note("the subject offers no backward: both passes were not timed")
        return tuple(backward for backward in plan.passes if not backward)

    # Contenders --------------------------------------------------------------------------------

    def _participant(self, contender: Contender) -> Participant:
        name, plan = contender.name, self._plan
        if name not in self._running:
            self._running[name] = Participant(contender, plan.threads, plan.device, plan.dtype)
        return self._running[name]

    def _end(self, name: str) -> None:
        participant = self._running.pop(name)
        told, timed = self.outcome.contenders[name], participant.evidence.cpu
        told |= participant.said
        told["cpu_seconds"] = told.get("cpu_seconds", 0.0) + participant.cpu_seconds()
        told["cpu_seconds_timed"] = told.get("cpu_seconds_timed", 0.0) + timed
        participant.close()
        for what in participant.findings() if name != FLOOR else ():
            self.outcome.find(name, what)

    @contextmanager
    def _left_out(self, name: str, compared: Comparison) -> Iterator[None]:
        """A rival that cannot go on is left out of this shape; without the subject the run ends."""
        try:
            yield
        except (Breach, Halted) as error:
            if name == SUBJECT:
                raise
            compared.timings.pop(name, None)
            where = f"{compared.shape}, {PASSES[compared.backward]}"
            self.outcome.note(f"{name} is left out at {where}: {in_words(error)}")
            if name in self._running:
                self._end(name)

    # One shape ---------------------------------------------------------------------------------

    def _compare(
        self, shape: Shape, backward: bool, everyone: tuple[Contender, ...], turns: int
    ) -> Comparison:
        """Contenders at one shape, in turns whose order rotates."""
        compared = Comparison(shape, backward)
        doing = f"{shape} {TITLES[backward]}"
        self._tick(doing, 0)
        warm_up = self._draw(shape, 2)
        verifier = Verifier(warm_up, backward, self._plan.dtype)
        for contender in everyone:
            with self._left_out(contender.name, compared):
                compared.timings[contender.name] = self._ready(contender, compared, warm_up)
        for turn in range(turns):
            if not compared.timings:
                break
            most = max(timing.calls_per_block for timing in compared.timings.values())
            calls = self._draw(shape, most)
            verifier.begin(calls)
            compared.denormals += calls.denormals
            place = turn % len(everyone)
            for name in [one.name for one in everyone[place:] + everyone[:place]]:
                if name in compared.timings:
                    with self._left_out(name, compared):
                        self._turn(name, compared, calls, verifier)
            self._tick(doing, 1)
        if SUBJECT in compared.timings and FLOOR in compared.timings:
            said = evidence.staging(compared.mine, compared.timings[FLOOR])
            if said:
                self.outcome.find(SUBJECT, f"{said}, at {shape}")
        if SUBJECT in compared.timings and len(everyone) > 1:
            self._repeat(shape, compared.mine.calls_per_block)
        return compared

    def _ready(self, contender: Contender, compared: Comparison, warm_up: Calls) -> Timing:
        """Start it, let it warm up, and choose how many calls make a block."""
        shape = compared.shape
        participant = self._participant(contender)
        participant.new_layer(shape, compared.backward)
        participant.stage(warm_up)
        participant.go([0])  # libraries make their buffers and choose their ways here
        memory = participant.peak_memory(warm_up)
        k = participant.calls_for(lambda count: self._draw(shape, count), self._plan.block)
        return Timing(k, memory=memory)

    def _draw(self, shape: Shape, count: int) -> Calls:
        """Fresh calls: no two draws of a run are the same."""
        self._draws += 1
        return draw(shape, self._plan.dtype, count, (self._plan.seed, self._draws))

    def _turn(self, name: str, compared: Comparison, calls: Calls, verifier: Verifier) -> None:
        """Time a block, and hold all its results against the reference's."""
        timing, participant = compared.timings[name], self._running[name]
        block = participant.timed(
            calls.take(list(range(timing.calls_per_block))), fetch=name != FLOOR
        )
        timing.seconds.append(block.seconds)
        timing.cpu_seconds.append(block.cpu_seconds)
        timing.staging_seconds.append(block.staging_seconds)
        for call, got in enumerate(block.results):
            compared.denormals += sum(map(denormals, got.values()))
            worst, excess = verifier.worst(call, got, participant.offered)
            timing.error_over_tolerance = max(timing.error_over_tolerance, excess)
            if excess > 1:
                reason = verifier.reason(call, got, worst, excess, participant.offered)
                self.outcome.find(
                    name,
                    f"a timed call's result is wrong: at {compared.shape}, call {call} of "
                    f"{len(block.results)}, {worst} is off by {excess:.3g} times the "
                    f"tolerance{reason}",
                )
                return

    def _repeat(self, shape: Shape, count: int) -> None:
        """Look whether the subject answers repeated inputs faster: the same content or objects."""
        for says, same_object in (("content", False), ("objects", True)):
            shares: list[float] = []
            while len(shares) < TRIES and max(shares, default=0.0) <= FASTER:
                share = self._running[SUBJECT].repeated_over_fresh(
                    lambda k: self._draw(shape, k), max(REPEATS, count), same_object
                )
                shares.append(share)
            if max(shares) <= FASTER:
                self.outcome.find(
                    SUBJECT,
                    f"repeated inputs are answered faster: at {shape}, inputs with the same {says} "
                    f"take {min(shares):.2g} of the time of fresh ones; something is kept between "
                    "calls, which fresh inputs made useless here",
                )

    # What the subject's process does to others ---------------------------------------------------

    def _see_scheduling(self, scheduled: Mapping[str, tuple[Participant, Scheduling]]) -> None:
        """Whether others' priorities or cores are what they were before the subject was there."""
        for name, (participant, then) in scheduled.items():
            if self._running.get(name) is participant and participant.scheduling() != then:
                self.outcome.find(
                    SUBJECT,
                    f"{name}'s process has another priority or other cores since the subject's "
                    f"process was started: {then} before, {participant.scheduling()} now",
                )

    def _see_held_up(self, before: list[Comparison]) -> None:
        """Compare others' times with those before the subject's process and, if need be, after."""
        if SUBJECT in self._running:
            self._end(SUBJECT)
        for participant in self._running.values():
            participant.resume()
        slow = False
        for beside, alone in zip(self.outcome.comparisons, before, strict=True):
            both = beside.timings.keys() & alone.timings.keys()
            beside.slower = {
                name: undisturbed.usual(beside.timings[name])
                / undisturbed.usual(alone.timings[name])
                for name in beside.others
                if name in both
            }
            if max(beside.slower.values(), default=0.0) > undisturbed.SLOWER:
                slow = True
                self._see_one_held_up(beside, alone)
        said = [*self.outcome.notes, *(one.what for one in self.outcome.findings)]
        if slow and not any(HELD_UP in one for one in said):
            self.outcome.note(
                "a rival or the floor was slower beside the subject than before it was started; "
                "timed once more after it ended, nothing shows that the subject held it up"
            )

    def _see_one_held_up(self, beside: Comparison, alone: Comparison) -> None:
        shape, backward = beside.shape, beside.backward
        after = self._compare(shape, backward, self._plan.others, undisturbed.TURNS)
        for name in beside.slower:
            if name not in after.timings:
                continue
            times = [one.timings[name] for one in (alone, beside, after)]
            if not undisturbed.held_up(times[0], times[1], times[2], beside.mine):
                continue
            first, second, third = (f"{undisturbed.usual(one) * 1e3:.3g}" for one in times)
            said = (
                f"{name} {HELD_UP}: at {shape}, {PASSES[backward]}, a call takes {second} ms "
                f"beside it, {first} ms before it was started and {third} ms after it ended"
            )
            if undisturbed.steady(times[0], times[2], beside.mine):
                self.outcome.find(SUBJECT, said)
            else:
                self.outcome.note(
                    f"{said}; other programs are at work too, so run it again on a quiet machine"
                )

    # Growth ------------------------------------------------------------------------------------

    def _grow(self, backward: bool) -> None:
        measured: dict[Shape, Comparison] = {}
        for letter in growth.SWEEPS:
            done: list[Comparison] = []
            for shape in growth.shapes(letter):
                expected = growth.forecast(done, shape)
                if expected > growth.LONGEST:
                    self.outcome.note(
                        f"growth with {letter} was not measured at {shape}, where a call would "
                        f"take about {expected:.0f} s"
                    )
                    continue
                if shape not in measured:
                    alone = (self._plan.subject,)
                    measured[shape] = self._compare(shape, backward, alone, SWEEP_TURNS)
                done.append(measured[shape])
            self.outcome.growth.append(growth.fitted(letter, done))

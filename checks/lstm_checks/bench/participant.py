"""A contender that runs in a process of its own, timed by the judge's clock, block by block.

Weights are written and inputs staged first. While the clock runs, only "go" and "done" cross the
channel. "Done" brings a digest of all results of every call; then all of them are fetched, and
have to be those of the digests. What is taken off the time is nothing that the process could make
longer: only what the judge itself needs for the same digests.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from lstm_checks.bench import process_tree
from lstm_checks.bench.calls import Calls
from lstm_checks.bench.contenders import Contender
from lstm_checks.bench.evidence import Evidence
from lstm_checks.bench.kit import TimedSubject
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import GIVEN, Results
from lstm_checks.worker.digest import DIGEST, digest

PAUSE = 0.02  # seconds before a block in which there is nothing to do
AWAKE = 0.005  # seconds of empty blocks after a pause, from which a processor wakes up slowly
MOST_CALLS = 2048  # in a block
MOST_BYTES = 1 << 28  # of the inputs and results of a block
ROOM = 4  # how many times what is due a reply may hold
LARGE = 1 << 26  # bytes of results, from which on they are fetched one array at a time


@dataclass(frozen=True)
class Block:
    """One timed block: seconds per call by the clock and of CPU time, and the results of each call.

    staging_seconds is the CPU time per call for taking weights and inputs, which is not timed.
    """

    seconds: float
    cpu_seconds: float
    staging_seconds: float
    results: list[Results]


class Participant:
    """A contender's process. Close it when done.

    Args:
        threads: how many threads its linear algebra may use.
        device: "cpu" or "cuda"; only contenders on tensors look at it and at the dtype.

    Raises, from every method:
        Breach: its code raised, or its results do not have the form of the contract.
        Halted: its process ended or ran out of time.
    """

    def __init__(
        self, contender: Contender, threads: int = 1, device: str = "cpu", dtype: str = "float32"
    ) -> None:
        self._subject = TimedSubject(contender.source, threads, device, dtype)
        self._threads, self._on_cuda = threads, device == "cuda"
        self._tree = process_tree.Tree(self._subject.root, self._subject.pid)
        self.said = self._subject.said
        self.offered = frozenset(name for name in GIVEN if self._subject.offers(name))
        self.has_backward = self._subject.offers("backward")
        self.evidence = Evidence()

    def close(self) -> None:
        self._subject.close()

    def cpu_seconds(self) -> float:
        """CPU seconds of the process and of all that it started, from its start to now."""
        return self._tree.own() + self._tree.helpers()

    def resume(self) -> None:
        """Let it go on, in case that another process has stopped it."""
        self._tree.resume()

    def scheduling(self) -> process_tree.Scheduling:
        """Its niceness, and the cores that it may use."""
        return self._tree.scheduling()

    def findings(self) -> list[str]:
        """What its times show against it, one sentence each."""
        return self.evidence.findings(self._threads)

    # Blocks ------------------------------------------------------------------------------------

    def new_layer(self, shape: Shape, backward: bool) -> None:
        """Make a layer; all that follows is about it."""
        self._shape, self._backward = shape, backward
        self._subject.create(shape.D, shape.H)

    def stage(self, calls: Calls) -> float:
        """Begin a block: write the weights, and hand over the inputs of the calls to come.

        Gives the CPU seconds that handing over takes in the process, which are not timed. What it
        does before that, such as collecting garbage, it does without knowing the inputs.
        """
        self._subject.clear()
        before = self._tree.own()
        self._subject.write(calls.params)
        for number in range(len(calls)):
            x, h, c, dy = calls[number]
            self._subject.stage(x, h, c, dy if self._backward else None)
        return self._tree.own() - before

    def go(self, order: list[int]) -> tuple[Evidence, bytes]:
        """Run the staged calls in this order: the times of it, and the digests of the results."""
        begun, idle = time.perf_counter(), self._tree.own()
        time.sleep(PAUSE)
        idle_wall, idle_cpu = time.perf_counter() - begun, self._tree.own() - idle
        while time.perf_counter() - begun < idle_wall + AWAKE:
            self._subject.go([], self._backward)
        cpu, begun = self._tree.own(), time.perf_counter()
        done = self._subject.go(order, self._backward)
        wall = time.perf_counter() - begun
        cpu = self._tree.own() - cpu
        seen = Evidence(1, wall, cpu, idle_wall, idle_cpu, 0.0, *done.clocks)
        if done.odd:
            seen.said.append(
                f"results are not plain NumPy arrays: they are {', '.join(done.odd)}; making "
                "arrays of them is timed with the call"
            )
        return seen, done.digests

    def timed(self, calls: Calls, fetch: bool = True) -> Block:
        """Stage these calls, run and time them, and fetch all their results, if there are any."""
        helpers = self._tree.helpers()
        staging = self.stage(calls)
        seen, digests = self.go(list(range(len(calls))))
        seen.helpers = self._tree.helpers() - helpers
        own: list[float] = []  # the judge's time for each call's digest
        results = []
        for call in range(len(calls) if fetch else 0):
            bytes_ = self._bytes()
            returned = self._subject.fetch(call, self._backward, ROOM * bytes_, bytes_ > LARGE)
            if not self._on_cuda:
                begun = time.thread_time()
                mine = digest(array for part in returned for array in part)
                own.append(time.thread_time() - begun)
                if mine != digests[call * DIGEST : (call + 1) * DIGEST]:
                    seen.said.append(
                        "results are not finished when the call returns: at "
                        f"{self._shape}, call {call} of {len(calls)}, they were changed later"
                    )
            results.append(self._subject.native(returned, self._backward))
        self.evidence += seen
        # The least of them: whoever keeps the processor busy meanwhile must not gain by it.
        less = min(own, default=0.0)
        seconds, cpu = (max(one / len(calls) - less, 1e-9) for one in (seen.wall, seen.cpu))
        return Block(seconds, cpu, staging / len(calls), results)

    def _bytes(self) -> int:
        """About what the inputs and results of a call take."""
        shape, weights = self._shape, 4 * self._shape.H if self._backward else 0
        return 8 * (shape.D + shape.H) * (shape.N * (shape.T + 2) + weights)

    def calls_for(self, draw: Callable[[int], Calls], seconds: float) -> int:
        """Warm up, and say how many calls last about this long; `draw(k)` gives k fresh calls."""
        count, most = 1, max(1, min(MOST_CALLS, MOST_BYTES // self._bytes()))
        needed = 1
        for _ in range(5):
            self.stage(draw(count))
            seen, _ = self.go(list(range(count)))
            needed = min(math.ceil(seconds * count / seen.wall), most)
            if needed <= 2 * count:
                break
            count = min(needed, 8 * count)
        return needed

    def repeated_over_fresh(
        self, draw: Callable[[int], Calls], count: int, same_object: bool
    ) -> float:
        """The CPU time of calls that all have the first one's input, over that of fresh calls.

        The input is one object staged once, or as many objects of the same content. Whatever is
        kept between calls makes this small.
        """
        everyone, first = list(range(count)), [0] * count
        self.stage(draw(count))
        fresh, _ = self.go(everyone)
        self.stage(draw(count) if same_object else draw(count).take(first))
        again, _ = self.go(first if same_object else everyone)
        return again.cpu / max(fresh.cpu, 1e-9)

    def peak_memory(self, calls: Calls) -> int | None:
        """The peak of what a new layer's first call takes, in bytes; None where it is not known.

        It is the rise of the process's peak resident memory (VmHWM in /proc), on CUDA of torch's
        own account. Results, and what is kept for backward, are part of it.
        """
        self.new_layer(self._shape, self._backward)
        self.stage(calls.take([0]))
        held, pid = self._subject.tidy(), self._subject.pid
        before = held if self._on_cuda else process_tree.reset_peak(pid)
        self.go([0])
        after = self._subject.cuda_peak() if self._on_cuda else process_tree.peak(pid)
        return None if before is None or after is None else max(0, after - before)

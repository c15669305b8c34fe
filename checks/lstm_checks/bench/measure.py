"""One contender in a process of its own, timed by the judge's clock, block by block.

A block: new weights are written, k new inputs are staged, and then "go" and "done" are all that
crosses while the clock runs. The time of an empty block is taken off.
"""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_checks.bench import cpu_time
from lstm_checks.bench.calls import Calls, draw
from lstm_checks.bench.rivals import Contender
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import Offered
from lstm_checks.broken import Broken
from lstm_checks.conventions import Array
from lstm_checks.layer import Layer
from lstm_checks.sources import Source, Unusable
from lstm_checks.subject import Subject, unwrapped
from lstm_checks.worker.process import Limits, Process
from lstm_checks.worker.wire import MAX_ARRAYS

LIMITS = Limits(load=120.0, call=600.0, run=86400.0)
PAUSE = 0.01  # seconds before and after a block in which nothing is to be done
AWAKE = 0.005  # seconds of empty blocks after a pause, from which a processor wakes up slowly
KEY = 0  # of the layer that is timed; those that Subject makes count from 1
PLACES = 2  # elements of y and of dx that every call must show at once
MOST_CALLS = 2048  # in a block


@dataclass(frozen=True)
class Block:
    """One block of k calls, as the judge saw it.

    seconds: a call, the channel's time taken off. wall, cpu: of the whole block, the CPU time
    being that of the process's own threads. idle_wall, idle_cpu: of the pauses around it.
    helpers: CPU time of other processes that it started, pauses included. clocks: what the
    process's own clocks say the block took.
    """

    k: int
    seconds: float
    wall: float
    cpu: float
    idle_wall: float
    idle_cpu: float
    helpers: float
    clocks: tuple[float, ...]
    marks: Array
    odd: tuple[str, ...]


class Timed(Layer):
    """A layer whose weights cross one at a time, since large ones do not fit into one frame."""

    def __init__(self, subject: Subject, input_size: int, hidden_size: int) -> None:
        self._subject, self._key = subject, KEY
        self.D, self.H = input_size, hidden_size
        self._N = self._T = 0
        # What the weights are called is seen on a small layer, as soon as they are written.
        names = subject.layer(draw(Shape(1, 1, 2, 3), "float64", 1, (0,)).params)._names
        subject.begin()
        subject.ask(
            "create",
            KEY,
            input_size=input_size,
            hidden_size=hidden_size,
            stateful=False,
            weights={},
        )
        self._names = names
        biases = subject.conventions.weight_names("b", self._names)
        self.found = subject.ask("read", KEY, names=list(biases))
        self._shapes = {
            name: array.shape for name, array in self.found.items() if isinstance(array, np.ndarray)
        }

    def write(self, params: Any) -> None:
        for name, array in self._subject.conventions.weights_out(params, self._names).items():
            if array.nbytes > MAX_ARRAYS:
                raise Unusable(
                    f"{name} {array.shape} takes {array.nbytes >> 20} MB; the most that an "
                    f"array may take on its way to the subject is {MAX_ARRAYS >> 20} MB"
                )
            self._subject.ask("write", self._key, weights={name: self._fitted(name, array)})

    def parsed(self, fetched: dict[str, Any], shape: tuple[int, int]) -> dict[str, Array]:
        """The results that were fetched, native, by name. Raises Broken: they have no such form."""
        self._N, self._T = shape
        y, h, c = self._parsed_forward(fetched["first"])
        found: dict[str, Array | None] = {"y": y, "h": h, "c": c}
        if fetched["back"] is not None:
            dx, dh0, dc0 = self._parsed_input_gradients(fetched["back"])
            found |= {"dx": dx, "dh0": dh0, "dc0": dc0}
        if fetched["grads"] is not None:
            weights = self._parsed_grads(fetched["grads"])
            found |= {f"d{which}": next(iter(weights[which].values())) for which in "WU"}
            found |= {f"db {name}": array for name, array in weights["b"].items()}
        return {name: array for name, array in found.items() if array is not None}


class Participant:
    """A contender's process. Close it when done.

    Raises, from every method:
        Broken: its code raised, or what it gives has not the form of the contract.
        Halted: its process ended or ran out of time.
    """

    def __init__(self, contender: Contender, source: Source, threads: int) -> None:
        self.contender = contender
        with cpu_time.marked() as mark:
            self._process = Process("lstm_checks.bench.worker", threads)
        self.pid = self._process._process.pid  # Process does not say it
        self._tree = cpu_time.Tree(self.pid, mark)
        try:
            self._subject = Subject.load(self._process, source, LIMITS)
            self.said: dict[str, Any] = self._ask("threads", count=threads)
        except BaseException:
            self.close()
            raise
        self._layer: Timed | None = None
        self._backward = False
        self.overhead = 0.0

    @property
    def offered(self) -> Offered:
        names = ("initial_h", "initial_c", "final_h", "final_c", "bias")
        return Offered(**{name: self._subject.offers(name) for name in names})

    @property
    def has_backward(self) -> bool:
        return self._subject.offers("backward")

    def close(self) -> None:
        self._process.close()

    def _ask(self, do: str, **given: Any) -> Any:
        reply = self._process.ask({"do": do, "with": given}, LIMITS.call)
        return unwrapped(reply, {"go": "a timed call"}.get(do, do))

    def new_layer(self, input_size: int, hidden_size: int, backward: bool) -> None:
        """Make a layer of this size; all that follows is about it."""
        self._backward = backward
        self._layer = None
        self._layer = Timed(self._subject, input_size, hidden_size)
        self._subject.trace.clear()

    @property
    def layer(self) -> Timed:
        assert self._layer is not None, "new_layer comes first"
        return self._layer

    def stage(self, calls: Calls) -> None:
        """Write the weights, then hand over the inputs, in the subject's own layout."""
        self.layer.write(calls.params)
        self._subject.trace.clear()
        conventions = self._subject.conventions

        def outward(array: Array) -> Array:
            return array if conventions.batch_first else array.swapaxes(1, 2)

        state = None
        if self.offered.initial_h or self.offered.initial_c:
            state = self.layer._state_out(calls.h, calls.c)
        dy = outward(calls.dy) if self._backward else None
        self._ask("stage", x=outward(calls.x), state=state, dy=dy)

    def go(self, order: list[int]) -> Block:
        """Run the staged calls in this order, and time them."""
        at = [secrets.randbelow(1 << 20) / (1 << 20) for _ in range(PLACES)]
        given: dict[str, Any] = {"key": KEY, "at": at, "backward": self._backward}
        helpers = self._tree.helpers()
        first, own = time.perf_counter(), [self._tree.own()]
        time.sleep(PAUSE)
        own.append(self._tree.own())
        waking = time.perf_counter()
        while time.perf_counter() - waking < AWAKE:
            self._ask("go", order=[], **given)
        own.append(self._tree.own())
        begun = time.perf_counter()
        reply = self._ask("go", order=order, **given)
        wall = time.perf_counter() - begun
        own.append(self._tree.own())
        time.sleep(PAUSE)
        own.append(self._tree.own())
        last = time.perf_counter()
        self._at = at
        return Block(
            k=len(order),
            seconds=max(wall - self.overhead, 1e-9) / max(len(order), 1),
            wall=wall,
            cpu=own[3] - own[2],
            idle_wall=(waking - first) + (last - begun - wall),
            idle_cpu=(own[1] - own[0]) + (own[4] - own[3]),
            helpers=self._tree.helpers() - helpers,
            clocks=tuple(reply["clocks"]),
            marks=np.asarray(reply["marks"]).reshape(len(order), -1 if order else 0),
            odd=tuple(reply["odd"]),
        )

    def measure_overhead(self) -> None:
        """The least time of an empty block: what the channel takes, to be taken off."""
        self.overhead = 0.0
        self.overhead = min(self.go([]).wall for _ in range(9))

    def calls_for(self, draw: Callable[[int], Calls], seconds: float) -> int:
        """Warm up, and say how many calls last about this long; `draw(k)` gives k fresh calls."""
        count = 1
        for _ in range(5):
            self.stage(draw(count))
            needed = math.ceil(seconds / self.go(list(range(count))).seconds)
            if needed <= 2 * count:
                break
            count = min(needed, 8 * count, MOST_CALLS)
        return max(1, min(needed, MOST_CALLS))

    def results(self, call: int, B: int, T: int) -> tuple[dict[str, Array], Array]:
        """What a call of the last block gave, native; and the elements that "go" asked for, now.

        dW, dU and db are there for the last call only.
        """
        fetched = self._ask("fetch", call=call)
        arrays = [_first_array(fetched[part]) for part in ("first", "back")]
        marks = [
            array.item(int(place * array.size))
            for array in arrays
            if array is not None
            for place in self._at
        ]
        return self.layer.parsed(fetched, (B, T)), np.array(marks, float)

    def peak_memory(self, calls: Calls, backward: bool) -> int | None:
        """What one call takes at its peak on top of the weights and its inputs, in bytes.

        The rise of the process's peak resident memory (VmHWM in /proc) over what it held before,
        for a new layer's first call, after freed memory was given back to the system. Results and
        what is kept for backward are part of it. None where the system does not tell.
        """
        self.new_layer(self.layer.D, self.layer.H, backward)
        self.stage(calls.first(1))
        self._ask("tidy")
        before = cpu_time.peak_reset(self.pid)
        if before is None:
            return None
        self.go([0])
        after = cpu_time.peak(self.pid)
        return None if after is None else max(0, after - before)


def _first_array(value: Any) -> Array | None:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, dict):
        parts = value.get("tuple", value.get("list"))
        if isinstance(parts, list) and parts:
            return _first_array(parts[0])
    return None


__all__ = ["Block", "Broken", "Participant"]

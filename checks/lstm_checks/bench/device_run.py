"""A run on a device of torch's: contenders in turns, by CUDA events, verified against float64."""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lstm_checks.bench import machine
from lstm_checks.bench.devices import (
    GRADIENTS,
    Graphed,
    Library,
    Loop,
    Module,
    Params,
    Products,
    Runner,
    step,
)
from lstm_checks.bench.outcome import Cell, Outcome, Timing
from lstm_checks.bench.rivals import FLOOR, SUBJECT
from lstm_checks.bench.shapes import SMALL, Shape
from lstm_checks.bench.verify import MARGIN

NAMES = ("y", "h", "c", *GRADIENTS)
Inputs = tuple[Tensor, Tensor, Tensor, Tensor | None]  # x, h, c, dy
DTYPES = ("float32", "float64", "float16", "bfloat16")
MOST_BYTES = 4 << 30  # of the inputs of one block
MOST_CALLS = 2048
OUTSIDE = 1.2  # wall time over the events' time
SAYS = {
    "cudnn": "torch.nn.LSTM, which is cuDNN's on CUDA; forward alone under no_grad",
    "cudnn graph": "the same, replayed as a CUDA graph",
    "loop": "a loop over time in Python on torch's operations",
    "loop graph": "the same, replayed as a CUDA graph",
    "compiled": "the loop, its step compiled by torch.compile",
    "compiled graph": "the same, replayed as a CUDA graph",
    FLOOR: "the matrix products alone, one after the other, as a CUDA graph where that works",
}


@dataclass(frozen=True)
class DevicePlan:
    """What is to be timed on a device, and how; see `run.Plan`.

    target: a subject's class, or None to take `torch.nn.LSTM` for the subject. tf32: let products
    of float32 numbers be made in TF32.
    """

    shapes: tuple[Shape, ...] = SMALL
    passes: tuple[bool, ...] = (False, True)
    dtype: str = "float32"
    tf32: bool = False
    device: str = "cuda"
    rivals: tuple[str, ...] = tuple(name for name in SAYS if name != FLOOR)
    target: Any = None
    says: str = "torch.nn.LSTM"
    turns: int = 7
    block: float = 0.06
    seed: int = field(default_factory=lambda: secrets.randbits(63))

    @property
    def subject(self) -> str:
        return "cudnn" if self.target is None else SUBJECT

    @property
    def on_cuda(self) -> bool:
        return self.device == "cuda"


@dataclass(frozen=True)
class DeviceCalls:
    """Weights and the inputs of k calls, on the device; `dy` is empty for the forward pass."""

    params: Params
    inputs: list[Inputs]


class DeviceBench:
    """One run of a plan."""

    def __init__(self, plan: DevicePlan, verdict: str, tick: Callable[[str, int], None]) -> None:
        self._plan = plan
        self._tick = tick
        self._like = torch.zeros(0, device=plan.device, dtype=getattr(torch, plan.dtype))
        self._random = torch.Generator(plan.device)
        self._random.manual_seed(plan.seed)
        torch.backends.cuda.matmul.allow_tf32 = plan.tf32
        torch.backends.cudnn.allow_tf32 = plan.tf32
        said = {name: {"is": SAYS[name]} for name in (*plan.rivals, FLOOR)}
        self.outcome = Outcome(
            subject=plan.says,
            verdict=verdict,
            settings={
                "device": plan.device,
                "shapes": [str(shape) for shape in plan.shapes],
                "passes": ["both" if backward else "forward" for backward in plan.passes],
                "threads": torch.get_num_threads(),
                "dtype": plan.dtype,
                "tf32": plan.tf32,
                "turns": plan.turns,
                "block_seconds": plan.block,
                "seed": plan.seed,
            },
            machine=machine.describe(torch.get_num_threads()) | self._device(),
            contenders=said,
        )

    def _device(self) -> dict[str, Any]:
        if not self._plan.on_cuda:
            return {"device": "cpu"}
        properties = torch.cuda.get_device_properties(0)
        return {
            "device": properties.name,
            "device_memory_bytes": properties.total_memory,
            "multiprocessors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
            "tf32": self._plan.tf32,
        }

    def run(self) -> Outcome:
        """Measure everything; a rival that does not work is left out, and a note says why."""
        begun = time.perf_counter()
        self.outcome.machine["bandwidth_bytes_per_second"] = self._bandwidth()
        for shape in self._plan.shapes:
            for backward in self._plan.passes:
                cell = self._cell(shape, backward)
                if cell is not None:
                    self.outcome.cells.append(cell)
        self.outcome.machine["load_after"] = machine.load()
        self.outcome.seconds = time.perf_counter() - begun
        return self.outcome

    # Time --------------------------------------------------------------------------------------

    def _timed(self, action: Callable[[], Any]) -> tuple[float, float]:
        """Seconds by the device's events (by this process's clock on the CPU), and wall time."""
        self._wait()
        wall = time.perf_counter()
        if not self._plan.on_cuda:
            action()
            took = time.perf_counter() - wall
            return took, took
        start, end = (_event() for _ in range(2))
        start.record()
        action()
        end.record()
        self._wait()
        return start.elapsed_time(end) / 1e3, time.perf_counter() - wall

    def _wait(self) -> None:
        if self._plan.on_cuda:
            torch.cuda.synchronize()

    def _bandwidth(self) -> float:
        """Bytes a second of copying a large tensor, read and written."""
        count = 1 << (28 if self._plan.on_cuda else 24)
        source = torch.zeros(count, dtype=torch.uint8, device=self._plan.device)
        into = torch.empty_like(source)
        taken = [self._timed(partial(into.copy_, source))[0] for _ in range(10)]
        return 2 * count / min(taken)

    # One shape ---------------------------------------------------------------------------------

    def _cell(self, shape: Shape, backward: bool) -> Cell | None:
        plan = self._plan
        doing = f"{shape} {'forward and backward' if backward else 'forward'}"
        self._tick(doing, 0)
        cell = Cell(shape, backward, plan.subject, FLOOR)
        runners: dict[str, Runner] = {}
        names = [SUBJECT] if plan.target is not None else []
        for name in [*names, *plan.rivals, FLOOR]:
            self._guarded(name, cell, partial(self._ready, name, cell, runners))
        for turn in range(plan.turns):
            if plan.subject not in runners:
                return None
            most = max(cell.timings[name].k for name in runners)
            calls = self._draw(shape, backward, most)
            expected = _expected(calls, most - 1)
            order = list(runners)
            for name in order[turn % len(order) :] + order[: turn % len(order)]:
                block = partial(self._block, name, cell, runners[name], calls, expected)
                self._guarded(name, cell, block)
                if name not in cell.timings:
                    runners.pop(name)
            self._tick(doing, 1)
        return cell if plan.subject in cell.timings else None

    def _guarded(self, name: str, cell: Cell, action: Callable[[], Any]) -> None:
        """Run unattended: what fails is left out, with the first line of the reason."""
        try:
            action()
        except Exception as error:  # out of memory, a capture that is not allowed, no compiler …
            cell.timings.pop(name, None)
            first = (str(error).strip().splitlines() or [""])[0][:200]
            self.outcome.note(
                f"{name} is left out at {cell.shape}, {'both' if cell.backward else 'forward'}: "
                f"{type(error).__name__}: {first}"
            )
            if self._plan.on_cuda:
                torch.cuda.empty_cache()

    def _ready(self, name: str, cell: Cell, runners: dict[str, Runner]) -> None:
        """Make a runner, see what memory a first call takes, warm up, and choose its block."""
        shape, plan = cell.shape, self._plan
        calls = self._draw(shape, cell.backward, 2)
        runner = self._runner(name, shape, calls)
        runner.write(calls.params)
        memory = self._peak(lambda: runner.run(*calls.inputs[0]))
        k = 1
        for _ in range(4):  # the first of these are the warm-up
            calls = self._draw(shape, cell.backward, k)
            seconds, _ = self._timed(partial(_all, runner, calls.inputs))
            k = min(max(k, round(plan.block / seconds * k + 0.5)), self._most(shape), 8 * k)
        cell.timings[name] = Timing(k, 0.0, memory=memory)
        runners[name] = runner

    def _most(self, shape: Shape) -> int:
        """How many calls' inputs may be held at once."""
        one = shape.B * (shape.T + 2) * (shape.D + shape.H) * self._like.element_size()
        return max(1, min(MOST_CALLS, MOST_BYTES // one))

    def _runner(self, name: str, shape: Shape, calls: DeviceCalls) -> Runner:
        D, H, like = shape.D, shape.H, self._like
        if name == SUBJECT:
            return Module(self._plan.target, D, H, like)
        if name == FLOOR:
            floor = Products(D, H, like)
            return Graphed(floor, list(calls.inputs[0])) if self._plan.on_cuda else floor
        kind, _, graph = name.partition(" ")
        runner: Runner
        if kind == "cudnn":
            runner = Library(D, H, like)
        elif kind == "compiled":
            torch._dynamo.reset()  # else it stops compiling after a few shapes
            runner = Loop(D, H, like, torch.compile(step, fullgraph=True, dynamic=False))
        else:
            runner = Loop(D, H, like)
        return Graphed(runner, list(calls.inputs[0])) if graph else runner

    def _peak(self, action: Callable[[], Any]) -> int | None:
        if not self._plan.on_cuda:
            action()
            return None
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        action()
        self._wait()
        return int(torch.cuda.max_memory_allocated() - before)

    def _block(
        self,
        name: str,
        cell: Cell,
        runner: Runner,
        calls: DeviceCalls,
        expected: "list[Expected]",
    ) -> None:
        """Time one block; its last call is the turn's last, which is then verified."""
        timing = cell.timings[name]
        mine = calls.inputs[-timing.k :]
        runner.write(calls.params)
        results: list[Tensor] = []
        seconds, wall = self._timed(lambda: results.extend(_all(runner, mine)))
        timing.seconds.append(seconds / timing.k)
        if wall > OUTSIDE * seconds + 0.002:
            self.outcome.find(
                name,
                f"work goes on outside the timed stream: {wall:.3g} s passed where the events "
                f"tell of {seconds:.3g} s, at {cell.shape}",
            )
        if name != FLOOR:
            # A subject's own names for its weights are its affair: of it, dx, dh0 and dc0 are seen.
            for one, got in zip(expected, results, strict=False):
                excess = one.excess(got)
                timing.error_over_tolerance = max(timing.error_over_tolerance, excess)
                if excess > 1:
                    self.outcome.find(
                        name,
                        f"a timed call's result is wrong: at {cell.shape}, {one.name} is off by "
                        f"{excess:.3g} times the tolerance",
                    )

    def _draw(self, shape: Shape, backward: bool, count: int) -> DeviceCalls:
        """Fresh weights and inputs, as `calls.draw` makes them on the CPU."""
        B, T, D, H = shape.B, shape.T, shape.D, shape.H
        device, dtype = self._like.device, self._like.dtype

        def normal(*size: int) -> Tensor:
            numbers: Tensor = torch.randn(size, generator=self._random, device=device)
            return numbers.to(dtype)

        def weight(*size: int) -> Tensor:
            unit: Tensor = torch.rand(size, generator=self._random, device=device)
            return ((2 * unit - 1) / math.sqrt(H)).to(dtype)

        params = {"W": weight(4 * H, D), "U": weight(4 * H, H), "b": weight(4 * H)}
        return DeviceCalls(
            params,
            [
                (normal(B, T, D), normal(B, H), normal(B, H), normal(B, T, H) if backward else None)
                for _ in range(count)
            ],
        )


def _all(runner: Runner, inputs: list[Inputs]) -> list[Tensor]:
    """Run every call; the results of the last."""
    results: list[Tensor] = []
    for one in inputs:
        results = runner.run(*one)
    return results


def _looped(calls: DeviceCalls, call: int, dtype: torch.dtype) -> list[Tensor]:
    params = {name: tensor.to(dtype) for name, tensor in calls.params.items()}
    x, h, c, dy = (None if part is None else part.to(dtype) for part in calls.inputs[call])
    assert x is not None
    assert h is not None
    assert c is not None
    loop = Loop(x.shape[2], h.shape[1], x)
    loop.write(params)
    return loop.run(x, h, c, dy)


@dataclass(frozen=True)
class Expected:
    """One result of a call in float64, and the largest error that is still right."""

    name: str
    exact: Tensor
    limit: float

    def excess(self, got: Tensor) -> float:
        """The error over the limit; infinite where it is not a number or of another shape."""
        if got.shape != self.exact.shape:
            return float("inf")
        error = float((got.double() - self.exact).abs().max()) / self.limit
        return error if error == error else float("inf")


def _expected(calls: DeviceCalls, call: int) -> list[Expected]:
    """A call's results by a loop in float64; MARGIN times the loop's own error is tolerated."""
    dtype = calls.params["W"].dtype
    eps = torch.finfo(dtype).eps
    found = []
    exactly, roughly = (_looped(calls, call, one) for one in (torch.float64, dtype))
    for name, exact, rough in zip(NAMES, exactly, roughly, strict=False):
        own = float((rough.double() - exact).abs().max())
        size = 1 + float(exact.abs().max())
        found.append(Expected(name, exact, MARGIN * max(own, eps * size)))
    return found


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]

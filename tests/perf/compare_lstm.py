"""Times `lstm.LSTM` against torch.nn.LSTM, the plain per-step LSTM, and the bare matrix products.

    python tests/perf/compare_lstm.py [--seconds 10] [--against FILE | --length | --memory]

One thread, float32. The participants take turns, so that what disturbs one disturbs all; a ratio is
the median over the rounds of one participant's time to torch's in the same round, and ± is half of
the middle half of those ratios. Time is the CPU time of the process, of which other programs take
no part. "forward" is inference: torch under no_grad. "both" is forward and backward, for which
torch gives what ours gives: the gradients by x, h0, c0 and the weights. `--against` takes the place
of the others with the LSTM of a file, such as a copy of lstm.py with one thing changed.
"""

import argparse
import importlib.util
import math
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from lstm_reference.cells import unrolled
from lstm_reference.cells.cell import Array
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.torch_lstm import to_torch

SHAPES = (
    (1, 1, 5, 20),
    (1, 50, 16, 16),
    (16, 25, 64, 64),
    (32, 50, 128, 128),
    (64, 50, 256, 256),
    (16, 25, 512, 512),
    (1, 100, 256, 256),
)
NAMES = ("torch", "ours", "plain", "products")
FEWEST_ROUNDS = 12
SHORTEST = 0.002  # seconds of a turn

Run = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description="time lstm.LSTM against torch and others")
    parser.add_argument("--seconds", type=float, default=10, help="for each shape and pass")
    parser.add_argument("--against", type=Path, help="a file with another LSTM")
    parser.add_argument("--length", action="store_true", help="time against the length T instead")
    parser.add_argument("--memory", action="store_true", help="memory of the cache instead")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    print(f"numpy {np.__version__}, torch {torch.__version__}, Python {sys.version.split()[0]}")
    if options.length:
        lengths()
    elif options.memory:
        memory()
    else:
        compare(options.seconds) if options.against is None else against(options)


def against(options: argparse.Namespace) -> None:
    """The LSTM of a file, in times of ours."""
    spec = importlib.util.spec_from_file_location("other", options.against)
    assert spec is not None
    assert spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    sys.modules["other"] = other
    spec.loader.exec_module(other)
    for title, backward in (("forward", False), ("both", True)):
        cells = []
        for shape in SHAPES:
            runs = [ours(*case(*shape, kind), backward) for kind in (LSTM, other.LSTM)]
            times = in_turns(runs, options.seconds)
            low, middle, high = np.quantile(times[:, 1] / times[:, 0], [0.25, 0.5, 0.75])
            cells.append(f"{middle:5.2f} (±{(high - low) / 2:4.2f})")
        print(f"{title:>8} {'  '.join(cells)}", flush=True)


def ours(x: Array, dy: Array, layer: Any, backward: bool) -> Run:
    """One call of a layer in the native contract."""

    def run() -> object:
        y, _ = layer.forward(x)
        return layer.backward(dy) if backward else y

    return run


def compare(seconds: float) -> None:
    for title, backward in (("forward", False), ("both", True)):
        ratios = []
        print(f"\n{title}: median ms, then the ratio to torch (±)")
        print(f"{'B T D H':>18}" + "".join(f"{name:>22}" for name in NAMES) + "   ours to plain")
        for shape in SHAPES:
            times = in_turns(participants(*shape, backward), seconds)
            ratio = times / times[:, :1]
            low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75], axis=0)
            cells = zip(np.median(times, axis=0) * 1e3, middle, (high - low) / 2, strict=True)
            row = "".join(f"{ms:9.3f} {m:5.2f} (±{s:4.2f})" for ms, m, s in cells)
            to_plain = np.median(times[:, 2] / times[:, 1])
            print(f"{' '.join(map(str, shape)):>18}{row}   {to_plain:.1f} times as fast")
            ratios.append(middle[1])
        mean = np.exp(np.mean(np.log(ratios[1:])))
        print(f"geometric mean of ours to torch, all but the first: {mean:.2f}")


def in_turns(runs: list[Run], seconds: float) -> Array:
    """CPU seconds of a call, a row for each round, a column for each participant.

    A turn is as many calls as take 2 ms, for the clock's sake.
    """
    counts = []
    for run in runs:
        run()
        start = perf_counter()
        run()
        counts.append(max(1, math.ceil(SHORTEST / (perf_counter() - start))))
    rounds = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(rounds) < FEWEST_ROUNDS:
        times = []
        for run, count in zip(runs, counts, strict=True):
            start = process_time()
            for _ in range(count):
                run()
            times.append((process_time() - start) / count)
        rounds.append(times)
    return np.array(rounds)


def participants(B: int, T: int, D: int, H: int, backward: bool) -> list[Run]:
    """One call of each, in the order of NAMES."""
    x, dy, layer = case(B, T, D, H)
    zeros = np.zeros((B, H), np.float32)
    params = layer.params
    module = torch.nn.LSTM(D, H, batch_first=True)
    module.load_state_dict(to_torch(params))
    given = [torch.from_numpy(a).requires_grad_(backward) for a in (x, zeros[None], zeros[None])]
    upstream = torch.from_numpy(dy)

    def run_torch() -> object:
        with torch.set_grad_enabled(backward):
            y, _ = module(given[0], (given[1], given[2]))
        wanted = [*given, *module.parameters()]
        return torch.autograd.grad([y], wanted, [upstream]) if backward else y

    def run_plain() -> object:
        y, _, caches = unrolled.forward(params, x, (zeros, zeros))
        return unrolled.backward(params, caches, dy, (zeros, zeros)) if backward else y

    W, U = params["W"], params["U"]
    h, rows, dz = dy[:, 0].copy(), x.reshape(B * T, D), np.ones((B * T, 4 * H), np.float32)

    def run_products() -> None:
        rows @ W
        for _ in range(T):
            h @ U
        if backward:
            for _ in range(T):
                dz[:B] @ U.T
            dz @ W.T
            rows.T @ dz
            dy.reshape(B * T, H).T @ dz

    return [run_torch, ours(x, dy, layer, backward), run_plain, run_products]


def case(
    B: int, T: int, D: int, H: int, kind: type[LSTM] = LSTM, **options: bool
) -> tuple[Array, Array, LSTM]:
    """x, dy, and a layer with float32 weights."""
    rng = np.random.default_rng(0)
    layer = kind(D, H, rng=rng, **options)
    layer.params = {name: array.astype(np.float32) for name, array in layer.params.items()}
    x, dy = (rng.standard_normal((B, T, size), np.float32) for size in (D, H))
    return x, dy, layer


def lengths() -> None:
    """How time grows with T: the slope of log time over log T, from 500 to 10,000 steps."""
    T = np.array([500, 1000, 2000, 5000, 10_000])
    for B, D, H in ((1, 16, 16), (8, 32, 32)):
        cases = [case(B, int(t), D, H) for t in T]
        runs = [lambda c=c: (c[2].forward(c[0]), c[2].backward(c[1])) for c in cases]
        ms = in_turns(runs, 20).min(axis=0) * 1e3
        slope = np.polyfit(np.log(T), np.log(ms), 1)[0]
        print(f"B {B} D {D} H {H}: " + ", ".join(f"{m:.1f}" for m in ms) + " ms for T of "
              + ", ".join(map(str, T)) + f"; exponent {slope:.3f}")  # fmt: skip


def memory() -> None:
    """Kept between forward and backward, at most in use, and kept by a stateful layer in calls."""
    for B, T, D, H in ((1, 50, 16, 16), (16, 25, 64, 64), (64, 50, 256, 256)):
        x, dy, layer = case(B, T, D, H)
        tracemalloc.start()
        y, state = layer.forward(x)
        forward_peak = tracemalloc.get_traced_memory()[1]
        del y, state
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        layer.backward(dy)
        backward_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        kept, forward_peak, backward_peak = (
            bytes_ / (B * T * H * 4) for bytes_ in (kept, forward_peak, backward_peak)
        )
        print(f"B {B} T {T} D {D} H {H}, in arrays (B, T, H): kept {kept:.2f}, "
              f"forward's peak {forward_peak:.2f}, backward's {backward_peak:.2f}")  # fmt: skip
    x, _, layer = case(2, 10, 16, 16, stateful=True)
    tracemalloc.start()
    for call in range(1, 10_001):
        layer.forward(x)
        if call in (10, 100, 1000, 10_000):
            print(f"stateful, {call} calls of 10 steps: {tracemalloc.get_traced_memory()[0]} bytes")
    tracemalloc.stop()


if __name__ == "__main__":
    main()

"""What gains nothing by deceit when timed, and is found out: one subject for each deceit."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import pytest

from lstm_checks.bench import rivals
from lstm_checks.bench.find import Watch
from lstm_checks.bench.outcome import Outcome
from lstm_checks.bench.run import Bench, Plan
from lstm_checks.bench.shapes import Shape

SHAPE = Shape(B=4, T=20, D=12, H=16)

HONEST = """
import numpy as np
from lstm_reference.lstm import LSTM as Right

class LSTM(Right):
    pass
"""


def cheat(body: str, head: str = "") -> str:
    """A subject's file: the reference's layer with some of it written anew."""
    code = HONEST.replace("    pass\n", indent(dedent(body), "    "))
    return code.replace("class LSTM", f"{dedent(head)}\nclass LSTM")


CACHE_BY_CONTENT = cheat("""
    seen = {}
    def forward(self, x, state=None):
        key = x.tobytes() + self.params["W"].tobytes()
        if key not in self.seen:
            self.seen[key] = super().forward(x, state)
        return self.seen[key]
""")
CACHE_BY_IDENTITY = cheat("""
    seen = {}
    def forward(self, x, state=None):
        if id(x) not in self.seen or self.seen[id(x)][0] is not x:
            self.seen[id(x)] = x, super().forward(x, state)
        return self.seen[id(x)][1]
""")
WARM_UP_RESULT = cheat("""
    seen = {}
    def forward(self, x, state=None):
        if x.shape not in self.seen:
            self.seen[x.shape] = super().forward(x, state)
        return self.seen[x.shape]
""")
WARM_UP_WEIGHTS = cheat("""
    seen = {}
    def forward(self, x, state=None):
        kept, self.params = self.params, self.seen.setdefault(x.shape, dict(self.params))
        result = super().forward(x, state)
        self.params = kept
        return result
""")
CLOCK = cheat(
    "pass",
    head="""
    import time
    _real = time.perf_counter
    time.perf_counter = lambda: _real() / 10
    """,
)
UNFINISHED = cheat(
    """
    def forward(self, x, state=None):
        y, final = super().forward(x, state)
        later = np.zeros_like(y)
        threading.Timer(0.002, lambda: later.__setitem__(..., y)).start()
        return later, final
    """,
    head="import threading",
)
BACKGROUND = cheat(
    "pass",
    head="""
    import threading
    def work():
        while True:
            sum(range(1000))
    threading.Thread(target=work, daemon=True).start()
    """,
)
HELPER = cheat(
    "pass",
    head="""
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            end = time.monotonic() + 20
            while time.monotonic() < end:
                pass
        os._exit(0)
    """,
)
PROXY = cheat(
    """
    def forward(self, x, state=None):
        y, final = super().forward(x, state)
        return Later(y), final
    """,
    head="""
    class Later:
        def __init__(self, y):
            self.y = y
        def __array__(self, dtype=None, copy=None):
            return self.y
    """,
)
LOWER = cheat("""
    def forward(self, x, state=None):
        kept = self.params
        self.params = {name: array.astype(LOW) for name, array in kept.items()}
        y, (h, c) = super().forward(x.astype(LOW), [part.astype(LOW) for part in state])
        self.params = kept
        return y.astype(x.dtype), (h.astype(x.dtype), c.astype(x.dtype))
""")


def timed(tmp_path: Path, code: str, **options: object) -> Outcome:
    file = tmp_path / "subject.py"
    file.write_text(code)
    plan = Plan(
        rivals.subject(str(file), None), (), (SHAPE,), (False,), turns=2, block=0.01, sweep=False
    )
    return Bench(replace(plan, **options), "passed", lambda doing, advance: None).run()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (CACHE_BY_CONTENT, "inputs with the same content take"),
        (CACHE_BY_IDENTITY, "inputs with the same objects take"),
        (WARM_UP_RESULT, "it is right for the inputs of the warm-up"),
        (WARM_UP_WEIGHTS, "it is right for the weights of the warm-up"),
        (CLOCK, "the clock in its process is not right: time.perf_counter counts 0.0"),
        (UNFINISHED, "results are not finished when the call returns"),
        (BACKGROUND, "it works while the clock stands"),
        (HELPER, "helper processes are at work"),
        (PROXY, "results are no plain NumPy arrays: they are Later"),
        (LOWER.replace("LOW", "np.float16"), "lower precision than float32"),
    ],
    ids=[
        "cache-content", "cache-identity", "warm-up-result", "warm-up-weights", "clock",
        "unfinished", "background", "helper", "proxy", "float16",
    ],
)  # fmt: skip
def test_a_deceit_is_found_out_in_words(tmp_path: Path, code: str, says: str) -> None:
    found = [finding.what for finding in timed(tmp_path, code).findings]
    assert any(says in what for what in found), found


def test_float32_inside_float64_is_found_out(tmp_path: Path) -> None:
    outcome = timed(tmp_path, LOWER.replace("LOW", "np.float32"), dtype="float64")
    assert "as in float32: it computes in lower precision" in outcome.findings[0].what


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_found_about_an_honest_subject(tmp_path: Path, dtype: str) -> None:
    outcome = timed(tmp_path, HONEST, dtype=dtype, passes=(False, True))
    assert outcome.findings == []
    assert [cell.timings["subject"].error_over_tolerance < 1 for cell in outcome.cells] == [
        True
    ] * 2


def test_a_cache_gains_nothing(tmp_path: Path) -> None:
    """Every block's inputs are new, so what a cache holds is never asked for in time."""
    outcome = timed(tmp_path, CACHE_BY_CONTENT.replace("self.seen[key] = ", "self.seen[key] = ")
                    + "    hits = 0\n")  # fmt: skip
    timing = outcome.cells[0].timings["subject"]
    assert timing.error_over_tolerance < 1
    assert len(set(timing.seconds)) == 2


def test_a_gradient_of_other_inputs_is_found_out(tmp_path: Path) -> None:
    code = cheat("""
        seen = {}
        def backward(self, dy, dstate=None):
            if dy.shape not in self.seen:
                self.seen[dy.shape] = super().backward(dy, dstate), self.grads
            result, self.grads = self.seen[dy.shape]
            return result
    """)
    found = [finding.what for finding in timed(tmp_path, code, passes=(True,)).findings]
    assert any(what.startswith("a timed call's result is wrong") for what in found), found


def test_cpu_time_over_the_threads_asked_for_is_found_out() -> None:
    honest = Watch(wall=1.0, cpu=1.05, clocks=[1.0] * 3)
    assert honest.found(threads=1) == []
    more = Watch(wall=1.0, cpu=1.9, clocks=[1.0] * 3)
    assert more.found(threads=1)[0].startswith("more threads are at work than the 1 asked for")
    assert more.found(threads=2) == []

"""Deceits that gain nothing when timed, and are detected: one subject for each."""

from pathlib import Path

import pytest

from bench_subjects import HOST, OTHERS, SHAPE, cheat, timed
from lstm_checks.bench.run import Gone
from lstm_checks.bench.shapes import Shape

CACHE_BY_CONTENT = cheat(
    """
    seen = {}
    def forward(self, x, state=None):
        key = x.tobytes() + self.params["W"].tobytes()
        if key not in self.seen:
            spin(0.002)
            self.seen[key] = super().forward(x, state)
        return self.seen[key]
    """,
    head=HOST,
)
CACHE_BY_IDENTITY = cheat(
    """
    seen = {}
    def forward(self, x, state=None):
        if id(x) not in self.seen or self.seen[id(x)][0] is not x:
            spin(0.002)
            self.seen[id(x)] = x, super().forward(x, state)
        return self.seen[id(x)][1]
    """,
    head=HOST,
)
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
    """
    def forward(self, x, state=None):
        spin(0.01)
        return super().forward(x, state)
    """,
    head=HOST
    + """
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


FORGED_DIGEST = cheat(
    """
    def forward(self, x, state=None):
        y = np.zeros((*x.shape[:2], self.hidden_size), x.dtype)
        h, c = np.zeros((2, len(x), self.hidden_size), x.dtype)
        def work():
            y[...], (h[...], c[...]) = Right.forward(self, x, state)
        later.append(work)
        return y, (h, c)
    """,
    head=HOST
    + """
    later = []
    fetch = Host._fetch
    def fetched(self, call, start, stop):
        while later:
            later.pop()()
        return fetch(self, call, start, stop)
    Host._fetch = fetched
    Host._go.__globals__["digest"] = lambda arrays: bytes(32)
    """,
)
SHARED_BUFFER = cheat("""
    buffers = {}
    def forward(self, x, state=None):
        y, final = super().forward(x, state)
        buffer = self.buffers.setdefault(y.shape, np.empty_like(y))
        buffer[...] = y
        return buffer, final
""")
AHEAD = cheat(
    """
    def forward(self, x, state=None):
        return known[id(x)]
    """,
    head=HOST
    + """
    known = {}
    stage = Host._stage
    def staged(self, x, state, dy):
        stage(self, x, state, dy)
        spin(0.003)
        known[id(x)] = Right.forward(self.instance(1), *self._staged[-1][:2])
    Host._stage = staged
    """,
)
WEIGHTS_AHEAD = cheat(
    """
    def __init__(self, D, H):
        super().__init__(D, H)
        self.params = Tables(self.params)
    """,
    head=HOST
    + """
    class Tables(dict):
        def __setitem__(self, name, array):
            spin(0.03)
            super().__setitem__(name, array)
    """,
)
POLLING = cheat(
    """
    def forward(self, x, state=None):
        global at_work
        at_work = True
        try:
            return super().forward(x, state)
        finally:
            at_work = False
    """,
    head="""
    import threading
    at_work = False
    def work():
        while True:
            if not at_work:
                sum(range(1000))
    threading.Thread(target=work, daemon=True).start()
    """,
)
POOL = cheat(
    """
    def forward(self, x, state=None):
        half.send(x[1:])
        half.recv()
        return super().forward(x, state)
    """,
    head="""
    import multiprocessing, time
    def work(pipe):
        while True:
            pipe.recv()
            end = time.thread_time() + 0.03
            while time.thread_time() < end:
                pass
            pipe.send(0)
    half, theirs = multiprocessing.Pipe()
    multiprocessing.get_context("fork").Process(target=work, args=[theirs], daemon=True).start()
    """,
)
HALF_RESULTS = cheat("""
    def forward(self, x, state=None):
        y, (h, c) = super().forward(x, state)
        return y.astype(np.float16), (h.astype(np.float16), c.astype(np.float16))
""")
FORGED_REPLY = cheat(
    "pass",
    head="""
    import os, stat
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b"x" * 64)
        except OSError:
            pass
    """,
)
EXTRA_GRADIENTS = cheat("""
    def backward(self, dy, dstate=None):
        result = super().backward(dy, dstate)
        self.grads["more"] = np.zeros(1 << 22)
        return result
""")
EMPTY_SLOW = cheat(
    """
    def forward(self, x, state=None):
        spin(0.002)
        return super().forward(x, state)
    """,
    head=HOST
    + """
    go = Host._go
    def gone(self, key, order, backward, weights):
        if not order:
            time.sleep(0.01)
        return go(self, key, order, backward, weights)
    Host._go = gone
    """,
)
TRUNCATED = cheat("""
    def backward(self, dy, dstate=None):
        near = dy.copy()
        result = super().backward(near, dstate)
        exact = {name: array.copy() for name, array in self.grads.items()}
        near[:, :-60] = 0
        super().backward(near, dstate)
        self.grads = {"W": exact["W"], "U": self.grads["U"], "b": exact["b"]}
        return result
""")
STALE = cheat("""
    def forward(self, x, state=None):
        y, final = super().forward(x, state)
        y = y.copy()
        y[:, 101::50] = y[:, 100:-1:50]
        return y, final
""")
SOME_DX = cheat("""
    def backward(self, dy, dstate=None):
        dx, dstate = super().backward(dy, dstate)
        return (0 * dx if dy[0, 0, 0] > 1 else dx), dstate
""")
STOPS = cheat(
    "pass",
    head=OTHERS
    + """
    def work():
        pids = list(others())
        while True:
            for sign, seconds in ((signal.SIGSTOP, 0.05), (signal.SIGCONT, 0.002)):
                for pid in pids:
                    os.kill(pid, sign)
                time.sleep(seconds)
    threading.Thread(target=work, daemon=True).start()
    """,
)
PRIORITY = cheat(
    "pass",
    head=OTHERS
    + """
    for pid in others():
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    """,
)
KILLS = cheat(
    "pass",
    head=OTHERS
    + """
    for pid in others():
        os.kill(pid, signal.SIGKILL)
    """,
)
WIDE = Shape(N=64, T=50, D=128, H=128)  # one call of the floor takes several of its stops
LONG = {"shapes": (Shape(N=2, T=400, D=4, H=8),), "passes": (True,)}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (CACHE_BY_CONTENT, "inputs with the same content take"),
        (CACHE_BY_IDENTITY, "inputs with the same objects take"),
        (WARM_UP_RESULT, "it is right for the inputs of the warm-up"),
        (WARM_UP_WEIGHTS, "it is right for the weights of the warm-up"),
        (CLOCK, "the clock in its process is wrong: time.perf_counter counts 0.0"),
        (UNFINISHED, "results are not finished when the call returns"),
        (BACKGROUND, "it works while the clock is stopped"),
        (HELPER, "helper processes are at work"),
        (PROXY, "results are not plain NumPy arrays: they are Later"),
        (LOWER.replace("LOW", "np.float16"), "lower precision than float32"),
        (FORGED_DIGEST, "results are not finished when the call returns"),
        (SHARED_BUFFER, "results are not finished when the call returns"),
        (AHEAD, "it works while weights and inputs are handed over, which is not timed"),
        (WEIGHTS_AHEAD, "it works while weights and inputs are handed over, which is not timed"),
        (POLLING, "it works while the clock is stopped"),
        (POOL, "helper processes are at work"),
        (HALF_RESULTS, "lower precision than float32"),
        (PRIORITY, "floor's process has another priority or other cores"),
    ],
    ids=[
        "cache-content", "cache-identity", "warm-up-result", "warm-up-weights", "clock",
        "unfinished", "background", "helper", "proxy", "float16", "forged-digest", "shared-buffer",
        "ahead", "weights-ahead", "polling", "pool", "half-results", "priority",
    ],
)  # fmt: skip
def test_a_deceit_is_detected_in_words(tmp_path: Path, code: str, says: str) -> None:
    found = [finding.what for finding in timed(tmp_path, code).findings]
    assert any(says in what for what in found), found


@pytest.mark.parametrize(
    ("code", "options"),
    [(TRUNCATED, LONG), (STALE, LONG), (SOME_DX, {"passes": (True,)})],
    ids=["truncated", "stale", "some-dx"],
)
def test_every_wrong_result_is_detected(
    tmp_path: Path, code: str, options: dict[str, object]
) -> None:
    """dU of the last 60 steps alone; one stale output in fifty; some calls without dx."""
    found = [finding.what for finding in timed(tmp_path, code, **options).findings]
    assert any(what.startswith("a timed call's result is wrong") for what in found), found


def test_a_floor_that_is_stopped_now_and_then_is_told(tmp_path: Path) -> None:
    """As a finding if nothing else makes times long, and as a note if other programs do."""
    outcome = timed(tmp_path, STOPS, shapes=(WIDE,))
    said = [*outcome.notes, *(finding.what for finding in outcome.findings)]
    assert any("floor is held up while the subject's process is there" in one for one in said), said


def test_a_floor_that_is_killed_is_left_out_and_said(tmp_path: Path) -> None:
    outcome = timed(tmp_path, KILLS)
    assert outcome.notes[0].startswith(f"floor is left out at {SHAPE}, forward: ")
    assert "SIGKILL" in outcome.notes[0]


def test_a_reply_that_is_forged_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(Gone, match="wrote into the kit's channel"):
        timed(tmp_path, FORGED_REPLY)


def test_slow_empty_blocks_gain_nothing(tmp_path: Path) -> None:
    """Each call takes 2 ms of CPU time at least, and none of it is taken off."""
    outcome = timed(tmp_path, EMPTY_SLOW)
    assert min(outcome.comparisons[0].mine.seconds) >= 0.002


def test_gradients_of_other_things_are_not_hashed(tmp_path: Path) -> None:
    """Their hash would be taken off the time."""
    outcome = timed(tmp_path, EXTRA_GRADIENTS, passes=(True,))
    assert [finding.what for finding in outcome.findings] == []

"""Deceits that gain nothing when timed, and are detected: one subject for each."""

from pathlib import Path

import pytest

from bench_subjects import cheat, timed

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
    ],
    ids=[
        "cache-content", "cache-identity", "warm-up-result", "warm-up-weights", "clock",
        "unfinished", "background", "helper", "proxy", "float16",
    ],
)  # fmt: skip
def test_a_deceit_is_detected_in_words(tmp_path: Path, code: str, says: str) -> None:
    found = [finding.what for finding in timed(tmp_path, code).findings]
    assert any(says in what for what in found), found

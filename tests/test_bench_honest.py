"""Nothing is detected about honest subjects; further deceits, in gradients and precision."""

from pathlib import Path

import pytest

from bench_subjects import HONEST, cheat, timed
from lstm_checks.bench.evidence import Evidence
from lstm_checks.bench.shapes import Shape
from test_bench_cheats import CACHE_BY_CONTENT, LOWER


def test_float32_inside_float64_is_detected(tmp_path: Path) -> None:
    outcome = timed(tmp_path, LOWER.replace("LOW", "np.float32"), dtype="float64")
    assert "as in float32: it computes in lower precision" in outcome.findings[0].what


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_detected_about_an_honest_subject(tmp_path: Path, dtype: str) -> None:
    outcome = timed(tmp_path, HONEST, dtype=dtype, passes=(False, True))
    assert outcome.findings == []
    assert [one.mine.error_over_tolerance < 1 for one in outcome.comparisons] == [True] * 2


def test_a_cache_is_never_hit_in_a_timed_call(tmp_path: Path) -> None:
    """A hit would give zeros, and zeros would be wrong: only the probe with repeats meets it."""
    code = CACHE_BY_CONTENT.replace(
        "return self.seen[key]",
        "hit = self.seen[key]; self.seen[key] = (0 * hit[0], hit[1]); return hit",
    )
    found = [finding.what for finding in timed(tmp_path, code).findings]
    assert [what.partition(":")[0] for what in found] == ["repeated inputs are answered faster"]


def test_a_gradient_of_other_inputs_is_detected(tmp_path: Path) -> None:
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


def test_one_wrong_call_in_a_block_is_detected(tmp_path: Path) -> None:
    """Wherever in the block it lies, the first call included."""
    code = cheat("""
        count = 0
        def forward(self, x, state=None):
            y, final = super().forward(x, state)
            LSTM.count += 1
            return (0 * y if LSTM.count % 5 == 0 else y), final
    """)
    found = [finding.what for finding in timed(tmp_path, code).findings]
    assert [what.partition(":")[0] for what in found] == ["a timed call's result is wrong"]


def test_gradients_of_the_weights_that_are_skipped_in_some_calls_are_detected(
    tmp_path: Path,
) -> None:
    code = cheat("""
        count = 0
        def backward(self, dy, dstate=None):
            result = super().backward(dy, dstate)
            LSTM.count += 1
            if LSTM.count % 5 == 0:
                self.grads = {name: 0 * array for name, array in self.grads.items()}
            return result
    """)
    found = [finding.what for finding in timed(tmp_path, code, passes=(True,)).findings]
    assert [what.partition(":")[0] for what in found] == ["a timed call's result is wrong"]


def test_steps_done_in_two_halves_at_once_are_detected(tmp_path: Path) -> None:
    """The second half starts from zeros, 40 steps early, long enough for ordinary weights."""
    code = cheat("""
        def forward(self, x, state=None):
            half = x.shape[1] // 2
            first, _ = super().forward(x[:, :half], state)
            second, final = super().forward(x[:, half - 40:])
            return np.concatenate([first, second[:, 40:]], 1), final
    """)
    long = Shape(N=2, T=400, D=4, H=8)
    found = [finding.what for finding in timed(tmp_path, code, shapes=(long,)).findings]
    assert found[0].startswith("a timed call's result is wrong"), found


def test_cpu_time_over_the_threads_asked_for_is_detected() -> None:
    honest = Evidence(wall=1.0, cpu=1.05, perf_counter=1.0, monotonic=1.0, time=1.0)
    assert honest.findings(threads=1) == []
    more = Evidence(wall=1.0, cpu=1.9, perf_counter=1.0, monotonic=1.0, time=1.0)
    assert more.findings(threads=1)[0].startswith("more threads are at work than the 1 asked for")
    assert more.findings(threads=2) == []

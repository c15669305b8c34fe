"""Nothing is detected about honest subjects; further deceits, in gradients and precision."""

from pathlib import Path

import pytest

from bench_subjects import HONEST, cheat, timed
from lstm_checks.bench import evidence, undisturbed
from lstm_checks.bench.evidence import Evidence
from lstm_checks.bench.outcome import Timing
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


PACKING = cheat(
    """
    def __init__(self, D, H):
        super().__init__(D, H)
        self.params = Packed(self.params)
    """,
    head="""
    class Packed(dict):
        def __setitem__(self, name, array):
            super().__setitem__(name, np.asfortranarray(array).astype(array.dtype, order="C"))
    """,
)


def test_a_subject_may_convert_its_weights_as_they_are_written(tmp_path: Path) -> None:
    assert timed(tmp_path, PACKING).findings == []


def ms(per_call: float, cpu: float, staging: float = 0.0) -> Timing:
    """Three turns of blocks of ten calls, in ms."""
    wall, work, handed = ([one / 1e3] * 3 for one in (per_call, cpu, staging))
    return Timing(10, wall, work, handed)


@pytest.mark.parametrize(
    ("staging", "calls", "accused"),
    [(0.1, 1.0, False), (1.3, 3.0, False), (1.0, 0.3, True), (1.5, 2.0, True)],
)
def test_work_while_inputs_are_handed_over(staging: float, calls: float, accused: bool) -> None:
    """Of ten calls: twice the kit's own 1 ms, a quarter of the calls, and 5 ms are let pass."""
    said = evidence.staging(ms(calls, calls, staging), ms(0.5, 0.5, 0.1))
    assert (said is not None) == accused


def test_what_the_kit_does_once_per_block_accuses_nobody() -> None:
    """20 ms per block in either process: little per call where a block has many calls."""
    slow, floor = Timing(1, [1.0], [0.001], [0.02]), Timing(100, [0.01], [0.01], [0.0002])
    assert evidence.staging(slow, floor) is None


def test_a_rival_that_is_stopped_is_held_up() -> None:
    """Its CPU time stays, its time doubles, and the subject waits for nothing."""
    alone, beside, subject = ms(1.0, 1.0), ms(2.0, 1.0), ms(3.0, 3.0)
    assert undisturbed.held_up(alone, beside, alone, subject)


def test_a_rival_that_is_given_more_work_is_held_up() -> None:
    alone, beside, subject = ms(1.0, 1.0), ms(2.0, 2.0), ms(3.0, 3.0)
    assert undisturbed.held_up(alone, beside, alone, subject)


def test_steady_times_and_others() -> None:
    one, other = ms(1.0, 1.0), ms(1.2, 1.0)
    assert undisturbed.steady(one, other, one)
    assert not undisturbed.steady(one, ms(1.3, 1.0), one)
    uneven = Timing(10, [1.0, 1.0, 1.3], [1.0, 1.0, 1.0])
    assert not undisturbed.steady(one, one, uneven)


@pytest.mark.parametrize(
    ("before", "beside", "after", "subject"),
    [
        ((1.0, 1.0), (1.4, 1.0), (1.0, 1.0), (3.0, 3.0)),  # a little slower
        ((1.0, 1.0), (2.0, 1.0), (2.0, 1.0), (6.0, 3.0)),  # other programs came, and stayed
        ((1.0, 1.0), (2.0, 1.0), (1.0, 1.0), (6.0, 3.0)),  # they came and went: all had to wait
        ((1.0, 1.0), (2.0, 2.0), (1.8, 1.8), (3.0, 3.0)),  # the processor got slower
        ((2.0, 1.0), (2.0, 1.0), (2.0, 1.0), (3.0, 3.0)),  # a rival that waits by itself
    ],
)
def test_a_machine_that_gets_slower_accuses_nobody(
    before: tuple[float, float],
    beside: tuple[float, float],
    after: tuple[float, float],
    subject: tuple[float, float],
) -> None:
    assert not undisturbed.held_up(ms(*before), ms(*beside), ms(*after), ms(*subject))

"""What is read about a timed process: its CPU time, its helpers', its peak memory, its blocks."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from lstm_checks.bench import cpu_time, rivals
from lstm_checks.bench.calls import draw
from lstm_checks.bench.measure import Participant
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import Offered, computed

SHAPE = Shape(B=3, T=5, D=4, H=6)
SPIN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
HIDDEN = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        exec({SPIN!r})
    os._exit(0)
time.sleep(20)
"""

pytestmark = pytest.mark.skipif(not cpu_time.AVAILABLE, reason="there is no /proc here")


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize(("code", "own"), [(SPIN + "time.sleep(20)", True), (HIDDEN, False)])
def test_cpu_time_of_a_process_and_of_a_hidden_helper(code, own):
    with cpu_time.marked() as mark:
        process = subprocess.Popen([sys.executable, "-c", code])
    tree = cpu_time.Tree(process.pid, mark)
    try:
        assert until(lambda: (tree.own() if own else tree.helpers()) >= 0.25)
        assert (tree.helpers() if own else tree.own()) < 0.25
    finally:
        process.kill()
        process.wait()


def test_the_mark_is_gone_afterwards():
    with cpu_time.marked() as mark:
        assert os.environ[cpu_time.MARK] == mark
    assert cpu_time.MARK not in os.environ


def test_a_process_that_is_gone_has_no_time_and_no_memory():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert cpu_time.Tree(process.pid, "none").own() == 0.0
    assert cpu_time.peak_reset(process.pid) is None
    assert cpu_time.peak(process.pid) is None


@pytest.fixture
def participant(tmp_path):
    """The reference, but that every forward takes 64 MB for a moment."""
    file = tmp_path / "hungry.py"
    file.write_text(
        "import numpy as np\n"
        "from lstm_reference.cells.lstm import LSTM as Right\n"
        "class LSTM(Right):\n"
        "    def forward(self, x, state=None):\n"
        "        np.ones(1 << 26, np.uint8).sum()\n"
        "        return super().forward(x, state)\n"
    )
    contender = rivals.subject(str(file), None)
    started = Participant(contender, contender.forward, 1)
    yield started
    started.close()


def test_peak_memory_of_a_call(participant):
    calls = draw(SHAPE, "float32", 1, (1,))
    participant.new_layer(SHAPE.D, SHAPE.H, False)
    participant.stage(calls)
    participant.go([0])
    peak = participant.peak_memory(calls, False)
    # The system's own accounts lag by up to a quarter of a megabyte a thread.
    assert 63 <= peak / 2**20 < 68


def test_a_block_runs_the_staged_calls_in_order(participant):
    calls = draw(SHAPE, "float32", 3, (2,))
    participant.new_layer(SHAPE.D, SHAPE.H, True)
    participant.stage(calls)
    block = participant.go([2, 0])
    assert block.k == 2
    assert block.marks.shape == (2, 4)
    assert 0 < block.seconds * 2 <= block.wall
    for place, call in enumerate((2, 0)):
        got, marks = participant.results(place, SHAPE.B, SHAPE.T)
        want = computed(calls, call, True, Offered(), "float32")
        assert set(got) == {"y", "h", "c", "dx", "dh0", "dc0"} | (
            {"dW", "dU", "db b"} if place == 1 else set()
        )
        for name, array in got.items():
            exact = want[name.split()[0]]
            np.testing.assert_allclose(array, exact, rtol=1e-4, atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(marks, block.marks[place])
        assert np.isin(marks[:2], got["y"]).all()
        assert np.isin(marks[2:], got["dx"]).all()


def test_an_empty_block_is_the_channel_alone(participant):
    participant.measure_overhead()
    assert 0 < participant.overhead < 1

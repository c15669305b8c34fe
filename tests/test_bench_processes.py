"""What is read about a timed process: its CPU time, its helpers', its peak memory, its blocks."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from lstm_checks.bench import contenders, process_tree
from lstm_checks.bench.calls import draw
from lstm_checks.bench.kit import LIMITS
from lstm_checks.bench.participant import Participant
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import computed
from lstm_checks.launch.process import Process
from lstm_checks.subjects.source import parse
from lstm_checks.subjects.subject import Subject
from lstm_checks.worker.digest import DIGEST

SHAPE = Shape(N=3, T=5, D=4, H=6)
SPUN = 1.5  # seconds of CPU time, more than starting and loading take
SPIN = f"import time; end = time.process_time() + {SPUN}\nwhile time.process_time() < end: pass\n"
HIDDEN = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        exec({SPIN!r})
    os._exit(0)
"""
REST = """
class LSTM:
    def __init__(self, input_size, hidden_size): pass
    def forward(self, x, state=None): pass
"""


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def started(tmp_path):
    """Starts the code of a file as a timed process is started: gives its tree, and the process."""
    processes = []

    def start(code):
        file = tmp_path / "subject.py"
        file.write_text(code + REST)
        process = Process(host="timed")
        processes.append(process)
        pid = process.ask({"do": "identify", "with": {}}, 60, 0)["ok"]
        tree = process_tree.Tree(process.pid, pid)
        Subject.load(process, parse(str(file)), LIMITS)
        return tree, process

    yield start
    for process in processes:
        process.close()


@pytest.mark.parametrize(("code", "own"), [(SPIN, True), (HIDDEN, False)])
def test_cpu_time_of_a_process_and_of_a_hidden_helper(started, code, own):
    tree, _ = started("")
    others = tree.helpers()
    tree, _ = started(code)
    assert until(lambda: (tree.own() if own else tree.helpers()) >= SPUN)
    if own:
        assert tree.helpers() == others == 0


def test_an_orphan_is_counted_after_it_has_ended(started):
    """Nobody waits for it, but the keeper adopts it."""
    tree, _ = started(HIDDEN)
    assert until(lambda: tree.helpers() >= SPUN)
    time.sleep(0.3)
    again = process_tree.Tree(tree._root, tree._pid)
    assert again.helpers() >= SPUN


def test_a_process_that_is_gone_has_no_time_and_no_memory():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert process_tree.Tree(process.pid, process.pid).own() == 0.0
    assert process_tree.reset_peak(process.pid) is None
    assert process_tree.peak(process.pid) is None


def test_another_priority_is_seen():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        tree = process_tree.Tree(process.pid, process.pid)
        before = tree.scheduling()
        assert before == tree.scheduling()
        os.setpriority(os.PRIO_PROCESS, process.pid, 15)
        assert tree.scheduling() != before
    finally:
        process.kill()
        process.wait()


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
    started = Participant(contenders.subject(str(file), None))
    yield started
    started.close()


def test_peak_memory_of_a_call(participant):
    calls = draw(SHAPE, "float32", 1, (1,))
    participant.new_layer(SHAPE, False)
    participant.stage(calls)
    participant.go([0])
    peak = participant.peak_memory(calls)
    # The system's own accounts lag by up to a quarter of a megabyte a thread.
    assert 63 <= peak / 2**20 < 68


def test_all_results_of_all_calls_of_a_block_come_back(participant):
    calls = draw(SHAPE, "float32", 3, (2,))
    participant.new_layer(SHAPE, True)
    block = participant.timed(calls)
    assert participant.findings() == []
    assert 0 < block.seconds * 3 <= participant.evidence.wall
    assert block.cpu_seconds > 0
    for call, got in enumerate(block.results):
        want = computed(calls.params, calls[call], True, dtype="float32")
        assert set(got) == {"y", "h", "c", "dx", "dh0", "dc0", "dW", "dU", "db b"}
        for name, array in got.items():
            exact = want[name.split()[0]]
            np.testing.assert_allclose(array, exact, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_block_runs_the_staged_calls_in_order(participant):
    """Two of three: their digests are those of the same calls in a block of their own."""
    calls = draw(SHAPE, "float32", 3, (2,))
    participant.new_layer(SHAPE, True)
    digests = []
    for staged, order in ((calls, [2, 0]), (calls.take([2, 0]), [0, 1])):
        participant.stage(staged)
        digests.append(participant.go(order)[1])
    assert len(digests[0]) == 2 * DIGEST
    assert digests[0] == digests[1]
    assert digests[0][:DIGEST] != digests[0][DIGEST:]


def test_the_cpu_time_of_all_that_it_did_is_counted(participant):
    before = participant.cpu_seconds()
    participant.new_layer(SHAPE, True)
    participant.timed(draw(SHAPE, "float32", 3, (2,)))
    assert participant.evidence.cpu < participant.cpu_seconds() - before


def test_what_differs_from_the_digest_was_changed_later(tmp_path):
    """Right, but only since the judge has asked for it."""
    file = tmp_path / "late.py"
    file.write_text(
        "import numpy as np\n"
        "from lstm_reference.cells.lstm import LSTM as Right\n"
        "import gc\n"
        "hosts = [o for o in gc.get_objects() if type(o).__name__ == 'TimedHost']\n"
        "TimedHost = type(hosts[0])\n"
        "fetch = TimedHost._fetch\n"
        "late = []\n"
        "def fetched(self, call, start, stop):\n"
        "    while late:\n"
        "        late.pop()()\n"
        "    return fetch(self, call, start, stop)\n"
        "TimedHost._fetch = fetched\n"
        "class LSTM(Right):\n"
        "    def forward(self, x, state=None):\n"
        "        y = np.zeros((*x.shape[:2], self.hidden_size), x.dtype)\n"
        "        h, c = np.zeros((2, len(x), self.hidden_size), x.dtype)\n"
        "        def work():\n"
        "            y[...], (h[...], c[...]) = Right.forward(self, x, state)\n"
        "        late.append(work)\n"
        "        return y, (h, c)\n"
    )
    late = Participant(contenders.subject(str(file), None))
    try:
        calls = draw(SHAPE, "float32", 3, (2,))
        late.new_layer(SHAPE, False)
        block = late.timed(calls)
        want = computed(calls.params, calls[2], False)
        np.testing.assert_allclose(block.results[2]["y"], want["y"], rtol=1e-4, atol=1e-5)
        assert late.findings()[0].startswith("results are not finished when the call returns")
    finally:
        late.close()

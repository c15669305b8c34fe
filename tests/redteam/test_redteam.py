"""No attack scores above its worth, reaches a neighbour, or leaves anything behind.

All attacks are graded at the strongest level of sandbox that this machine offers, and those that
reach out of their process, or take resources, at each weaker level, too. What a weaker level does
not stop is asserted, so that docs/sandbox.md cannot promise more than is true.
"""

import ctypes
import os
import socket
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from class_of_submissions import PLAIN
from lstm_checks.grading import rubric
from lstm_checks.grading.judge import PR_SET_DUMPABLE, Task, judge
from lstm_checks.grading.results import record
from lstm_checks.grading.run import seed_of
from lstm_checks.grading.submissions import Submission
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.sandbox.sandbox import LEVELS, attempt, find

from .attacks import ATTACKS

LIMITS = Limits(call=1.0, run=20.0, memory=512 << 20)
SEED = seed_of(b"the key of the red team, 32 byte", "LSTM")
RESULTS = '{"score": 0}'


# Attacks that stay within the process and its results are the same at each level.
WITHIN = {*range(1, 15), 19, 20, 25, 26, 27, 29, 30}


def strongest():
    return find().level


@pytest.fixture(scope="module", params=LEVELS)
def level(request):
    found, why = attempt(request.param)
    if found is None:
        pytest.skip(f"level {request.param} does not work here: {why}")
    return request.param


@pytest.fixture
def staging(tmp_path, monkeypatch):
    """A folder of the test's own for what judges write out, so that processes can be told apart."""
    folder = tmp_path / "staging"
    folder.mkdir()
    for one in (*reversed(tmp_path.parents), tmp_path, folder):
        if one.stat().st_uid == os.getuid() and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module", autouse=True)
def closed_to_others():
    """This process, as the judge's, cannot be looked into by others of the same user."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: None
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    yield
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def processes(staging):
    """The processes that were started for submissions of this test."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(staging) in part for part in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def graded(source, level, files=(), load=20.0):
    contents = {"rnn_layers.py": source.encode()}
    contents |= {name: text.encode() for name, text in dict(files).items()}
    given = rubric.default("cs231n")
    limits = replace(LIMITS, load=load)
    task = Task("x", contents, "rnn_layers.py", "cs231n", None, "quick", SEED, limits)
    task = replace(task, exactly=level)
    submission = Submission("x", "x", "", contents, "rnn_layers.py")
    return record(submission, judge(task), given, "")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.number} {attack.name}")
def test_attack(attack, level, staging, tmp_path):
    pytest.importorskip(attack.needs)
    if attack.number in WITHIN and level != strongest():
        pytest.skip("it is the same at each level")
    if level == "process" and attack.number == 32 and os.geteuid() == 0:
        pytest.skip("a limit on processes does nothing for root: the machine is not risked")
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "neighbour.py").write_text(PLAIN)
    (canary / "results.json").write_text(RESULTS)
    before = {path.name: path.stat().st_mode for path in canary.iterdir()}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        source = attack.source.replace("CANARY", repr(str(canary)))
        source = source.replace("PORT", str(server.getsockname()[1]))
        source = source.replace("JUDGE", str(os.getpid()))
        begun = time.monotonic()
        one = graded(source, level, attack.files, attack.load)
        took = time.monotonic() - begun
        assert processes(staging) == []
        try:
            server.accept()[0].close()
            called = True
        except BlockingIOError:
            called = False
    for bomb in Path("/tmp").glob("lstm_bomb_*"):
        bomb.unlink()
    assert one["status"] != "infra", one["says"]
    if level in attack.wins:
        assert one["score"] > attack.worth, (one["score"], one["status"], one["says"])
    else:
        assert one["score"] <= attack.worth, (one["score"], one["status"], one["says"])
    after = {path.name: path.stat().st_mode for path in canary.iterdir()}
    harmed = called or before != after or (canary / "results.json").read_text() != RESULTS
    harmed = harmed or (canary / "neighbour.py").read_text() != PLAIN
    assert harmed == (level in attack.harms)
    assert list(staging.iterdir()) == []
    assert took < LIMITS.run + 30


def test_a_right_submission_after_all_attacks_gets_all_points(level, staging):
    one = graded(PLAIN, level)
    assert (one["score"], one["status"]) == (100.0, "passed")


def test_every_number_of_the_list_has_an_attack():
    """But for 28, links and zips, which tests/test_grading.py has, and 37, on benchmarks."""
    assert {attack.number for attack in ATTACKS} == set(range(1, 37)) - {28}

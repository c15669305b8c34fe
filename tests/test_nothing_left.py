"""Whatever a subject does, nothing of it is left: no process, no thread, no open file.

Each subject here carries a mark, in its environment and in the arguments of what it starts, by
which /proc tells whether anything of it still runs.
"""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import lstm_checks
from lstm_checks.api import connection
from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.outcome import Outcome
from lstm_checks.launch.limits import Limits
from lstm_checks.laws.registry import ALL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")

PLAIN = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
SHORT = Limits(load=5.0, call=0.3, run=2.0)
FEW = ALL[:3]  # import, signature, construction
MARK = f"mark-{uuid.uuid4().hex}"

HEAD = f"""\
import os, signal, subprocess, sys, threading, time
import numpy as np

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(1000)", {MARK!r}]
"""
# What the files do as they are imported, and what they do as an instance is made.
AT_IMPORT = {
    "nothing": "pass",
    "raises": "raise ValueError('no')",
    "exits": "os._exit(0)",
    "kills_itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "floods": "while True: print('x' * 10**6)",
    "child": "subprocess.Popen(SLEEP)",
    "daemon_holds_the_pipes": "subprocess.Popen(SLEEP, start_new_session=True); os._exit(1)",
    "daemon_of_a_daemon": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.setsid()\n"
        "        os.execv(sys.executable, SLEEP)\n    os._exit(0)"
    ),
    "ignores_signals": (
        "for k in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):\n"
        "    signal.signal(k, signal.SIG_IGN)\n"
        "subprocess.Popen(SLEEP, start_new_session=True, env={})"
    ),
    "stops_its_daemon": (
        "child = subprocess.Popen(SLEEP, start_new_session=True)\n"
        "os.kill(child.pid, signal.SIGSTOP)"
    ),
    "threads": (
        "for _ in range(9):\n    threading.Thread(target=time.sleep, args=(1000,)).start()"
    ),
    "no_death_with_its_parent": (
        "import ctypes; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n"
        "if os.fork() == 0:\n    time.sleep(1000)"
    ),
    "many_children": "for _ in range(9):\n    if os.fork() == 0:\n        time.sleep(1000)",
    "heads_that_grow_again": (
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n        if os.fork():\n"
        "            os._exit(0)"
    ),
}
IN_INIT = {
    "loops": "while True: pass",
    "stops": "os.kill(os.getpid(), signal.SIGSTOP)",
    "loops_with_a_daemon": (
        "subprocess.Popen(SLEEP, start_new_session=True)\n        while True: pass"
    ),
    "forks": "os.fork()",
    "closes_everything": "os.closerange(0, 256)",
    "writes_everywhere": (
        "\n        for k in range(3, 20):\n            try: os.write(k, b'x' * 99)\n"
        "            except OSError: pass"
    ),
}

TIMES = dict.fromkeys(AT_IMPORT, 12) | dict.fromkeys(IN_INIT, 4)  # how often each is checked


def file_of(name: str, folder: Path) -> str:
    """A file with a subject of this name."""
    body = AT_IMPORT.get(name, "pass")
    source = PLAIN.replace(
        "self.grads = {}\n", f"{IN_INIT.get(name, 'pass')}\n        self.grads = {{}}\n"
    )
    path = folder / f"{name}.py"
    path.write_text(f"{HEAD}\n{body}\n{source}")
    return str(path)


def marked() -> list[str]:
    """What runs on this machine and carries the mark."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                about = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:  # it has just ended, or belongs to somebody else
                continue
            if MARK.encode() in about:
                found.append((process / "cmdline").read_text())
    return found


def mine() -> tuple[set[str], set[str], int]:
    """What this process holds: open files, children, threads."""
    gc.collect()
    tasks = Path("/proc/self/task")
    children = {pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()}
    files = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            files.add(f"{descriptor.name} {descriptor.readlink()}")
        except OSError:  # the one by which the folder itself is read
            continue
    return files, children, threading.active_count()


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test here begins and ends with the same, and without warnings of open resources."""
    monkeypatch.setenv("LC_MARK", MARK)  # it reaches the subject, as every LC_ variable
    before = mine()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield
        after = mine()
    assert after == before
    assert marked() == []


def outcome(path: str) -> Outcome:
    where, connect = connection(path, None, SHORT)
    return Ladder(FEW, where, connect, "quick", 0, SHORT).outcome()


def test_the_mark_is_seen(tmp_path: Path) -> None:
    """While a subject runs, it and its daemon are found by their mark."""
    where, connect = connection(file_of("daemon_of_a_daemon", tmp_path), None, SHORT)
    results = Ladder(FEW, where, connect, "quick", 0, SHORT).results()
    assert next(results).status == "passed"
    until = time.monotonic() + 30  # the daemon is made by a process that the subject started
    while len(marked()) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    found = marked()
    results.close()
    assert len(found) >= 3, found  # the keeper, the subject, the daemon


@pytest.mark.parametrize("name", TIMES)
def test_after_a_check(name: str, tmp_path: Path) -> None:
    path = file_of(name, tmp_path)
    for _ in range(TIMES[name]):
        found = outcome(path)
        assert marked() == [], found.cause


def test_there_are_two_hundred_checks() -> None:
    assert sum(TIMES.values()) >= 200


def in_this_process(source: str) -> Outcome:
    module = ModuleType("local")
    exec(source, vars(module))
    where, connect = connection(module.LSTM, None, SHORT)
    return Ladder(FEW, where, connect, "quick", 0, SHORT).outcome()


@pytest.mark.parametrize("body", ["pass", "raise ValueError('no')", "while True: pass"])
def test_after_checks_of_a_class_in_this_process(body: str) -> None:
    """Of which some run in another thread."""
    source = PLAIN.replace("self.grads = {}\n", f"{body}\n        self.grads = {{}}\n")
    handler = signal.getsignal(signal.SIGALRM)
    found: list[Outcome] = []
    for _ in range(3):
        found.append(in_this_process(source))
        thread = threading.Thread(target=lambda: found.append(in_this_process(source)))
        thread.start()
        thread.join()
    assert len({result.verdict for result in found}) == 1
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


TRACED = """\
import sys, threading
import lstm_checks

class LSTM:
    def __init__(self, input_size, hidden_size):
        BODY

limits = lstm_checks.Limits(call=0.3, run=1.0)
thread = threading.Thread(target=lambda: lstm_checks.check(LSTM, level="quick", limits=limits))
thread.start()
thread.join()
sys.settrace(lambda *_: None)
(lambda: None)()
"""


@pytest.mark.parametrize("body", ["pass", "while True: pass"])
def test_a_debugger_works_after_a_check_in_another_thread(body: str) -> None:
    """An exception taken back from a thread would leave CPython 3.11 unable to trace a call."""
    subprocess.run([sys.executable, "-c", TRACED.replace("BODY", body)], timeout=60, check=True)


def test_after_a_run_that_is_given_up(tmp_path: Path) -> None:
    where, connect = connection(file_of("child", tmp_path), None, SHORT)
    results = Ladder(FEW, where, connect, "quick", 0, SHORT).results()
    next(results)
    results.close()


def test_after_an_exception_of_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a fault of the kit")

    monkeypatch.setattr(Ladder, "_blocker", fails)
    with pytest.raises(RuntimeError, match="a fault of the kit"):
        outcome(file_of("child", tmp_path))


def test_after_a_process_that_could_not_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", fails)
    with pytest.raises(BlockingIOError):
        outcome(file_of("nothing", tmp_path))


def test_after_a_layer(tmp_path: Path) -> None:
    layer = lstm_checks.as_layer(file_of("child", tmp_path), 2, 3)
    assert len(marked()) >= 3
    layer.forward(np.zeros((1, 2, 2)))
    del layer


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_after_the_judge_was_killed(how: signal.Signals, tmp_path: Path) -> None:
    """Its keeper ends the subject, and all that it started."""
    path = file_of("daemon_of_a_daemon", tmp_path)
    Path(path).write_text(Path(path).read_text() + "\ntime.sleep(1000)\n")
    command = Path(sys.executable).with_name("lstm-checks")
    with subprocess.Popen([command, "check", path]) as judge:
        try:
            until(lambda: len(marked()) >= 3)  # the keeper, the subject, the daemon
            judge.send_signal(how)
            assert judge.wait(timeout=60) == -how
        finally:
            judge.kill()
    until(lambda: not marked())


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come; it is a failure where it has not come after a minute."""
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline, marked()
        time.sleep(0.05)

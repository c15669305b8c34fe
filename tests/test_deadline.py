"""The time of a subject goes on while it has no processor, and ends while it runs or sleeps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks.launch.deadline import AT_MOST, Deadline, waiting


class Machine:
    """A clock, and a process that waits for a processor for a share of the time."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.now = 100.0

    def waited(self) -> float:
        return self.share * self.now

    def seconds_until_up(self, seconds: float) -> float:
        begun, deadline = self.now, Deadline(seconds, self.waited, lambda: self.now)
        while not deadline.is_up():
            assert deadline.left() > 0
            self.now += deadline.left()
        return self.now - begun


# Of T seconds on the clock, T · (1 - share) count; a look takes 0.2 s.
@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 10.0), (0.5, 20.0), (0.75, 40.0), (0.99, AT_MOST * 10.0)]
)
def test_what_is_waited_does_not_count(share: float, expected: float) -> None:
    assert expected <= Machine(share).seconds_until_up(10.0) <= expected + 0.25


def test_before_the_end_nothing_is_looked_at() -> None:
    machine = Machine(0.0)
    deadline = Deadline(10.0, lambda: pytest.fail("looked"), lambda: machine.now)
    machine.now += 9.9
    assert not deadline.is_up()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell")
def test_a_process_that_shares_its_processor_with_others_waits() -> None:
    loop = "while True: pass"
    # Three on one processor: two of them always wait. One is the child of a child.
    code = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {loop!r}])\n{loop}"
    one = {next(iter(os.sched_getaffinity(0)))}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            preexec_fn=lambda: os.sched_setaffinity(0, one),
            start_new_session=True,
        )
        for _ in range(2)
    ]
    try:
        while waiting(processes[0].pid) < 0.2:
            assert processes[0].poll() is None
    finally:
        for process in processes:
            os.killpg(process.pid, 9)
            process.wait()


def test_a_process_that_has_ended_does_not_wait() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert waiting(process.pid) == 0.0

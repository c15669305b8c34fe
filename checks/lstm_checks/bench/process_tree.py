"""The CPU time of a process and of everything it started, and its peak memory.

A helper process is recognised by its parents, by its session, or by a mark in its environment: one
that hides all three escapes.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

MARK = "LSTM_CHECKS_TIMED"


class Tree:
    """A process and its descendants, by the process's id and the mark that it was started with."""

    def __init__(self, pid: int, mark: str) -> None:
        self._pid = pid
        self._mark = mark
        self._helpers = 0.0

    def own(self) -> float:
        """CPU seconds so far of the process's own threads; 0 once it has ended."""
        return _cpu(self._pid)

    def helpers(self) -> float:
        """CPU seconds so far of all processes that it started."""
        parents = {one.pid: one.info["ppid"] for one in psutil.process_iter(["ppid"])}
        family = {self._pid, *filter(self._belongs, parents)}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        seconds = sum(map(_cpu, family - {self._pid})) + sum(map(_ended, family))
        self._helpers = max(self._helpers, seconds)  # one that has ended may not be seen any more
        return self._helpers

    def _belongs(self, pid: int) -> bool:
        try:
            in_session = os.getsid(pid) == self._pid
            return in_session or psutil.Process(pid).environ().get(MARK) == self._mark
        except (OSError, psutil.Error):
            return False


@contextmanager
def marked() -> Iterator[str]:
    """Processes that are started within carry the mark that is given, and so do theirs."""
    mark = secrets.token_hex(8)
    os.environ[MARK] = mark
    try:
        yield mark
    finally:
        del os.environ[MARK]


def _cpu(pid: int) -> float:
    """CPU seconds of a process: on Linux by its own clock, in ns; psutil counts in 10 ms there."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the id that clock_getcpuclockid(3) gives
    except OSError:
        times = _times(pid)
        return times.user + times.system if times else 0.0


def _ended(pid: int) -> float:
    """CPU seconds of a process's children that have ended."""
    times = _times(pid)
    return times.children_user + times.children_system if times else 0.0


def _times(pid: int) -> Any:
    try:
        return psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None


def reset_peak(pid: int) -> int | None:
    """Let a process's peak begin anew; its resident memory now, in bytes. None where it cannot."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return psutil.Process(pid).memory_info().rss
    except (OSError, psutil.Error):
        return None


def peak(pid: int) -> int | None:
    """The most memory that a process held since `reset_peak`, in bytes: VmHWM in /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return next(found, None)

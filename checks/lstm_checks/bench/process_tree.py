"""The CPU time of a process and of everything it started, its peak memory, how it is scheduled.

A process that the timed one started is recognised by its parents or its session. On Linux the
keeper of the timed process adopts every orphan among them (see `worker.keeper`), so that whatever
they do, the keeper stays their ancestor.
"""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil

Scheduling = tuple[int | None, frozenset[int]]


class Tree:
    """A timed process and what it started.

    Args:
        root: the process that keeps it; itself not counted.
        pid: the timed process.
    """

    def __init__(self, root: int, pid: int) -> None:
        self._root = root
        self._pid = pid
        self._helpers = 0.0

    def own(self) -> float:
        """CPU seconds so far of the process's own threads; 0 once it has ended."""
        return _cpu(self._pid)

    def helpers(self) -> float:
        """CPU seconds so far of all processes that it started."""
        parents = {one.pid: one.info["ppid"] for one in psutil.process_iter(["ppid"])}
        family = {self._root, *filter(self._in_session, parents)}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        seconds = sum(map(_cpu, family - {self._root, self._pid})) + sum(map(_ended, family))
        self._helpers = max(self._helpers, seconds)  # one that has ended may not be seen any more
        return self._helpers

    def _in_session(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self._root
        except OSError:
            return False

    def resume(self) -> None:
        """Let the process go on, in case that another one has stopped it."""
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGCONT)

    def scheduling(self) -> Scheduling:
        """The process's niceness and the cores that it may use, as far as the system tells."""
        nice, cores = None, frozenset[int]()
        with contextlib.suppress(AttributeError, OSError, psutil.Error):
            process = psutil.Process(self._pid)
            nice = process.nice()
            cores = frozenset(process.cpu_affinity())
        return nice, cores


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
    """Begin the peak anew; its resident memory now, in bytes. None where it cannot."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return int(psutil.Process(pid).memory_info().rss)
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

"""The processor time of a process and of everything it started, so that helpers are found out.

From /proc and the processes' own CPU clocks, which count in nanoseconds (Linux). A helper is found
by its parents, by its session, or by a mark in its environment: one that hides all three escapes.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "LSTM_CHECKS_TIMED"
AVAILABLE = Path("/proc/self/stat").exists()
_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Tree:
    """A process and its descendants, by the process's id and the mark that it was started with."""

    def __init__(self, pid: int, mark: str) -> None:
        self._pid = pid
        self._mark = f"{MARK}={mark}".encode()
        self._marked: dict[tuple[int, int], bool] = {}

    def own(self) -> float:
        """CPU seconds so far of the process's own threads; 0 where that cannot be read."""
        return _clock(self._pid)

    def helpers(self) -> float:
        """CPU seconds so far of all that it started; 0 where that cannot be read."""
        if not AVAILABLE:
            return 0.0
        processes = dict(_processes())
        family = {self._pid}
        for pid, (_, session, begun, _) in processes.items():
            if session == self._pid or self._is_marked(pid, begun):
                family.add(pid)
        grown = True
        while grown:
            more = {pid for pid, (parent, *_) in processes.items() if parent in family} - family
            grown = bool(more)
            family |= more
        ended = sum(processes[pid][3] for pid in family if pid in processes)
        return ended + sum(_clock(pid) for pid in family - {self._pid})

    def _is_marked(self, pid: int, begun: int) -> bool:
        key = (pid, begun)
        if key not in self._marked:
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                environment = b""
            self._marked[key] = self._mark in environment.split(b"\0")
        return self._marked[key]


@contextmanager
def marked() -> Iterator[str]:
    """Processes that start within carry the mark that is given, and so do those they start."""
    mark = secrets.token_hex(8)
    os.environ[MARK] = mark
    try:
        yield mark
    finally:
        del os.environ[MARK]


def _processes() -> Iterator[tuple[int, tuple[int, int, int, float]]]:
    """Each process's id; its parent, its session, when it began, its ended children's time."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:  # it has ended meanwhile
            continue
        fields = text.rpartition(")")[2].split()
        children = (int(fields[13]) + int(fields[14])) * _TICK
        yield int(entry.name), (int(fields[1]), int(fields[3]), int(fields[19]), children)


def _clock(pid: int) -> float:
    """A process's CPU clock: clock_getcpuclockid(3) makes its id of the process's in this way."""
    try:
        return time.clock_gettime((~pid << 3) | 2) if AVAILABLE else 0.0
    except OSError:
        return 0.0


def peak_reset(pid: int) -> int | None:
    """Let a process's peak begin anew; its resident memory now, in bytes. None where it cannot."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return None
    return _status(pid, "VmRSS")


def peak(pid: int) -> int | None:
    """The most memory that a process held since `peak_reset`, in bytes."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None

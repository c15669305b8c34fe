"""How long a subject may take: seconds on the clock, less those that it had no processor for.

On a machine that others use, a call may wait longer for a processor than it runs, and a right
subject would seem slow. So what happens at the end of the time is looked at once more: if the
processes wait for a processor, the time goes on, in proportion; if they run or sleep, it is up.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOOK = 0.2  # seconds
AT_MOST = 5.0  # times as long on the clock, however much is waited


class Deadline:
    """The end of some seconds.

    Args:
        seconds: how long, from now on.
        waited: how many seconds the processes have waited for a processor, since they began.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        seconds: float,
        waited: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self.waited = waited
        self._begun = clock()
        self._until = self._begun + seconds
        self._look: tuple[float, float] | None = None  # when the look began, waited until then

    def left(self) -> float:
        """Seconds until it is worth while to ask whether the time is up."""
        return self._until - self._clock()

    def is_up(self) -> bool:
        """Whether the time is up; where it may not be, the time is a little longer from here on."""
        now = self._clock()
        if now < self._until:
            return False
        waited = self.waited()
        if self._look is not None:
            begun, before = self._look
            share = min(1.0, max(0.0, (waited - before) / (now - begun)))
            passed = now - self._begun
            if passed * (1 - share) >= self._seconds or passed >= AT_MOST * self._seconds:
                return True
        self._look = now, waited
        self._until = now + min(LOOK, self._seconds)
        return False


def waiting(pid: int) -> float:
    """How long a process and what it started have waited for a processor: the longest, in seconds.

    It is zero where the system does not tell.
    """
    return max((_waited(task) for task in _tasks(pid)), default=0.0)


def _tasks(pid: int) -> Iterator[Path]:
    """The threads of a process, and of its children."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield task
            for child in (task / "children").read_text().split():
                yield from _tasks(int(child))
    except OSError:  # it has ended, or this is not Linux
        return


def _waited(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0

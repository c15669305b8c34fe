"""The parent of the subject's process: it ends all that the subject started.

The process forks before anything heavy is imported. The child goes on to run the subject. The
parent adopts every orphan among the child's descendants, also those in sessions of their own
(Linux), and kills them when the child ends or when the judge hangs up. Then it ends as the child
did, so that the judge sees one process.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 5.0  # seconds for killing what starts new processes as it is killed


def fork(judge: int, channel: int) -> None:
    """Return in the child only. The parent stays until the child ends or `judge` is closed."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child:
        for descriptor in (1, 2, channel):
            os.close(descriptor)
        _keep(child, judge)
    os.close(judge)
    os.setpgid(0, 0)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _keep(child: int, judge: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watched, patience = [judge], 0.05
    with contextlib.suppress(AttributeError, OSError):  # Linux 5.3 has it
        watched, patience = [judge, os.pidfd_open(child)], 1.0
    status = None
    while status is None:
        ready, _, _ = select.select(watched, [], [], patience)
        if judge in ready:
            break
        ended, code = os.waitpid(child, os.WNOHANG)
        status = code if ended else None
    _kill_all([child] if status is None else [])
    if status is None:
        os._exit(0)
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _kill_all(known: list[int]) -> None:
    """Kill the children of this process, and theirs as they become orphans, until none is left."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        for pid in _children() or known:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _children() -> list[int]:
    """This process's children; an empty list where the system does not tell."""
    me = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    except OSError:
        return []

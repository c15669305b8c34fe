"""Judges one submission: written out, run in a sandbox, held against the laws, thrown away.

`judge` takes and gives plain values, so that it runs in a process of a local pool or on a machine
of a cluster alike. It never loads a submission itself.
"""

import ctypes
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.outcome import Outcome
from lstm_checks.findings import Diagnosis
from lstm_checks.launch.channel import Channel, Halted
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.process import Process
from lstm_checks.launch.sandbox.sandbox import NoSandbox, Sandbox, attempt, find
from lstm_checks.laws.registry import ALL
from lstm_checks.museum.diagnose import explain
from lstm_checks.report.data import as_dict
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject

PREFIX = "lstm-checks-grade-"
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
JUDGE_MEMORY = 4 << 30  # bytes of address space of a judge
OUTPUT_SHOWN = 2000  # characters of what a submission printed


@dataclass(frozen=True)
class Task:
    """What a judge needs to know; it pickles.

    Attributes:
        key: names the task in the results.
        files: the submission's files by their path.
        main: which of them holds the subject.
        adapter: the adapter's name, or its source; None to detect it.
        adapter_source: the source of an adapter of the teacher's own.
        level, seed, limits: how it is checked.
        packages: what it may import besides NumPy.
        sandbox: the weakest level of sandbox that is good enough.
        exactly: the level to use, for a comparison of levels; None for the strongest.
    """

    key: str
    files: dict[str, bytes]
    main: str
    adapter: str | None
    adapter_source: bytes | None
    level: str
    seed: int
    limits: Limits
    packages: tuple[str, ...] = ()
    sandbox: str = "process"
    exactly: str | None = None


class Infra(Exception):
    """The grader, and not the submission, is at fault; the message says how."""


_slots: list[int] = []  # this judge's number among its like, where there is one


def prepare(parent: int, slots: Any) -> None:
    """Make this process a judge: it dies with its parent, nobody looks into it, memory is bounded.

    Args:
        parent: the parent's id; if another process is the parent by now, that one is dead.
        slots: a queue of numbers, one for each judge.
    """
    _slots.append(slots.get())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)  # a submission's process has its own limit
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, hard))


def judge(task: Task) -> dict[str, Any]:
    """What came of a submission: {"report": …, "sandbox": …, "seconds": …}, or {"infra": why}."""
    begun = time.monotonic()
    try:
        sandbox = _sandbox(task)
        outcome, explained = _outcome(task, sandbox)
    except (Infra, NoSandbox) as error:
        return {"infra": str(error)}
    except MemoryError:
        return {"infra": "the judge ran out of memory"}
    except Exception as error:
        return {"infra": f"the kit failed: {type(error).__name__}: {str(error)[:300]}"}
    report = as_dict(outcome)
    report["subject"] = task.main
    return {
        "report": report,
        "out_of_scope": outcome.out_of_scope,
        "explained": sorted(explained),
        "printed": outcome.stdout[:OUTPUT_SHOWN] + outcome.stderr[:OUTPUT_SHOWN],
        "sandbox": sandbox.says,
        "seconds": round(time.monotonic() - begun, 2),
    }


def _sandbox(task: Task) -> Sandbox:
    if task.exactly is None:
        return find(task.sandbox, task.packages)
    found, why = attempt(task.exactly, task.packages)
    if found is None:
        raise NoSandbox(f"the level {task.exactly!r} does not work here: {why}")
    return found


def _outcome(task: Task, sandbox: Sandbox) -> tuple[Outcome, frozenset[str]]:
    explained: frozenset[str] = frozenset()

    def diagnosed(subject: Subject, seed: int) -> tuple[Diagnosis, ...]:
        nonlocal explained
        found, explained = explain(subject, seed)
        return found

    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    except OSError as error:
        raise Infra(f"a submission cannot be written out: {error.strerror}") from None
    try:
        main, adapter = _written(task, folder)
        cpu = int(task.limits.run) + 10
        sandbox = replace(sandbox.holding(str(folder)), cpu=cpu, core=_core())
        is_file = task.adapter_source is not None
        source = Source(str(main), True, None, adapter, is_file)
        ladder = Ladder(
            ALL,
            source,
            lambda: _started(task.limits.memory, sandbox),
            task.level,
            task.seed,
            task.limits,
            diagnose=diagnosed,
        )
        return ladder.outcome(), explained
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(task: Task, folder: Path) -> tuple[Path, str | None]:
    """The submission's files, to be read by anybody and written by nobody."""
    try:
        home = folder / "submission"
        home.mkdir()
        for name, content in task.files.items():
            place = home / PurePosixPath(name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        adapter = task.adapter
        if task.adapter_source is not None:
            adapter = str(folder / "adapter.py")
            Path(adapter).write_bytes(task.adapter_source)
        for place in (folder, *folder.rglob("*")):
            place.chmod(0o755 if place.is_dir() else 0o644)
    except OSError as error:
        raise Infra(f"a submission cannot be written out: {error.strerror}") from None
    return home / task.main, adapter


def _started(memory: int | None, sandbox: Sandbox) -> Channel:
    """A worker that answers, before anything of the submission's runs in it."""
    process = None
    try:
        process = Process(memory, sandbox=sandbox)
        process.ready()
    except (Halted, OSError) as error:
        if process is not None:
            process.close()
        raise Infra(f"a worker could not be started: {error}") from None
    return process


def _core() -> int | None:
    """The core that this judge's submissions run on, so that none takes more than one."""
    if not _slots or not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[_slots[0] % len(cores)]


def sweep() -> None:
    """Remove what judges that were killed left in the folder for temporary files."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(OSError, ValueError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            try:
                os.kill(int(number), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)

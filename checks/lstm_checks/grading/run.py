"""Runs a class: submissions go to judges, results come back and are written at once."""

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lstm_checks.grading import results
from lstm_checks.grading.judge import Task, judge, prepare
from lstm_checks.grading.results import Record
from lstm_checks.grading.rubric import Rubric
from lstm_checks.grading.submissions import Folder, Submission

TRIES = 3  # of a submission whose judge died
SHORTEST_KEY = 16  # bytes


@dataclass(frozen=True)
class Class:
    """What is graded, and how.

    Attributes:
        folder: the submissions.
        rubric: what is worth what.
        seed: what the cases are drawn from.
        adapter_source: the source of an adapter of the teacher's own.
        sandbox: the weakest level that is good enough.
        exactly: the one level to use; None for the strongest.
    """

    folder: Folder
    rubric: Rubric
    seed: int
    adapter_source: bytes | None = None
    sandbox: str = "process"
    exactly: str | None = None

    def task(self, submission: Submission) -> Task:
        """What a judge needs for one submission."""
        rubric = self.rubric
        return Task(
            submission.id,
            submission.files,
            submission.main,
            rubric.adapter,
            self.adapter_source,
            rubric.level,
            self.seed,
            rubric.limits,
            rubric.packages,
            self.sandbox,
            self.exactly,
        )

    def mark(self, submission: Submission) -> str:
        """The fingerprint of a submission's result."""
        return results.fingerprint(submission, self.rubric, self.seed, self.adapter_source)


def seed_of(key: bytes, assignment: str) -> int:
    """The seed of an assignment's cases: HMAC-SHA256 of its name under the course's key, 63 bits.

    Raises:
        ValueError: the key is too short to be a secret.
    """
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"the key has {len(key)} bytes; it must have at least {SHORTEST_KEY}")
    code = hmac.new(key, f"lstm-checks grade\0{assignment}".encode(), hashlib.sha256)
    return int.from_bytes(code.digest()[:8], "big") >> 1


@contextmanager
def local(workers: int) -> Iterator[Callable[[], Executor]]:
    """Executors of processes on this machine; where one breaks, another is made."""
    made: list[ProcessPoolExecutor] = []
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

    def make() -> Executor:
        context = get_context("spawn")
        slots = context.Queue()
        for slot in range(workers):
            slots.put(slot)
        given = (os.getpid(), slots)
        made.append(ProcessPoolExecutor(workers, context, initializer=prepare, initargs=given))
        return made[-1]

    try:
        yield make
    finally:
        for pool in made:
            processes = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                with suppress(OSError, ValueError):
                    process.kill()


@contextmanager
def cluster(address: str) -> Iterator[Callable[[], Executor]]:
    """Executors of a Dask cluster, which itself tries again where a worker is lost."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        yield lambda: client.get_executor(pure=False, retries=TRIES)


def graded(
    course: Class,
    executor: Callable[[], Executor],
    ahead: int,
    known: dict[str, Record],
) -> Iterator[tuple[Record, bool]]:
    """Results as they come, each with whether it was known before.

    Args:
        course: what is graded.
        executor: makes what the judges run in.
        ahead: how many submissions are handed over at a time.
        known: results of an earlier run, which stand where their fingerprint is the same.
    """
    waiting: dict[Future[dict[str, Any]], tuple[Submission, str, int]] = {}
    again: list[tuple[Submission, str, int]] = []
    source = course.folder.submissions(course.rubric.file, course.rubric.id_pattern)
    pool = executor()
    more = True
    while more or waiting or again:
        while (more or again) and len(waiting) < ahead:
            if again:
                submission, mark, tries = again.pop()
            else:
                following = next(source, None)
                if following is None:
                    more = False
                    break
                submission, mark, tries = following, course.mark(following), 0
                before = known.get(submission.id)
                if before and before["fingerprint"] == mark and before["status"] != "infra":
                    yield before, True
                    continue
                if submission.trouble:
                    yield results.record(submission, {}, course.rubric, mark), False
                    continue
            try:
                future = pool.submit(judge, course.task(submission))
            except BrokenProcessPool:
                pool = executor()
                future = pool.submit(judge, course.task(submission))
            waiting[future] = (submission, mark, tries)
        if not waiting:
            continue
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            submission, mark, tries = waiting.pop(future)
            try:
                judged = future.result()
            except Exception as error:  # the judge died, or its machine was lost
                if tries + 1 < TRIES:
                    again.append((submission, mark, tries + 1))
                    time.sleep(0.1)
                    continue
                judged = {"infra": f"the judge died: {type(error).__name__}: {str(error)[:200]}"}
            yield results.record(submission, judged, course.rubric, mark), False


def key_of(path: Path) -> bytes:
    """The key in a file, made there by the system's random numbers where there is none yet.

    Raises:
        OSError: it can be neither read nor made.
    """
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32).hex().encode() + b"\n")
        return path.read_bytes().strip()

"""One run of the ladder behind many test items, an item per law.

Results come as they are asked for, and once. Where pytest-xdist spreads the items over several
processes, the first one that needs a result runs all laws, and the others read what it found.
"""

import fcntl
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.outcome import WRONG, Result

RUN = "PYTEST_XDIST_TESTRUNUID"


class Run:
    """One run of a ladder, begun when the first result is asked for.

    Args:
        ladder: what to run.
        shared: under pytest-xdist one process runs it for all; no where the subject is an object
            of this process, which its name does not tell from another.
    """

    def __init__(self, ladder: Ladder, shared: bool) -> None:
        self._ladder = ladder
        self._shares = shared
        self._found: dict[str, tuple[str, str]] = {}
        self._rest: Iterator[Result] | None = None

    def items(self) -> list["LawItem"]:
        """An item per law, in the order in which they are run."""
        return [LawItem(law.id, self) for law in (*self._ladder.laws, *self._ladder.more)]

    def result(self, law_id: str) -> tuple[str, str]:
        """The status and message of a law."""
        if self._rest is None and not self._found and self._shares and RUN in os.environ:
            self._found = self._shared(os.environ[RUN])
        if self._rest is None:
            self._rest = self._ladder.results()
        while law_id not in self._found:
            result = next(self._rest, None) or self._ladder.unmentioned(law_id)
            self._found[result.id] = (result.status, result.message)
            if result.wrong:
                self._to_the_end(result)
        return self._found[law_id]

    def _to_the_end(self, cause: Result) -> None:
        """Run the other laws too, since the diagnosis comes last; it is told with the cause."""
        assert self._rest is not None
        self._found |= {one.id: (one.status, one.message) for one in self._rest}
        named = " ".join(f"{one.says} {one.fix}" for one in self._ladder.diagnosis)
        self._found[cause.id] = (cause.status, f"{named} {cause.message}".strip())

    def _shared(self, run: str) -> dict[str, tuple[str, str]]:
        """All results, run by the first process that asks and read by the others."""
        ladder = self._ladder
        laws = [law.id for law in (*ladder.laws, *ladder.more)]
        what = repr((astuple(ladder.source), ladder.level, ladder.seed, laws))
        key = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"lstm-checks-{run}-{key}.json"
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            if not text:
                self._rest = ladder.results()
                found = [(law, *self.result(law)) for law in laws]
                file.write(json.dumps(found))
                file.flush()
            else:
                found = json.loads(text)
        return {law_id: (status, message) for law_id, status, message in found}


class LawRemark(UserWarning):
    """A law does not hold although every result is right."""


class LawItem:
    """One law as a test: calling it passes, fails or skips."""

    def __init__(self, law_id: str, run: Run) -> None:
        self.id = law_id
        self._run = run

    def __call__(self) -> None:
        import pytest

        __tracebackhide__ = True
        status, message = self._run.result(self.id)
        if status in WRONG:
            pytest.fail(f"{self.id}: {message}", pytrace=False)
        if status == "remark":
            warnings.warn(LawRemark(f"{self.id}: {message}"), stacklevel=2)
        elif status != "passed":
            pytest.skip(message)

    def __repr__(self) -> str:
        return self.id

"""Which arrays each line of the subject's source makes, in the order in which the lines run."""

import linecache
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import numpy as np

MOST = 600  # lines that are looked at
LARGEST = 4096  # numbers of an array that is looked at


class Lines:
    """Runs a call, and notes which arrays the lines of one file make."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._known: dict[int, dict[str, Any]] = {}  # by frame: the arrays that were there
        self._at: dict[int, int] = {}  # by frame: the line that runs
        self.made: list[tuple[int, int, dict[str, Any]]] = []  # frame, line, arrays by name

    def run(self, call: Callable[[], Any]) -> None:
        """Run a call under the trace. Raises what it raises."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            call()
        finally:
            sys.settrace(before)

    def code(self, line: int) -> str:
        """The text of a line."""
        return linecache.getline(self._file, line).strip()

    def _called(self, frame: FrameType, event: str, value: Any) -> Any:
        if frame.f_code.co_filename != self._file or len(self.made) > MOST:
            return None
        self._known[id(frame)] = {}
        self._note(frame, 0, {})
        self._at[id(frame)] = 0
        return self._ran

    def _ran(self, frame: FrameType, event: str, value: Any) -> Any:
        """A line is about to run, or a function to return: note what the line before it made."""
        if event in ("line", "return") and self._at.get(id(frame)):
            self._note(frame, self._at[id(frame)], {"": value} if event == "return" else {})
        self._at[id(frame)] = frame.f_lineno if event == "line" else 0
        return self._ran

    def _note(self, frame: FrameType, line: int, more: Mapping[str, Any]) -> None:
        known = self._known.setdefault(id(frame), {})
        new = {}
        for name, array in _arrays({**frame.f_locals, **more}).items():
            old = known.get(name)
            if old is None or old.shape != array.shape or not np.array_equal(old, array):
                known[name] = new[name] = array.copy()
        if new:
            self.made.append((id(frame), line, new))


def _arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of floats among these values, and one level inside tuples, lists and dicts."""
    found = {}
    for name, value in values.items():
        items: list[tuple[str, Any]] = [(name, value)]
        if type(value) in (tuple, list):
            items = [(f"{name}.{k}", one) for k, one in enumerate(value[:8])]
        elif type(value) is dict:
            items = [(f"{name}.{str(k)[:20]}", one) for k, one in list(value.items())[:16]]
        for key, one in items:
            if type(one) is np.ndarray and one.dtype.kind == "f" and one.size <= LARGEST:
                found[key] = one
    return found

"""The timed process: `python -m lstm_checks.bench.worker FD`.

It holds a subject as any worker does, and further runs blocks of calls on staged inputs. It
measures nothing that counts: the judge times a block with its own clock. The subject's code runs
in here, so nothing in here is believed without a check at the judge's end.
"""

import ctypes
import gc
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from lstm_checks.worker.__main__ import serve
from lstm_checks.worker.host import Host, _encoded

CLOCKS = ("perf_counter", "monotonic", "time")


class TimedHost(Host):
    """A host that runs blocks of calls."""

    _x: list[Any]
    _states: list[Any]
    _dy: list[Any]
    _kept: list[tuple[Any, Any]]
    _grads: Any = None

    def _threads(self, count: int) -> dict[str, Any]:
        """Tell torch how many threads to use, where it is loaded; what the libraries say."""
        torch = sys.modules.get("torch")
        said: dict[str, Any] = {"blas": _blas()}
        if torch is not None:
            torch.set_num_threads(count)
            said |= {"torch_threads": torch.get_num_threads(), "torch": str(torch.__version__)}
        return said

    def _stage(self, x: Any, state: Any, dy: Any) -> None:
        """Take the inputs of a block, one copy a call: x (k, …), state a pair of these, dy."""
        self._x = [one.copy() for one in x]
        self._states = [
            None
            if state is None
            else tuple(None if part is None else part[call].copy() for part in state)
            for call in range(len(x))
        ]
        self._dy = [] if dy is None else [one.copy() for one in dy]
        self._kept, self._grads = [], None
        gc.collect()

    def _go(self, key: int, order: list[int], at: list[float], backward: bool) -> dict[str, Any]:
        """Run one call for each staged input in `order`; an empty order runs nothing.

        Of each call's y and dx the elements at the fractions `at` of their sizes go into the
        reply: numbers that were not there before "go", and that must be there at its end.
        """
        kept: list[tuple[Any, Any]] = []
        marks: list[float] = []
        odd: set[str] = set()
        layer: Any = self._layers.get(key)
        before = [getattr(time, clock)() for clock in CLOCKS]
        for call in order:
            x, state = self._x[call], self._states[call]
            first = layer.forward(x) if state is None else layer.forward(x, state)
            y = _settled(first, odd)
            marks += [y.item(int(place * y.size)) for place in at]
            back = None
            if backward:
                back = layer.backward(self._dy[call])
                grads = dict(layer.grads.items())
                dx = _settled(back, odd)
                _settled(tuple(grads.values()), odd)
                marks += [dx.item(int(place * dx.size)) for place in at]
                self._grads = grads
            kept.append((first, back))
        clocks = [getattr(time, name)() - begun for name, begun in zip(CLOCKS, before, strict=True)]
        self._kept = kept
        return {"marks": np.array(marks, float), "clocks": clocks, "odd": sorted(odd)}

    def _fetch(self, call: int) -> dict[str, Any]:
        """What a call returned, as it is now; of the last call also the gradients of the weights.

        A subject may write these into the same arrays at every call, so earlier ones are gone.
        """
        first, back = self._kept[call]
        last = call == len(self._kept) - 1
        return {
            "first": _encoded(first),
            "back": _encoded(back),
            "grads": _encoded(self._grads) if last and self._grads is not None else None,
        }

    def _tidy(self) -> None:
        """Give freed memory back to the system, so that a peak from here on can be seen."""
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)


def _settled(value: Any, odd: set[str]) -> Any:
    """The first array in a result; whatever is not a plain array is made one here, in time."""
    if type(value) is np.ndarray or value is None:
        return value
    if isinstance(value, (tuple, list)):
        arrays = [_settled(part, odd) for part in value]
        return arrays[0] if arrays else None
    odd.add(type(value).__name__[:80])
    return np.asarray(value)


def _blas() -> list[dict[str, Any]] | None:
    """The linear algebra libraries that are loaded, as threadpoolctl tells; None without it."""
    try:
        threadpool_info = import_module("threadpoolctl").threadpool_info
    except ImportError:
        return None
    keys = ("user_api", "internal_api", "version", "num_threads", "architecture")
    return [{key: one[key] for key in keys if key in one} for one in threadpool_info()]


if __name__ == "__main__":
    serve(TimedHost())

"""Whether a timed call's results are right, and if not, whose results they are.

Expected values are the reference's in float64 on the same inputs. The tolerance is that of the
laws for the dtype; for float32 it is also bounded by MARGIN times the error that the reference
itself makes in float32 on these inputs, since the laws' bound grows with T and with the sizes, and
half precision could hide under it. In half precision the error is 2¹³ times that of float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_checks.bench.calls import Calls
from lstm_checks.conventions import Array
from lstm_checks.laws.case import Case
from lstm_checks.laws.tolerance import precision, tolerance
from lstm_reference.cells.lstm import LSTM

MARGIN = 64.0
Results = dict[str, Array]


@dataclass(frozen=True)
class Offered:
    """What a contender can be given and gives."""

    initial_h: bool = True
    initial_c: bool = True
    final_h: bool = True
    final_c: bool = True
    bias: bool = True


def computed(calls: Calls, call: int, backward: bool, offered: Offered, dtype: str) -> Results:
    """y, h, c and, with backward, dx, dh0, dc0, dW, dU, db of a call, by the reference."""
    x, h, c, dy = (array[call].astype(dtype) for array in (calls.x, calls.h, calls.c, calls.dy))
    layer = LSTM(calls.params["W"].shape[0], calls.params["U"].shape[0])
    layer.params = {name: array.astype(dtype) for name, array in calls.params.items()}
    if not offered.bias:
        layer.params["b"] = np.zeros_like(layer.params["b"])
    state = (
        h if offered.initial_h else np.zeros_like(h),
        c if offered.initial_c else np.zeros_like(c),
    )
    y, (h, c) = layer.forward(x, state)
    results = {"y": y, "h": h, "c": c}
    if backward:
        dx, (dh0, dc0) = layer.backward(dy)
        results |= {"dx": dx, "dh0": dh0, "dc0": dc0}
        results |= {f"d{name}": array for name, array in layer.grads.items()}
    return results


class Truth:
    """What is expected of a turn's calls, computed once for all who made them."""

    def __init__(self, calls: Calls, backward: bool) -> None:
        self._calls, self._backward = calls, backward
        self._known: dict[tuple[int, Offered], Results] = {}

    def of(self, call: int, offered: Offered) -> Results:
        """The results of a call; see `computed`."""
        key = call, offered
        if key not in self._known:
            self._known[key] = computed(self._calls, call, self._backward, offered, "float64")
        return self._known[key]


@dataclass(frozen=True)
class Judge:
    """Limits for the results of one shape and dtype: the largest right error, by name."""

    limits: Mapping[str, float]
    single: Mapping[str, float]
    dtype: str

    @classmethod
    def for_calls(cls, calls: Calls, backward: bool) -> "Judge":
        """Limits from the errors that the reference makes in float32 on the first of the calls."""
        exact = computed(calls, 0, backward, Offered(), "float64")
        rough = computed(calls, 0, backward, Offered(), "float32")
        dtype = str(calls.x.dtype)
        _, B, T, D = calls.x.shape
        law = tolerance(Case(B, T, D, calls.h.shape[-1], dtype=dtype), precision(dtype))
        single: dict[str, float] = {}
        limits: dict[str, float] = {}
        for name, array in exact.items():
            size = 1 + float(np.abs(array).max())
            own = float(np.abs(rough[name] - array).max())
            single[name] = max(own, precision("float32") * size)
            limits[name] = law * size
            if dtype == "float32":
                limits[name] = min(limits[name], MARGIN * single[name])
        return cls(limits, single, dtype)

    def worst(self, got: Mapping[str, Array], expected: Results) -> tuple[str, float]:
        """The name of what is worst, and its error over the limit; NaN counts as infinite."""
        worst, excess = "", 0.0
        for name, array in got.items():
            which = "db" if name.startswith("db") else name
            error = float(np.abs(array.astype(np.float64) - expected[which]).max())
            over = error / self.limits[which] if np.isfinite(error) else float("inf")
            if over >= excess:
                worst, excess = name, over
        return worst, excess

    def precision_of(self, name: str, excess: float) -> str:
        """The lower precision that would make an error of this size, or nothing."""
        which = "db" if name.startswith("db") else name
        ratio = excess * self.limits[which] / self.single[which]
        if self.dtype == "float64" and 1 / MARGIN <= ratio <= MARGIN:
            return "float32"
        if 2**13 / MARGIN <= ratio <= 2**13 * 4:
            return "float16"
        if 2**16 / 2 <= ratio <= 2**16 * 4:
            return "bfloat16"
        return ""


def belongs(
    got: Array,
    calls: Calls,
    call: int,
    others: Mapping[str, Calls],
    offered: Offered,
    judge: Judge,
) -> str:
    """Whose y a wrong y is: that of other inputs or of other weights; or nothing.

    `others` are earlier calls by what they are called; the first call of each counts.
    """
    candidates = [
        (f"the inputs of call {other} of the same block", calls, other)
        for other in range(min(len(calls), 4))
        if other != call
    ]
    one = calls.only(call)
    for says, earlier in others.items():
        candidates.append((f"the inputs of {says}", earlier, 0))
        here = Calls(earlier.params, one.x, one.h, one.c, one.dy)
        candidates.append((f"the weights of {says}", here, 0))
        there = Calls(calls.params, earlier.x, earlier.h, earlier.c, earlier.dy)
        candidates.append((f"the inputs of {says}", there, 0))
    for says, inputs, which in candidates:
        expected = computed(inputs, which, False, offered, "float64")
        if judge.worst({"y": got}, expected)[1] <= 1:
            return says
    return ""

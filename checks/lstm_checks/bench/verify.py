"""Whether a timed call's results are right, and if not, whose results they are.

Expected values are the reference's in float64 on the same inputs. The tolerance is MARGIN times
the error that the reference itself makes in float32 on such inputs, times the ratio of the dtype's
machine epsilon to that of float32. It is tight enough for half precision to exceed it in float32:
the error is then 2¹³ times larger.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from lstm_checks.bench.calls import Call, Calls
from lstm_checks.findings import Array
from lstm_reference.cells.lstm import LSTM

Results = dict[str, Array]  # y, h, c; with backward also dx, dh0, dc0, dW, dU, and db by bias
GIVEN = frozenset({"initial_h", "initial_c", "bias"})  # what not every contender can be given
MARGIN = 64.0
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def computed(
    params: Mapping[str, Array],
    call: Call,
    backward: bool,
    offered: frozenset[str] = GIVEN,
    dtype: str = "float64",
) -> Results:
    """y, h, c and, with backward, dx, dh0, dc0, dW, dU, db of a call, by the reference."""
    x, h, c, dy = (array.astype(dtype) for array in call)
    layer = LSTM(params["W"].shape[0], params["U"].shape[0])
    layer.params = {name: array.astype(dtype) for name, array in params.items()}
    if "bias" not in offered:
        layer.params["b"] = np.zeros_like(layer.params["b"])
    state = (
        h if "initial_h" in offered else np.zeros_like(h),
        c if "initial_c" in offered else np.zeros_like(c),
    )
    y, (h, c) = layer.forward(x, state)
    results = {"y": y, "h": h, "c": c}
    if backward:
        dx, (dh0, dc0) = layer.backward(dy)
        results |= {"dx": dx, "dh0": dh0, "dc0": dc0}
        results |= {f"d{name}": array for name, array in layer.grads.items()}
    return results


class Verifier:
    """Holds the results of one shape and pass against the reference's, turn by turn.

    Args:
        warm_up: calls like those to come; the tolerances are made from the first.
    """

    def __init__(self, warm_up: Calls, backward: bool, dtype: str) -> None:
        exact, single = (
            computed(warm_up.params, warm_up[0], backward, dtype=one)
            for one in ("float64", "float32")
        )
        self._backward, self._dtype = backward, dtype
        self._single = {
            name: max(
                float(np.abs(single[name] - array).max()),
                EPS["float32"] * (1 + float(np.abs(array).max())),
            )
            for name, array in exact.items()
        }
        self._blocks = {"the warm-up": warm_up}
        self._calls = warm_up
        self.begin(warm_up)

    def begin(self, calls: Calls) -> None:
        """A turn's calls, which all contenders make; expected values are computed once for all."""
        self._blocks["an earlier block"] = self._calls
        self._calls = calls
        self._known: dict[tuple[int, frozenset[str]], Results] = {}

    def worst(self, call: int, got: Results, offered: frozenset[str]) -> tuple[str, float]:
        """The name of a call's worst result, and its error over the tolerance.

        NaN and a wrong shape are infinitely wrong.
        """
        if (call, offered) not in self._known:
            self._known[call, offered] = computed(
                self._calls.params, self._calls[call], self._backward, offered
            )
        return self._worst(got, self._known[call, offered])

    def limit(self, name: str) -> float:
        return MARGIN * self._single[name] * EPS[self._dtype] / EPS["float32"]

    def _worst(self, got: Results, expected: Results) -> tuple[str, float]:
        worst, excess = "", 0.0
        for name, array in got.items():
            which = name.split()[0]  # of "db NAME"
            right = array.shape == expected[which].shape
            error = float(np.abs(array - expected[which]).max()) if right else np.inf
            over = error / self.limit(which) if np.isfinite(error) else np.inf
            if over >= excess:
                worst, excess = name, over
        return worst, excess

    def reason(
        self, call: int, got: Results, name: str, excess: float, offered: frozenset[str]
    ) -> str:
        """Why a result may be wrong: lower precision, other inputs, other weights; or nothing."""
        which = name.split()[0]
        ratio = excess * self.limit(which) / self._single[which]
        for lower, most in (("float32", MARGIN), ("float16", 2**15), ("bfloat16", 2**18)):
            least = EPS[lower] / EPS["float32"] / MARGIN
            if EPS[lower] > EPS[self._dtype] and least <= ratio <= most:
                return f", as in {lower}: it computes in lower precision than {self._dtype}"
        for says, params, inputs in self._candidates(call):
            expected = computed(params, inputs, False, offered)
            if self._worst({"y": got["y"]}, expected)[1] <= 1:
                return f"; it is right for {says}"
        return ""

    def _candidates(self, call: int) -> Iterator[tuple[str, Mapping[str, Array], Call]]:
        """What a result may be computed from instead; of an earlier block the first call counts."""
        calls = self._calls
        for other in range(min(len(calls), 4)):
            if other != call:
                says = f"the inputs of call {other} of the same block"
                yield says, calls.params, calls[other]
        for says, block in self._blocks.items():
            yield f"the inputs of {says}", block.params, block[0]
            yield f"the weights of {says}", block.params, calls[call]
            yield f"the inputs of {says}", calls.params, block[0]

"""One subject on one case: all that a law needs, bound once.

What is expected is the textbook's: the reference's cell, unrolled, in float64.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Case
from lstm_checks.engine.tolerance import tolerance
from lstm_checks.findings import Array, Breach
from lstm_checks.subjects.contract import Gradients, State
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.subject import Subject
from lstm_reference.cells import unrolled

Expected = unrolled.Gradients


class Trial:
    """One subject on one case.

    Attributes:
        subject: the subject under check.
        case: the sizes, and the arrays made of its seed.
        params, x, dy: the case's weights, inputs (N, T, D) and upstream gradient (N, T, H).
        state: the case's initial (h, c), zeros for what the subject cannot be given.
        dstate: its gradients on the final (h, c), zeros for what the subject does not return.
        tolerance: for values; see `engine.tolerance`.
    """

    def __init__(self, subject: Subject, case: Case) -> None:
        if subject.conventions.dtype == "float32":
            case = case.typed("float32")
        self.subject = subject
        self.case = case
        self.params, self.x, self.dy = case.params, case.x, case.dy
        self.tolerance = tolerance(case)

    @cached_property
    def state(self) -> State:
        return self._offered(self.case.state, "initial_h", "initial_c")

    @cached_property
    def dstate(self) -> State:
        return self._offered(self.case.dstate, "final_h", "final_c")

    def _offered(self, pair: State, first: str, second: str) -> State:
        h, c = pair
        offers = self.subject.offers
        return h if offers(first) else 0 * h, c if offers(second) else 0 * c

    @cached_property
    def zeros(self) -> State:
        """A state of zeros, each (N, H)."""
        h, c = self.case.state
        return 0 * h, 0 * c

    def sized(self, **sizes: int) -> "Trial":
        """The same with other sizes."""
        return Trial(self.subject, self.case.sized(**sizes))

    def typed(self, dtype: str) -> "Trial":
        """The same with arrays of another dtype."""
        return Trial(self.subject, self.case.typed(dtype))

    # The subject -------------------------------------------------------------------------------

    def offers(self, capability: str) -> bool:
        return self.subject.offers(capability)

    def instance(
        self, params: Mapping[str, Array] | None = None, *, stateful: bool = False
    ) -> Instance:
        """A new instance, with the case's weights unless others are given."""
        return self.subject.instance(self.params if params is None else params, stateful=stateful)

    def gradients(self, dy: Array | None = None, dstate: State | None = None) -> Gradients:
        """The subject's gradients after a forward from the case's state; dy the case's if None."""
        instance = self.instance()
        instance.forward(self.x, self.state)
        return instance.backward(self.dy if dy is None else dy, dstate)

    # The textbook ------------------------------------------------------------------------------

    def expected(
        self,
        x: Array | None = None,
        state: State | None = None,
        params: Mapping[str, Array] | None = None,
    ) -> tuple[Array, State]:
        """y (N, T, H) and the final (h, c); x, state and weights are the case's if left out."""
        y, final, _ = unrolled.forward(*self._exact(x, state, params))
        return y, final

    def expected_gradients(
        self,
        dy: Array | None = None,
        dstate: State | None = None,
        *,
        x: Array | None = None,
        state: State | None = None,
        params: Mapping[str, Array] | None = None,
    ) -> Expected:
        """All gradients from dy (the case's if left out) and dstate (zeros if left out)."""
        weights, x, state = self._exact(x, state, params)
        _, _, caches = unrolled.forward(weights, x, state)
        dy = (self.dy if dy is None else dy).astype(np.float64)
        dh, dc = (0 * part for part in state) if dstate is None else map(np.float64, dstate)
        return unrolled.backward(weights, caches, dy, (np.asarray(dh), np.asarray(dc)))

    def _exact(
        self, x: Array | None, state: State | None, params: Mapping[str, Array] | None
    ) -> tuple[dict[str, Array], Array, State]:
        h, c = self.state if state is None else state
        given = self.params if params is None else params
        wide = {name: array.astype(np.float64) for name, array in given.items()}
        x = self.x if x is None else x
        return wide, x.astype(np.float64), (h.astype(np.float64), c.astype(np.float64))

    # Comparing ---------------------------------------------------------------------------------

    def differ(self, one: Array, other: Array) -> bool:
        """Whether two arrays are apart by more than the tolerance."""
        return compare.differ(one, other, self.tolerance)

    def agree(self, name: str, got: Array | None, want: Array, what: str, fix: str = "") -> None:
        """Raise `Breach` unless an array is as expected; see `engine.compare`."""
        assert got is not None, f"{name} is compared and not offered"
        try:
            compare.agree(name, got, want, self.tolerance, what, fix)
        except Breach as breach:
            breach.add(case=self.case.as_dict())
            raise

    def agree_gradients(self, got: Gradients, want: Expected, what: str, fix: str = "") -> None:
        """Every gradient is as expected; "{name}" in `what` becomes the name of one that is not."""
        for name, array in got.arrays().items():
            self.agree(name, array, wanted(want, name), what.replace("{name}", name), fix)


def wanted(want: Expected, name: str) -> Array:
    """The expected gradient that goes by a name of `Gradients.arrays`."""
    array: Array = want.db if name.startswith("grads[") else getattr(want, name)
    return array

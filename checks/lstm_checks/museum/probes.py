"""Probes: a few calls of a subject, what came of them, and what a fault would have given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_checks.engine.case import Case
from lstm_checks.engine.tolerance import tolerance
from lstm_checks.findings import Array, Breach
from lstm_checks.museum.model import Choices, Given, Model
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.subject import Subject


@dataclass(frozen=True)
class Do:
    """One call: "forward", "backward" or "reset"; `given` a state, `seen` its result is compared.

    The arrays are those of the case with another seed in each call; `times` enlarges dy.
    """

    do: str = "forward"
    given: bool = False
    seen: bool = True
    times: float = 1.0


# What an expression raises where it does not fit the sizes, or where two choices read each other.
FAILURES = (ValueError, LookupError, NameError, TypeError, ArithmeticError, RecursionError)
FORWARD = (Do(given=True),)
NO_STATE = (Do(),)
BACKWARD = (Do(given=True, seen=False), Do("backward"))


@dataclass(frozen=True)
class Script:
    """Calls of one new instance on arrays of a case."""

    case: Case
    calls: tuple[Do, ...]
    stateful: bool = False


def run(
    script: Script, instance: "Asked", offers: frozenset[str], wide: bool = False
) -> Iterator[dict[str, Array]]:
    """Make the calls of a script, and give the arrays of those that are looked at.

    Args:
        script: the calls.
        instance: what is called: a subject's instance, or a model.
        offers: what the subject offers.
        wide: give float64 arrays of the same values.
    """
    for number, call in enumerate(script.calls):
        case = script.case.reseeded(script.case.seed + number)
        if call.do == "reset":
            instance.reset()
            continue
        if call.do == "forward":
            state = _offered(case.state, offers, "initial") if call.given else None
            arrays = instance.forward(_wide(case.x, wide), _wide_state(state, wide))
        else:
            dy = (call.times * case.dy).astype(case.dtype)
            state = _offered(case.dstate, offers, "final") if call.given else None
            arrays = instance.backward(_wide(dy, wide), _wide_state(state, wide))
        if call.seen:
            yield arrays


class Asked:
    """What a script calls."""

    def forward(self, x: Array, state: Given) -> dict[str, Array]:
        raise NotImplementedError

    def backward(self, dy: Array, dstate: Given) -> dict[str, Array]:
        raise NotImplementedError

    def reset(self) -> None:
        raise NotImplementedError


class AskedSubject(Asked):
    """An instance of the subject."""

    def __init__(self, subject: Subject, script: Script) -> None:
        subject.begin()
        self._instance = subject.instance(script.case.params, stateful=script.stateful)

    def forward(self, x: Array, state: Given) -> dict[str, Array]:
        return self._instance.forward(x, state).arrays()  # type: ignore[arg-type]

    def backward(self, dy: Array, dstate: Given) -> dict[str, Array]:
        return self._instance.backward(dy, dstate).arrays()  # type: ignore[arg-type]

    def reset(self) -> None:
        self._instance.reset()


class AskedModel(Asked):
    """The model with some choices."""

    def __init__(self, choices: Choices, params: Mapping[str, Array], stateful: bool) -> None:
        self.model = Model(choices, params, stateful=stateful)

    def forward(self, x: Array, state: Given) -> dict[str, Array]:
        y, h, c = self.model.forward(x, state)
        return {"y": y, "h": h, "c": c}

    def backward(self, dy: Array, dstate: Given) -> dict[str, Array]:
        return self.model.backward(dy, dstate)

    def reset(self) -> None:
        self.model.reset_state()


def _wide(array: Array, wide: bool) -> Array:
    return array.astype(np.float64) if wide else array


def _wide_state(state: Given, wide: bool) -> Given:
    if state is None or not wide:
        return state
    h, c = (None if part is None else part.astype(np.float64) for part in state)
    return h, c


def _offered(state: State, offers: frozenset[str], which: str) -> Given:
    """The parts of a state that the subject takes, None for one that it does not."""
    h, c = (
        part if f"{which}_{name}" in offers else None
        for part, name in zip(state, "hc", strict=True)
    )
    return None if h is None and c is None else (h, c)


@dataclass
class Probe:
    """A script, and what the subject gave.

    Attributes:
        names: of the arrays that are compared, one tuple per call that is looked at.
        observed: all their numbers in one row.
        limits: how far each may be from what a fault gives.
        segments: the index of each array, or of each gate's block of it, in that row.
        apart: the segments, as bits, that no fault fills with what belongs into another.
    """

    script: Script
    offers: frozenset[str]
    names: tuple[tuple[str, ...], ...]
    observed: Array
    limits: Array
    segments: Array
    apart: int
    params: Mapping[str, Array]

    @classmethod
    def of(cls, subject: Subject, script: Script, offers: frozenset[str]) -> "Probe | None":
        """What the subject gives; None where it raises, or gives what is not finite."""
        try:
            seen = list(run(script, AskedSubject(subject, script), offers))
        except Breach:
            return None
        limit = tolerance(script.case)
        names, rows, limits, segments = [], [], [], []
        count = apart = 0
        for arrays in seen:
            biases = [name for name in arrays if name.startswith("grads[")]
            names.append(tuple(arrays))
            for name, array in arrays.items():
                rows.append(array.astype(np.float64).ravel())
                largest = float(np.abs(array).max(initial=0.0))
                limits.append(np.full(array.size, limit * (1 + largest)))
                split = name in ("dW", "dU", *biases)
                block = np.arange(array.shape[-1]) // (array.shape[-1] // 4) if split else 0
                segments.append(np.broadcast_to(count + block, array.shape).ravel())
                if split or name == "dx":
                    apart |= (15 if split else 1) << count
                count += 4 if split else 1
        row = np.concatenate(rows)
        if not np.isfinite(row).all():
            return None
        params = {name: array.astype(np.float64) for name, array in script.case.params.items()}
        every = np.concatenate(segments)
        return cls(script, offers, tuple(names), row, np.concatenate(limits), every, apart, params)

    def predicted(self, choices: Choices) -> Array | None:
        """What the model gives with these choices; None where it fails or is not finite."""
        model = AskedModel(choices, self.params, self.script.stateful)
        try:
            with np.errstate(all="ignore"):
                seen = list(run(self.script, model, self.offers, wide=True))
        except FAILURES:
            return None
        return self.row(seen)

    def row(self, seen: list[dict[str, Array]]) -> Array | None:
        """The arrays that are compared, in one row; None where they are not finite."""
        parts = [
            np.ravel(arrays["db" if name.startswith("grads[") else name])
            for names, arrays in zip(self.names, seen, strict=True)
            for name in names
        ]
        row = np.concatenate(parts)
        if row.shape != self.observed.shape or not np.isfinite(row).all():
            return None
        return row

    def fits(self, row: Array | None) -> bool:
        """Whether this is what the subject gave, to the laws' tolerance."""
        return row is not None and bool((np.abs(row - self.observed) <= self.limits).all())

    def wrong(self, row: Array, other: Array) -> int:
        """The segments in which two rows differ, as bits."""
        differ = np.abs(row - other) > self.limits
        return sum(1 << int(one) for one in np.unique(self.segments[differ]))

"""Two faults at once on one step, fast: only what both change is evaluated anew."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lstm_checks.museum.fault import Fault
from lstm_checks.museum.model import Choices, Values, blocks, compiled
from lstm_checks.museum.probes import FAILURES, Probe

# One step is the whole sequence: what the loop hands on is then a choice like any other.
ONE_STEP = {
    "h0": "begin_h",
    "c0": "begin_c",
    "h": "begin_h",
    "c": "begin_c",
    "h_before": "begin_h",
    "c_before": "begin_c",
    "h_last": "carry_h",
    "c_last": "carry_c",
    "h_new": "h_next",
    "c_new": "c_next",
    "y": "y_t[:, None]",
}
OUTPUTS = {"y": "y_t", "h": "final_h", "c": "final_c"}


class Pairs:
    """One step of one row of a probe, for quick looks at two faults.

    Args:
        probe: one forward of one step.
        base: the choices without faults.
    """

    def __init__(self, probe: Probe, base: Choices) -> None:
        self._choices = {**base, **ONE_STEP}
        case = probe.script.case
        given: dict[str, Any] = blocks(probe.params)
        h, c = (part.astype(np.float64) for part in case.state)
        offers = probe.offers
        given |= {
            "x": case.x.astype(np.float64),
            "t": 0,
            "T": 1,
            "N": case.N,
            "H": case.H,
            "zeros": np.zeros((case.N, case.H)),
            "stateful": False,
            "given_h": h if "initial_h" in offers else None,
            "given_c": c if "initial_c" in offers else None,
            "kept_h": None,
            "kept_c": None,
        }
        self._values = Values(self._choices, given)
        starts = np.cumsum([0, *(case.N * case.H for _ in probe.names[0])])
        wanted = [
            (OUTPUTS[name], float(probe.observed[start]), float(probe.limits[start]))
            for name, start in zip(probe.names[0], starts, strict=False)
        ]
        self._wanted = sorted(wanted, key=lambda one: one[0] != "final_c")
        for slot, _, _ in wanted:
            self._values[slot]
        self._known: dict[str, tuple[set[str], frozenset[str], dict[str, Any]]] = {}

    @classmethod
    def of(cls, probe: Probe, base: Choices) -> "Pairs | None":
        """For a probe of one forward of one step; None for another."""
        script = probe.script
        if script.case.T > 1 or len(script.calls) > 1 or script.calls[0].do != "forward":
            return None
        return cls(probe, base)

    def may_fit(self, one: Fault, other: Fault) -> bool:
        """Whether the first number of each array is what the subject gave, with both faults."""
        changed, read, values = self._alone(one)
        changed_too, read_too, values_too = self._alone(other)
        anew = changed & changed_too
        if read & changed_too:
            anew |= changed
        if read_too & changed:
            anew |= changed_too
        mixed = Values({**self._choices, **one.choices, **other.choices}, self._values)
        mixed.update(values)
        mixed.update(values_too)
        for slot in anew:
            mixed.pop(slot, None)
        for slot, want, limit in self._wanted:
            try:
                got = float(np.ravel(mixed[slot])[0])
            except FAILURES:
                return False
            if not abs(got - want) <= limit:
                return False
        return True

    def _alone(self, fault: Fault) -> tuple[set[str], frozenset[str], dict[str, Any]]:
        """The slots that a fault changes, the names that it reads, and the values of the slots."""
        if fault.id not in self._known:
            choices = {**self._choices, **fault.choices}
            under = made_from(fault.choices, choices)
            values = Values(choices, {k: v for k, v in self._values.items() if k not in under})
            with np.errstate(all="ignore"):
                for slot, _, _ in self._wanted:
                    values[slot]
            read = {name for text in fault.choices.values() for name in reads(text)}
            changed = {slot: values[slot] for slot in under if slot in values}
            self._known[fault.id] = under, frozenset(read), changed
        return self._known[fault.id]


def made_from(slots: Iterable[str], choices: Choices) -> set[str]:
    """These slots, and all that are made from them."""
    found = set(slots)
    while True:
        more = {
            slot
            for slot, text in choices.items()
            if slot not in found and not found.isdisjoint(reads(text))
        }
        if not more:
            return found
        found |= more


def reads(text: str) -> tuple[str, ...]:
    """The names in an expression."""
    return compiled(text).co_names

"""The diagnosis: known mistakes that give exactly what a subject gave.

The forward pass of single calls comes first, then the stateful mode, then the backward pass with
what was found so far taken as given, so that one mistake is named once.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lstm_checks.engine.case import Case
from lstm_checks.findings import Breach, Diagnosis
from lstm_checks.launch.channel import Halted
from lstm_checks.museum import catalogue
from lstm_checks.museum.consistent import is_its_gradient
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.lines import line_of
from lstm_checks.museum.model import program
from lstm_checks.museum.probes import BACKWARD, FORWARD, NO_STATE, Do, Probe, Script
from lstm_checks.museum.search import Found, Search
from lstm_checks.subjects.contract import CAPABILITIES
from lstm_checks.subjects.conventions import GATES
from lstm_checks.subjects.subject import Subject

TWICE = (Do(given=True, seen=False), Do("backward", seen=False), *BACKWARD)
FORWARD_PROBES = (
    (Case(N=1, T=1, D=2, H=3), FORWARD),
    (Case(N=1, T=2, D=3, H=2), FORWARD),
    (Case(N=3, T=1, D=2, H=2), FORWARD),
    (Case(N=2, T=3, D=4, H=3), FORWARD),
    (Case(N=3, T=4, D=2, H=3), FORWARD),
    (Case(N=2, T=3, D=3, H=2), NO_STATE),
    (Case(N=2, T=2, D=3, H=4, scale=4.0), FORWARD),
    (Case(N=4, T=1, D=1, H=3, scale=6.0), FORWARD),
    (Case(N=1, T=40, D=2, H=2), FORWARD),
)
BACKWARD_PROBES = (
    (Case(N=1, T=1, D=2, H=3), BACKWARD),
    (Case(N=1, T=2, D=3, H=2), BACKWARD),
    (Case(N=3, T=1, D=2, H=2), BACKWARD),
    (Case(N=2, T=3, D=4, H=3), BACKWARD),
    (Case(N=3, T=4, D=2, H=3), BACKWARD),
    (Case(N=2, T=2, D=2, H=3), (Do(given=True, seen=False), Do("backward", given=True))),
    (Case(N=2, T=3, D=3, H=2), (Do(seen=False), Do("backward", given=True))),
    (Case(N=2, T=2, D=3, H=2), TWICE),
    (Case(N=2, T=3, D=2, H=3), (Do(given=True, seen=False), Do("backward", times=20.0))),
)
STATE_PROBES = (
    (Case(N=2, T=2, D=2, H=3), (Do(), Do()), False),
    (Case(N=2, T=2, D=3, H=2), (Do(), Do()), True),
    (Case(N=2, T=3, D=2, H=3), (Do(), Do(given=True), Do(), Do()), True),
    (Case(N=2, T=2, D=2, H=3), (Do(), Do(), Do("reset"), Do()), True),
)
STATEFUL_BACKWARD = (Case(N=2, T=2, D=2, H=3), (Do(), Do(seen=False), Do("backward")), True)


ALTERNATIVES = 24  # sets of forward faults that are looked at where several fit
TRIED = 4  # and for which the rest is searched where none explains it all


def diagnose(subject: Subject, seed: int) -> tuple[Diagnosis, ...]:
    """The mistakes that give what the subject gives, in the order in which to fix them.

    Empty where the subject's numbers are right, where no known mistake gives them in full, and
    where its process stops.
    """
    return explain(subject, seed)[0]


def explain(subject: Subject, seed: int) -> tuple[tuple[Diagnosis, ...], frozenset[str]]:
    """The same, and what they explain in full: "forward", "backward", "stateful"."""
    subject.upstream = 1.0  # a law may have made it smaller, so that a clip does not hide the rest
    diagnosing = _Diagnosing(subject, seed)
    try:
        return tuple(diagnosing.all()), diagnosing.explained
    except Halted:
        return (), frozenset()


class _Diagnosing:
    def __init__(self, subject: Subject, seed: int) -> None:
        self._subject = subject
        self._seed = seed
        self._offers = frozenset(name for name in CAPABILITIES if subject.offers(name))
        self.explained: frozenset[str] = frozenset()

    def all(self) -> list[Diagnosis]:
        """Forward first; of several explanations the one that explains the rest best."""
        try:
            forward = self._probes(FORWARD_PROBES)
        except Breach:
            return []  # it gives no numbers that could be compared
        sets = self._found(catalogue.FORWARD, forward)
        if not sets:
            return []
        self._state, whole = self._tried(self._state_probes)
        self._back, _ = self._tried(self._back_probes)
        if len(sets) > 1:
            sets = [one for one in sets[:ALTERNATIVES] if self._explains_all(one)] or sets
        rests = [self._rest(_choices(one)) for one in sets[:TRIED]]
        best = min(map(_rank, rests))
        tied = [one for one, rest in zip(sets, rests, strict=False) if _rank(rest) == best]
        chosen = [_rank(one) for one in rests].index(best)
        state, back = rests[chosen]
        parts = {
            "forward": True,
            "stateful": state and whole,
            "backward": state and back and self._back,
        }
        if _uses_weights(forward, _choices(sets[chosen])):
            self.explained = frozenset(part for part, explained in parts.items() if explained)
        groups = [tied, *rests[chosen]]
        every = [fault for sets in groups if sets for fault in sets[0]]
        return [one for sets in groups for one in self._told(sets, every)]

    def _tried(self, make: Callable[[], list[Probe]]) -> tuple[list[Probe], bool]:
        """The probes, and whether they could be made: none where the subject raises."""
        try:
            return make(), True
        except Breach:
            return [], False

    def _explains_all(self, forward: Found) -> bool:
        """Whether a set of forward faults explains the stateful mode and the backward pass too."""
        known = _choices(forward)
        if not all(probe.fits(probe.predicted(program(known))) for probe in self._state):
            return False
        right = all(probe.fits(probe.predicted(program(known))) for probe in self._back)
        return right or is_its_gradient(self._back, known)

    def _rest(self, known: dict[str, str]) -> tuple[list[Found], list[Found]]:
        """What explains the stateful mode, and the backward pass, where these are known."""
        state = self._found(catalogue.STATE, self._state, known)
        known = known | _choices(state[0] if state else ())
        if not state or (known and is_its_gradient(self._back, known)):
            return state, [()]
        return state, self._found(catalogue.BACKWARD, self._back, known)

    def _back_probes(self) -> list[Probe]:
        if "backward" not in self._offers or "backward" in self._subject.avoided:
            return []
        probes = self._probes(BACKWARD_PROBES)
        return probes + self._made([STATEFUL_BACKWARD] if "stateful" in self._offers else [])

    def _probes(self, kinds: Sequence[tuple[Case, tuple[Do, ...]]]) -> list[Probe]:
        return self._made([(case, calls, False) for case, calls in kinds])

    def _state_probes(self) -> list[Probe]:
        stateful = "stateful" in self._offers
        return self._made([kind for kind in STATE_PROBES if stateful or not kind[2]])

    def _made(self, kinds: Sequence[tuple[Case, tuple[Do, ...], bool]]) -> list[Probe]:
        probes = []
        for number, (case, calls, stateful) in enumerate(kinds):
            case = case.reseeded(1000 * self._seed + 31 * number + 7)
            if self._subject.conventions.dtype == "float32":
                case = case.typed("float32")
            if "bias" not in self._offers:
                case = case.without_bias()
            probe = Probe.of(self._subject, Script(case, calls, stateful), self._offers)
            if probe is not None:
                probes.append(probe)
        return probes

    def _found(
        self, faults: Sequence[Fault], probes: list[Probe], known: dict[str, str] | None = None
    ) -> list[Found]:
        biases = self._subject.conventions.biases
        faults = [fault for fault in faults if fault.biases <= max(1, biases)]
        return Search(faults, probes, known).found()

    def _told(self, sets: list[Found], every: Found | list[Fault]) -> list[Diagnosis]:
        """The faults of the first set; one sentence for those that no case tells apart."""
        if not sets or not sets[0]:
            return []
        told = []
        for place, fault in enumerate(sets[0]):
            others = {
                one[place].names: one[place]
                for one in sets
                if len(one) == len(sets[0]) and one[place].names != fault.names
            }
            told.append(self._one(fault, list(others.values()), every))
        return told

    def _one(self, fault: Fault, others: list[Fault], every: Found | list[Fault]) -> Diagnosis:
        says, fix, code = fault.says, fault.fix, ""
        if fault.convention is not None:
            says, fix = self._convention(fault, *fault.convention)
        elif others:
            also = "; or: ".join(other.says.rstrip(".") for other in others[:3])
            says = f"{says.rstrip('.')}; or: {also}."
        else:
            known = _choices(tuple(one for one in every if one is not fault))
            backward = fault in catalogue.BACKWARD
            code = line_of(self._subject, fault.choices, known, backward)
        return Diagnosis(fault.id, says, fix, fault.seen, code, fault.parts)

    def _convention(self, fault: Fault, key: str, value: str) -> tuple[str, str]:
        """Another convention than the declared one: the line that declares it."""
        says = fault.says
        if key == "gate_order":
            # The order gives the gate in each native block; the declared one is rearranged alike.
            declared = self._subject.conventions.gate_order
            value = "".join(value[GATES.index(gate)] for gate in declared)
            says = (
                f"The gate blocks stand in the order {', '.join(value)}, and not in the declared "
                f"order {', '.join(declared)}."
            )
        return says, f'Declare it by __lstm__ = {{"{key}": "{value}"}}, or rearrange the code.'


def _uses_weights(probes: Sequence[Probe], known: dict[str, str]) -> bool:
    """Whether results depend on two of W, U and b: numbers that do not are easily explained."""
    used = set()
    for probe in probes:
        before = probe.predicted(program(known))
        for name in probe.params:
            moved = {**probe.params, name: 1.5 * probe.params[name] + 0.25}
            after = replace(probe, params=moved).predicted(program(known))
            if before is None or after is None or not np.array_equal(before, after):
                used.add(name)
    return len(used) >= 2


def _rank(rest: tuple[list[Found], list[Found]]) -> int:
    """How much is left over: what no fault explains counts more than any number of faults."""
    return sum(len(sets[0]) if sets else 10 for sets in rest)


def _choices(faults: Found) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for fault in faults:
        chosen |= fault.choices
    return chosen

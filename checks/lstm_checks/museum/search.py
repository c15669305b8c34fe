"""Which faults, one or two at once, give what a subject gave on every probe.

The probes stand in an order, from one step of one row to whole calls. What an early probe shows is
settled there: a fault that changes nothing in it is tried only where a later probe needs it. So two
faults in different places are found one after the other, and pairs are tried only among the faults
that change something in the first probe that no single fault explains.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np

from lstm_checks.findings import Array
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.model import Choices, program
from lstm_checks.museum.pairs import Pairs, made_from, reads
from lstm_checks.museum.probes import Probe
from lstm_checks.museum.textbook import TEXTBOOK

Found = tuple[Fault, ...]
MOST = 2


class Search:
    """One search.

    Args:
        faults: those that may be there.
        probes: what the subject gave.
        base: choices of the subject that are known already.
    """

    def __init__(
        self, faults: Sequence[Fault], probes: Sequence[Probe], base: Choices | None = None
    ) -> None:
        self._faults = faults
        self._probes = probes
        self._base = program(base or {})
        taken = set(base or ())
        self._faults = [fault for fault in faults if not taken & fault.choices.keys()]
        self._rows: dict[tuple[int, tuple[str, ...]], Array | None] = {}

    def found(self) -> list[Found]:
        """All smallest sets of at most two faults that fit every probe; [] where there is none."""
        with np.errstate(all="ignore"):
            return self._searched()

    def _searched(self) -> list[Found]:
        sets: list[Found] = [()]
        for number in range(len(self._probes)):
            kept = [one for one in sets if self._fits(one, number)]
            kept = kept or list(self._one_more(sets, number))
            if not kept and sets == [()]:
                kept = list(self._two(number))
            if not kept:
                return []
            sets = kept
        return sets

    def row(self, faults: Found, number: int) -> Array | None:
        """What the model gives on a probe with these faults."""
        key = number, tuple(fault.id for fault in faults)
        if key not in self._rows:
            self._rows[key] = self._probes[number].predicted(self.choices(faults))
        return self._rows[key]

    def choices(self, faults: Found) -> Choices:
        chosen = dict(self._base)
        for fault in faults:
            chosen |= fault.choices
        return chosen

    def _fits(self, faults: Found, number: int) -> bool:
        return self._probes[number].fits(self.row(faults, number))

    def _fits_so_far(self, faults: Found, number: int) -> bool:
        return all(self._fits(faults, earlier) for earlier in range(number + 1))

    def _one_more(self, sets: list[Found], number: int) -> Iterator[Found]:
        for one in sets:
            if len(one) == MOST:
                continue
            for fault in self._faults:
                more = (*one, fault)
                if _apart(more) and self._fits_so_far(more, number):
                    yield more

    def _two(self, number: int) -> Iterator[Found]:
        """Pairs of faults that each change something in this probe, and nothing in those before."""
        probe = self._probes[number]
        base = self.row((), number)
        if base is None:
            return
        wrong = probe.wrong(base, probe.observed)
        parts: list[tuple[Fault, int, int]] = []  # with the segments changed, and those then right
        for fault in self._faults:
            if number and not self._fits_so_far((fault,), number - 1):
                continue
            row = self.row((fault,), number)
            changed = 0 if row is None else probe.wrong(row, base)
            if row is not None and changed:
                parts.append((fault, changed, ~probe.wrong(row, probe.observed)))
        pairs = Pairs.of(probe, self._base)
        for (one, changed, right), (other, changed_too, right_too) in combinations(parts, 2):
            if wrong & ~(changed | changed_too):
                continue
            alone, alone_too = changed & ~changed_too, changed_too & ~changed
            if alone & ~right & probe.apart and not _reads_of(one, other):
                continue
            if alone_too & ~right_too & probe.apart and not _reads_of(other, one):
                continue
            if not _apart((one, other)):
                continue
            if pairs is not None and not pairs.may_fit(one, other):
                continue
            if self._fits_so_far((one, other), number):
                yield one, other


def _reads_of(one: Fault, other: Fault) -> bool:
    """Whether a fault reads what the textbook does not read there, and another fault changes it.

    Then what it gives alone is not what it gives beside the other.
    """
    return not _new_reads(one).isdisjoint(_changed(other))


@cache
def _new_reads(fault: Fault) -> frozenset[str]:
    names: set[str] = set()
    for slot, text in fault.choices.items():
        names |= {*reads(text)} - {*reads(TEXTBOOK[slot])}
    return frozenset(names)


@cache
def _changed(fault: Fault) -> frozenset[str]:
    return frozenset(made_from(fault.choices, TEXTBOOK))


def _apart(faults: Found) -> bool:
    """Whether the last of these faults is in other places than the ones before it."""
    *before, last = faults
    return not any(last.choices.keys() & one.choices.keys() for one in before)

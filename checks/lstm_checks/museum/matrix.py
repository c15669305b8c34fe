"""The kill matrix: which law speaks first of each fault, and whether the diagnosis names it.

Each fault is put into a plain LSTM as source text and checked like any other file.
"""

from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from types import ModuleType

import numpy as np

from lstm_checks.api import check
from lstm_checks.engine.outcome import Outcome
from lstm_checks.laws.registry import ALL as LAWS
from lstm_checks.museum.catalogue import WRITABLE
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.source import STYLES, source_of


@dataclass(frozen=True)
class Kill:
    """What a check said of a fault: the law that is the cause ("" for none), and the names."""

    fault: str
    style: str
    law: str
    named: tuple[str, ...]

    @property
    def named_first(self) -> bool:
        """Whether the fault's own name comes first."""
        return self.named[:1] == (self.fault,)


def module(text: str) -> ModuleType:
    """A module made of source text. Raises what the text raises."""
    made = ModuleType("exercise")
    exec(compile(text, "<exercise>", "exec"), vars(made))
    return made


def kill(fault: Fault, style: str, level: str = "quick") -> Kill:
    """The outcome of checking one fault in one style, strictly, in this process."""
    with np.errstate(all="ignore"), redirect_stderr(StringIO()):
        try:
            subject = module(source_of(fault, style)).LSTM
        except ImportError:
            return Kill(fault.id, style, "load.imports", ())
        outcome: Outcome = check(subject, level=level, strict=True, in_process=True)
    cause = "" if outcome.cause is None else outcome.cause.id
    return Kill(fault.id, style, cause, tuple(one.fault for one in outcome.diagnosis))


def kills() -> Iterator[Kill]:
    """Every fault, each in one style, the styles in turn.

    A choice shows in any case, so the level quick will do; some manners show in some orders of
    calls alone, and are checked at the level standard.
    """
    styles = list(STYLES)
    for number, fault in enumerate(WRITABLE):
        yield kill(fault, styles[number % len(styles)], "standard" if fault.law else "quick")


def table(found: Iterable[Kill]) -> str:
    """The matrix as Markdown: totals, and a line per law with the faults of which it speaks."""
    by_id = {one.fault: one for one in found}
    faults = [fault for fault in WRITABLE if fault.id in by_id]
    choices = [fault for fault in faults if not fault.law]
    manners = [fault for fault in faults if fault.law]
    killed = sum(bool(by_id[fault.id].law) for fault in faults)
    first = sum(by_id[fault.id].named_first for fault in choices)
    by_law = sum(by_id[fault.id].law == fault.law for fault in manners)
    lines = [
        f"Of {len(faults)} faults {killed} are killed. Of the {len(choices)} that are choices of "
        f"an LSTM {first} are named first by the diagnosis; of the {len(manners)} that are manners "
        f"{by_law} are named by the law that is about them.",
        "",
        "| law | faults of which it speaks first | their families and places |",
        "|---|---:|---|",
    ]
    for law in LAWS:
        mine = [fault.id for fault in faults if by_id[fault.id].law == law.id]
        lines.append(f"| `{law.id}` | {len(mine)} | {_places(mine)} |")
    return "\n".join(lines) + "\n"


def _places(ids: list[str]) -> str:
    """The ids, cut to "family.place" with their number where there are many."""
    if len(ids) <= 6:
        return ", ".join(f"`{one}`" for one in ids)
    counts: dict[str, int] = {}
    for one in ids:
        place = ".".join(one.split(".")[: max(1, one.count("."))])
        counts[place] = counts.get(place, 0) + 1
    return ", ".join(f"`{place}` {count}" for place, count in counts.items())

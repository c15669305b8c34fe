"""What a law found, as data: every report is a rendering of this.

Text of the subject's own (the message of an exception, a line of its source) stands in fields of
its own, `said` and `code`, and never in the kit's sentences, unless it went through `quoted`.
"""

import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
LONGEST = 300  # characters of the subject's that one sentence of a report may hold
UNWRITTEN = "not attempted: "  # how `what` begins where a part of the subject is not written yet
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, bidirectional, surrogates, …


def plain(text: object, limit: int = LONGEST) -> str:
    """One line of printable text, at most `limit` characters long."""
    shown = str(text)[: limit + 1]
    line = "".join(
        " " if one in "\n\r\t" else "\ufffd" if unicodedata.category(one) in _UNSHOWN else one
        for one in shown
    )
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(text: object, limit: int = 80) -> str:
    """A name or value of the subject's inside a sentence of the kit's: 'W', 3, ['W']."""
    return f"'{plain(text, limit)}'" if isinstance(text, str) else plain(repr(text), limit)


@dataclass(frozen=True)
class Place:
    """An element of an array in the native layout: "dW", (0, 3), and the same in words."""

    array: str
    index: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class Call:
    """One call of the subject as it was made; `given` holds arrays in the subject's own layout."""

    do: str
    instance: int
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Why a law does not hold.

    Attributes:
        what: what is wrong, as one sentence without its full stop.
        fix: how to fix it, in whole sentences.
        said: what the subject itself said: the message of its exception.
        code: the line of the subject's source that it happened in, with its number.
        place: the first wrong element.
        expected, got: the values of this element.
        compared: the whole arrays, expected and got, of which this element is the first wrong.
        excess: the largest error over its tolerance; None where nothing was compared.
        first_excess: the same for the first case that failed, before a smaller one was searched.
        case: the sizes, scale, seed and dtype of the smallest case.
        calls: the calls that led here.
        returned: what the last of these calls returned, native arrays by name.
        out_of_scope: the subject is something else than what the laws are about.
    """

    what: str
    fix: str = ""
    said: str = ""
    code: str = ""
    place: Place | None = None
    expected: float | None = None
    got: float | None = None
    compared: tuple[Array, Array] | None = field(default=None, repr=False, compare=False)
    excess: float | None = None
    first_excess: float | None = None
    case: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = field(default=(), repr=False)
    returned: Mapping[str, Array] = field(default_factory=dict, repr=False)
    out_of_scope: bool = False

    def __post_init__(self) -> None:
        for name, limit in (("what", 600), ("fix", 600), ("said", LONGEST), ("code", LONGEST)):
            object.__setattr__(self, name, plain(getattr(self, name), limit))
        if self.excess is not None:  # JSON has no infinity
            object.__setattr__(self, "excess", min(self.excess, sys.float_info.max))

    @property
    def unwritten(self) -> bool:
        """Whether a part of the subject is not written yet, rather than wrong."""
        return self.what.startswith(UNWRITTEN)


@dataclass(frozen=True)
class Diagnosis:
    """A known mistake that reproduces the subject's wrong numbers in full.

    Attributes:
        fault: its id in the museum.
        says: one sentence that names it.
        fix: how to fix it, in whole sentences.
        seen: where in published code it was seen; "" where it was not.
        code: the line of the subject's source that it is about, "" where that is not certain.
    """

    fault: str
    says: str
    fix: str
    seen: str = ""
    code: str = ""


class Breach(Exception):
    """A law does not hold. `finding` says why."""

    def __init__(self, what: str | Finding, fix: str = "", **more: Any) -> None:
        self.finding = what if isinstance(what, Finding) else Finding(what, fix, **more)
        super().__init__(self.finding.what)

    @classmethod
    def out_of_scope(cls, what: str, fix: str) -> "Breach":
        """A breach that says that the subject is something else than what the laws are about."""
        return cls(Finding(what, fix, out_of_scope=True))

    def add(self, **more: Any) -> None:
        """Complete the finding by what only a caller knows, such as the case."""
        self.finding = replace(self.finding, **more)


class Raised(Breach):
    """The subject's own code raised an exception."""

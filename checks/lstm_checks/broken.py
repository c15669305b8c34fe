"""What a law says where it does not hold: words for a person, and the figures behind them."""

import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Broken(Exception):
    """A law does not hold for a case.

    Attributes:
        what: what is wrong, in one sentence.
        mend: what to do about it.
        where: the first wrong element, as "y[batch 0, time 1, unit 2]".
        place: the same as an array's name and an index into the native layout.
        expected, got: its values.
        excess: the largest error over its tolerance; None where nothing was compared.
        case: the case's sizes, scale and seed; filled in by whoever runs the law.
        trace: the calls that led here, for the script that reproduces it; likewise.
        last: what the last of these calls gave, native arrays by name; likewise.
    """

    what: str
    mend: str = ""
    where: str = ""
    place: tuple[str, tuple[int, ...]] | None = None
    expected: float | None = None
    got: float | None = None
    excess: float | None = None
    case: dict[str, Any] = field(default_factory=dict)
    trace: list[Any] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.what)
        if self.excess is not None:
            self.excess = min(self.excess, sys.float_info.max)  # JSON has no infinity

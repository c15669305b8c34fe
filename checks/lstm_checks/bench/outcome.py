"""What a benchmark comes to: times, ratios, findings; and its form as JSON."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_checks.bench.shapes import Shape

SCHEMA = 1
NOISE = 0.10  # spread over median, of the floor or of a ratio, from which a shape counts as noisy


@dataclass(frozen=True)
class Summary:
    """Median and quartiles of figures that were measured turn by turn."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(statistics.median(values), low, high)

    @property
    def spread(self) -> float:
        """The distance between the quartiles over the median."""
        return (self.high - self.low) / self.median

    def as_dict(self) -> dict[str, float]:
        return {"median": self.median, "low": self.low, "high": self.high, "spread": self.spread}


@dataclass
class Timing:
    """One contender at one shape: seconds a call in each turn, k calls a block, peak memory.

    cpu: CPU seconds of its process a call, likewise; empty where that cannot be read.
    """

    k: int
    overhead: float
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: int | None = None
    error_over_tolerance: float = 0.0

    @property
    def summary(self) -> Summary:
        return Summary.of(self.seconds)


@dataclass
class Cell:
    """One shape and pass: the subject, its rivals and the floor, measured in turns.

    denormals: how many denormal numbers the inputs and the results that were looked at held.
    """

    shape: Shape
    backward: bool
    subject: str
    floor: str
    timings: dict[str, Timing] = field(default_factory=dict)
    denormals: int = 0

    def ratio(self, other: str) -> Summary:
        """The subject's time over another's, turn by turn."""
        mine, theirs = self.timings[self.subject].seconds, self.timings[other].seconds
        return Summary.of([a / b for a, b in zip(mine, theirs, strict=True)])

    def cpu_ratio(self, other: str) -> Summary | None:
        """The same by CPU time, which stays as it is where others use the processor."""
        mine, theirs = self.timings[self.subject].cpu, self.timings[other].cpu
        if not mine or not theirs or not all(theirs):
            return None
        return Summary.of([a / b for a, b in zip(mine, theirs, strict=True)])

    @property
    def others(self) -> list[str]:
        return [name for name in self.timings if name != self.subject]

    @property
    def gflops(self) -> float:
        """Operations of the matrix products over the subject's median time, in 10⁹ a second."""
        seconds = self.timings[self.subject].summary.median
        return self.shape.operations(self.backward) / seconds / 1e9

    @property
    def noise(self) -> float:
        """The larger of the spreads of the floor's times and of the ratios."""
        spreads = [self.ratio(other).spread for other in self.others]
        if self.floor in self.timings:
            spreads.append(self.timings[self.floor].summary.spread)
        return max(spreads, default=0.0)

    @property
    def noisy(self) -> bool:
        return self.noise > NOISE

    def _cpu_ratio(self, other: str) -> dict[str, float] | None:
        ratio = self.cpu_ratio(other)
        return None if ratio is None else ratio.as_dict()

    def as_dict(self) -> dict[str, Any]:
        subject = self.timings[self.subject]
        return {
            "shape": dict(vars(self.shape)),
            "pass": "both" if self.backward else "forward",
            "seconds": subject.summary.as_dict(),
            "seconds_per_step": subject.summary.median / self.shape.T,
            "gflops": self.gflops,
            "ratio": {other: self.ratio(other).as_dict() for other in self.others},
            "cpu_ratio": {other: self._cpu_ratio(other) for other in self.others},
            "noise": self.noise,
            "noisy": self.noisy,
            "denormals": self.denormals,
            "contenders": {
                name: {
                    "calls_per_block": one.k,
                    "channel_seconds": one.overhead,
                    "seconds": one.seconds,
                    "cpu_seconds": one.cpu,
                    "peak_memory_bytes": one.memory,
                    "error_over_tolerance": _finite(one.error_over_tolerance),
                }
                for name, one in self.timings.items()
            },
        }


def _finite(value: float) -> float | None:
    """JSON knows no infinity: None."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Finding:
    """What was found out about a contender, in words."""

    who: str
    what: str

    def as_dict(self) -> dict[str, str]:
        return dict(vars(self))


@dataclass(frozen=True)
class Growth:
    """How time and memory grow with one of the sizes: x against size to the power of the exponent.

    An exponent is None where fewer than two sizes could be measured.
    """

    letter: str
    backward: bool
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    memory: tuple[int | None, ...]
    seconds_exponent: float | None
    memory_exponent: float | None

    def as_dict(self) -> dict[str, Any]:
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


@dataclass
class Outcome:
    """The whole run."""

    subject: str
    verdict: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    contenders: dict[str, dict[str, Any]]
    cells: list[Cell] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def find(self, who: str, what: str) -> None:
        """Keep a finding, once a contender and kind (what comes before its figures)."""
        kind = what.split(":")[0]
        if not any(one.who == who and one.what.split(":")[0] == kind for one in self.findings):
            self.findings.append(Finding(who, what))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    @property
    def noisy(self) -> bool:
        return any(cell.noisy for cell in self.cells)

    def geometric_means(self, backward: bool, cpu: bool = False) -> dict[str, float]:
        """Over the shapes, the geometric mean of the ratio to each other contender."""
        means = {}
        cells = [cell for cell in self.cells if cell.backward == backward]
        for other in dict.fromkeys(name for cell in cells for name in cell.others):
            having = [cell for cell in cells if other in cell.timings]
            ratios = [cell.cpu_ratio(other) if cpu else cell.ratio(other) for cell in having]
            logs = [math.log(ratio.median) for ratio in ratios if ratio is not None]
            if logs:
                means[other] = math.exp(statistics.fmean(logs))
        return means

    def as_dict(self) -> dict[str, Any]:
        passes = {"both" if cell.backward else "forward": cell.backward for cell in self.cells}
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "settings": self.settings,
            "machine": self.machine,
            "contenders": self.contenders,
            "noisy": self.noisy,
            "noise_threshold": NOISE,
            "findings": [one.as_dict() for one in self.findings],
            "notes": self.notes,
            "geometric_mean_of_ratios": {
                name: self.geometric_means(backward) for name, backward in passes.items()
            },
            "geometric_mean_of_cpu_ratios": {
                name: self.geometric_means(backward, cpu=True) for name, backward in passes.items()
            },
            "cells": [cell.as_dict() for cell in self.cells],
            "growth": [one.as_dict() for one in self.growth],
        }

"""What a benchmark comes to: times, ratios, findings; and its form as JSON."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lstm_checks.bench.contenders import FLOOR, SUBJECT
from lstm_checks.bench.shapes import Shape

SCHEMA = 2
NOISE = 0.10  # spread over median, of the floor or of a ratio, from which a shape counts as noisy
PASSES = {False: "forward", True: "both"}
TITLES = {False: "forward", True: "forward and backward"}


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
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    @property
    def spread(self) -> float:
        """The distance between the quartiles over the median."""
        return (self.high - self.low) / self.median

    def as_dict(self) -> dict[str, float]:
        return asdict(self) | {"spread": self.spread}


@dataclass
class Timing:
    """One contender at one shape.

    Attributes:
        calls_per_block: how many calls were timed together.
        seconds, cpu_seconds: per call, in each turn; no CPU seconds where they are not known.
        staging_seconds: the CPU time per call, in each turn, for taking weights and inputs.
        memory: the peak of a first call in bytes; None where it is not known.
        error_over_tolerance: the largest of all verified results.
    """

    calls_per_block: int
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    staging_seconds: list[float] = field(default_factory=list)
    memory: int | None = None
    error_over_tolerance: float = 0.0

    @property
    def time(self) -> Summary:
        return Summary.of(self.seconds)

    def as_dict(self) -> dict[str, Any]:
        if math.isfinite(self.error_over_tolerance):
            return asdict(self)
        return asdict(self) | {"error_over_tolerance": None}  # JSON has no infinity


@dataclass
class Comparison:
    """One shape and pass: the subject, its rivals and the floor, measured in turns.

    Attributes:
        shape, backward: what was timed.
        timings: of each contender, by its name.
        denormals: how many denormal numbers the inputs and the verified results held.
        slower: each rival's and the floor's median time beside the subject's process over that
            before this process was started.
    """

    shape: Shape
    backward: bool
    timings: dict[str, Timing] = field(default_factory=dict)
    denormals: int = 0
    slower: dict[str, float] = field(default_factory=dict)

    @property
    def mine(self) -> Timing:
        """The subject's own."""
        return self.timings[SUBJECT]

    @property
    def others(self) -> list[str]:
        return [name for name in self.timings if name != SUBJECT]

    def ratio(self, other: str) -> Summary:
        """The subject's time over another's, turn by turn."""
        return _ratio(self.mine.seconds, self.timings[other].seconds)

    def cpu_ratio(self, other: str) -> Summary | None:
        """The same for CPU time, which does not change when other programs use the processor."""
        mine, theirs = self.mine.cpu_seconds, self.timings[other].cpu_seconds
        return _ratio(mine, theirs) if mine and theirs and all(theirs) else None

    @property
    def gflops(self) -> float:
        """Operations of the matrix products over the subject's median time, in 10⁹ per second."""
        return self.shape.operations(self.backward) / self.mine.time.median / 1e9

    @property
    def noise(self) -> float:
        """The larger of the spreads of the floor's times and of the ratios."""
        spreads = [self.ratio(other).spread for other in self.others]
        if FLOOR in self.timings:
            spreads.append(self.timings[FLOOR].time.spread)
        return max(spreads, default=0.0)

    @property
    def noisy(self) -> bool:
        return self.noise > NOISE

    def as_dict(self) -> dict[str, Any]:
        cpu_ratios = {other: self.cpu_ratio(other) for other in self.others}
        return {
            "shape": asdict(self.shape),
            "pass": PASSES[self.backward],
            "seconds": self.mine.time.as_dict(),
            "seconds_per_step": self.mine.time.median / self.shape.T,
            "gflops": self.gflops,
            "ratio": {other: self.ratio(other).as_dict() for other in self.others},
            "cpu_ratio": {name: one and one.as_dict() for name, one in cpu_ratios.items()},
            "slower_with_the_subject": self.slower,
            "noise": self.noise,
            "noisy": self.noisy,
            "denormals": self.denormals,
            "contenders": {name: one.as_dict() for name, one in self.timings.items()},
        }


def _ratio(mine: list[float], theirs: list[float]) -> Summary:
    return Summary.of([a / b for a, b in zip(mine, theirs, strict=True)])


@dataclass(frozen=True)
class Finding:
    """What was detected about a contender, in words."""

    who: str
    what: str

    @property
    def kind(self) -> tuple[str, str]:
        """Of whom, and what comes before the figures."""
        return self.who, self.what.partition(":")[0]


@dataclass(frozen=True)
class Growth:
    """Time and memory as size to the power of an exponent; None where fewer than two are known."""

    letter: str
    backward: bool
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    memory: tuple[int | None, ...]
    seconds_exponent: float | None
    memory_exponent: float | None


@dataclass
class Outcome:
    """The whole run. verdict: "passed" or "wrong", the ladder's."""

    subject: str
    verdict: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    contenders: dict[str, dict[str, Any]]
    comparisons: list[Comparison] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def find(self, who: str, what: str) -> None:
        """Keep a finding; each kind only once per contender."""
        finding = Finding(who, what)
        if finding.kind not in {one.kind for one in self.findings}:
            self.findings.append(finding)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    @property
    def noisy(self) -> bool:
        return any(one.noisy for one in self.comparisons)

    @property
    def passes(self) -> list[bool]:
        """The passes that were timed; True means forward and backward."""
        return list(dict.fromkeys(one.backward for one in self.comparisons))

    def of_pass(self, backward: bool) -> tuple[list[Comparison], list[str]]:
        """The comparisons of a pass, and all others that the subject is compared with there."""
        chosen = [one for one in self.comparisons if one.backward == backward]
        return chosen, list(dict.fromkeys(name for one in chosen for name in one.others))

    def geometric_means(self, backward: bool, cpu: bool = False) -> dict[str, float]:
        """Over the shapes, the geometric mean of the ratio to each other contender."""
        means = {}
        chosen, others = self.of_pass(backward)
        for other in others:
            having = [one for one in chosen if other in one.timings]
            ratios = [one.cpu_ratio(other) if cpu else one.ratio(other) for one in having]
            medians = [ratio.median for ratio in ratios if ratio is not None]
            if medians:
                means[other] = statistics.geometric_mean(medians)
        return means

    def as_dict(self) -> dict[str, Any]:
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
            "findings": [asdict(one) for one in self.findings],
            "notes": self.notes,
            "geometric_mean_of_ratios": {
                PASSES[one]: self.geometric_means(one) for one in self.passes
            },
            "geometric_mean_of_cpu_ratios": {
                PASSES[one]: self.geometric_means(one, cpu=True) for one in self.passes
            },
            "comparisons": [one.as_dict() for one in self.comparisons],
            "growth": [asdict(one) for one in self.growth],
        }

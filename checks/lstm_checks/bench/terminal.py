"""What came out, in the terminal: findings first, then the figures, and what they mean."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lstm_checks.bench.contenders import SUBJECT
from lstm_checks.bench.growth import SEEN
from lstm_checks.bench.kit import LEVEL
from lstm_checks.bench.machine import blas
from lstm_checks.bench.outcome import NOISE, TITLES, Growth, Outcome, Summary

LEGEND = (
    "time: per call, median of the turns, ± half the distance between the quartiles. × NAME: the "
    "subject's time over NAME's, turn by turn. By CPU time: the same with the CPU time of the "
    "processes, which does not change when other programs use the processor. GFLOP/s: "
    "8·N·T·H·(D+H) operations of the forward pass's matrix products, three times that for both "
    "passes, over the time. Peak: what a first call takes on top of weights and inputs, as the "
    "rise of VmHWM, on CUDA as torch counts it."
)
VERDICTS = {
    "passed": f"it passed the ladder at level {LEVEL}",
    "wrong": f"it did NOT pass the ladder at level {LEVEL} and is timed all the same",
}


def renderable(outcome: Outcome) -> RenderableType:
    """The whole outcome."""
    bad = outcome.verdict != "passed" or outcome.findings
    headline = f"{outcome.subject}: {VERDICTS[outcome.verdict]}  ({outcome.seconds:.0f} s)"
    parts: list[RenderableType] = [Text(headline, "bold red" if bad else "bold green")]
    parts += [Text(f"DETECTED  {one.who}: {one.what}", "bold red") for one in outcome.findings]
    parts.append(Text("\n".join(_setting(outcome)), "dim"))
    parts += [_times(outcome, backward) for backward in outcome.passes]
    if outcome.growth:
        parts.append(_growth(outcome.growth))
    parts += [Text(f"note: {note}", "yellow") for note in outcome.notes]
    if outcome.noisy:
        parts.append(Text(_noise(outcome), "bold yellow"))
    return Group(*parts, Text(LEGEND, "dim"))


def _noise(outcome: Outcome) -> str:
    noisy = [one.noise for one in outcome.comparisons if one.noisy]
    return (
        f"NOISY: at {len(noisy)} of {len(outcome.comparisons)} shapes and passes (marked ~) the "
        f"floor's time or a ratio spreads by more than {NOISE:.0%} between its quartiles, at worst "
        f"by {max(noisy):.0%}; run the benchmark again on a quiet machine before you rely on those"
    )


def _setting(outcome: Outcome) -> list[str]:
    machine, settings = outcome.machine, outcome.settings
    versions = ", ".join(f"{name} {v}" for name, v in machine["packages"].items() if v)
    denormals = sum(one.denormals for one in outcome.comparisons)
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {settings['threads']} thread(s) used, "
        f"{settings['dtype']}{_device(machine)}, Python {machine['python']}, {versions}; "
        f"BLAS {blas(outcome.contenders[SUBJECT]) or 'unknown'}",
        f"load {machine['load_before']} before, {machine.get('load_after')} after; denormals in "
        f"inputs and results: {denormals or 'none'}",
    ]
    for name, one in outcome.contenders.items():
        cpu = ""
        if "cpu_seconds" in one:
            cpu = (
                f"; {one['cpu_seconds']:.1f} s of CPU time from load to end with all that it "
                f"started, {one['cpu_seconds_timed']:.1f} s of it in timed blocks"
            )
        lines.append(f"{name}: {one['is']}{cpu}")
    return lines


def _device(machine: dict[str, Any]) -> str:
    if "device" not in machine:
        return ""
    bandwidth = machine["bandwidth_bytes_per_second"] / 1e9
    return (
        f" (TF32 off) on {machine['device']}, CUDA {machine.get('cuda')}, cuDNN "
        f"{machine.get('cudnn')}, copying at {bandwidth:.0f} GB/s"
    )


def _times(outcome: Outcome, backward: bool) -> Table:
    comparisons, others = outcome.of_pass(backward)
    table = Table(
        title=TITLES[backward],
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("N×T×D×H", overflow="fold")
    for head in ("time (ms)", "µs/step", "GFLOP/s", "peak MB", *(f"× {escape(o)}" for o in others)):
        table.add_column(head, justify="right", overflow="fold")
    for one in comparisons:
        time = one.mine.time
        table.add_row(
            f"{one.shape.short}{' ~' if one.noisy else ''}",
            _figure(time, 1e3),
            _three(time.median / one.shape.T * 1e6),
            _three(one.gflops),
            _memory(one.mine.memory),
            *(_figure(one.ratio(o)) if o in one.timings else "left out" for o in others),
        )
    for title, cpu, style in (("geometric mean", False, "bold"), ("by CPU time", True, "")):
        means = outcome.geometric_means(backward, cpu)
        if means:
            figures = (f"{_three(means[o])}   " if o in means else "" for o in others)
            table.add_row(title, "", "", "", "", *figures, style=style)
    return table


def _figure(summary: Summary, factor: float = 1.0) -> str:
    return f"{_three(summary.median * factor)}±{summary.spread / 2:.0%}"


def _three(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"


def _memory(peak: int | None) -> str:
    """A peak in MB."""
    if peak is None:
        return "?"
    return "<1" if peak < SEEN else _three(peak / 2**20)


def _growth(grown: list[Growth]) -> Table:
    table = Table(
        title=f"growth, {TITLES[grown[0].backward]}: time and peak memory grow as a size to the "
        "power of",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for head in ("size", "time", "memory", "measured at: ms, MB"):
        table.add_column(head)
    for one in grown:
        points = "; ".join(
            f"{size}: {_three(seconds * 1e3)}, {_memory(peak)}"
            for size, seconds, peak in zip(one.sizes, one.seconds, one.memory, strict=True)
        )
        powers = (one.seconds_exponent, one.memory_exponent)
        table.add_row(one.letter, *("?" if p is None else f"{p:.2f}" for p in powers), points)
    return table

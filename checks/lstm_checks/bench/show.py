"""What came out, in the terminal: findings first, then the figures, and what they mean."""

from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lstm_checks.bench.growth import SEEN
from lstm_checks.bench.outcome import NOISE, Growth, Outcome, Summary
from lstm_checks.bench.rivals import SUBJECT

LEGEND = (
    "time: a call, median of the turns, ± half the distance between the quartiles. × NAME: the "
    "subject's time over NAME's, turn by turn. By CPU time: the same with the CPU time that the "
    "system accounts to the processes, which stays as it is where others use the processor. "
    "GFLOP/s: 8·B·T·H·(D+H) operations of the forward pass's matrix products, three times that "
    "for both passes, over the time. Peak: what a first call takes on top of weights and inputs, "
    "as the rise of VmHWM, on CUDA by torch's account."
)


def renderable(outcome: Outcome) -> RenderableType:
    """The whole outcome."""
    parts: list[RenderableType] = [_headline(outcome)]
    parts += [Text(f"FOUND OUT  {one.who}: {one.what}", "bold red") for one in outcome.findings]
    parts.append(_setting(outcome))
    for backward in dict.fromkeys(cell.backward for cell in outcome.cells):
        parts.append(_cells(outcome, backward))
    if outcome.growth:
        parts.append(_growth(outcome.growth))
    parts += [Text(f"note: {note}", "yellow") for note in outcome.notes]
    if outcome.noisy:
        parts.append(Text(noise_words(outcome), "bold yellow"))
    parts.append(Text(LEGEND, "dim"))
    return Group(*parts)


def noise_words(outcome: Outcome) -> str:
    """Which shapes were too noisy to be relied on."""
    noisy = [cell for cell in outcome.cells if cell.noisy]
    worst = max(cell.noise for cell in noisy)
    return (
        f"NOISY: at {len(noisy)} of {len(outcome.cells)} shapes and passes (marked ~) the floor's "
        f"time or a ratio spreads by more than {NOISE:.0%} between its quartiles, at worst "
        f"{worst:.0%}; run it again on a quiet machine before relying on those"
    )


def _headline(outcome: Outcome) -> Text:
    verdict = {
        "passed": "it passed the ladder at level quick",
        "wrong": "it did NOT pass the ladder at level quick and is timed all the same",
        "unchecked": "the ladder was not asked",
    }[outcome.verdict]
    bad = outcome.verdict == "wrong" or outcome.findings
    style = "bold red" if bad else "bold green"
    return Text(f"{outcome.subject}: {verdict}  ({outcome.seconds:.0f} s)", style)


def _setting(outcome: Outcome) -> Text:
    machine, settings = outcome.machine, outcome.settings
    versions = ", ".join(f"{name} {v}" for name, v in machine["packages"].items() if v)
    said = outcome.contenders.get(SUBJECT)
    blas = "" if said is None else f"; BLAS {_blas(said)}"
    denormals = sum(cell.denormals for cell in outcome.cells)
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {settings['threads']} thread(s) used, "
        f"{settings['dtype']}{_device(machine)}, Python {machine['python']}, "
        f"{versions}{blas}",
        f"load {machine['load_before']} before, {machine.get('load_after')} after; denormals in "
        f"inputs and results: {denormals or 'none'}",
    ]
    lines += [f"{name}: {one['is']}" for name, one in outcome.contenders.items() if name != SUBJECT]
    return Text("\n".join(lines), "dim")


def _device(machine: dict[str, Any]) -> str:
    if "device" not in machine:
        return ""
    tf32 = "on" if machine.get("tf32") else "off"
    bandwidth = machine["bandwidth_bytes_per_second"] / 1e9
    return (
        f" (TF32 {tf32}) on {machine['device']}, CUDA {machine.get('cuda')}, cuDNN "
        f"{machine.get('cudnn')}, copying at {bandwidth:.0f} GB/s"
    )


def _blas(said: dict[str, Any]) -> str:
    found = said.get("blas")
    if not isinstance(found, list):
        return "unknown (threadpoolctl is not installed)"
    return ", ".join(
        f"{one['internal_api']} {one['version']}" for one in found if one.get("user_api") == "blas"
    )


def _cells(outcome: Outcome, backward: bool) -> Table:
    cells = [cell for cell in outcome.cells if cell.backward == backward]
    others = list(dict.fromkeys(name for cell in cells for name in cell.others))
    table = Table(
        title="forward and backward" if backward else "forward",
        title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for head in ("B×T×D×H", "time (ms)", "µs/step", "GFLOP/s", "peak MB"):
        justify: Literal["left", "right"] = "left" if head == "B×T×D×H" else "right"
        table.add_column(head, justify=justify, overflow="fold")
    for other in others:
        table.add_column(f"× {escape(other)}", justify="right", overflow="fold")
    for cell in cells:
        mine = cell.timings[cell.subject]
        table.add_row(
            f"{cell.shape.short}{' ~' if cell.noisy else ''}",
            _figure(mine.summary, 1e3),
            three(mine.summary.median / cell.shape.T * 1e6),
            three(cell.gflops),
            memory(mine.memory),
            *(_figure(cell.ratio(o)) if o in cell.timings else "left out" for o in others),
        )
    means = outcome.geometric_means(backward)
    table.add_row(
        "geometric mean", "", "", "", "", *(f"{three(means[name])}   " for name in others),
        style="bold",
    )  # fmt: skip
    by_cpu = outcome.geometric_means(backward, cpu=True)
    if by_cpu:
        table.add_row(
            "by CPU time", "", "", "", "",
            *(f"{three(by_cpu[name])}   " if name in by_cpu else "" for name in others),
        )  # fmt: skip
    return table


def _figure(summary: Summary, factor: float = 1.0) -> str:
    return f"{three(summary.median * factor)}±{summary.spread / 2:.0%}"


def three(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"


def memory(peak: int | None) -> str:
    """A peak in MB; less than what is told apart from the system's own accounts is said as such."""
    if peak is None:
        return "?"
    return "<1" if peak < SEEN else three(peak / 2**20)


def _growth(grown: list[Growth]) -> Table:
    table = Table(
        title=f"growth, {'forward and backward' if grown[0].backward else 'forward'}: time and "
        "peak memory go with a size to the power of",
        title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for head in ("size", "time", "memory", "measured at: ms, MB"):
        table.add_column(head)
    for one in grown:
        points = "; ".join(
            f"{size}: {three(seconds * 1e3)}, {memory(peak)}"
            for size, seconds, peak in zip(one.sizes, one.seconds, one.memory, strict=True)
        )
        table.add_row(one.letter, _power(one.seconds_exponent), _power(one.memory_exponent), points)
    return table


def _power(exponent: float | None) -> str:
    return "?" if exponent is None else f"{exponent:.2f}"

"""Holds numbers against numbers, and says in words where they part."""

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.conventions import Array

GATE_NAMES = ("input gate", "forget gate", "candidate", "output gate")
AXES = {
    "sequence": ("batch", "time", "unit"),
    "input": ("batch", "time", "feature"),
    "state": ("batch", "unit"),
}


def agree(
    got: Array,
    want: Array,
    tolerance: float,
    name: str,
    kind: str,
    *,
    what: str,
    mend: str = "",
) -> None:
    """Raise `Broken` unless |got - want| ≤ tolerance · (1 + max|want|) everywhere.

    `kind` says what the axes mean: "sequence" (N, T, H), "input" (N, T, D), "state" (N, H), or
    "weight" with 4H as its last axis. `what` says what is then wrong; "{gate}" in it becomes the
    gate of the first wrong element. For a sequence the first wrong element is the earliest in time.
    """
    error = errors(got, want)
    allowed = tolerance * (1 + float(np.max(np.abs(want), initial=0.0)))
    if not (error > allowed).any():
        return
    wrong = np.argwhere(error > allowed)
    if kind in ("sequence", "input"):
        wrong = wrong[np.lexsort((wrong[:, 2], wrong[:, 0], wrong[:, 1]))]
    index = tuple(int(i) for i in wrong[0])
    place, gate = _place(index, want.shape, kind)
    raise Broken(
        what.replace("{gate}", gate),
        mend.replace("{gate}", gate),
        where=f"{name}[{place}]",
        place=(name, index),
        expected=float(want[index]),
        got=float(got[index]),
        excess=float(error.max()) / allowed,
    )


def errors(got: Array, want: Array) -> Array:
    """|got - want| in float64; infinite where got is NaN or infinite and want is not."""
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
    error[~np.isfinite(got) & np.isfinite(want)] = np.inf
    return np.nan_to_num(error, nan=0.0, posinf=np.inf)


def differ(one: Array, other: Array, tolerance: float) -> bool:
    """Whether two arrays are apart by more than rounding."""
    return bool((errors(one, other) > tolerance * (1 + np.abs(other).max(initial=0.0))).any())


def _place(index: tuple[int, ...], shape: tuple[int, ...], kind: str) -> tuple[str, str]:
    """The place of an element in words, and its gate where there is one."""
    if kind in AXES:
        return ", ".join(f"{axis} {i}" for axis, i in zip(AXES[kind], index, strict=True)), ""
    hidden = shape[-1] // 4
    gate, unit = GATE_NAMES[index[-1] // hidden], index[-1] % hidden
    row = f"row {index[0]}, " if len(index) == 2 else ""
    return f"{row}{gate}, unit {unit}", gate

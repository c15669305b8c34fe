"""Compares numbers with numbers, and says in words where they differ."""

import numpy as np

from lstm_checks.findings import Array, Breach, Place

GATE_NAMES = ("input gate", "forget gate", "candidate", "output gate")
STATE = ("batch", "unit")
AXES = {
    "y": ("batch", "time", "unit"),
    "dx": ("batch", "time", "feature"),
    "h": STATE,
    "c": STATE,
    "dh0": STATE,
    "dc0": STATE,
}  # of everything else the last axis is 4H


def agree(name: str, got: Array, want: Array, tolerance: float, what: str, fix: str = "") -> None:
    """Raise `Breach` unless |got - want| ≤ tolerance · (1 + max|want|) everywhere.

    Args:
        name: which array it is, "y" or "dW" say; it tells what the axes mean.
        got, want: arrays of one shape.
        tolerance: for expected values of size one or less.
        what: what is wrong then; "{gate}" becomes the gate of the first wrong element.
        fix: how to fix it; likewise.

    The first wrong element of a sequence is the earliest in time.
    """
    error = errors(got, want)
    allowed = tolerance * (1 + float(np.max(np.abs(want), initial=0.0)))
    wrong = np.argwhere(error > allowed)
    if not len(wrong):
        return
    if wrong.shape[1] == 3:
        wrong = wrong[np.lexsort((wrong[:, 2], wrong[:, 0], wrong[:, 1]))]
    index = tuple(int(i) for i in wrong[0])
    gate = "" if name in AXES else GATE_NAMES[index[-1] // (want.shape[-1] // 4)]
    raise Breach(
        what.replace("{gate}", gate),
        fix.replace("{gate}", gate),
        place=Place(name, index, in_words(name, index, want.shape)),
        expected=float(want[index]),
        got=float(got[index]),
        compared=(want, got),
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


def in_words(name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """An element as "y[batch 0, time 1, unit 2]" or "dW[row 0, forget gate, unit 1]"."""
    if name in AXES:
        place = [f"{axis} {i}" for axis, i in zip(AXES[name], index, strict=True)]
    else:
        gate, unit = divmod(index[-1], shape[-1] // 4)
        place = [f"row {i}" for i in index[:-1]] + [GATE_NAMES[gate], f"unit {unit}"]
    return f"{name}[{', '.join(place)}]"

"""One step seen gate by gate: what the laws of the rung step look at.

Where h·U carries nothing from unit to unit, the units of a layer are independent. So one call of
one step shows many settings of the four pre-activations z at once, one per unit. The settings are
made in one of three worlds: by the bias alone, by the input product alone, or by the recurrent
product alone. What holds in one world is not at fault where another fails; this is how a wrong
activation is told from a wrong bias.

The new cell state is read from the returned c, or from h = o·tanh(c) with the output gate open
where c is not returned or is wrong itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Array, Breach, Call, Place
from lstm_checks.subjects.conventions import GATES

SATURATED = 30.0  # σ(-30) = 9e-14, far below every tolerance here
WORLDS = ("bias", "input", "recurrent")
I, F, G, O = range(4)


@dataclass(frozen=True)
class Step:
    """One step: the wanted z (4, H), the given c0 and h0 (H,), and the h and c (H,) that came.

    A law takes several steps. So a finding on one of them tells its calls, and what they returned.
    """

    z: Array
    c0: Array
    h0: Array
    h: Array
    c: Array | None
    calls: tuple[Call, ...]
    returned: Mapping[str, Array]

    def cell(self, through_h: bool) -> Array:
        """The new cell state, as returned or as h shows it where the output gate is open."""
        if not through_h and self.c is not None:
            return self.c
        with np.errstate(all="ignore"):
            cell: Array = np.where(self.z[O] > 0, np.arctanh(self.h), np.nan)
        return cell


def worlds(t: Trial) -> list[str]:
    """The worlds that this subject can be put into."""
    lacking = {"bias": "bias", "recurrent": "initial_h"}
    return [world for world in WORLDS if t.offers(lacking.get(world, ""))]


def take(t: Trial, world: str, z: Array, c0: Array) -> Step:
    """One step of the subject with pre-activations z (4, H), made by one world's term alone.

    The factors of the other worlds' terms are zero, but h0 is not: an h taken for c must show.
    """
    H, case = z.shape[1], t.case
    rng = case.rng(world)
    flat = z.reshape(-1)
    x, h0 = np.zeros(case.D), rng.uniform(0.5, 1.0, H) * rng.choice([-1.0, 1.0], H)
    params = {"W": np.zeros((case.D, 4 * H)), "U": np.zeros((H, 4 * H)), "b": np.zeros(4 * H)}
    if world == "bias":
        params["b"] = flat.copy()
    else:
        if world == "input":
            x = rng.uniform(0.5, 1.0, case.D) * rng.choice([-1.0, 1.0], case.D)
        given, name = (x, "W") if world == "input" else (h0, "U")
        matrix = rng.standard_normal(params[name].shape) / np.sqrt(given.size)
        matrix[0] += (flat - given @ matrix) / given[0]
        params[name] = matrix
    if not t.subject.takes_cell():
        c0 = np.zeros_like(c0)
    h, c = t.instance(params).step(x[None], h0[None], c0[None])
    calls = t.subject.calls
    own = tuple(call for call in calls if call.instance == calls[-1].instance)
    return Step(z, c0, h0, h[0], None if c is None else c[0], own, t.subject.returned)


def textbook(z: Array, c0: Array, order: str = GATES) -> tuple[Array, Array]:
    """h' and c' for pre-activations z (4, H) whose blocks are taken in the given order."""
    rows = {gate: z[k] for k, gate in enumerate(order)}
    i, f, o = (0.5 * (1 + np.tanh(0.5 * rows[gate])) for gate in "ifo")
    c = f * c0 + i * np.tanh(rows["g"])
    return o * np.tanh(c), c


def fits(step: Step, z: Array, limit: float, order: str = GATES) -> bool:
    """Whether the step is the textbook's for pre-activations z."""
    h, c = textbook(z, step.c0, order)
    same_c = step.c is None or not compare.differ(step.c, c, limit)
    return same_c and not compare.differ(step.h, h, limit)


def wrong_units(step: Step, limit: float, what: str, fix: str) -> Iterator[Breach]:
    """A breach for each unit whose c or h is wrong, with its place and figures."""
    want_h, want_c = textbook(step.z, step.c0)
    for got, want, name in ((step.c, want_c, "c"), (step.h, want_h, "h")):
        if got is None:
            continue
        error = compare.errors(got, want)
        allowed = limit * (1 + float(np.abs(want).max()))
        for unit in map(int, np.flatnonzero(error > allowed)):
            yield Breach(
                what,
                fix,
                place=Place(name, (0, unit), f"{name}[batch 0, unit {unit}]"),
                expected=float(want[unit]),
                got=float(got[unit]),
                excess=float(error.max()) / allowed,
                calls=step.calls,
                returned=step.returned,
            )


def first_wrong(step: Step, limit: float, what: str, fix: str) -> Breach:
    """A breach at the first wrong unit; without a place where no single unit is wrong."""
    breach = Breach(what, fix, calls=step.calls, returned=step.returned)
    return next(wrong_units(step, limit, what, fix), breach)


# The corners: i, f and g at both ends ------------------------------------------------------------

CELLS = (-1.2, 0.4, 1.1)  # c0 at every corner: three, so that a curve is told from a line


def corners(t: Trial) -> tuple[Array, Array]:
    """z (4, 24) and c0 (24,): i, f, g each at ±SATURATED, o open, with three values of c0."""
    ends = np.array([[i, f, g, 1] for i in (-1, 1) for f in (-1, 1) for g in (-1, 1)])
    z = SATURATED * np.repeat(ends, len(CELLS), axis=0).T
    c0 = np.tile(CELLS, len(ends)) * t.case.rng("c0").uniform(0.8, 1.2, z.shape[1])
    return z, c0


def ends(t: Trial) -> tuple[Array, Array]:
    """z (4, 16) and c0 (16,): all four gates each at ±SATURATED."""
    z = SATURATED * np.array([[1 - 2 * (u >> k & 1) for u in range(16)] for k in range(4)])
    rng = t.case.rng("ends")
    return z, rng.uniform(0.4, 1.2, 16) * rng.choice([-1.0, 1.0], 16)


def levels(t: Trial) -> tuple[Array, Array]:
    """z (4, 12) and c0 (12,): o closed, half open and open in turn, each at four cell states."""
    z = np.empty((4, 12))
    z[I], z[F], z[G] = SATURATED, SATURATED, 0.2
    z[O] = np.repeat([-SATURATED, 0.0, SATURATED], 4)
    return z, np.tile([-1.5, -0.6, 0.5, 1.4], 3) * t.case.rng("levels").uniform(0.8, 1.2, 12)


def cell_update_holds(step: Step, through_h: bool, limit: float) -> bool:
    """c' = F·c + I·G for some limits of the gates: F of z_f alone, I of z_i, G of z_g.

    Whatever the activations, c' is then a line in c whose slope depends on f alone, and whose
    intercept is a product of what i and g give, which rises with g.
    """
    cell = step.cell(through_h).reshape(2, 2, 2, len(CELLS))  # i, f, g, c0
    if not np.isfinite(cell).all():
        return False
    points = step.c0.reshape(cell.shape)
    scale = 1 + float(np.abs(cell).max())
    if points.any():
        near, far = np.argmin(points, axis=-1), np.argmax(points, axis=-1)
        p, q = (np.take_along_axis(points, k[..., None], -1)[..., 0] for k in (near, far))
        u, v = (np.take_along_axis(cell, k[..., None], -1)[..., 0] for k in (near, far))
        slope = (v - u) / (q - p)
        line = slope[..., None] * points + (u - slope * p)[..., None]
        if np.abs(line - cell).max() > limit * scale:
            return False
        intercept = u - slope * p
        by_f = slope[:1, :, :1]
        if np.abs(slope - by_f).max() > limit * scale or abs(by_f[0, 1, 0] - by_f[0, 0, 0]) < 0.1:
            return False
    else:
        intercept = cell.mean(axis=-1)
    product = intercept.mean(axis=1)  # i, g
    if np.abs(intercept - product[:, None]).max() > limit * scale:
        return False
    rank_one = product[0, 0] * product[1, 1] - product[0, 1] * product[1, 0]
    spread = product[:, 1] - product[:, 0]  # one row of i is open, the other closed
    by_g = spread[np.argmax(np.abs(spread))] > 0.1
    by_i = np.abs(product[1] - product[0]).max() > 0.1
    return bool(abs(rank_one) <= limit * scale**2 and by_i and by_g)


def reads_through_h(t: Trial) -> bool:
    """Whether the returned c is missing or not the new cell state, while h shows a right one."""
    for world in worlds(t):
        step = take(t, world, *corners(t))
        if step.c is None:
            return True
        if cell_update_holds(step, False, t.tolerance):
            return False
        if cell_update_holds(step, True, THROUGH_H * t.tolerance):
            return True
    return False


THROUGH_H = 60  # arctanh steepens by 1/(1 - tanh²(c')), 53 at the largest c' of 2.7


# Readings: each gate at several pre-activations --------------------------------------------------

READS = 4  # units per gate, each at its own pre-activation
UNITS = READS + 1  # and one that is fully open, as the measure
FORGOTTEN = 0.8  # c0 where the forget gate is read; zero elsewhere, so that f has no say there


def readings(t: Trial) -> tuple[Array, Array]:
    """z (4, 20) and c0 (20,): group k of five units shows gate k at five z, the rest saturated.

    i is seen with g constant and c0 = 0, so c' is proportional to i; f with i = 0 and c0 constant;
    g with i = 1 and c0 = 0; o with c' constant. The fifth unit of a group has its gate open.
    """
    low, high = -SATURATED, SATURATED
    others = {
        I: {F: low, G: 1.0, O: high},
        F: {I: low, G: 0.0, O: high},
        G: {I: high, F: low, O: high},
        O: {I: high, F: low, G: 1.0},
    }
    z, c0 = np.empty((4, 4 * UNITS)), np.zeros(4 * UNITS)
    rng = t.case.rng("z")
    for k, rest in others.items():
        group = slice(k * UNITS, (k + 1) * UNITS)
        for other, value in rest.items():
            z[other, group] = value
        # One in each quarter of [-3, 3], so that a curve is seen whole.
        z[k, group] = [*rng.uniform([-3, -1.5, 0.2, 1.5], [-1.5, -0.2, 1.5, 3]), high]
    c0[F * UNITS : (F + 1) * UNITS] = FORGOTTEN
    return z, c0


def read_out(step: Step, k: int, through_h: bool) -> Array:
    """The value of gate k at its four pre-activations (READS,), measured by its open unit."""
    group = slice(k * UNITS, (k + 1) * UNITS)
    with np.errstate(all="ignore"):
        if k == O:
            cell = np.tanh(step.cell(through_h)[group]) if not through_h else step.h[group][-1]
            return np.asarray(step.h[group] / cell)[:READS]
        cell = step.cell(through_h)[group]
        if k == G:
            return cell[:READS]
        whole = (
            cell[-1] if abs(cell[-1]) > 0.1 else np.tanh(1.0)
        )  # with i open, or what it should be
        return np.asarray(cell / (whole if k == I else step.c0[group]))[:READS]


def inverted(value: Array, k: int) -> Array:
    """The pre-activation that gives a gate's value: logit, or artanh for the candidate."""
    with np.errstate(all="ignore"):
        inverse: Array = np.arctanh(value) if k == G else np.log(value / (1 - value))
    return inverse


def line_through(step: Step, k: int, through_h: bool, limit: float) -> tuple[float, float] | None:
    """Slope and offset of the inverse activation of gate k over z, or None where it is no line."""
    z = step.z[k, k * UNITS : k * UNITS + READS]
    inverse = inverted(read_out(step, k, through_h), k)
    if not np.isfinite(inverse).all():
        return None
    slope, offset = np.polyfit(z, inverse, 1)
    straight = np.abs(slope * z + offset - inverse).max() < limit
    return (float(slope), float(offset)) if straight else None


# Looked at apart -------------------------------------------------------------------------------


def not_finite(step: Step) -> str:
    """Where the step is not finite: "" where it is, else in which setting of which gate."""
    finite = np.isfinite(step.h) & (True if step.c is None else np.isfinite(step.c))
    if finite.all():
        return ""
    for k, name in enumerate(compare.GATE_NAMES):
        for sign, words in ((1, "positive"), (-1, "negative")):
            if np.array_equal(~finite, step.z[k] * sign > 0) and not (step.z[k] * sign > 0).all():
                return f" where the pre-activation of the {name} is large and {words}"
    return " with pre-activations of ±30"


def sees_the_cell(step: Step, limit: float) -> bool:
    """Whether a gate's pre-activation has the cell state added to it: a peephole."""
    for k in (I, F, O):
        z = step.z.copy()
        z[k] += textbook(step.z, step.c0)[1] if k == O else step.c0
        if fits(step, z, limit):
            return True
    return False

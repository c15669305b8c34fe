"""Rung step: one time step from a given state, gate by gate.

To see one gate at a time, the others are saturated. In c' = f·c + i·g and h' = o·tanh(c') that
reads off i (with g = 1, f = 0), f (with i = 0), g (with i = 1, f = 0), and o (with f = 0, i = g =
1). The units of a layer are independent once U carries nothing across, so one call looks at all
gates at several pre-activations.

A wanted pre-activation z is brought about in one of three ways, the worlds: by the bias alone, by
the input product alone, or by the recurrent product alone. What holds in one of the worlds is not
at fault where another world fails: that is how a wrong activation is told from a wrong bias.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from hypothesis import strategies as st

from lstm_checks.broken import Broken
from lstm_checks.conventions import GATES, Array
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import SCALES, Case, cases
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.subject import Subject

SATURATED = 30.0  # σ(-30) = 9e-14, far below every tolerance here
WORLDS = ("bias", "input", "recurrent")
READS = 4  # units a gate, each at a pre-activation of its own
ONE_STEP = st.builds(
    Case,
    N=st.just(1),
    T=st.just(1),
    D=st.integers(1, 3),
    H=st.just(4 * READS),
    scale=st.sampled_from(SCALES),
    seed=st.integers(0, 2**16 - 1),
)


@dataclass(frozen=True)
class Step:
    """One step: the h and c (H,) that came, the wanted z (4, H), the given c0 and h0 (H,)."""

    h: Array
    c: Array | None
    z: Array
    c0: Array
    h0: Array


def take(subject: Subject, case: Case, world: str, z: Array, c0: Array) -> Step:
    """One step of the subject with pre-activations z (4, H), made by one world's term alone."""
    H = z.shape[1]
    case = case.sized(H=H)
    rng = case.rng(world)
    flat = z.reshape(-1)
    x, h0 = np.zeros(case.D), np.zeros(H)
    params = {"W": np.zeros((case.D, 4 * H)), "U": np.zeros((H, 4 * H)), "b": np.zeros(4 * H)}
    if world == "bias":
        params["b"] = flat.copy()
    else:
        given, name = (x, "W") if world == "input" else (h0, "U")
        given[:] = rng.uniform(0.5, 1.0, given.size) * rng.choice([-1.0, 1.0], given.size)
        matrix = rng.standard_normal(params[name].shape) / np.sqrt(given.size)
        matrix[0] += (flat - given @ matrix) / given[0]
        params[name] = matrix
    h, c = subject.layer(params).step(x[None], h0[None], c0[None])
    return Step(h[0], None if c is None else c[0], z, c0, h0)


def worlds(subject: Subject) -> list[str]:
    """The worlds that this subject can be put into."""
    lacking = {"bias": "bias", "recurrent": "initial_h"}
    return [world for world in WORLDS if subject.offers(lacking.get(world, ""))]


def given_c(subject: Subject, c0: Array) -> Array:
    """c0, or zeros where the subject can be given no cell state."""
    seen = subject.offers("initial_c") or subject.offers("step")
    return c0 if seen else np.zeros_like(c0)


def corners(case: Case, subject: Subject) -> tuple[Array, Array]:
    """z (4, 8) and c0 (8,): i, f and o each saturated at 0 or 1, g saturated at 1."""
    bits = np.array([[u >> 2 & 1, u >> 1 & 1, 1, u & 1] for u in range(8)]).T
    c0 = case.rng("c0").uniform(0.5, 1.5, 8) * np.array([1, -1, 1, 1, -1, 1, -1, 1])
    return (2.0 * bits - 1) * SATURATED, given_c(subject, c0)


def reads(case: Case, subject: Subject) -> tuple[Array, Array]:
    """z (4, H) and c0 (H,): four groups of units, group k showing gate k, the rest saturated."""
    low, high = -SATURATED, SATURATED
    others = {
        "i": {"f": low, "g": high, "o": high},
        "f": {"i": low, "g": high, "o": high},
        "g": {"i": high, "f": low, "o": high},
        "o": {"i": high, "f": low, "g": high},
    }
    z = np.empty((4, 4 * READS))
    rng = case.rng("z")
    for k, gate in enumerate(GATES):
        group = slice(k * READS, (k + 1) * READS)
        for other, value in others[gate].items():
            z[GATES.index(other), group] = value
        # One in each quarter of [-3, 3], so that a curve is seen whole.
        z[k, group] = rng.uniform([-3, -1.5, 0.2, 1.5], [-1.5, -0.2, 1.5, 3])
    c0 = rng.uniform(0.5, 1.5, z.shape[1]) * rng.choice([-1.0, 1.0], z.shape[1])
    return z, given_c(subject, c0)


def textbook(z: Array, c0: Array, order: str = GATES) -> tuple[Array, Array]:
    """h' and c' for pre-activations z (4, H) whose blocks are taken in the given order."""
    rows = {gate: z[k] for k, gate in enumerate(order)}
    i, f, o = (0.5 * (1 + np.tanh(0.5 * rows[gate])) for gate in "ifo")
    c = f * c0 + i * np.tanh(rows["g"])
    return o * np.tanh(c), c


def _fits(step: Step, order: str, limit: float) -> bool:
    h, c = textbook(step.z, step.c0, order)
    same_c = step.c is None or not expect.differ(step.c, c, limit)
    return same_c and not expect.differ(step.h, h, limit)


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def gate_order(subject: Subject, case: Case) -> None:
    """The gate blocks of W, U and b stand in the declared order.

    With all gates saturated, c' and h' tell which block drives which gate.
    """
    limit = tolerance(case)
    found: list[tuple[str, Step]] = []
    for world in worlds(subject):
        step = take(subject, case, world, *corners(case, subject))
        orders = ["".join(order) for order in permutations(GATES)]
        fitting = [order for order in orders if _fits(step, order, limit)]
        if GATES in fitting or not fitting:
            return  # as declared; or in no order at all, which is another law's finding
        found.append((fitting[0], step))
    first, step = found[0]
    # `first` gives the gate in each native block; the declared order is rearranged alike.
    actual = "".join(first[GATES.index(gate)] for gate in subject.conventions.gate_order)
    finding = Broken(
        f"the gate blocks stand in the order {', '.join(actual)}; "
        f"it is driven as {', '.join(subject.conventions.gate_order)}",
        f"Rearrange the blocks, or declare gate_order = {actual!r}.",
    )
    raise next(_wrong_units(step, limit, finding))


def _wrong_units(step: Step, limit: float, finding: Broken) -> Iterator[Broken]:
    """The finding, once for each unit whose c or h is wrong, with its place and figures."""
    want_h, want_c = textbook(step.z, step.c0)
    for got, want, name in ((step.c, want_c, "c"), (step.h, want_h, "h")):
        if got is None:
            continue
        error = expect.errors(got, want)
        allowed = limit * (1 + float(np.abs(want).max()))
        for unit in np.flatnonzero(error > allowed):
            yield replace(
                finding,
                where=f"{name}[batch 0, unit {unit}]",
                place=(name, (0, int(unit))),
                expected=float(want[unit]),
                got=float(got[unit]),
                excess=float(error.max()) / allowed,
            )


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def cell_state(subject: Subject, case: Case) -> None:
    """c' = f ⊙ c + i ⊙ g: with the gates at 0 or 1, c' is one of 0, c, g and c + g."""
    limit = tolerance(case)
    findings = []
    for world in worlds(subject):
        step = take(subject, case, world, *corners(case, subject))
        finding = _cell_state_of(step, limit)
        if finding is None:
            return
        findings.append(finding)
    raise findings[0]


def _cell_state_of(step: Step, limit: float) -> Broken | None:
    c = step.c
    if c is None:  # seen through h' = o·tanh(c') in the units whose output gate is open
        open_units = step.z[3] > 0
        with np.errstate(invalid="ignore"):
            c = np.where(open_units, np.arctanh(np.clip(step.h, -1 + 1e-12, 1 - 1e-12)), np.nan)
        limit *= 50  # arctanh steepens up to 1 / (1 - tanh²(c')) ≈ 42 at c' = 2.5
    i, f = step.z[0] > 0, step.z[1] > 0
    seen = np.isfinite(c) if step.c is None else np.ones(c.shape, bool)
    fresh = c[seen & i & ~f]  # i = 1, f = 0: the candidate alone, whatever its activation
    g = float(fresh[0]) if fresh.size else 1.0
    want = np.where(f, step.c0, 0.0) + np.where(i, g, 0.0)
    error = np.where(seen, expect.errors(c, want), 0.0)
    allowed = limit * (1 + float(np.abs(want).max()))
    if (error <= allowed).all() and abs(g) > 0.5:
        return None
    if abs(g) <= 0.5:
        unit, expected_value = int(np.flatnonzero(seen & i & ~f)[0]), 1.0
    else:
        unit = int(np.argmax(error > allowed))
        expected_value = float(want[unit])
    taken = step.h0 if step.h0.any() else step.c0
    swapped = not expect.differ(c[seen & ~i & f], taken[seen & ~i & f], limit) and step.h0.any()
    return Broken(
        f"with i = {int(i[unit])} and f = {int(f[unit])} the new cell state is wrong"
        + (": it continues the given h, not the given c" if swapped else ""),
        "Take the state as (h, c), or declare state_order = 'ch'."
        if swapped
        else "The cell update is c' = f * c + i * g, element by element.",
        where=f"c[batch 0, unit {unit}]",
        place=("c", (0, unit)),
        expected=expected_value,
        got=float(c[unit]),
        excess=float(error.max()) / allowed,
    )


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def hidden_state(subject: Subject, case: Case) -> None:
    """h' = o ⊙ tanh(c'): nothing with the output gate closed, tanh of the new cell state open."""
    limit = tolerance(case)
    findings: list[Broken] = []
    for world in worlds(subject):
        step = take(subject, case, world, *corners(case, subject))
        c = textbook(step.z, step.c0)[1] if step.c is None else step.c
        want = np.where(step.z[3] > 0, np.tanh(c), 0.0)
        try:
            expect.agree(
                step.h[None],
                want[None],
                limit,
                "h",
                "state",
                what="the new hidden state is not o · tanh(c')",
                mend="The hidden state is h' = o * tanh(c'), with the new cell state c'.",
            )
        except Broken as finding:
            findings.append(finding)
        else:
            return
    raise findings[0]


def read_out(step: Step, k: int) -> Array:
    """What gate k came to in its group of units."""
    group = slice(k * READS, (k + 1) * READS)
    with np.errstate(all="ignore"):
        if k == 3:
            opened: Array = step.h[group] / np.tanh(1.0)  # there c' = 1
            return opened
        c = np.arctanh(step.h[group]) if step.c is None else step.c[group]
        return c / step.c0[group] if k == 1 else c


def inverted(value: Array, k: int) -> Array:
    """The pre-activation that gives a gate's value: logit, or artanh for the candidate."""
    with np.errstate(all="ignore"):
        inverse: Array = np.arctanh(value) if k == 2 else np.log(value / (1 - value))
    return inverse


def visible(step: Step, k: int) -> bool:
    """The forget gate is seen only where there is a cell state to forget."""
    return k != 1 or bool(step.c0.any())


@law("step", cases=ONE_STEP, examples=(1, 3, 20))
def activation(subject: Subject, case: Case) -> None:
    """i, f, o = σ(z) and g = tanh(z): the inverse activation of a gate is a straight line in z.

    A straight line, not z itself: a bias that is added twice or left out is another law's finding.
    """
    # Near |z| = 3 the inverse of σ steepens by 1/σ'(3) = 22, that of tanh by 1/tanh'(3) = 101.
    # Where only h is seen, the inverse of the outer tanh adds a factor of at most 10.
    limit = 1000 * tolerance(case)
    steps = [take(subject, case, world, *reads(case, subject)) for world in worlds(subject)]
    for k, name in enumerate(expect.GATE_NAMES):
        seen = [step for step in steps if visible(step, k)]
        if seen and not any(_is_line(step, k, limit) for step in seen):
            function = "tanh" if k == 2 else "the logistic sigmoid σ(z) = 1 / (1 + e^-z)"
            finding = Broken(
                f"the {name}'s activation is not {'tanh' if k == 2 else 'the sigmoid'}",
                f"The {name} is {function} of its pre-activation.",
            )
            group = range(k * READS, (k + 1) * READS)
            units = _wrong_units(seen[0], tolerance(case), finding)
            raise next((one for one in units if one.place and one.place[1][1] in group), finding)


def _is_line(step: Step, k: int, limit: float) -> bool:
    z = step.z[k, k * READS : (k + 1) * READS]
    inverse = inverted(read_out(step, k), k)
    if not np.isfinite(inverse).all():
        return False
    slope, offset = np.polyfit(z, inverse, 1)
    return bool(np.abs(slope * z + offset - inverse).max() < limit and slope > 0.01)


def _term(world: str, subject: Subject, case: Case, term: str, mend: str) -> None:
    """Every gate, driven by one world's term alone, comes out as the textbook has it."""
    step = take(subject, case, world, *reads(case, subject))
    for wrong in _wrong_units(step, tolerance(case), Broken("")):
        assert wrong.place is not None
        k = wrong.place[1][1] // READS
        gate = expect.GATE_NAMES[k]
        what = f"the {gate} does not get {term} as it should{_guess(step, k)}"
        raise replace(wrong, what=what, mend=mend.replace("{gate}", gate).replace("{k}", GATES[k]))


def _guess(step: Step, k: int) -> str:
    """What the pre-activation seems to be, where a simple relation explains all four readings."""
    z = step.z[k, k * READS : (k + 1) * READS]
    inverse = inverted(read_out(step, k), k)
    if not np.isfinite(inverse).all():
        return ""
    if np.allclose(inverse, 0, atol=1e-4):
        return ": it gets nothing at all"
    if np.allclose(inverse, 2 * z, rtol=1e-3):
        return ": it gets it twice"
    if np.allclose(inverse, -z, rtol=1e-3):
        return ": it gets it with the wrong sign"
    if np.allclose(inverse - z, inverse[0] - z[0], atol=1e-4):
        return f": a constant {inverse[0] - z[0]:.3g} is added to its pre-activation"
    return ""


@law("step", cases=ONE_STEP, examples=(1, 3, 20), needs=("bias",))
def bias(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the bias, once: z = b where x and h are zero."""
    _term(
        "bias", subject, case, "its bias",
        "Add b_{k}, once, to the {gate}'s pre-activation; if forward adds a constant to the "
        "forget gate by design, declare it as forget_bias.",
    )  # fmt: skip


@law("step", cases=ONE_STEP, examples=(1, 3, 20))
def input_product(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the input product: z = x·W where h and b are zero."""
    _term("input", subject, case, "x·W", "Add x @ W_{k} to the {gate}'s pre-activation.")


@law("step", cases=ONE_STEP, examples=(1, 3, 20), needs=("initial_h",))
def recurrent_product(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the recurrent product: z = h·U where x and b are zero."""
    _term(
        "recurrent", subject, case, "h·U",
        "Add h @ U_{k}, with the hidden state of the step before, to the {gate}'s pre-activation.",
    )  # fmt: skip


@law("step", cases=cases(T=(1, 1), N=(1, 3), D=(1, 4), H=(1, 4)))
def whole(subject: Subject, case: Case) -> None:
    """One step from (h, c) with all terms at work equals the textbook's."""
    h0, c0 = case.state
    if not subject.offers("step"):
        h0, c0 = expected.start(subject, case)
    want_y, (_, want_c) = expected.forward(case.params, case.x, (h0, c0))
    h, c = subject.layer(case.params).step(case.x[:, 0], h0, c0)
    limit = tolerance(case)
    mend = (
        "Each gate looks right alone: look at what they share, such as a product over the wrong "
        "axis, a transposed matrix, or a gate that looks at the cell state."
    )
    if c is not None:
        expect.agree(
            c, want_c, limit, "c", "state", what="the cell state after one step is wrong", mend=mend
        )
    expect.agree(
        h, want_y[:, 0], limit, "h", "state",
        what="the hidden state after one step is wrong", mend=mend,
    )  # fmt: skip


LAWS = (
    gate_order,
    cell_state,
    hidden_state,
    activation,
    bias,
    input_product,
    recurrent_product,
    whole,
)

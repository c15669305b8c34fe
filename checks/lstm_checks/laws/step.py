"""Rung step: one time step from a given state, gate by gate; `gates.py` says how they are seen."""

from dataclasses import replace
from itertools import permutations

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Breach, Place
from lstm_checks.laws.gates import (
    READS,
    THROUGH_H,
    UNITS,
    F,
    G,
    Step,
    cell_update_holds,
    corners,
    ends,
    first_wrong,
    fits,
    levels,
    line_through,
    not_finite,
    read_out,
    readings,
    reads_through_h,
    sees_the_cell,
    take,
    worlds,
    wrong_units,
)
from lstm_checks.subjects.conventions import GATES

ONE_STEP = Sizes(N=(1, 1), T=(1, 1), D=(1, 3), H=(4 * UNITS, 4 * UNITS))
EXAMPLES = (1, 3, 20)
TOGETHER = (
    "Each term of a gate is right alone. Look at what brings them together, such as a gate that "
    "looks at the cell state, or a product of two terms in place of their sum."
)


@law("step", sizes=ONE_STEP, examples=(1, 2, 10))
def gate_order(t: Trial) -> None:
    """The gate blocks of W, U and b stand in the declared order.

    With i, f and g at their ends, c' and h' tell which block drives which gate.
    """
    orders = ["".join(order) for order in permutations(GATES)]
    found: list[tuple[str, Step]] = []
    for world in worlds(t):
        step = take(t, world, *ends(t))
        fitting = [order for order in orders if fits(step, step.z, t.tolerance, order)]
        if GATES in fitting or not fitting:
            return  # as declared; or in no order at all, which is another law's finding
        found.append((fitting[0], step))
    first, step = found[0]
    # `first` gives the gate in each native block; the declared order is rearranged alike.
    declared = t.subject.conventions.gate_order
    actual = "".join(first[GATES.index(gate)] for gate in declared)
    raise first_wrong(
        step,
        t.tolerance,
        f"the gate blocks stand in the order {', '.join(actual)}, and they are written in the "
        f"order {', '.join(declared)}",
        f"Rearrange the blocks, or declare gate_order = {actual!r}.",
    )


@law("step", sizes=ONE_STEP, examples=(1, 2, 10))
def cell_state(t: Trial) -> None:
    """c' = f ⊙ c + i ⊙ g, whatever the activations of the gates.

    So c' is a line in c, its slope depends on f alone, and its intercept is a product of i and g.
    """
    steps = [take(t, world, *corners(t)) for world in worlds(t)]
    for through_h in (False, True):
        allowed = t.tolerance * (THROUGH_H if through_h else 1)
        if any(cell_update_holds(step, through_h, allowed) for step in steps):
            return
    step = steps[0]
    what = "the new cell state is not f * c + i * g for gates that depend each on their own z alone"
    fix = "Compute c' = f * c + i * g, element by element, from the cell state before the step."
    if not_finite(step):
        what = f"the step gives NaN or infinite values{not_finite(step)}"
        fix = "Use a sigmoid and a tanh that do not overflow: 0.5 * (1 + tanh(z / 2)), np.tanh(z)."
    raise first_wrong(step, t.tolerance, what, fix)


@law("step", sizes=ONE_STEP, examples=(1, 2, 10))
def hidden_state(t: Trial) -> None:
    """h' = o ⊙ tanh(c'), with the new cell state: proportional to tanh(c') at any o.

    The output gate is closed, half open and open; whatever its activation, it is a factor.
    """
    if not t.offers("final_c") and not t.offers("step"):
        return  # c' is seen through h alone
    steps = [take(t, world, *levels(t)) for world in worlds(t)]
    if any(_gates_the_cell(s, t.tolerance) or sees_the_cell(s, t.tolerance) for s in steps):
        return
    if reads_through_h(t):
        return  # h shows a right cell state, so the returned c is wrong
    step = steps[0]
    assert step.c is not None
    want = 0.5 * (1 + np.tanh(0.5 * step.z[3])) * np.tanh(step.c)
    error = compare.errors(step.h, want)
    unit = int(np.argmax(error))
    raise Breach(
        "the new hidden state is not o * tanh(c')",
        "The hidden state is h' = o * tanh(c'), with the new cell state c'.",
        place=Place("h", (0, unit), f"h[batch 0, unit {unit}]"),
        expected=float(want[unit]),
        got=float(step.h[unit]),
        excess=float(error[unit]) / t.tolerance,
        calls=step.calls,
        returned=step.returned,
    )


def _gates_the_cell(step: Step, limit: float) -> bool:
    """h' is tanh(c') times a factor that z_o alone sets, and that rises with it."""
    assert step.c is not None
    want = np.tanh(step.c).reshape(3, -1)
    h = step.h.reshape(3, -1)
    largest = np.argmax(np.abs(want), axis=1)[:, None]
    with np.errstate(all="ignore"):
        factor = np.take_along_axis(h, largest, 1) / np.take_along_axis(want, largest, 1)
    if not np.isfinite(factor).all() or compare.differ(h, factor * want, limit):
        return False
    return bool((np.diff(factor[:, 0]) > 0.05).all())


@law("step", sizes=ONE_STEP, examples=EXAMPLES)
def activation(t: Trial) -> None:
    """i, f, o = σ(z) and g = tanh(z): a gate's inverse activation is a straight line in z.

    Its slope is one in at least one of bias, input and recurrent product. Its offset is free,
    since a constant that is added, or a term that is left out, is another law's finding.
    """
    # Near |z| = 3 the inverse of σ steepens by 1/σ'(3) = 22, that of tanh by 1/tanh'(3) = 101.
    # Where h alone is seen, the inverse of the outer tanh adds a factor of up to 10.
    limit = 1000 * t.tolerance
    through_h = reads_through_h(t)
    steps = [take(t, world, *readings(t)) for world in worlds(t)]
    for k, name in enumerate(compare.GATE_NAMES):
        seen = [step for step in steps if k != F or step.c0.any()]
        lines = [line_through(step, k, through_h, limit) for step in seen]
        if not seen or any(line is not None and abs(line[0] - 1) < 0.02 for line in lines):
            continue
        if any(line is not None and abs(line[0]) < 0.02 for line in lines) and k != G:
            continue  # it gets nothing at all here; the next laws look at its terms
        raise _wrong_activation(t, seen[0], k, name, through_h)


def _wrong_activation(t: Trial, step: Step, k: int, name: str, through_h: bool) -> Breach:
    z = step.z[k, k * UNITS : k * UNITS + READS]
    want = np.tanh(z) if k == G else 0.5 * (1 + np.tanh(0.5 * z))
    got = read_out(step, k, through_h)
    unit = int(np.argmax(compare.errors(got, want)))
    function = "tanh" if k == G else "the logistic sigmoid σ(z) = 1 / (1 + exp(-z))"
    what = (
        f"the activation of the {name} is not {'tanh' if k == G else 'the sigmoid'}: at a "
        f"pre-activation of {z[unit]:.4g} the gate is {got[unit]:.4g}, and it must be "
        f"{want[unit]:.4g}"
    )
    fix = f"The {name} is {function} of its pre-activation."
    group = range(k * UNITS, (k + 1) * UNITS)
    for breach in wrong_units(step, t.tolerance, what, fix):
        place = breach.finding.place
        if place is not None and place.index[1] in group:
            return breach
    return Breach(what, fix, calls=step.calls, returned=step.returned)


def _term(t: Trial, world: str, term: str, fix: str) -> None:
    """Every gate, driven by one world's term alone, comes out as the textbook has it."""
    step = take(t, world, *readings(t))
    if reads_through_h(t):
        step = replace(step, c=None)
    if fits(step, step.z, t.tolerance) or sees_the_cell(step, t.tolerance):
        return
    wrong = first_wrong(step, t.tolerance, "", "")
    place = wrong.finding.place
    assert place is not None
    k = place.index[1] // UNITS
    gate = f"the {compare.GATE_NAMES[k]}"
    wrong.add(
        what=f"{gate} has the wrong value where the {term} alone is at work",
        fix=fix.replace("{gate}", gate).replace("{k}", f"_{GATES[k]}"),
    )
    raise wrong


@law("step", sizes=ONE_STEP, examples=EXAMPLES, needs=("bias",))
def bias(t: Trial) -> None:
    """Each gate gets its block of the bias, once: z = b where x and h are zero."""
    fix = (
        "Add b{k}, once, to the pre-activation of {gate}. If forward adds a constant to the "
        "forget gate by design, declare it as forget_bias."
    )
    _term(t, "bias", "bias", fix)


@law("step", sizes=ONE_STEP, examples=EXAMPLES)
def input_product(t: Trial) -> None:
    """Each gate gets its block of the input product: z = x·W where h and b are zero."""
    _term(t, "input", "input product x @ W", "Add x @ W{k} to the pre-activation of {gate}.")


@law("step", sizes=ONE_STEP, examples=EXAMPLES, needs=("initial_h",))
def recurrent_product(t: Trial) -> None:
    """Each gate gets its block of the recurrent product: z = h·U where x and b are zero."""
    fix = "Add h @ U{k}, with the hidden state of the step before, to the pre-activation of {gate}."
    _term(t, "recurrent", "recurrent product h @ U", fix)


@law("step", sizes=Sizes(T=(1, 1), N=(1, 1), D=(1, 4), H=(2, 4)))
def whole(t: Trial) -> None:
    """One step from (h, c) with all terms at work equals the textbook's."""
    h0, c0 = t.case.state if t.offers("step") else t.state
    want_y, (_, want_c) = t.expected(state=(h0, c0))
    h, c = t.instance().step(t.x[:, 0], h0, c0)
    if c is not None and t.differ(h, want_y[:, 0]):
        t.agree("c", c, want_c, "the cell state after one step is wrong", TOGETHER)
    t.agree("h", h, want_y[:, 0], "the hidden state after one step is wrong", TOGETHER)


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

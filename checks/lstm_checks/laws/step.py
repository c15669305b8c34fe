"""Rung step: one time step from a given state, gate by gate; `gates.py` says how they are seen."""

from dataclasses import replace
from itertools import permutations

import numpy as np
from hypothesis import strategies as st

from lstm_checks.broken import Broken
from lstm_checks.conventions import GATES
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import SCALES, Case, cases
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
    explanations,
    fits,
    levels,
    line_through,
    read_out,
    readings,
    reads_through_h,
    sees_the_cell,
    take,
    worlds,
    wrong_units,
)
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.subject import Subject

ONE_STEP = st.builds(
    Case,
    N=st.just(1),
    T=st.just(1),
    D=st.integers(1, 3),
    H=st.just(4 * UNITS),
    scale=st.sampled_from(SCALES),
    seed=st.integers(0, 2**16 - 1),
)


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def gate_order(subject: Subject, case: Case) -> None:
    """The gate blocks of W, U and b stand in the declared order.

    With i, f and g at their ends, c' and h' tell which block drives which gate.
    """
    limit = tolerance(case)
    found: list[tuple[str, Step]] = []
    for world in worlds(subject):
        step = take(subject, case, world, *ends(case))
        orders = ["".join(order) for order in permutations(GATES)]
        fitting = [order for order in orders if fits(step, step.z, limit, order)]
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
    raise next(wrong_units(step, limit, finding), finding)


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def cell_state(subject: Subject, case: Case) -> None:
    """c' = f ⊙ c + i ⊙ g, whatever the activations of the gates.

    So c' is a line in c, its slope depends on f alone, and its intercept is a product of i and g.
    """
    limit = tolerance(case)
    steps = [take(subject, case, world, *corners(case)) for world in worlds(subject)]
    for through_h in (False, True):
        allowed = limit * (THROUGH_H if through_h else 1)
        if any(cell_update_holds(step, step.c0, through_h, allowed) for step in steps):
            return
    step = steps[0]
    if cell_update_holds(step, step.h0, False, limit):
        finding = Broken(
            "the new cell state continues the given h, not the given c",
            "The cell update is c' = f * c + i * g; take the state as (h, c), or declare "
            "state_order = 'ch'.",
        )
    else:
        finding = Broken(
            "the cell update is not c' = f · c + i · g",
            "Compute c' = f * c + i * g, element by element, from the cell state before the step.",
        )
    raise next(wrong_units(step, limit, finding), finding)


@law("step", cases=ONE_STEP, examples=(1, 2, 10))
def hidden_state(subject: Subject, case: Case) -> None:
    """h' = o ⊙ tanh(c'), with the new cell state: proportional to tanh(c') at any o.

    The output gate is closed, half open and open; whatever its activation, it is a factor.
    """
    limit = tolerance(case)
    if not subject.offers("final_c") and not subject.offers("step"):
        return  # c' is not seen but through h
    steps = [take(subject, case, world, *levels(case)) for world in worlds(subject)]
    if any(_gates_the_cell(step, limit) or sees_the_cell(step, limit) for step in steps):
        return
    if reads_through_h(subject, case, limit):
        return  # h shows a right cell state, so it is the returned c that is wrong
    step = steps[0]
    assert step.c is not None
    factor = 0.5 * (1 + np.tanh(0.5 * step.z[3]))
    want = factor * np.tanh(step.c)
    unit = int(np.argmax(expect.errors(step.h, want)))
    raise Broken(
        "the new hidden state is not o · tanh(c')",
        "The hidden state is h' = o * tanh(c'), with the new cell state c'.",
        where=f"h[batch 0, unit {unit}]",
        place=("h", (0, unit)),
        expected=float(want[unit]),
        got=float(step.h[unit]),
        excess=float(expect.errors(step.h, want)[unit]) / limit,
    )


def _gates_the_cell(step: Step, limit: float) -> bool:
    """h' is tanh(c') times a factor that z_o alone sets, and that rises with it."""
    assert step.c is not None
    want = np.tanh(step.c).reshape(3, -1)
    h = step.h.reshape(3, -1)
    largest = np.argmax(np.abs(want), axis=1)[:, None]
    with np.errstate(all="ignore"):
        factor = np.take_along_axis(h, largest, 1) / np.take_along_axis(want, largest, 1)
    if not np.isfinite(factor).all() or expect.differ(h, factor * want, limit):
        return False
    return bool((np.diff(factor[:, 0]) > 0.05).all())


@law("step", cases=ONE_STEP, examples=(1, 3, 20))
def activation(subject: Subject, case: Case) -> None:
    """i, f, o = σ(z) and g = tanh(z): a gate's inverse activation is a straight line in z.

    Its slope is one in at least one of bias, input and recurrent product; its offset is free,
    since a constant that is added, or a term left out, is another law's finding.
    """
    # Near |z| = 3 the inverse of σ steepens by 1/σ'(3) = 22, that of tanh by 1/tanh'(3) = 101;
    # where only h is seen, the inverse of the outer tanh adds a factor of up to 10.
    limit = 1000 * tolerance(case)
    through_h = reads_through_h(subject, case, tolerance(case))
    steps = [take(subject, case, world, *readings(case)) for world in worlds(subject)]
    for k, name in enumerate(expect.GATE_NAMES):
        seen = [step for step in steps if k != F or step.c0.any()]
        lines = [line_through(step, k, through_h, limit) for step in seen]
        if not seen or any(line is not None and abs(line[0] - 1) < 0.02 for line in lines):
            continue
        if any(line is not None and abs(line[0]) < 0.02 for line in lines) and k != G:
            continue  # it gets nothing at all here; its terms are looked at next
        step = seen[0]
        z = step.z[k, k * UNITS : k * UNITS + READS]
        want = np.tanh(z) if k == G else 0.5 * (1 + np.tanh(0.5 * z))
        got = read_out(step, k, through_h)
        unit = int(np.argmax(expect.errors(got, want)))
        function = "tanh" if k == G else "the logistic sigmoid σ(z) = 1 / (1 + e^-z)"
        finding = Broken(
            f"the {name}'s activation is not {'tanh' if k == G else 'the sigmoid'}: at a "
            f"pre-activation of {z[unit]:.4g} the gate is {got[unit]:.4g}, not {want[unit]:.4g}",
            f"The {name} is {function} of its pre-activation.",
        )
        group = range(k * UNITS, (k + 1) * UNITS)
        units = wrong_units(step, tolerance(case), finding)
        raise next((one for one in units if one.place and one.place[1][1] in group), finding)


def _term(world: str, subject: Subject, case: Case, term: str, mend: str) -> None:
    """Every gate, driven by one world's term alone, comes out as the textbook has it."""
    limit = tolerance(case)
    step = take(subject, case, world, *readings(case))
    through_h = reads_through_h(subject, case, limit)
    if through_h:
        step = replace(step, c=None)
    if fits(step, step.z, limit) or sees_the_cell(step, limit):
        return
    gate, how = "", ""
    for name, words, z in explanations(step):
        if fits(step, z, limit):
            gate, how = name, f": {words}"
            break
    wrong = next(wrong_units(step, limit, Broken("")))
    assert wrong.place is not None
    k = wrong.place[1][1] // UNITS
    gate = gate or f"the {expect.GATE_NAMES[k]}"
    names = [f"the {name}" for name in expect.GATE_NAMES]
    letter = f"_{GATES[names.index(gate)]}" if gate in names else ""
    what = f"{gate} does not get {term} as it should{how}"
    raise replace(wrong, what=what, mend=mend.replace("{gate}", gate).replace("{k}", letter))


@law("step", cases=ONE_STEP, examples=(1, 3, 20), needs=("bias",))
def bias(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the bias, once: z = b where x and h are zero."""
    _term(
        "bias", subject, case, "its bias",
        "Add b{k}, once, to the pre-activation of {gate}; if forward adds a constant to the "
        "forget gate by design, declare it as forget_bias.",
    )  # fmt: skip


@law("step", cases=ONE_STEP, examples=(1, 3, 20))
def input_product(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the input product: z = x·W where h and b are zero."""
    _term("input", subject, case, "x·W", "Add x @ W{k} to the pre-activation of {gate}.")


@law("step", cases=ONE_STEP, examples=(1, 3, 20), needs=("initial_h",))
def recurrent_product(subject: Subject, case: Case) -> None:
    """Each gate gets its block of the recurrent product: z = h·U where x and b are zero."""
    _term(
        "recurrent", subject, case, "h·U",
        "Add h @ U{k}, with the hidden state of the step before, to the pre-activation of {gate}.",
    )  # fmt: skip


@law("step", cases=cases(T=(1, 1), N=(1, 1), D=(1, 4), H=(2, 4)))
def whole(subject: Subject, case: Case) -> None:
    """One step from (h, c) with all terms at work equals the textbook's."""
    h0, c0 = case.state
    if not subject.offers("step"):
        h0, c0 = expected.start(subject, case)
    want_y, (_, want_c) = expected.forward(case.params, case.x, (h0, c0))
    h, c = subject.layer(case.params).step(case.x[:, 0], h0, c0)
    limit = tolerance(case)
    mend = (
        "Each term of a gate is right alone: look at what brings them together, such as a gate "
        "that looks at the cell state, or a product of two terms in place of their sum."
    )
    if c is not None and expect.differ(h, want_y[:, 0], limit):
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

"""Rung gradients: backward gives the derivative of what forward computes, in every direction.

Expected values are the textbook's, differentiated by hand in `lstm_reference.cell` and held there
against the complex step and PyTorch. They are not the subject's own differences, which cannot see
a fault that forward and backward share.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lstm_checks.contract import Gradients
from lstm_checks.conventions import Array
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, State, cases
from lstm_checks.laws.expected import start, upstream
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.rungs import NEEDS
from lstm_checks.subject import Subject
from lstm_reference import unrolled

BACKWARD = ("backward",)
CASES = cases(N=(1, 3), T=(2, 5), D=(1, 4), H=(1, 4))


class Named(NamedTuple):
    """One gradient: its name, what came, what is expected, and what its axes mean."""

    name: str
    got: Array
    want: Array
    kind: str


def named(got: Gradients, want: unrolled.Gradients) -> list[Named]:
    """The gradients that are offered, the weights' first."""
    pairs = [Named("dx", got.dx, want.dx, "input")]
    pairs += [Named(f"grads[{name!r}]", db, want.db, "weight") for name, db in got.db.items()]
    pairs += [Named("dW", got.dW, want.dW, "weight"), Named("dU", got.dU, want.dU, "weight")]
    if got.dh0 is not None:
        pairs.append(Named("dh0", got.dh0, want.dh0, "state"))
    if got.dc0 is not None:
        pairs.append(Named("dc0", got.dc0, want.dc0, "state"))
    return pairs


def both(
    subject: Subject, case: Case, dy: Array | None = None, dstate: State | None = None
) -> tuple[Gradients, unrolled.Gradients]:
    """The subject's gradients and the textbook's, from dy (the case's if left out) and dstate."""
    dy = case.dy if dy is None else dy
    state = start(subject, case)
    layer = subject.layer(case.params)
    layer.forward(case.x, state)
    got = layer.backward(dy, dstate)
    return got, expected.gradients(case.params, case.x, state, dy, dstate)


def wrong(pair: Named, limit: float) -> bool:
    return expect.differ(pair.got, pair.want, limit)


def agree(got: Gradients, want: unrolled.Gradients, case: Case, what: str, mend: str) -> None:
    """Every gradient is as expected; "{name}" in `what` becomes the name of one that is not."""
    for pair in named(got, want):
        expect.agree(
            pair.got, pair.want, tolerance(case), pair.name, pair.kind,
            what=what.replace("{name}", pair.name), mend=mend,
        )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=cases(N=(1, 1), T=(1, 1), D=(1, 3), H=(1, 3)))
def gates(subject: Subject, case: Case) -> None:
    """One step: the gradient by each gate's pre-activation is the textbook's.

    dz_i = dc·g·i(1-i),  dz_f = dc·c0·f(1-f),  dz_g = dc·i·(1-g²),  dz_o = dh·tanh(c)·o(1-o),
    with dc = dh·o·(1-tanh²(c)). It is read off db, dW = xᵀ·dz and dU = hᵀ·dz; a gate is at fault
    where all three say so.
    """
    got, want = both(subject, case)
    limit = tolerance(case)
    weights = [pair for pair in named(got, want) if pair.kind == "weight"]
    first = next(iter(weights))
    for k, gate in enumerate(expect.GATE_NAMES):
        block = slice(k * case.H, (k + 1) * case.H)
        parts = [p._replace(got=p.got[..., block], want=p.want[..., block]) for p in weights]
        if not all(wrong(part, limit) for part in parts):
            continue
        formula = (
            "dc * g * i * (1 - i)",
            "dc * c_prev * f * (1 - f)",
            "dc * i * (1 - g**2)",
            "dh * tanh(c) * o * (1 - o)",
        )[k]
        shared = k < 3 and all(
            wrong(p._replace(got=p.got[..., : 3 * case.H], want=p.want[..., : 3 * case.H]), limit)
            for p in weights
        )
        only_this = first.got.copy()
        only_this[..., block] = first.want[..., block]
        expect.agree(
            first.got,
            only_this,
            limit,
            first.name,
            "weight",
            what=f"already after one step, the gradient of the {gate} is wrong",
            mend=f"Its pre-activation's gradient is {formula}"
            + (", with dc = dh * o * (1 - tanh(c)**2) + the dc that comes in." if shared else "."),
        )


@law("gradients", needs=BACKWARD, cases=cases(N=(1, 2), T=(2, 4), D=(1, 3), H=(2, 3)))
def through_time(subject: Subject, case: Case) -> None:
    """A gradient on the last output reaches every earlier step, through both h and c.

    dh[t-1] = dz[t]·Uᵀ and dc[t-1] = dc[t]·f[t]. It is at fault where dx, db, dW and dU all are.
    """
    dy = np.zeros_like(case.dy)
    dy[:, -1] = case.dy[:, -1]
    got, want = both(subject, case, dy)
    limit = tolerance(case)
    pairs = [p for p in named(got, want) if p.kind in ("input", "weight")]
    if not all(wrong(pair, limit) for pair in pairs):
        return
    dx = pairs[0]
    last_right = not expect.differ(dx.got[:, -1], dx.want[:, -1], limit)
    stops = last_right and not np.abs(dx.got[:, :-1]).max() > limit
    expect.agree(
        dx.got,
        dx.want,
        limit,
        "dx",
        "input",
        what="the gradient stops at the last step and does not go back through time"
        if stops
        else "the gradient is right at the last step and goes wrong on its way back through time"
        if last_right
        else "the gradient of an output reaches the steps before it wrongly",
        mend="Carry both dh = dz @ U.T and dc = dc * f from each step to the one before it.",
    )


@law("gradients", needs=BACKWARD, cases=cases(N=(1, 2), T=(2, 4), D=(1, 3), H=(2, 3)))
def every_output(subject: Subject, case: Case) -> None:
    """A gradient on each output counts: on the first alone, it reaches what that output came from.

    It is at fault where dx, db, dW and dU all are.
    """
    dy = np.zeros_like(case.dy)
    dy[:, 0] = case.dy[:, 0]
    got, want = both(subject, case, dy)
    limit = tolerance(case)
    pairs = [p for p in named(got, want) if p.kind in ("input", "weight")]
    if not all(wrong(pair, limit) for pair in pairs):
        return
    lost = not any(np.abs(pair.got).max() > limit for pair in pairs)
    dx = pairs[0]
    expect.agree(
        dx.got, dx.want, limit, dx.name, dx.kind,
        what="the gradient on the first output is " + ("lost" if lost else "not taken in rightly"),
        mend="Add dy[:, t] to dh at every step t on the way back, not at the last alone.",
    )  # fmt: skip


def one_step_and_all(case: Case) -> Iterator[tuple[Case, str]]:
    """The case at its first step alone, then whole, and when that is."""
    for T in (1, case.T):
        yield case.sized(T=T), "already after one step" if T == 1 else "over several steps"


def _quantity(subject: Subject, case: Case, name: str, what: str, mend: str) -> None:
    """One of the gradients, from dy alone: at one step first, then over time."""
    for sized, when in one_step_and_all(case):
        for pair in named(*both(subject, sized)):
            if pair.name == name or (
                name == "db" and pair.kind == "weight" and pair.want.ndim == 1
            ):
                expect.agree(
                    pair.got, pair.want, tolerance(sized), pair.name, pair.kind,
                    what=f"{pair.name} is wrong {when}{what}", mend=mend,
                )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES)
def dx(subject: Subject, case: Case) -> None:
    """dx[:, t] = dz[t]·Wᵀ."""
    _quantity(subject, case, "dx", "", "dx at each step is dz @ W.T, with all four blocks.")


@law("gradients", needs=BACKWARD, cases=CASES)
def dW(subject: Subject, case: Case) -> None:
    """dW = Σ over t and the batch of x[:, t]ᵀ·dz[t]."""
    _quantity(
        subject, case, "dW", " ({gate})",
        "Add up x_t.T @ dz_t over all steps; the batch is summed, not averaged.",
    )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES)
def dU(subject: Subject, case: Case) -> None:
    """dU = Σ over t and the batch of h[:, t-1]ᵀ·dz[t], the first step with h0."""
    _quantity(
        subject, case, "dU", " ({gate})",
        "Add up h_prev.T @ dz_t over all steps, with the hidden state before the step (h0 first).",
    )  # fmt: skip


@law("gradients", needs=(*BACKWARD, "bias"), cases=CASES)
def db(subject: Subject, case: Case) -> None:
    """db = Σ over t and the batch of dz[t]; with two biases, both have this gradient."""
    _quantity(
        subject, case, "db", " ({gate})",
        "Add up dz_t over all steps and the batch; nothing is averaged.",
    )  # fmt: skip


@law("gradients", needs=(*BACKWARD, "initial_h"), cases=CASES)
def dh0(subject: Subject, case: Case) -> None:
    """dh0 = dz[0]·Uᵀ: the gradient by the initial hidden state."""
    for sized, when in one_step_and_all(case):
        got, want = both(subject, sized)
        assert got.dh0 is not None
        limit = tolerance(sized)
        what, mend = f"dh0 is wrong {when}", "dh0 is dz @ U.T of the first step, with no dy added."
        if got.dc0 is not None:
            crosswise = (got.dh0, want.dc0), (got.dc0, want.dh0)
            if not any(expect.differ(*pair, limit) for pair in crosswise):
                what, mend = "dh0 and dc0 are exchanged", "Return dx, (dh0, dc0)."
        expect.agree(got.dh0, want.dh0, limit, "dh0", "state", what=what, mend=mend)


@law("gradients", needs=(*BACKWARD, "initial_c"), cases=CASES)
def dc0(subject: Subject, case: Case) -> None:
    """dc0 = dc[0]·f[0]: the gradient by the initial cell state."""
    _quantity(subject, case, "dc0", "", "dc0 is dc * f of the first step: f is multiplied in.")


def _upstream(subject: Subject, case: Case, dy: Array, dstate: State, what: str, mend: str) -> None:
    agree(*both(subject, case, dy, dstate), case, what, mend)


@law("gradients", needs=(*BACKWARD, "final_h"), cases=CASES)
def upstream_h(subject: Subject, case: Case) -> None:
    """A gradient on the final hidden state alone is taken in: it adds to dy[:, -1]."""
    dh, dc = upstream(subject, case)
    nothing = np.zeros_like(case.dy)
    what = "the gradient on the final hidden state (dstate[0]) is not taken in as it should"
    mend = "Start the way back with dh = dstate[0], and add dy[:, -1] to it."
    got, want = both(subject, case, nothing, (dh, np.zeros_like(dc)))
    exchanged = (np.zeros_like(dc), dh)
    crosswise = expected.gradients(case.params, case.x, start(subject, case), nothing, exchanged)
    if not any(wrong(pair, tolerance(case)) for pair in named(got, crosswise)):
        what = "dstate is read as (dc, dh): the gradient on the final h is taken for that on c"
        mend = "Read dh, dc = dstate."
    agree(got, want, case, what, mend)


@law("gradients", needs=(*BACKWARD, "final_c"), cases=CASES)
def upstream_c(subject: Subject, case: Case) -> None:
    """A gradient on the final cell state alone is taken in: the way back starts with it."""
    dh, dc = upstream(subject, case)
    _upstream(
        subject, case, np.zeros_like(case.dy), (np.zeros_like(dh), dc),
        "the gradient on the final cell state (dstate[1]) is not taken in as it should",
        "Start the way back with dc = dstate[1].",
    )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES, examples=(3, 8, 80))
def together(subject: Subject, case: Case) -> None:
    """Gradients on y, the final h and the final c at once give every gradient of the textbook."""
    _upstream(
        subject, case, case.dy, upstream(subject, case),
        "gradients on y and on the final state are each taken in alone, but not together",
        "Add them up: dh = dstate[0] + dy[:, -1] at the last step, dc = dstate[1].",
    )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES)
def linear(subject: Subject, case: Case) -> None:
    """Backward is linear in the upstream gradient: a thousand times as much gives as much more."""
    state = start(subject, case)
    large = 1e3

    def run(factor: float) -> Gradients:
        layer = subject.layer(case.params)
        layer.forward(case.x, state)
        return layer.backward(factor * case.dy)

    one, many = run(1.0), run(large)
    exact = expected.gradients(case.params, case.x, state, case.dy)
    for small, big in zip(named(one, exact), named(many, exact), strict=True):
        expect.agree(
            big.got / large, small.got, tolerance(case), small.name, small.kind,
            what="a thousand times the upstream gradient does not give a thousand times the result",
            mend="Clip and normalise gradients in the optimizer, not in backward.",
        )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES)
def second_call(subject: Subject, case: Case) -> None:
    """A second forward and backward give the second gradient alone: nothing piles up."""
    state = start(subject, case)
    layer = subject.layer(case.params)
    for _ in range(2):
        layer.forward(case.x, state)
        got = layer.backward(case.dy)
    want = expected.gradients(case.params, case.x, state, case.dy)
    for pair in named(got, want):
        twice = not expect.differ(pair.got, 2 * pair.want, tolerance(case))
        expect.agree(
            pair.got, pair.want, tolerance(case), pair.name, pair.kind,
            what=f"after a second call {pair.name} is "
            + ("the sum over both calls" if twice else "wrong"),
            mend="Make the gradients anew in each backward; do not add to those of the last call.",
        )  # fmt: skip


@law("gradients", needs=BACKWARD, cases=CASES)
def last_forward(subject: Subject, case: Case) -> None:
    """After two forwards, backward differentiates the last one."""
    state = start(subject, case)
    layer = subject.layer(case.params)
    layer.forward(case.normal("first", *case.x.shape), (-state[0], -state[1]))
    layer.forward(case.x, state)
    got = layer.backward(case.dy)
    agree(
        got, expected.gradients(case.params, case.x, state, case.dy), case,
        "after two forwards, backward does not differentiate the last one",
        "Let each forward make its cache anew.",
    )  # fmt: skip


@law("gradients", needs=(*BACKWARD, "step", "step_backward"), cases=cases(T=(1, 1)))
def step_backward(subject: Subject, case: Case) -> None:
    """The backward step function gives the textbook's gradients of one step, from dh and dc."""
    (h0, c0), (dh, dc) = case.state, case.dstate
    layer = subject.layer(case.params)
    layer.step(case.x[:, 0], h0, c0)
    got = layer.step_backward(dh, dc)
    want = expected.gradients(case.params, case.x, (h0, c0), np.zeros_like(case.dy), (dh, dc))
    agree(
        got, want, case, "{name} of the backward step function is wrong",
        "dc = dnext_c + dnext_h * o * (1 - tanh(c')²); the gates follow from it.",
    )  # fmt: skip


@law(
    "gradients",
    needs=(*BACKWARD, "stateful"),
    cases=CASES,
    stands_on=(*NEEDS["gradients"], "state"),
)
def stateful(subject: Subject, case: Case) -> None:
    """In stateful mode, backward differentiates the last call from the state carried into it.

    The gradient ends there: truncated backpropagation through time (Williams & Peng 1990).
    """
    layer = subject.layer(case.params, stateful=True)
    first = case.normal("first", *case.x.shape)
    layer.forward(first)
    layer.forward(case.x)
    got = layer.backward(case.dy)
    h, c = case.state
    _, carried = expected.forward(case.params, first, (0 * h, 0 * c))
    agree(
        got, expected.gradients(case.params, case.x, carried, case.dy), case,
        "in stateful mode {name} of a second call is wrong",
        "Keep in the cache the state that the call started from, the carried one too.",
    )  # fmt: skip


LAWS = (
    linear,
    gates,
    step_backward,
    through_time,
    every_output,
    dx,
    dW,
    dU,
    db,
    dh0,
    dc0,
    upstream_h,
    upstream_c,
    together,
    second_call,
    last_forward,
    stateful,
)

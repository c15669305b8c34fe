"""Rung gradients: backward gives the derivative of what forward computes, in every direction.

Expected values are the textbook's, differentiated by hand in `lstm_reference.cells.cell`, which is
checked against the complex step and PyTorch. They are not finite differences of the subject's own
forward, which cannot show a fault that forward and backward share.
"""

from collections.abc import Iterator

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import Lives, law, law_of_lives
from lstm_checks.engine.live import BACKWARD as VALUES
from lstm_checks.engine.live import FORWARD_AFTER_BACKWARD
from lstm_checks.engine.trial import Expected, Trial, wanted
from lstm_checks.findings import Array, Breach
from lstm_checks.subjects.contract import Gradients

BACKWARD = ("backward",)
SIZES = Sizes(N=(1, 3), T=(2, 5), D=(1, 4), H=(1, 4))
SMALL = 2.0**-10  # a power of two: products with it are exact
BATCHES = Sizes(N=(2, 3), T=(2, 5), D=(1, 4), H=(1, 4))
OVER_TIME = Sizes(N=(1, 2), T=(2, 4), D=(1, 3), H=(2, 3))
ONE_STEP = Sizes(N=(1, 1), T=(1, 1), D=(1, 3), H=(1, 3))

CARRY = "Carry both dh = dz @ U.T and dc = dc * f from each step to the one before it."
DC = ", where dc = dc_next + dh * o * (1 - tanh(c)**2)"
DZ = {
    "input gate": "dz_i = dc * g * i * (1 - i)" + DC,
    "forget gate": "dz_f = dc * c_prev * f * (1 - f)" + DC,
    "candidate": "dz_g = dc * i * (1 - g**2)" + DC,
    "output gate": "dz_o = dh * tanh(c) * o * (1 - o)",
}


def _steps_summed(got: Gradients, want: Expected) -> dict[str, tuple[Array, Array]]:
    """dx and the gradients of the weights, each as (got, expected): what every step adds to."""
    arrays = got.arrays().items()
    return {name: (one, wanted(want, name)) for name, one in arrays if name not in ("dh0", "dc0")}


def _agree_first(t: Trial, pairs: dict[str, tuple[Array, Array]], what: str, fix: str) -> None:
    """The first of these gradients is as expected: dx, where it is offered."""
    name, (got, want) = next(iter(pairs.items()))
    t.agree(name, got, want, what, fix)


@law("gradients", needs=BACKWARD, sizes=SIZES, blocks=False)
def linear(t: Trial) -> None:
    """backward is linear in dy: what is right for small dy is right for dy a million times larger.

    Where it is not, gradients are clipped or normalised inside backward. Then the other laws go on
    with an upstream gradient of a thousandth, and so see what else there is.
    """
    want = t.expected_gradients()

    def first_wrong(scale: float) -> str | None:
        got = t.gradients(scale * t.dy).arrays()
        differing = (n for n, one in got.items() if t.differ(one / scale, wanted(want, n)))
        return next(differing, None)

    if first_wrong(SMALL) is not None:
        return  # it is wrong for other reasons, which other laws tell
    name = first_wrong(1 / SMALL)
    if name is not None:
        t.subject.upstream = SMALL
        raise Breach(
            f"{name} is right for a small dy and wrong for a large one: backward is not linear",
            "Clip and normalise gradients in the optimizer, not in backward.",
        )


@law("gradients", needs=BACKWARD, sizes=ONE_STEP)
def gates(t: Trial) -> None:
    """After one step, the gradient with respect to each gate's pre-activation is right:

    dz_i = dc·g·i(1-i),  dz_f = dc·c0·f(1-f),  dz_g = dc·i·(1-g²),  dz_o = dh·tanh(c)·o(1-o),
    with dc = dh·o·(1-tanh²(c)). It is seen in db = dz, dW = xᵀ·dz and dU = hᵀ·dz; a gate is at
    fault where its block is wrong in all of them.
    """
    pairs = _steps_summed(t.gradients(), t.expected_gradients())
    pairs.pop("dx", None)
    for k, (gate, formula) in enumerate(DZ.items()):
        block = slice(k * t.case.H, (k + 1) * t.case.H)
        if not all(t.differ(got[..., block], want[..., block]) for got, want in pairs.values()):
            continue
        name, (got, want) = next(iter(pairs.items()))
        of_this_gate = want.copy()
        of_this_gate[..., block] = got[..., block]
        what = f"the gradient of the {gate} is wrong already after one step"
        t.agree(name, of_this_gate, want, what, f"Compute {formula}.")


@law("gradients", needs=BACKWARD, sizes=OVER_TIME)
def through_time(t: Trial) -> None:
    """A gradient on the last output reaches every earlier step, through both h and c.

    dh[t-1] = dz[t]·Uᵀ and dc[t-1] = dc[t]·f[t]. The law fails where dx, dW, dU and db are all
    wrong.
    """
    dy = np.zeros_like(t.dy)
    dy[:, -1] = t.dy[:, -1]
    got, want = t.gradients(dy), t.expected_gradients(dy)
    pairs = _steps_summed(got, want)
    if not all(t.differ(*pair) for pair in pairs.values()):
        return
    what = "the gradient is wrong already at the last step where there are several"
    fix = "One step alone is right. Look for what depends on the number of steps, such as dy / T."
    if got.dx is None:
        what = "the gradient of the last output reaches the earlier steps wrongly"
        fix = CARRY
    elif not t.differ(got.dx[:, -1], want.dx[:, -1]):
        what = "the gradient is right at the last step and goes wrong on its way back through time"
        fix = CARRY
    _agree_first(t, pairs, what, fix)


@law("gradients", needs=BACKWARD, sizes=OVER_TIME)
def every_output(t: Trial) -> None:
    """The gradient on each output counts: dy on the first output alone gives the right gradients.

    The law fails where dx, dW, dU and db are all wrong.
    """
    dy = np.zeros_like(t.dy)
    dy[:, 0] = t.dy[:, 0]
    got, want = t.gradients(dy), t.expected_gradients(dy)
    pairs = _steps_summed(got, want)
    if not all(t.differ(*pair) for pair in pairs.values()):
        return
    what = "the gradient on the first output is not used correctly"
    fix = "Add dy[:, t] to dh at every step t of the backward pass, not only at the last step."
    _agree_first(t, pairs, what, fix)


def _growing(t: Trial) -> Iterator[tuple[Trial, str]]:
    """One step of one sequence, then of a batch, then all steps; and when it is first wrong."""
    yield t.sized(N=1, T=1), "already after one step"
    yield t.sized(T=1), "for a batch, although it is right for one sequence"
    yield t, "over several steps, although it is right after one"


def _one_gradient(t: Trial, name: str, fix: str) -> None:
    """Each gradient whose name starts with `name` is right where only dy is given."""
    for sized, when in _growing(t):
        want = sized.expected_gradients()
        for key, array in sized.gradients().arrays().items():
            if key.startswith(name):
                gate = "" if key in compare.AXES else " ({gate})"
                what = f"{key} is wrong {when}{gate}"
                sized.agree(key, array, wanted(want, key), what, fix)


@law("gradients", needs=(*BACKWARD, "dx"), sizes=BATCHES)
def dx(t: Trial) -> None:
    """dx[:, t] = dz[t]·Wᵀ."""
    _one_gradient(t, "dx", "Compute dx[:, t] = dz @ W.T at each step, with all four gate blocks.")


@law("gradients", needs=BACKWARD, sizes=BATCHES)
def dW(t: Trial) -> None:
    """dW = Σ x[:, t]ᵀ·dz[t], summed over t; the product sums over the batch."""
    fix = "Sum x_t.T @ dz_t over all steps and over the batch; do not average."
    _one_gradient(t, "dW", fix)


@law("gradients", needs=BACKWARD, sizes=BATCHES)
def dU(t: Trial) -> None:
    """dU = Σ h[:, t-1]ᵀ·dz[t], summed over t, with h0 before the first step."""
    fix = "Sum h_prev.T @ dz_t over all steps, where h_prev is the hidden state before the step."
    _one_gradient(t, "dU", f"{fix} Use h0 at the first step.")


@law("gradients", needs=(*BACKWARD, "bias"), sizes=BATCHES)
def db(t: Trial) -> None:
    """db = Σ dz[t], summed over t and the batch; where there are two biases, both have it."""
    fix = "Sum dz_t over all steps and over the batch; do not average."
    _one_gradient(t, "grads[", fix)  # a bias goes by the subject's own name for it


@law("gradients", needs=(*BACKWARD, "dh0"), sizes=BATCHES)
def dh0(t: Trial) -> None:
    """dh0 = dz[0]·Uᵀ: the gradient with respect to the initial hidden state."""
    fix = "Compute dh0 = dz @ U.T from dz of the first step; do not add dy to it."
    _one_gradient(t, "dh0", fix)


@law("gradients", needs=(*BACKWARD, "dc0"), sizes=BATCHES)
def dc0(t: Trial) -> None:
    """dc0 = dc[0]·f[0]: the gradient with respect to the initial cell state."""
    fix = "Compute dc0 = dc * f from dc and f of the first step; do not leave out f."
    _one_gradient(t, "dc0", fix)


@law("gradients", needs=(*BACKWARD, "final_h"), sizes=SIZES)
def upstream_h(t: Trial) -> None:
    """A gradient on the final hidden state alone is used: it is added to dy[:, -1]."""
    dh, dc = t.dstate
    nothing = np.zeros_like(t.dy)
    got = t.gradients(nothing, (dh, 0 * dc))
    want = t.expected_gradients(nothing, (dh, 0 * dc))
    what = "the gradient on the final hidden state, dstate[0], is not used correctly"
    fix = "Start the backward pass with dh = dstate[0], and add dy[:, -1] to it."
    t.agree_gradients(got, want, what, fix)


@law("gradients", needs=(*BACKWARD, "final_c"), sizes=SIZES)
def upstream_c(t: Trial) -> None:
    """A gradient on the final cell state alone is used: the backward pass starts with it."""
    dh, dc = t.dstate
    nothing, dstate = np.zeros_like(t.dy), (0 * dh, dc)
    got, want = t.gradients(nothing, dstate), t.expected_gradients(nothing, dstate)
    what = "the gradient on the final cell state, dstate[1], is not used correctly"
    fix = "Start the backward pass with dc = dstate[1], and add it at the last step only."
    t.agree_gradients(got, want, what, fix)


@law("gradients", needs=BACKWARD, sizes=SIZES, examples=(3, 4, 80))
def together(t: Trial) -> None:
    """Gradients on y, the final h and the final c at once give every gradient of the textbook."""
    got, want = t.gradients(t.dy, t.dstate), t.expected_gradients(t.dy, t.dstate)
    what = "gradients on y and on the final state are each used correctly alone, but not together"
    fix = "Start the backward pass with dh = dstate[0] + dy[:, -1] and dc = dstate[1]."
    t.agree_gradients(got, want, what, fix)


@law("gradients", needs=BACKWARD, sizes=SIZES)
def second_call(t: Trial) -> None:
    """A second forward and backward give the gradients of the second alone, not of both."""
    instance = t.instance()
    for _ in range(2):
        instance.forward(t.x, t.state)
        got = instance.backward(t.dy)
    expected = t.expected_gradients()
    fix = "Start each backward from gradients of zero; do not add to those of the last call."
    for name, array in got.arrays().items():
        want = wanted(expected, name)
        what = f"{name} is wrong after a second call"
        t.agree(name, array, want, what, fix)


@law("gradients", needs=BACKWARD, sizes=SIZES)
def last_forward(t: Trial) -> None:
    """After two calls of forward, backward differentiates the second."""
    h, c = t.state
    instance = t.instance()
    instance.forward(t.case.normal("first", *t.x.shape), (-h, -c))
    instance.forward(t.x, t.state)
    got = instance.backward(t.dy)
    what = "{name} is wrong after two calls of forward: it is not that of the second"
    fix = "Start a new cache in each forward; do not add to that of the last call."
    t.agree_gradients(got, t.expected_gradients(), what, fix)


@law("gradients", needs=(*BACKWARD, "step", "step_backward"), sizes=Sizes(T=(1, 1)))
def step_backward(t: Trial) -> None:
    """The backward step function gives the textbook's gradients of one step, from dh and dc."""
    state, dstate = t.case.state, t.case.dstate  # a step function takes all of them
    instance = t.instance()
    instance.step(t.x[:, 0], *state)
    got = instance.step_backward(*dstate)
    want = t.expected_gradients(np.zeros_like(t.dy), dstate, state=state)
    what = "{name} of the backward step function is wrong"
    fix = "Compute dc = dnext_c + dnext_h * o * (1 - tanh(c')**2), and all the others from it."
    t.agree_gradients(got, want, what, fix)


@law("gradients", needs=(*BACKWARD, "stateful"), sizes=SIZES)
def stateful(t: Trial) -> None:
    """In stateful mode, backward differentiates the last call from the state carried into it.

    The gradient ends there: truncated backpropagation through time (Williams & Peng 1990).
    """
    first = t.case.normal("first", *t.x.shape)
    instance = t.instance(stateful=True)
    instance.forward(first)
    instance.forward(t.x)
    got = instance.backward(t.dy)
    _, carried = t.expected(first, t.zeros)
    what = "in stateful mode, {name} of the second call is wrong"
    fix = "Keep in the cache the state that a call starts from, also where it was carried over."
    t.agree_gradients(got, t.expected_gradients(state=carried), what, fix)


@law("gradients", needs=BACKWARD, sizes=SIZES)
def no_state(t: Trial) -> None:
    """After forward(x) without a state, every gradient is that of a start from zeros."""
    instance = t.instance()
    instance.forward(t.x)
    t.agree_gradients(
        instance.backward(t.dy),
        t.expected_gradients(state=t.zeros),
        "{name} is wrong after forward(x) without a state, although it is right with one",
        "Keep in the cache the zeros that the call started from, as you keep a given state.",
    )


@law_of_lives("gradients", Lives(stateful=False, kind=FORWARD_AFTER_BACKWARD), needs=BACKWARD)
def leaves_forward() -> None:
    """In any order of calls, a forward that follows a backward gives the textbook's y, h and c."""


@law_of_lives("gradients", Lives(stateful=False, kind=VALUES), needs=BACKWARD)
def any_order() -> None:
    """In any order of calls, every backward gives every gradient of the last forward.

    It does so whatever was called before, on this instance or another, with a gradient on the final
    state or without, with other sizes, weights, dtypes and data. A second backward after the same
    forward may be refused; where it is not, it gives the same.
    """


@law_of_lives(
    "gradients",
    Lives(stateful=True, kind=FORWARD_AFTER_BACKWARD),
    needs=(*BACKWARD, "stateful"),
)
def leaves_forward_stateful() -> None:
    """In stateful mode too, a forward that follows a backward continues from the carried state."""


@law_of_lives("gradients", Lives(stateful=True, kind=VALUES), needs=(*BACKWARD, "stateful"))
def any_order_stateful() -> None:
    """In stateful mode too, in any order of calls, every backward gives every gradient."""


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
    no_state,
    second_call,
    last_forward,
    leaves_forward,
    any_order,
    stateful,
    leaves_forward_stateful,
    any_order_stateful,
)

"""Rung numerics: precision, saturation, memory order, and that calls leave alone what is given.

The laws in `FIRST` are about what a call leaves behind. They run before any value is looked at:
where one of them does not hold, values can be wrong because of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.law import Lives, law, law_of_lives
from lstm_checks.engine.live import (
    BACKWARD_WRITES,
    FEWER_DIGITS,
    FORWARD_WRITES,
    GRADIENTS_FEWER_DIGITS,
    NOT_FINITE,
)
from lstm_checks.engine.tolerance import precision, tolerance
from lstm_checks.engine.trial import Trial, wanted
from lstm_checks.findings import Array, Breach, Raised, quoted
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.returned import pair

FEW = (1, 2, 10)
STATEFUL = ("stateful",)
BACKWARD = ("backward",)

COPY = "Work on a copy. Look for operators such as +=, and for assignments to slices."
ORDER = "Do not rely on the memory order of an array: use np.ascontiguousarray or plain indexing."
INTEGERS = "Give arrays that are made like x a dtype of floats: np.zeros_like(x) has that of x."
DIGITS = "Compute in the dtype of the inputs. Look for casts to float32 and for approximations."
DTYPE = "Make every array in the dtype of the inputs: np.zeros_like(x) or np.zeros(shape, x.dtype)."


# What a call leaves behind ------------------------------------------------------------------------


@law("numerics", examples=FEW)
def same_answer(t: Trial) -> None:
    """The same call gives the same answer: in a second instance, and again in the first."""
    one, other = t.instance(), t.instance()
    want = one.forward(t.x, t.state).y
    fix = "Look for random numbers, such as dropout, and for what a call leaves behind."
    what = "the same call gives another y in a second instance with the same weights"
    t.agree("y", other.forward(t.x, t.state).y, want, what, fix)
    what = "the same call gives another y when it is repeated"
    t.agree("y", one.forward(t.x, t.state).y, want, what, fix)


@law("numerics", examples=FEW)
def weights_untouched(t: Trial) -> None:
    """forward does not write into the weights."""
    instance = t.instance()
    before = instance.read()
    instance.forward(t.x, t.state)
    _agree_weights("forward", before, instance.read())


@law("numerics", examples=FEW)
def inputs_untouched(t: Trial) -> None:
    """forward does not write into x or into the state that it is given."""
    out = t.instance().forward(t.x, t.state, report_inputs=True)
    inputs = out.inputs or {}
    _agree_input("forward", "x", inputs.get("x"), t.subject.conventions.sequence(t.x))
    _agree_pair(t, "forward", "state", inputs.get("state"), t.state, ("initial_h", "initial_c"))


@law("numerics", examples=FEW, needs=BACKWARD)
def upstream_untouched(t: Trial) -> None:
    """backward does not write into dy, into dstate or into the weights."""
    instance = t.instance()
    instance.forward(t.x, t.state)
    before = instance.read()
    got = instance.backward(t.dy, t.dstate, report_inputs=True)
    inputs = got.inputs or {}
    _agree_input("backward", "dy", inputs.get("dy"), t.subject.conventions.sequence(t.dy))
    _agree_pair(t, "backward", "dstate", inputs.get("dstate"), t.dstate, ("final_h", "final_c"))
    _agree_weights("backward", before, instance.read())


def _agree_weights(method: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    for name, array in before.items():
        now = after.get(name)
        if not isinstance(now, np.ndarray) or not np.array_equal(now, array, equal_nan=True):
            raise Breach(f"{method} writes into the weight {quoted(name)}", COPY)


def _agree_input(method: str, name: str, now: Any, given: Array) -> None:
    if not isinstance(now, np.ndarray) or not np.array_equal(now, given):
        raise Breach(f"{method} writes into {name}, which belongs to the caller", COPY)


def _agree_pair(
    t: Trial, method: str, name: str, now: Any, given: State, needs: tuple[str, str]
) -> None:
    parts = t.subject.conventions.pair(*(pair(now) or (None, None)))
    for letter, part, array, need in zip("hc", parts, given, needs, strict=True):
        if t.offers(need):
            _agree_input(method, f"the {letter} of {name}", part, array)


@law("numerics", examples=FEW)
def results_stay(t: Trial) -> None:
    """What a call returned is not overwritten by the next call."""
    _results_stay(t, t.instance(), t.state)


@law("numerics", examples=FEW, needs=("stateful",))
def results_stay_stateful(t: Trial) -> None:
    """In stateful mode too, what a call returned is not overwritten by the next call."""
    _results_stay(t, t.instance(stateful=True), None)


def _results_stay(t: Trial, instance: Instance, state: State | None) -> None:
    before = instance.forward(t.x, state).arrays()
    instance.forward(-t.x, state)
    after = instance.recalled_forward(back=1).arrays()
    _agree_results(t, "forward", before, after)


def _agree_results(
    t: Trial, method: str, before: Mapping[str, Array], after: Mapping[str, Array]
) -> None:
    for name, array in after.items():
        if t.differ(array, before[name]):
            raise Breach(
                f"the {name} that a call returned changes when {method} is called again",
                f"Return a new {name} from each call, not a buffer that the next call reuses.",
            )


@law("numerics", examples=FEW, needs=BACKWARD)
def gradients_stay(t: Trial) -> None:
    """Results stay as they are: y when backward is called, and dx when it is called again."""
    instance = t.instance()
    y = instance.forward(t.x, t.state).y
    before = instance.backward(t.dy).arrays()
    if t.differ(instance.recalled_forward(back=1).y, y):
        raise Breach("y changes when backward is called", "Let backward work on its own arrays.")
    instance.forward(-t.x, t.state)
    instance.backward(2 * t.dy)
    later = zip(("dx", "dh0", "dc0"), instance.recalled_backward(back=2), strict=True)
    after = {name: array for name, array in later if array is not None}
    _agree_results(t, "backward", before, after)


@law("numerics", examples=FEW, needs=BACKWARD, remark=True)
def backward_again(t: Trial) -> None:
    """A second backward after the same forward does not raise.

    A breach is a remark: PyTorch's graph too is gone after one backward, unless it is retained.
    """
    instance = t.instance()
    instance.forward(t.x, t.state)
    instance.backward(t.dy)
    try:
        instance.backward(t.dy)
    except Raised as breach:
        breach.add(
            what=f"{breach.finding.what} when it is called twice after one forward",
            fix="Keep the caches of a forward until the next one.",
        )
        raise


@law("numerics", examples=FEW, needs=BACKWARD, remark=True)
def outputs_apart(t: Trial) -> None:
    """Writing into y does not change what backward gives.

    A breach is a remark: every result is right until a caller does so. PyTorch too needs its
    outputs as they are, and raises if they are not.
    """
    instance = t.instance()
    instance.forward(t.x, y_used_up=True)
    what = "{name} changes when the caller writes into y before backward, as dropout in place does"
    fix = "Keep a copy of y for backward, or return one: y.copy()."
    want = t.expected_gradients(state=t.zeros)
    for name, array in instance.backward(t.dy).arrays().items():
        t.agree(name, array, wanted(want, name), what.format(name=name), fix)


@law("numerics", examples=FEW, needs=("stateful",), remark=True)
def carried_state_apart(t: Trial) -> None:
    """With stateful, writing into what a call returned does not change where the next one starts.

    A breach is a remark: every result is right until a caller does so.
    """
    instance = t.instance(stateful=True)
    instance.forward(t.x, used_up=True)
    _, after = t.expected(state=t.zeros)
    t.agree(
        "y",
        instance.forward(t.x).y,
        t.expected(state=after)[0],
        "a call of a stateful layer changes when the caller writes into the arrays that the call "
        "before returned",
        "Return copies of the h and c that are kept: h.copy(), c.copy().",
    )


# Saturation ---------------------------------------------------------------------------------------


@law("numerics")
def saturation(t: Trial) -> None:
    """Pre-activations of ±1000 saturate the gates; no output becomes NaN or infinite.

    In float32 neither, where exp overflows from 89 on and not from 710 on.
    """
    fix = "Use a sigmoid that does not overflow, such as 0.5 * (1 + tanh(z / 2))."
    for one, words in _in_both(t):
        params, x = _saturating(one)
        got = one.instance(params).forward(x, one.state).y
        want, _ = one.expected(x, params=params)
        one.agree("y", got, want, words + _of_saturated("y", got), fix)


@law("numerics", needs=BACKWARD)
def saturation_of_gradients(t: Trial) -> None:
    """Where pre-activations of ±1000 saturate the gates, no gradient becomes NaN or infinite."""
    fix = "Compute the derivatives from the values of the gates: s * (1 - s) and 1 - g**2."
    for one, words in _in_both(t):
        params, x = _saturating(one)
        instance = one.instance(params)
        instance.forward(x, one.state)
        want = one.expected_gradients(x=x, params=params)
        for name, array in instance.backward(one.dy).arrays().items():
            what = words + _of_saturated(name, array)
            one.agree(name, array, wanted(want, name), what, fix)


def _in_both(t: Trial) -> list[tuple[Trial, str]]:
    """The trial in its own dtype, and in float32 if that is another, with words that say so."""
    if t.case.dtype == "float32":
        return [(t, "")]
    return [(t, ""), (t.typed("float32"), "in float32, ")]


def _saturating(t: Trial) -> tuple[dict[str, Array], Array]:
    """Weights and inputs whose first feature alone brings ±1000 to every pre-activation."""
    W, x = t.params["W"].copy(), t.x.copy()
    W[0] = 1e3 * np.sign(t.case.normal("signs", 4 * t.case.H))
    x[:, :, 0] = np.sign(x[:, :, 0])
    return {**t.params, "W": W}, x


def _of_saturated(name: str, got: Array) -> str:
    wrong = "is wrong" if np.isfinite(got).all() else "has NaN or infinite values"
    return f"with pre-activations of ±1000, {name} {wrong}"


# Precision ----------------------------------------------------------------------------------------


@law("numerics", examples=(3, 4, 80), needs=("float64",), remark=True)
def precision_of_dtype(t: Trial) -> None:
    """float64 in gives float64 out, right to a few machine epsilons.

    A breach is a remark: the values are right to the precision of float32, as the laws on values
    have seen.
    """
    got = t.instance().forward(t.x, t.state).arrays()
    y, (h, c) = t.expected()
    want = {"y": y, "h": h, "c": c}
    _agree_dtype(t, got, DTYPE)
    for name, array in got.items():
        _agree_precisely(t, name, array, want[name])


@law("numerics", examples=(3, 4, 80), needs=("backward", "float64"), remark=True)
def precision_of_gradients(t: Trial) -> None:
    """float64 in gives float64 gradients, right to a few machine epsilons.

    A breach is a remark, as for the outputs.
    """
    got = t.gradients(t.dy, t.dstate).arrays()
    want = t.expected_gradients(t.dy, t.dstate)
    _agree_dtype(t, got, DTYPE)
    for name, array in got.items():
        _agree_precisely(t, name, array, wanted(want, name))


@law("numerics", remark=True)
def float32_stays(t: Trial) -> None:
    """float32 in gives float32 out.

    A breach is a remark: the values are right, and the results take twice the memory.
    """
    t = t.typed("float32")
    _agree_dtype(t, t.instance().forward(t.x, t.state).arrays(), DTYPE)
    without_state = t.instance().forward(t.x).arrays()
    fix = "Make the zeros of the initial state in the dtype of x: np.zeros((N, H), x.dtype)."
    _agree_dtype(t, without_state, fix, "with no state given, ")


@law("numerics", needs=BACKWARD, remark=True)
def float32_gradients_stay(t: Trial) -> None:
    """float32 in gives float32 gradients. A breach is a remark, as for the outputs."""
    t = t.typed("float32")
    _agree_dtype(t, t.gradients(t.dy, t.dstate).arrays(), DTYPE)


def _agree_dtype(t: Trial, got: Mapping[str, Array], fix: str, when: str = "") -> None:
    """The arrays have the dtype of the case."""
    for name, array in got.items():
        if array.dtype != t.case.dtype:
            given = f"although the inputs and the weights are {t.case.dtype}"
            raise Breach(f"{when}{name} has the dtype {array.dtype}, {given}", fix)


def _agree_precisely(t: Trial, name: str, got: Array, want: Array) -> None:
    """An array is right to a few machine epsilons of the case's dtype."""
    limit = tolerance(t.case, precision(t.case.dtype))
    relative = float(compare.errors(got, want).max()) / (float(np.abs(want).max()) or 1.0)
    digits = int(-np.log10(np.clip(relative, 1e-17, 1.0)))
    what = f"{name} is right to {digits} significant digit{'' if digits == 1 else 's'} only"
    if got.dtype == np.float64 and 1e-9 < relative < 1e-5:
        what += ", as if it were computed in float32"
    compare.agree(name, got, want, limit, what, DIGITS)


@law("numerics", examples=FEW, needs=("float64",), remark=True)
def integer_inputs(t: Trial) -> None:
    """Inputs of an integer dtype, one-hot ones say, are refused or give what equal floats give.

    A breach is a remark: inputs of floats are right.
    """
    x = _integers(t)
    y, (h, c) = t.expected(x)
    want = {"y": y, "h": h, "c": c}
    _agree_for_integers(t, lambda: t.instance().forward(x, t.state).arrays(), want.__getitem__)


@law("numerics", examples=FEW, needs=("float64", *BACKWARD), remark=True)
def integer_inputs_backward(t: Trial) -> None:
    """For inputs of an integer dtype the gradients are those for equal floats. As for the outputs,
    a breach is a remark.
    """
    x = _integers(t)
    want = t.expected_gradients(x=x)

    def gradients() -> dict[str, Array]:
        instance = t.instance()
        instance.forward(x, t.state)
        return instance.backward(t.dy).arrays()

    _agree_for_integers(t, gradients, lambda name: wanted(want, name))


def _integers(t: Trial) -> Array:
    whole: Array = np.rint(2 * t.x).astype(np.int64)
    return whole


def _agree_for_integers(
    t: Trial, call: Callable[[], dict[str, Array]], want: Callable[[str], Array]
) -> None:
    """What a call gives is as expected, unless the subject's code raises."""
    try:
        got = call()
    except Raised:
        return
    except Breach as breach:
        breach.add(what=f"{breach.finding.what}, for integer inputs", fix=INTEGERS)
        raise
    for name, array in got.items():
        what = f"{name} is wrong for integer inputs, although it is right for the same floats"
        t.agree(name, array, want(name), what, INTEGERS)


# Memory order -------------------------------------------------------------------------------------


LAYOUTS = (
    ("F", "Fortran-ordered"),
    ("strided", "strided"),
    ("window", "parts of longer arrays"),
)


@law("numerics", examples=FEW)
def non_contiguous(t: Trial) -> None:
    """The values of x and the state count, not how they lie in memory.

    They may be in Fortran order, strided, or a part of a longer array, such as x[:, 10:20].
    """
    want = t.instance().forward(t.x, t.state).y
    for layout, words in LAYOUTS:
        got = t.instance().forward(t.x, t.state, layout=layout).y
        what = f"y changes when x and the state are {words} in memory"
        t.agree("y", got, want, what, ORDER)


@law("numerics", examples=FEW, needs=BACKWARD)
def non_contiguous_upstream(t: Trial) -> None:
    """The values of dy and dstate count, not how they lie in memory."""
    want = t.gradients(t.dy, t.dstate).arrays()
    for layout, words in LAYOUTS:
        instance = t.instance()
        instance.forward(t.x, t.state)
        for name, got in instance.backward(t.dy, t.dstate, layout=layout).arrays().items():
            what = f"{name} changes when dy and dstate are {words} in memory"
            t.agree(name, got, want[name], what, ORDER)


@law("numerics", examples=FEW, needs=BACKWARD)
def read_only(t: Trial) -> None:
    """Read-only arrays, such as memory-mapped data, are refused or give what writable ones give."""
    want = t.gradients(t.dy).arrays()
    instance = t.instance()
    try:
        instance.forward(t.x, t.state, layout="read-only")
        got = instance.backward(t.dy, layout="read-only").arrays()
    except Raised:
        return
    for name, array in got.items():
        what = f"{name} changes when x, the state and dy are read-only"
        t.agree(name, array, want[name], what, "Treat read-only arrays as any others.")


@law_of_lives("numerics", Lives(stateful=False, kind=FORWARD_WRITES))
def any_order() -> None:
    """In any order of calls, forward writes into nothing of the caller's.

    Neither into its arguments, nor into the weights, nor into what an earlier call returned.
    """


@law_of_lives("numerics", Lives(stateful=False, kind=BACKWARD_WRITES), needs=("backward",))
def any_order_backward() -> None:
    """In any order of calls, backward writes into nothing of the caller's, and grads stay."""


@law_of_lives("numerics", Lives(stateful=True, kind=FORWARD_WRITES), needs=STATEFUL)
def any_order_stateful() -> None:
    """In stateful mode too, in any order of calls, forward writes into nothing of the caller's."""


@law_of_lives("numerics", Lives(stateful=True, kind=BACKWARD_WRITES), needs=("backward", *STATEFUL))
def any_order_stateful_backward() -> None:
    """In stateful mode too, backward writes into nothing of the caller's, and grads stay."""


@law_of_lives("numerics", Lives(stateful=False, kind=NOT_FINITE), needs=("backward",))
def large_in_any_order() -> None:
    """In any order of calls, no gradient is inf or NaN for large inputs."""


@law_of_lives("numerics", Lives(stateful=True, kind=NOT_FINITE), needs=("backward", *STATEFUL))
def large_in_any_order_stateful() -> None:
    """In stateful mode too, in any order of calls, no gradient is inf or NaN for large inputs."""


@law_of_lives("numerics", Lives(stateful=False, kind=FEWER_DIGITS), needs=("float64",), remark=True)
def precision_in_any_order() -> None:
    """In any order of calls, float64 in gives outputs that are right to ten digits.

    A breach is a remark: the values are right to the precision of float32.
    """


@law_of_lives(
    "numerics",
    Lives(stateful=False, kind=GRADIENTS_FEWER_DIGITS),
    needs=("backward", "float64"),
    remark=True,
)
def precision_in_any_order_backward() -> None:
    """In any order of calls, float64 in gives gradients that are right to ten digits.

    A breach is a remark, as for the outputs.
    """


@law_of_lives(
    "numerics", Lives(stateful=True, kind=FEWER_DIGITS), needs=("float64", *STATEFUL), remark=True
)
def precision_in_any_order_stateful() -> None:
    """In stateful mode too, in any order of calls, outputs in float64 are right to ten digits.

    A breach is a remark, as for a stateless layer.
    """


@law_of_lives(
    "numerics",
    Lives(stateful=True, kind=GRADIENTS_FEWER_DIGITS),
    needs=("backward", "float64", *STATEFUL),
    remark=True,
)
def precision_in_any_order_stateful_backward() -> None:
    """In stateful mode too, in any order of calls, gradients in float64 are right to ten digits.

    A breach is a remark, as for a stateless layer.
    """


FIRST = (
    weights_untouched,
    inputs_untouched,
    upstream_untouched,
    same_answer,
    results_stay,
    results_stay_stateful,
    non_contiguous,
    non_contiguous_upstream,
    read_only,
)
LAWS = (
    saturation,
    saturation_of_gradients,
    precision_of_dtype,
    precision_of_gradients,
    float32_stays,
    float32_gradients_stay,
    gradients_stay,
    backward_again,
    outputs_apart,
    carried_state_apart,
    integer_inputs,
    integer_inputs_backward,
    any_order,
    any_order_backward,
    any_order_stateful,
    any_order_stateful_backward,
    large_in_any_order,
    large_in_any_order_stateful,
    precision_in_any_order,
    precision_in_any_order_backward,
    precision_in_any_order_stateful,
    precision_in_any_order_stateful_backward,
)

"""Rung numerics: precision, saturation, and the manners of a function of arrays."""

from typing import Any

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.contract import Output
from lstm_checks.conventions import Array
from lstm_checks.laws import expect, expected
from lstm_checks.laws.case import Case, State
from lstm_checks.laws.expected import start, upstream
from lstm_checks.laws.gradients import both, named
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import precision, tolerance
from lstm_checks.layer import Layer
from lstm_checks.rungs import NEEDS
from lstm_checks.subject import Subject

# Manners are looked at before any value: where they fail, values can be wrong because of them.
EARLY = NEEDS["step"]
FEW = (1, 2, 10)


@law("numerics", examples=FEW, explains=True, stands_on=EARLY)
def same_answer(subject: Subject, case: Case) -> None:
    """The same call gives the same answer: in a second instance, and again in the first."""
    state = start(subject, case)
    one, other = subject.layer(case.params), subject.layer(case.params)
    first = one.forward(case.x, state).y
    for got, where in (
        (other.forward(case.x, state).y, "in a second instance with the same weights"),
        (one.forward(case.x, state).y, "when called again"),
    ):
        expect.agree(
            got, first, tolerance(case), "y", "sequence",
            what=f"the same call gives another answer {where}",
            mend="Look for random numbers (dropout), and for what a call leaves behind.",
        )  # fmt: skip


@law("numerics", examples=FEW, explains=True, stands_on=EARLY)
def weights_untouched(subject: Subject, case: Case) -> None:
    """forward does not write into the weights."""
    layer = subject.layer(case.params)
    before = layer.read()
    layer.forward(case.x, start(subject, case))
    _same(before, layer.read(), "forward writes into the weight")


@law("numerics", examples=FEW, explains=True, stands_on=EARLY)
def inputs_untouched(subject: Subject, case: Case) -> None:
    """forward does not write into x, nor into the state that it is given."""
    state = start(subject, case)
    out = subject.layer(case.params).forward(case.x, state, report_inputs=True)
    _unchanged(out.inputs, "x", subject.conventions.sequence(case.x), "forward")
    _unchanged_pair(subject, out.inputs, "state", state, ("initial_h", "initial_c"), "forward")


@law("numerics", examples=FEW, explains=True, stands_on=EARLY, needs=("backward",))
def upstream_untouched(subject: Subject, case: Case) -> None:
    """backward does not write into dy, nor into dstate, nor into the weights."""
    layer = subject.layer(case.params)
    layer.forward(case.x, start(subject, case))
    before = layer.read()
    dstate = upstream(subject, case)
    got = layer.backward(case.dy, dstate, report_inputs=True)
    _unchanged(got.inputs, "dy", subject.conventions.sequence(case.dy), "backward")
    _unchanged_pair(subject, got.inputs, "dstate", dstate, ("final_h", "final_c"), "backward")
    _same(before, layer.read(), "backward writes into the weight")


@law("numerics", examples=FEW, explains=True, stands_on=EARLY)
def results_stay(subject: Subject, case: Case) -> None:
    """What a call returned is not overwritten by the next call."""
    _results_stay(subject.layer(case.params), case, start(subject, case))


@law("numerics", examples=FEW, explains=True, stands_on=EARLY, needs=("stateful",))
def results_stay_stateful(subject: Subject, case: Case) -> None:
    """In stateful mode too, what a call returned is not overwritten by the next call."""
    _results_stay(subject.layer(case.params, stateful=True), case, None)


def _results_stay(layer: Layer, case: Case, state: State | None) -> None:
    kept = layer.forward(case.x, state)
    layer.forward(-case.x, state)
    again = layer.recalled_forward(back=1)
    for name in ("y", "h", "c"):
        before, after = getattr(kept, name), getattr(again, name)
        if before is not None and expect.differ(after, before, tolerance(case)):
            raise Broken(
                f"{name} of a call changes when forward is called again",
                f"Return a {name} of its own from each call, not a buffer that is used again.",
            )


@law("numerics", examples=FEW, needs=("backward",))
def gradients_stay(subject: Subject, case: Case) -> None:
    """Results stay as they are: y after backward, and dx after the next backward."""
    layer = subject.layer(case.params)
    state = start(subject, case)
    out = layer.forward(case.x, state)
    got = layer.backward(case.dy)
    after = layer.recalled_forward(back=1)
    if expect.differ(after.y, out.y, tolerance(case)):
        raise Broken("y changes when backward is called", "Let backward work on arrays of its own.")
    layer.forward(-case.x, state)
    layer.backward(2 * case.dy)
    later = layer.recalled_backward(back=2)
    for name, before, now in zip(
        ("dx", "dh0", "dc0"), (got.dx, got.dh0, got.dc0), later, strict=True
    ):
        if before is not None and now is not None and expect.differ(now, before, tolerance(case)):
            raise Broken(
                f"{name} of a call changes when backward is called again",
                f"Return a {name} of its own from each call, not a buffer that is used again.",
            )


@law("numerics")
def saturation(subject: Subject, case: Case) -> None:
    """Pre-activations of ±1000 saturate the gates; no output becomes NaN or infinite."""
    params, x = _saturating(case)
    state = start(subject, case)
    got = subject.layer(params).forward(x, state)
    want, _ = expected.forward(params, x, state)
    expect.agree(
        got.y, want, tolerance(case), "y", "sequence",
        what="with pre-activations of ±1000 the outputs are not what saturated gates give"
        + ("" if np.isfinite(got.y).all() else ": there are NaN or infinite values"),
        mend="Use a sigmoid that cannot overflow into NaN, such as 0.5 * (1 + tanh(z / 2)).",
    )  # fmt: skip


@law("numerics", needs=("backward",))
def saturation_of_gradients(subject: Subject, case: Case) -> None:
    """Where pre-activations of ±1000 saturate the gates, no gradient becomes NaN or infinite."""
    params, x = _saturating(case)
    state = start(subject, case)
    layer = subject.layer(params)
    layer.forward(x, state)
    got = layer.backward(case.dy)
    want = expected.gradients(params, x, state, case.dy)
    for pair in named(got, want):
        finite = np.isfinite(pair.got).all()
        expect.agree(
            pair.got, pair.want, tolerance(case), pair.name, pair.kind,
            what=f"with pre-activations of ±1000, {pair.name} "
            + ("is wrong" if finite else "has NaN or infinite values"),
            mend="Express the derivatives by the gates' values: s * (1 - s), 1 - g**2.",
        )  # fmt: skip


def _saturating(case: Case) -> tuple[dict[str, Array], Array]:
    """Weights and inputs whose first feature alone brings ±1000 to every pre-activation."""
    params = dict(case.params)
    params["W"] = params["W"].copy()
    params["W"][0] = 1e3 * np.sign(case.normal("signs", 4 * case.H))
    x = case.x.copy()
    x[:, :, 0] = np.sign(x[:, :, 0])
    return params, x


@law("numerics", examples=(3, 8, 80))
def precision_of_dtype(subject: Subject, case: Case) -> None:
    """float64 in gives float64 out, and every digit of it: the error is a few machine epsilons."""
    state = start(subject, case)
    got = subject.layer(case.params).forward(case.x, state)
    want, (want_h, want_c) = expected.forward(case.params, case.x, state)
    limit = tolerance(case, precision("float64"))
    _dtype(got, "float64")
    for name, value, exact, kind in (
        ("y", got.y, want, "sequence"),
        ("h", got.h, want_h, "state"),
        ("c", got.c, want_c, "state"),
    ):
        if value is not None:
            expect.agree(value, exact, limit, name, kind, what=_digits(value, exact), mend=_MEND)


@law("numerics", examples=(3, 8, 80), needs=("backward",))
def precision_of_gradients(subject: Subject, case: Case) -> None:
    """float64 gradients have every digit of float64."""
    got, want = both(subject, case, dstate=upstream(subject, case))
    limit = tolerance(case, precision("float64"))
    for pair in named(got, want):
        if pair.got.dtype != np.float64:
            raise Broken(f"{pair.name} is {pair.got.dtype} for float64 arrays", _MEND)
        expect.agree(
            pair.got, pair.want, limit, pair.name, pair.kind,
            what=_digits(pair.got, pair.want), mend=_MEND,
        )  # fmt: skip


@law("numerics")
def float32_stays(subject: Subject, case: Case) -> None:
    """float32 in gives float32 out, to the precision of float32."""
    case = case.typed("float32")
    state = start(subject, case)
    layer = subject.layer(case.params)
    got = layer.forward(case.x, state)
    _dtype(got, "float32")
    want, _ = expected.forward(case.params, case.x, state)
    limit = tolerance(case, precision("float32"))
    expect.agree(got.y, want, limit, "y", "sequence", what=_digits(got.y, want), mend=_MEND)
    plain = subject.layer(case.params).forward(case.x)
    for name in ("y", "h", "c"):
        array = getattr(plain, name)
        if array is not None and array.dtype != np.float32:
            raise Broken(
                f"with no state given, {name} is {array.dtype} for float32 arrays",
                "Make the zeros of the initial state in x's dtype: np.zeros((N, H), x.dtype).",
            )


@law("numerics", needs=("backward",))
def float32_gradients_stay(subject: Subject, case: Case) -> None:
    """float32 in gives float32 gradients."""
    case = case.typed("float32")
    layer = subject.layer(case.params)
    layer.forward(case.x, start(subject, case))
    got = layer.backward(case.dy, upstream(subject, case))
    arrays = {"dx": got.dx, "dh0": got.dh0, "dc0": got.dc0, "dW": got.dW, "dU": got.dU, **got.db}
    for name, array in arrays.items():
        if array is not None and array.dtype != np.float32:
            raise Broken(
                f"{name} is {array.dtype} for float32 arrays",
                "Make arrays with the dtype of what comes in: np.zeros_like, np.zeros(..., dtype).",
            )


@law("numerics", examples=FEW)
def non_contiguous(subject: Subject, case: Case) -> None:
    """The values of x and the state count, not how they lie in memory (Fortran order, strides)."""
    state = start(subject, case)
    plain = subject.layer(case.params).forward(case.x, state).y
    for layout in ("F", "strided"):
        got = subject.layer(case.params).forward(case.x, state, layout=layout)
        expect.agree(
            got.y, plain, tolerance(case), "y", "sequence",
            what=f"a {'Fortran-ordered' if layout == 'F' else 'strided'} x gives other outputs",
            mend="Do not rely on an array's memory order: np.ascontiguousarray, or plain indexing.",
        )  # fmt: skip


@law("numerics", examples=FEW, needs=("backward",))
def non_contiguous_upstream(subject: Subject, case: Case) -> None:
    """The values of dy and dstate count, not how they lie in memory."""
    state, dstate = start(subject, case), upstream(subject, case)
    results = []
    for layout in ("C", "F", "strided"):
        layer = subject.layer(case.params)
        layer.forward(case.x, state)
        results.append(layer.backward(case.dy, dstate, layout=layout))
    for got in results[1:]:
        expect.agree(
            got.dx, results[0].dx, tolerance(case), "dx", "input",
            what="a dy in another memory order gives other gradients",
            mend="Do not rely on an array's memory order: np.ascontiguousarray, or plain indexing.",
        )  # fmt: skip


_MEND = "Compute in the dtype of what comes in; look for float32 casts and approximations."


def _digits(got: Array, want: Array) -> str:
    """How many digits are right, in words."""
    error = float(np.max(expect.errors(got, want)))
    relative = error / (float(np.abs(want).max()) or 1.0)
    single = 1e-9 < relative < 1e-5
    return f"only {max(0, int(-np.log10(relative or 1e-17)))} digits are right" + (
        ", as if it were computed in float32" if single and got.dtype == np.float64 else ""
    )


def _dtype(got: Output, dtype: str) -> None:
    for name in ("y", "h", "c"):
        array = getattr(got, name)
        if array is not None and array.dtype != dtype:
            raise Broken(f"{name} is {array.dtype} for {dtype} arrays", _MEND)


def _same(before: dict[str, Any], after: dict[str, Any], what: str) -> None:
    for name, array in before.items():
        now = after.get(name)
        if not isinstance(now, np.ndarray) or not np.array_equal(now, array, equal_nan=True):
            raise Broken(f"{what} {name!r}", "Work on a copy.")


def _value(inputs: Any, name: str) -> Any:
    return inputs["dict"][name] if isinstance(inputs, dict) and "dict" in inputs else None


def _unchanged(inputs: Any, name: str, given: Array, method: str) -> None:
    if not np.array_equal(_value(inputs, name), given):
        raise Broken(f"{method} writes into {name}, which belongs to the caller", _COPY)


def _unchanged_pair(
    subject: Subject, inputs: Any, name: str, given: Any, needs: tuple[str, str], method: str
) -> None:
    pair = _value(inputs, name)
    arrays = subject.conventions.pair(*pair["tuple"])
    for array, was, need, letter in zip(arrays, given, needs, "hc", strict=True):
        if subject.offers(need) and not np.array_equal(array, was):
            raise Broken(
                f"{method} writes into the {letter} of {name}, which belongs to the caller", _COPY
            )


_COPY = "Work on a copy; beware of += and of slices assigned to on an argument."

FIRST = (
    weights_untouched,
    inputs_untouched,
    upstream_untouched,
    same_answer,
    results_stay,
    results_stay_stateful,
)
LAWS = (
    saturation,
    saturation_of_gradients,
    precision_of_dtype,
    precision_of_gradients,
    float32_stays,
    float32_gradients_stay,
    gradients_stay,
    non_contiguous,
    non_contiguous_upstream,
)

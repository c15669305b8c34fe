"""Rung load: the subject can be imported, built, and given weights; its instances are apart."""

import numpy as np

from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Array, Breach, quoted
from lstm_checks.subjects.contract import FORWARD, INIT
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.scope import ONE_LAYER, recognised

ONCE = (1, 1, 1)
FIXED = Sizes(N=(2, 2), T=(3, 3), D=(3, 3), H=(2, 2), scales=(1.0,))
SIZES = ((3, 2), (1, 1), (2, 5))  # D and H that an instance is made for


@law("load", sizes=FIXED, examples=ONCE)
def imports(t: Trial) -> None:
    """The file can be imported, holds one LSTM, and declares conventions that have a meaning.

    A `Subject` exists only once this holds, so whoever loads it reports on this law.
    """


@law("load", sizes=FIXED, examples=ONCE)
def signature(t: Trial) -> None:
    """__init__(self, input_size, hidden_size, stateful=False) and forward(self, x, state=None)."""
    if "forward" not in t.subject.methods:
        raise Breach("it has no method forward", "Write forward(self, x, state=None).")
    init, forward = (t.subject.signatures.get(name) for name in ("__init__", "forward"))
    if init is not None and "*" not in init and len(init) < 2:
        raise Breach(f"its __init__ takes ({', '.join(init)})", INIT)
    if forward is not None and "*" not in forward and len(forward) < 2:
        raise Breach(
            f"its forward takes ({', '.join(forward)}), so it can be given no initial state",
            FORWARD,
        )


@law("load", sizes=FIXED, examples=ONCE)
def constructs(t: Trial) -> None:
    """LSTM(input_size, hidden_size) makes an instance, for every size from 1."""
    for D, H in SIZES:
        t.sized(D=D, H=H).instance()


@law("load", sizes=Sizes(N=(2, 2), T=(3, 3), D=(5, 5), H=(3, 3), scales=(1.0,)), examples=ONCE)
def scope(t: Trial) -> str:
    """It is an LSTM of one layer and one direction, and has no weight that the kit cannot write.

    What is something else is out of scope: a GRU, a simple recurrent layer, a stack, two
    directions, a projection, a peephole.
    """
    instance = t.instance()
    names = [name for which in ("W", "U", "b") for name in instance.weight_names(which)]
    found = {name: one for name, one in instance.found.items() if isinstance(one, np.ndarray)}
    if not set(names) <= set(found) or _misshapen(t, instance):
        looks_like = recognised({key: one.shape for key, one in found.items()}, t.case.D, t.case.H)
        if looks_like:
            raise Breach.out_of_scope(f"this looks like {looks_like}", ONE_LAYER)
        return ""
    others = {name: one for name, one in found.items() if name not in names and one.size}
    before = _outputs(t, instance)
    for name, array in others.items():
        instance.write_other(name, array + 0.5 * t.case.normal(name, *array.shape))
        after = _outputs(t, instance)
        if before is None or after is None or not t.differ(after, before):
            continue
        looks = "; this looks like a peephole" if array.size % t.case.H == 0 else ""
        raise Breach.out_of_scope(
            f"forward computes with {quoted(name)} of shape {array.shape}, which is none of the "
            f"weights W, U and b{looks}",
            f"{ONE_LAYER} If it is one of these under another name, declare names = ...",
        )
    return f"forward does not compute with {', '.join(map(quoted, others))}" if others else ""


def _misshapen(t: Trial, instance: Instance) -> bool:
    """Whether one of W, U and b has another size than it should have."""
    for which, rows in (("W", instance.D), ("U", instance.H), ("b", 1)):
        for name in instance.weight_names(which):
            share = 4 if len(instance.weight_names(which)) == 4 else 1
            if getattr(instance.found[name], "size", 0) * share != rows * 4 * instance.H:
                return True
    return False


@law("load", sizes=FIXED, examples=ONCE)
def weights(t: Trial) -> None:
    """The weights are there under their names, in their shapes, and forward computes with them.

    W is (D, 4H), U (H, 4H), b (4H,), or as the declared conventions say. Each is written as
    lstm.params[name] = array, or as an attribute where there is no params.
    """
    _settle_dtype(t)
    instance = t.instance()
    _check_shapes(t, instance)
    before = _outputs(t, instance)
    for which in ("W", "U", "b"):
        for name in instance.weight_names(which):
            instance.write_negated(t.params, name)
            after = _outputs(t, instance)
            if before is None or after is None or t.differ(after, before):
                continue
            raise Breach(
                f"writing the weight {quoted(name)} does not change what forward computes",
                "Either forward leaves it out, or forward uses a copy that was made earlier. "
                "Read the weight at each call from where the kit writes it.",
            )
    instance.write(t.params)


@law("load", sizes=FIXED, examples=ONCE)
def instances(t: Trial) -> None:
    """Two instances share nothing: what is written into one does not change the other."""
    one = t.instance()
    _outputs(t, one)
    before, weights_before = _outputs(t, one), one.read()
    other = t.instance({name: -array for name, array in t.params.items()})
    weights_after = one.read()
    _outputs(t, other)
    after, again = _outputs(t, one), _outputs(t, one)
    moved = [
        f"the weight {quoted(name)}"
        for name in weights_before
        if _apart(weights_before[name], weights_after[name])
    ]
    if not moved and before is not None and after is not None and again is not None:
        settled = not t.differ(again, after)
        if settled and t.differ(after, before):
            moved = ["what they compute with"]
    if moved:
        raise Breach(
            f"two instances share {', '.join(moved)}",
            "Make params in __init__, not in the class body or in the module.",
        )


def _settle_dtype(t: Trial) -> None:
    """Go over to float32 where the subject refuses float64 and takes float32."""
    if not t.offers("float64"):
        return
    try:
        t.instance().forward(t.x)
    except Breach as refused:
        single = t.typed("float32")
        try:
            single.instance().forward(single.x)
        except Breach:
            return
        t.subject.use_float32(refused.finding.what)


def _outputs(t: Trial, instance: Instance) -> Array | None:
    """y of a forward; None where it gives no such thing, which the rung shapes reports."""
    try:
        y = instance.forward(t.x, t.case.state).y
    except Breach:
        return None
    return y if np.isfinite(y).all() else None


def _apart(one: object, other: object) -> bool:
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    return not np.array_equal(one, other)


def _check_shapes(t: Trial, instance: Instance) -> None:
    """The weights that __init__ made must have the declared shapes; a subject may make none."""
    if all(value is None for value in instance.found.values()):
        return
    D, H = instance.D, instance.H
    if _sizes_exchanged(t, instance):
        raise Breach(
            f"its weights are made for D = {H} and H = {D}, but D = {D} and H = {H} were requested",
            "The contract is __init__(self, input_size, hidden_size), in this order.",
        )
    for which in ("W", "U", "b"):
        names = instance.weight_names(which)
        shape = t.subject.conventions.shape_out(which, D, H, per_gate=len(names) == 4)
        for name in names:
            value = instance.found.get(name)
            if value is None:
                raise Breach(
                    f"it has no weight {quoted(name)}",
                    "The weights are W, U and b in params, or attributes. Declare other names as "
                    "names = {'W': ..., 'U': ..., 'b': ...}.",
                )
            if not isinstance(value, np.ndarray):
                raise Breach(
                    f"its weight {quoted(name)} is not an array of numbers", "Use a NumPy array."
                )
            vector = which == "b" and value.size == shape[0] == max(value.shape, default=0)
            if value.shape != shape and not vector:
                raise Breach(
                    f"its weight {quoted(name)} has the shape {value.shape} for D = {D}, H = {H}; "
                    f"it must be {shape}",
                    _shape_fix(t, value.shape, shape),
                )


def _shape_fix(t: Trial, got: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if got != shape[::-1]:
        return "W is (D, 4H), U is (H, 4H) and b is (4H,), unless other conventions are declared."
    other = "in_out" if t.subject.conventions.weights == "out_in" else "out_in"
    return f"Transpose it, or declare weights = {other!r}."


def _sizes_exchanged(t: Trial, instance: Instance) -> bool:
    """Whether every weight has the shape that it should have with D and H exchanged."""
    for which in ("W", "U", "b"):
        names = instance.weight_names(which)
        shape = t.subject.conventions.shape_out(
            which, instance.H, instance.D, per_gate=len(names) == 4
        )
        if any(getattr(instance.found.get(name), "shape", None) != shape for name in names):
            return False
    return True


LAWS = (imports, signature, constructs, scope, weights, instances)

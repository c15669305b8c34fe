"""Rung load: the subject can be imported, built, and given weights, and its instances are apart."""

import numpy as np
from hypothesis import strategies as st

from lstm_checks.broken import Broken
from lstm_checks.conventions import Array
from lstm_checks.laws import expect
from lstm_checks.laws.case import Case
from lstm_checks.laws.law import law
from lstm_checks.laws.tolerance import tolerance
from lstm_checks.layer import Layer
from lstm_checks.subject import Subject

ONCE = (1, 1, 1)
FIXED = st.builds(Case, D=st.just(3), H=st.just(2))


@law("load", cases=FIXED, examples=ONCE)
def imports(subject: Subject, case: Case) -> None:
    """The file can be imported, holds one LSTM, and declares conventions that mean something.

    A `Subject` exists only once this holds, so whoever loads it reports on this law.
    """


@law("load", cases=FIXED, examples=ONCE)
def signature(subject: Subject, case: Case) -> None:
    """__init__(self, input_size, hidden_size, stateful=False) and forward(self, x, state=None)."""
    if "forward" not in subject.methods:
        raise Broken("it has no forward method", "Write forward(self, x, state=None).")
    init, forward = subject.signatures["__init__"], subject.signatures["forward"]
    if init is not None and "*" not in init and len(init) < 2:
        raise Broken(
            f"its __init__ takes ({', '.join(init)})",
            "The contract is __init__(self, input_size, hidden_size, stateful=False).",
        )
    if forward is not None and "*" not in forward and len(forward) < 2:
        raise Broken(
            f"its forward takes ({', '.join(forward)}) and so can be given no initial state",
            "The contract is forward(self, x, state=None), where state is the initial (h, c).",
        )


@law("load", cases=FIXED, examples=ONCE)
def constructs(subject: Subject, case: Case) -> None:
    """LSTM(input_size, hidden_size) makes an instance, for every size from 1."""
    for D, H in ((3, 2), (1, 1), (2, 5)):
        subject.layer(case.sized(D=D, H=H).params)


@law("load", cases=FIXED, examples=ONCE)
def weights(subject: Subject, case: Case) -> None:
    """The weights are there under their names, in their shapes, and forward computes with them.

    W is (D, 4H), U (H, 4H), b (4H,), or as the declared conventions say; each is written as
    lstm.params[name] = array, or as an attribute where there is no params.
    """
    layer = subject.layer(case.params)
    _check_shapes(subject, layer)
    before = _outputs(layer, case)
    for which in ("W", "U", "b"):
        for name in layer.weight_names(which):
            layer.write_negated(case.params, name)
            after = _outputs(layer, case)
            if before is None or after is None or expect.differ(after, before, tolerance(case)):
                continue
            raise Broken(
                f"writing {name} does not change what forward computes",
                f"Either forward leaves {name} out, or it uses a copy made earlier: read it at "
                "each call from where the kit writes it.",
            )
    layer.write(case.params)


@law("load", cases=FIXED, examples=ONCE)
def instances(subject: Subject, case: Case) -> None:
    """Two instances share nothing: what is written into one does not move the other."""
    one = subject.layer(case.params)
    _outputs(one, case)
    before, weights_before = _outputs(one, case), one.read()
    other = subject.layer({name: -array for name, array in case.params.items()})
    weights_after = one.read()
    _outputs(other, case)
    after, again = _outputs(one, case), _outputs(one, case)
    moved = [name for name in weights_before if _apart(weights_before[name], weights_after[name])]
    if not moved and before is not None and after is not None and again is not None:
        settled = not expect.differ(again, after, tolerance(case))
        if settled and expect.differ(after, before, tolerance(case)):
            moved = ["what they compute with"]
    if moved:
        raise Broken(
            f"two instances share {', '.join(moved)}",
            "Make params in __init__, not in the class body or the module.",
        )


def _outputs(layer: Layer, case: Case) -> Array | None:
    """y of a forward; None where it gives no such thing, which the rung shapes reports."""
    try:
        y = layer.forward(case.x, case.state).y
    except Broken:
        return None
    return y if np.isfinite(y).all() else None


def _apart(one: object, other: object) -> bool:
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    return not np.array_equal(one, other)


def _check_shapes(subject: Subject, layer: Layer) -> None:
    """The weights that __init__ made must have the declared shapes; a subject may make none."""
    if all(value is None for value in layer.found.values()):
        return
    conventions = subject.conventions
    if _sizes_exchanged(subject, layer):
        raise Broken(
            f"its weights are made for D = {layer.H}, H = {layer.D}, where D = {layer.D}, "
            f"H = {layer.H} was asked for",
            "The contract is __init__(self, input_size, hidden_size), in this order.",
        )
    for which in ("W", "U", "b"):
        names = layer.weight_names(which)
        for name in names:
            value = layer.found.get(name)
            shape = conventions.shape_out(which, layer.D, layer.H, per_gate=len(names) == 4)
            if value is None:
                raise Broken(
                    f"it has no weight {name!r}",
                    "The weights are W, U and b in params, or attributes; declare other names in "
                    "a class attribute, names = {'W': ..., 'U': ..., 'b': ...}.",
                )
            if not isinstance(value, np.ndarray):
                raise Broken(f"its weight {name!r} is no array of numbers", "Use a NumPy array.")
            column = which == "b" and value.size == shape[0] and max(value.shape) == shape[0]
            if value.shape != shape and not column:
                turned = value.shape == shape[::-1]
                other = "in_out" if conventions.weights == "out_in" else "out_in"
                raise Broken(
                    f"its weight {name!r} has the shape {value.shape} for D = {layer.D}, "
                    f"H = {layer.H}; it should be {shape}",
                    f"Transpose it, or declare weights = {other!r}."
                    if turned
                    else "W is (D, 4H), U (H, 4H), b (4H,), unless conventions are declared.",
                )


def _sizes_exchanged(subject: Subject, layer: Layer) -> bool:
    """Whether every weight has the shape that it should have with D and H exchanged."""
    for which in ("W", "U", "b"):
        names = layer.weight_names(which)
        shape = subject.conventions.shape_out(which, layer.H, layer.D, per_gate=len(names) == 4)
        if any(getattr(layer.found.get(name), "shape", None) != shape for name in names):
            return False
    return True


LAWS = (imports, signature, constructs, weights, instances)

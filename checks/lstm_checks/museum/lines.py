"""The line of the subject's source that a fault is about, found by what the lines compute.

The subject makes one call under a trace that notes which arrays each line makes. The line is the
first that makes what only the fault gives, out of values that are all right. Where a line reads a
value that nothing here explains, or where the fault gives a value that is right elsewhere, it is
not certain which line it is, and none is told.
"""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lstm_checks.engine.case import Case
from lstm_checks.findings import Array, Breach
from lstm_checks.museum.model import Choices, Given, Model, Values, program
from lstm_checks.museum.probes import FAILURES
from lstm_checks.museum.textbook import BACK_STEP, GATES, STEP
from lstm_checks.subjects.replies import Made
from lstm_checks.subjects.subject import Subject

CASE = Case(N=2, T=2, D=4, H=3, seed=41)
HELPER = 3  # arrays: a function of fewer, such as σ, may be right and given a wrong argument
SHARE = 0.375  # of a bias that is written as two


def line_of(subject: Subject, fault: Choices, known: Choices, backward: bool) -> str:
    """ "line 12: c_next = c + i * g", or "" where it is not certain.

    Args:
        subject: whose source is looked at.
        fault: the choices of the fault.
        known: those of the other faults that were found.
        backward: whether it is in the backward pass.
    """
    if subject.conventions.dtype == "float32":
        return ""
    case = CASE if subject.offers("bias") else CASE.without_bias()
    offers = subject.offers
    h, c = case.state
    state: Given = (h if offers("initial_h") else None, c if offers("initial_c") else None)
    if not (offers("initial_h") or offers("initial_c")):
        state = None
    try:
        subject.begin()
        instance = subject.instance(case.params)
        lines = instance.lines(case.x, state, case.dy if backward else None)
    except Breach:
        return ""
    try:
        with np.errstate(all="ignore"):
            right = _values(program(known), case, state, backward)
            wrong = _values(program(known, fault), case, state, backward)
    except FAILURES:
        return ""
    return _found(lines, _Numbers(right, wrong, case, subject.conventions.biases))


Named = dict[tuple[str, int], Array]  # the value of a slot in a step


def _values(choices: Choices, case: Case, state: Given, backward: bool) -> Named:
    """All values of the model in a call: by slot and step."""
    model = Model(choices, case.params)
    y, h, c = model.forward(case.x, state)
    found: Named = {("y", 0): y, ("final_h", 0): h, ("final_c", 0): c}
    for number, step in enumerate(model.steps):
        _force(step, STEP, found, number)
    if backward:
        for name, array in model.backward(case.dy).items():
            found[name, 0] = array
        for number, step in enumerate(model.back):
            _force(step, BACK_STEP, found, number)
    return found


def _force(step: Values, slots: Mapping[str, str], found: Named, number: int) -> None:
    for slot in (*slots, "h", "c", "dh", "dc", "dW", "dU", "db", "dW_t", "dU_t", "db_t"):
        try:
            value = step[slot]
        except FAILURES:
            continue
        if isinstance(value, np.ndarray) and value.ndim:
            found[slot, number] = value


class _Numbers:
    """What is known of an array: right, or what the fault alone gives."""

    def __init__(self, right: Named, wrong: Named, case: Case, biases: int) -> None:
        given = [*case.params.values(), case.x, *case.state, case.dy]
        if biases == 2:
            b = case.params["b"]
            given += [SHARE * b, b - SHARE * b]
        self._right = _table([*given, *right.values()])
        other = {key: one for key, one in wrong.items() if not _same(one, right.get(key))}
        self.certain = bool(other) and not any(self.is_right(one) for one in other.values())
        self._wrong = _table(other.values())

    def is_right(self, array: Array) -> bool:
        return all(_key(block) in self._right for block in _blocks(array))

    def is_wrong(self, array: Array) -> bool:
        return any(
            _key(block) in self._wrong and _key(block) not in self._right
            for block in _blocks(array)
        )


def _table(arrays: Iterable[Array]) -> set[bytes]:
    table = {_key(block) for array in arrays for block in _blocks(array)}
    return table | {_key(np.zeros_like(block)) for array in arrays for block in _blocks(array)}


def _blocks(array: Array) -> list[Array]:
    """An array's pieces of one gate or one step each, in any orientation."""
    H = CASE.H
    if array.ndim == 3:
        array = array if array.shape[0] == CASE.N else array.swapaxes(0, 1)
        return [one for t in range(array.shape[1]) for one in _blocks(array[:, t])]
    if array.ndim == 2 and array.shape[0] == 4 * H != array.shape[1]:
        array = array.T
    if array.shape and array.shape[-1] == 4 * H:
        return np.split(array, len(GATES), axis=-1)
    return [array]


def _key(array: Array) -> bytes:
    """The numbers of an array to nine digits, whatever its orientation."""
    rounded = np.sort(np.round(array.astype(np.float64).ravel(), 9) + 0.0)
    return rounded.tobytes()


def _same(one: Array, other: Array | None) -> bool:
    if other is None or one.shape != other.shape:
        return False
    return bool(np.allclose(one, other, rtol=0, atol=1e-9))


def _found(lines: list[Made], numbers: _Numbers) -> str:
    if not numbers.certain:
        return ""
    there: dict[int, dict[str, Array]] = {}  # by frame: the arrays by name
    for made in lines:
        frame = there.setdefault(made.frame, {})
        if made.line and any(numbers.is_wrong(array) for array in made.arrays.values()):
            reads = _reads(made.code, frame)
            if reads is None:
                return ""
            if any(numbers.is_wrong(array) for array in reads):
                frame.update(made.arrays)
                continue
            helper = made.frame > 0 and len(frame) < HELPER
            if not helper and all(numbers.is_right(array) for array in reads):
                return f"line {made.line}: {made.code}"
            return ""
        frame.update(made.arrays)
    return ""


def _reads(code: str, frame: Mapping[str, Array]) -> list[Array] | None:
    """The arrays that a line reads; None where the line is no whole statement."""
    try:
        tree: Any = ast.parse(code)
    except SyntaxError:
        return None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return [array for name, array in frame.items() if name.split(".")[0] in names]

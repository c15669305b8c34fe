"""Rung composition: stacks, two directions and rows of unequal lengths, made of the single LSTM.

What is expected is composed of the textbook's single LSTM, as the statements say. The subject's
single LSTM is judged by the other rungs, so that here only the composition can be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Array
from lstm_checks.subjects.composed import Composed
from lstm_checks.subjects.contract import State

SIZES = Sizes(N=(3, 3), T=(4, 5), D=(2, 4), H=(2, 4))
STACK = "Layer two takes the outputs of layer one as its inputs, at every time step."
SIDES = (
    "The reversed direction runs from the last time step to the first, with weights and a state of "
    "its own; its outputs are turned back in time, and stand behind those of the forward direction."
)
OWN_END = "Let each row end, and begin its reversed direction, at its own length."
EXAMPLES = (1, 2, 10)


@law("composition", needs=("layers",), sizes=SIZES, examples=EXAMPLES)
def stack(t: Trial) -> None:
    """Two layers are one after the other: y = layer₂(layer₁(x)), each from its own state."""
    _agree(t, layers=2, what="a stack of two layers is not layer two after layer one", fix=STACK)


@law("composition", needs=("directions",), sizes=SIZES, examples=EXAMPLES)
def directions(t: Trial) -> None:
    """Two directions: y = [forward(x), reverse(backward(reverse(x)))], concatenated in features."""
    what = "two directions are not the forward and the reversed one, concatenated"
    _agree(t, directions=2, what=what, fix=SIDES)


@law("composition", needs=("layers", "directions"), sizes=SIZES, examples=EXAMPLES)
def stack_of_directions(t: Trial) -> None:
    """In a stack of two directions, both of layer two take all 2H outputs of layer one."""
    what = "a stack of two directions is not layer two on both directions of layer one"
    _agree(t, layers=2, directions=2, what=what, fix=STACK)


@law("composition", needs=("lengths",), sizes=SIZES, examples=EXAMPLES)
def lengths(t: Trial) -> None:
    """Each row of a batch of unequal lengths equals its own shorter sequence, state included."""
    what = "a row that is shorter than others in its batch is not what it is alone"
    _agree(t, unequal=True, what=what, fix=OWN_END)


@law("composition", needs=("lengths", "directions"), sizes=SIZES, examples=EXAMPLES)
def lengths_of_directions(t: Trial) -> None:
    """The reversed direction of a shorter row begins at that row's own end."""
    what = "with two directions, a shorter row is not what it is alone"
    _agree(t, directions=2, unequal=True, what=what, fix=OWN_END)


@law("composition", needs=("layers", "backward"), sizes=SIZES, examples=EXAMPLES)
def stack_gradients(t: Trial) -> None:
    """The gradient of a stack is layer one's, from the dx of layer two's."""
    _agree_gradients(t, layers=2, what="{name} of a stack of two layers is wrong", fix=STACK)


@law("composition", needs=("directions", "backward"), sizes=SIZES, examples=EXAMPLES)
def directions_gradients(t: Trial) -> None:
    """With two directions, dx is the sum of both, and each has its own half of dy."""
    _agree_gradients(t, directions=2, what="{name} of two directions is wrong", fix=SIDES)


@law("composition", needs=("lengths", "backward"), sizes=SIZES, examples=EXAMPLES)
def lengths_gradients(t: Trial) -> None:
    """A row of its own length has the gradients of its shorter sequence; dx behind it is zero."""
    what = "{name} is wrong where rows are of unequal lengths"
    _agree_gradients(t, unequal=True, what=what, fix=OWN_END)


# What is tried ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arranged:
    """A case of several LSTMs: the weights and states of its parts, and the rows' lengths."""

    parts: list[dict[str, Array]]
    states: list[State]
    layers: int
    directions: int
    lengths: list[int]

    def composed(self, t: Trial) -> Composed:
        return Composed(t.subject, self.parts, self.layers, self.directions)


def _arranged(t: Trial, layers: int, directions: int, unequal: bool) -> Arranged:
    H, T, N = t.case.H, t.case.T, t.case.N
    sizes = [t.case.D if k < directions else directions * H for k in range(layers * directions)]
    cases = [t.case.sized(D=D).reseeded(t.case.seed + k) for k, D in enumerate(sizes)]
    trials = [Trial(t.subject, case) for case in cases]
    rows = [max(1, T - 2 * k) for k in range(N)] if unequal else [T] * N
    rows = rows[1:] + rows[:1]  # not in the order of their lengths
    return Arranged(
        [one.params for one in trials], [one.state for one in trials], layers, directions, rows
    )


def _agree(
    t: Trial, layers: int = 1, directions: int = 1, unequal: bool = False, *, what: str, fix: str
) -> None:
    case = _arranged(t, layers, directions, unequal)
    y, states = case.composed(t).forward(t.x, case.states, case.lengths if unequal else None)
    want, _ = _run(t, case)
    inside = _inside(t, case.lengths)
    t.agree("y", y * inside, want.y, what, fix)
    for k, (got, (h, c)) in enumerate(zip(states, want.states, strict=True)):
        told = f"{what}: the final state of part {k + 1} of {len(states)}"
        t.agree("h", got[0], h, told, fix)
        t.agree("c", got[1], c, told, fix)


def _agree_gradients(
    t: Trial, layers: int = 1, directions: int = 1, unequal: bool = False, *, what: str, fix: str
) -> None:
    case = _arranged(t, layers, directions, unequal)
    composed = case.composed(t)
    composed.forward(t.x, case.states, case.lengths if unequal else None)
    dy = np.concatenate([t.dy, t.dy[::-1, ::-1] * 0.5][:directions], axis=2).astype(t.dy.dtype)
    dy = (dy * _inside(t, case.lengths)).astype(t.dy.dtype)
    dstates = [
        (dh * (k + 1), dc / (k + 1)) for k, (dh, dc) in enumerate([t.dstate] * len(case.parts))
    ]
    dx, parts = composed.backward(dy, dstates)
    _, inputs = _run(t, case)
    want_dx, wants = _run_back(t, case, inputs, dy, dstates)
    for k, (part, want) in enumerate(zip(parts, wants, strict=True)):
        said = f"{what} in part {k + 1} of {len(parts)}" if len(parts) > 1 else what
        for name in ("dW", "dU", "dh0", "dc0"):
            t.agree(name, getattr(part, name), want[name], said.replace("{name}", name), fix)
        for name, db in part.db.items():
            t.agree("db", db, want["db"], said.replace("{name}", name), fix)
    t.agree("dx", dx, want_dx, what.replace("{name}", "dx"), fix)


def _inside(t: Trial, lengths: Sequence[int]) -> Array:
    """1 where a row has a time step, 0 behind its end: (N, T, 1)."""
    return (np.arange(t.case.T)[None, :] < np.array(lengths)[:, None])[:, :, None]


# What is expected ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """The outputs, zero behind the end of a row, and the final state of each part."""

    y: Array
    states: list[State]


def _run(t: Trial, case: Arranged) -> tuple[Wanted, list[Array]]:
    """What is expected of a forward, and the inputs of each layer."""
    x, states, inputs = t.x, [], []
    for layer in range(case.layers):
        inputs.append(x)
        sides = []
        for side in range(case.directions):
            k = layer * case.directions + side
            y = np.zeros((*x.shape[:2], t.case.H))
            h, c = np.zeros((2, t.case.N, t.case.H))
            for row, length in enumerate(case.lengths):
                turned = slice(None, None, -1 if side else 1)
                begin = (case.states[k][0][row : row + 1], case.states[k][1][row : row + 1])
                piece = x[row : row + 1, :length][:, turned]
                found, (h_row, c_row) = t.expected(piece, begin, case.parts[k])
                y[row, :length] = found[0, turned]
                h[row], c[row] = h_row[0], c_row[0]
            sides.append(y)
            states.append((h, c))
        x = np.concatenate(sides, axis=2)
    return Wanted(x, states), inputs


def _run_back(
    t: Trial, case: Arranged, inputs: list[Array], dy: Array, dstates: list[State]
) -> tuple[Array, list[dict[str, Array]]]:
    """What is expected of a backward: dx, and by name the gradients of each part."""
    H, found = t.case.H, {}
    for layer in reversed(range(case.layers)):
        x = inputs[layer]
        dx = np.zeros(x.shape)
        for side in range(case.directions):
            k = layer * case.directions + side
            mine = {name: np.zeros((t.case.N, H)) for name in ("dh0", "dc0")}
            sums: dict[str, Array] = {}
            for row, length in enumerate(case.lengths):
                turned = slice(None, None, -1 if side else 1)
                one = slice(row, row + 1)
                got = t.expected_gradients(
                    dy[one, :length, side * H : (side + 1) * H][:, turned],
                    (dstates[k][0][one], dstates[k][1][one]),
                    x=x[one, :length][:, turned],
                    state=(case.states[k][0][one], case.states[k][1][one]),
                    params=case.parts[k],
                )
                dx[row, :length] += got.dx[0, turned]
                mine["dh0"][row], mine["dc0"][row] = got.dh0[0], got.dc0[0]
                for name in ("dW", "dU", "db"):
                    sums[name] = getattr(got, name) + sums.get(name, 0)
            found[k] = mine | sums
        dy = dx
    return dy, [found[k] for k in range(len(case.parts))]


LAWS = (
    stack,
    directions,
    stack_of_directions,
    lengths,
    lengths_of_directions,
    stack_gradients,
    directions_gradients,
    lengths_gradients,
)

"""Draws the lives that decide, by NumPy's generator: the same on every machine.

Their sizes come from a small palette in which each pair of N, T, D and H stands in every relation,
and some sizes are large. Of several drawn lives the one is taken whose calls meet the most pairs of
conditions that none has met before; see `conditions`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np

from lstm_checks.engine.case import AXES, SEEDS
from lstm_checks.engine.conditions import Covered
from lstm_checks.engine.lives import (
    FLAVORS,
    GIVEN,
    OWN,
    SMALL,
    TOO_LARGE,
    WEIGHTS,
    Life,
    Maker,
    Step,
)

T_ = TypeVar("T_")
Sizes = tuple[int, int, int, int]

CANDIDATES = 12
LARGE = ((129, 160), (257, 300))  # a large size lies within one of these
LARGE_H = LARGE[0]  # the work grows with the square of H, and a subject may be slow
MIDDLE = (13, 40)
TYPICAL = (8, 10, 16, 20, 32, 50, 64)  # sizes that people choose
LONGER = (7, 20)  # more steps than a few, and quick all the same
CALLS = {"small": 24, "many": 60, "typical": 12, "large": 8}
# Of every 12 lives six have small sizes, one of them many calls, one has sizes that people choose,
# four have one large size each, and one has a longer sequence.
ROUND = ("small",) * 5 + ("many", "typical") + ("large",) * 4 + ("longer",)


def draw(rng: np.random.Generator, stateful: bool, count: int) -> Iterator[Life]:
    """The lives that decide.

    Args:
        rng: draws all.
        stateful: stateful lives or stateless ones.
        count: how many.
    """
    dice = _Dice(rng)
    sizes = palette(dice)
    covered = Covered()
    for k in range(count):
        drawn = [_life(dice, stateful, sizes, k) for _ in range(CANDIDATES)]
        calls = [covered.bits(life) for life in drawn]
        best = max(range(CANDIDATES), key=lambda one: covered.gain(calls[one]))
        covered.add(calls[best])
        yield drawn[best]


class _Dice:
    """Draws from a stock of uniform numbers, which is much quicker than one by one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._stock: list[float] = []

    def chance(self, share: float) -> bool:
        """True in this share of all draws."""
        return self._next() < share

    def pick(self, choices: Sequence[T_]) -> T_:
        """One of the choices, each as likely."""
        return choices[int(self._next() * len(choices))]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._next() * (high - low + 1))

    def _next(self) -> float:
        if not self._stock:
            self._stock = self._rng.random(4096).tolist()
        return self._stock.pop()


def palette(dice: _Dice) -> list[Sizes]:
    """Small sizes (N, T, D, H) in which each pair is once smaller, once equal and once larger.

    Two more have what is easily confused: all four equal, and D = 4H.
    """
    wanted = {(a, b, sign) for a, b in combinations(range(len(AXES)), 2) for sign in (-1, 0, 1)}
    equal, quarter = dice.between(2, 4), dice.between(1, 2)
    found: list[Sizes] = [
        (equal,) * 4,
        (dice.between(*SMALL), dice.between(*SMALL), 4 * quarter, quarter),
    ]
    while wanted:
        sizes = tuple(dice.between(*SMALL) for _ in AXES)
        shows = {
            (a, b, int(np.sign(sizes[a] - sizes[b]))) for a, b in combinations(range(len(AXES)), 2)
        }
        if shows & wanted:
            wanted -= shows
            found.append(sizes)  # type: ignore[arg-type]
    return found


@dataclass
class _Plan:
    """A life that is being drawn.

    Attributes:
        makers: what its instances are made of.
        sizes: (N, T, D, H) of each instance; N and T change from call to call.
        mixed: weights of another dtype are written.
        single: all is in float32.
        forward_only: backward is never called.
        seeds: few, so that inputs come again.
    """

    makers: list[Maker]
    sizes: list[Sizes]
    mixed: bool
    single: bool
    forward_only: bool
    seeds: list[int]


def _life(dice: _Dice, stateful: bool, palette_: list[Sizes], k: int) -> Life:
    """The k-th life: see `ROUND`."""
    kind = ROUND[k % len(ROUND)]
    sizes = [dice.pick(palette_) for _ in range(3)]
    if dice.chance(0.4):  # two instances of the same sizes
        sizes[1] = sizes[0]
    if kind == "typical":
        sizes[0] = tuple(dice.pick(TYPICAL) for _ in AXES)  # type: ignore[assignment]
    elif kind == "large":
        axis = k % len(ROUND) - ROUND.index("large")
        bounds = LARGE_H if AXES[axis] == "H" else dice.pick(LARGE)
        sizes[0] = _stretched(sizes[0], axis, dice.between(*bounds))
    elif kind == "longer":
        sizes[0] = _stretched(sizes[0], AXES.index("T"), dice.between(*MIDDLE))
    sizes = sizes[: dice.pick((1, 1, 1, 2, 2, 3))]
    single = kind == "small" and k % 4 == 3
    mixed = kind == "small" and not single and dice.chance(0.3)
    makers = [Maker(D, H, stateful, "float32" if single else "float64") for *_, D, H in sizes]
    if stateful and dice.chance(0.3):  # another instance is stateless
        makers[1:] = [replace(maker, stateful=False) for maker in makers[1:]]
    if mixed and dice.chance(0.5):  # or works in float32
        makers[1:] = [replace(maker, dtype="float32") for maker in makers[1:]]
    plan = _Plan(
        makers,
        sizes,
        mixed,
        single,
        forward_only=dice.chance(0.2),
        seeds=[dice.between(0, SEEDS - 1) for _ in range(3)],
    )
    return Life(
        makers=tuple(makers),
        steps=tuple(_steps(dice, plan, CALLS.get(kind, CALLS["large"]))),
        scale=1.0 if single or mixed else dice.pick((0.5, 1.0, 1.0, 2.0)),
        seed=dice.between(0, SEEDS - 1),
    )


def _stretched(sizes: Sizes, axis: int, size: int) -> Sizes:
    return *sizes[:axis], size, *sizes[axis + 1 :]  # type: ignore[return-value]


def _steps(dice: _Dice, plan: _Plan, count: int) -> list[Step]:
    """About this many calls, the first of which is a forward, perhaps after a reset."""
    batch = [N for N, *_ in plan.sizes]
    steps = [Step("reset")] if plan.makers[0].stateful and dice.chance(0.2) else []
    steps.append(_forward(dice, plan, 0, batch))
    while len(steps) < count:
        who = dice.between(0, len(plan.sizes) - 1)
        kind = dice.between(1, 100)
        if kind <= (75 if plan.forward_only else 42):
            steps.append(_forward(dice, plan, who, batch))
        elif kind <= 78 and not plan.forward_only:
            steps.append(_backward(dice, plan, who))
            while dice.chance(0.25):
                steps.append(_backward(dice, plan, who))
        elif kind <= 80:
            steps.append(Step("make", who, seed=_seed(dice, plan)))
            batch[who] = plan.sizes[who][0]
        elif kind <= 89 and plan.makers[who].stateful:
            if dice.chance(0.5):
                batch[who] = dice.between(*SMALL)
            steps.append(Step("reset", who))
        else:
            steps += _write(dice, plan, who)
    return steps


def _forward(dice: _Dice, plan: _Plan, who: int, batch: list[int]) -> Step:
    N, T, *_ = plan.sizes[who]
    if dice.chance(0.45):  # another length, another batch
        how = dice.chance(0.3)
        T = 1 if how else dice.between(*(LONGER if dice.chance(0.25) else SMALL))
        N = dice.between(*SMALL)
    given = dice.pick(("", "", "", *GIVEN[1:], "drawn", OWN, OWN))
    if plan.makers[
        who
    ].stateful:  # the carried state says how many rows there are, unless one is given
        if given and given != OWN and dice.chance(0.3):
            batch[who] = N
        N = batch[who]
    return Step(
        "forward",
        who,
        N=N,
        T=T,
        seed=_seed(dice, plan),
        given=given,
        keyword=dice.chance(0.3),
        layout=_layout(dice),
        same_x=dice.chance(0.3),
        nearly=dice.chance(0.15),
        flavor=_flavor(dice, plan),
    )


def _backward(dice: _Dice, plan: _Plan, who: int) -> Step:
    return Step(
        "backward",
        who,
        seed=_seed(dice, plan),
        given=dice.pick(("", "", "", *GIVEN)),
        keyword=dice.chance(0.3),
        layout=_layout(dice),
        own_y=dice.chance(0.15),
        used_up=dice.chance(0.2),
        flavor=_flavor(dice, plan),
    )


def _write(dice: _Dice, plan: _Plan, who: int) -> list[Step]:
    step = Step(
        "write",
        who,
        seed=_seed(dice, plan),
        layout=_layout(dice),
        flavor=dice.pick(("normal", "normal", "normal", "zeros", "large")),
        weights=dice.pick(WEIGHTS),
        in_place=dice.chance(0.5),
    )
    if not (plan.mixed and dice.chance(0.6)):
        return [step]
    dtype = dice.pick(("float32", "float64"))
    # What is carried has a dtype: a stateful instance begins anew.
    before = [Step("reset", who)] if plan.makers[who].stateful else []
    return [*before, Step("write", who, seed=step.seed, weights=WEIGHTS[0], dtype=dtype)]


def _seed(dice: _Dice, plan: _Plan) -> int:
    return dice.pick(plan.seeds) if dice.chance(0.3) else dice.between(0, SEEDS - 1)


def _layout(dice: _Dice) -> str:
    return dice.pick(("C", "C", "C", "F", "strided"))


def _flavor(dice: _Dice, plan: _Plan) -> str:
    if dice.chance(0.2):
        return "normal"
    flavor = dice.pick(FLAVORS)
    return "normal" if flavor in TOO_LARGE and (plan.mixed or plan.single) else flavor

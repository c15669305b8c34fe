"""Draws the lives that decide, by NumPy's generator: the same on every machine.

Their sizes come from a small palette in which each pair of N, T, D and H stands in every relation,
and some sizes are large. Each life has habits of its own: what it does often, seldom and never. So
some calls come many times in a row, which they would not if all were drawn alike (swarm testing:
Groce et al. 2012). Of several drawn lives the one is taken whose calls meet the most pairs of
conditions that none has met before; see `conditions`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np

from lstm_checks.engine.case import AXES, SEEDS
from lstm_checks.engine.conditions import Covered, Orders
from lstm_checks.engine.lives import (
    FLAVORS,
    GIVEN,
    OWN,
    SMALL,
    TOO_LARGE,
    WEIGHTS,
    Do,
    Life,
    Maker,
    Step,
)

T_ = TypeVar("T_")
Sizes = tuple[int, int, int, int]

CANDIDATES = 12  # lives, of which one is taken
WAYS = 3  # to go on in a life, likewise
LARGE = ((129, 160), (257, 300))  # a large size lies within one of these
LARGE_H = LARGE[0]  # the work grows with the square of H, and a subject may be slow
TYPICAL = (7, 8, 10, 16, 20, 32, 50)  # sizes that people choose
LONGER = (7, 20)  # more steps than a few, and quick all the same
CALLS = {"small": 24, "many": 60, "typical": 8, "large": 8}
# Of every 12 lives six have small sizes, one of them many calls, two have sizes that people choose,
# and four have one large size each.
ROUND = ("small",) * 5 + ("many", "typical") + ("large",) * 4 + ("typical",)


def draw(rng: np.random.Generator, stateful: bool, count: int) -> Iterator[Life]:
    """The lives that decide.

    Args:
        rng: draws all.
        stateful: stateful lives or stateless ones.
        count: how many.
    """
    dice = _Dice(rng)
    sizes = palette(dice)
    covered, orders = Covered(), Orders()
    for k in range(count):
        drawn = [_life(dice, stateful, sizes, orders, k) for _ in range(CANDIDATES)]
        calls = [covered.bits(life) for life in drawn]
        best = max(range(CANDIDATES), key=lambda one: covered.gain(calls[one]))
        covered.add(calls[best])
        orders.add_life(drawn[best])
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

    def some(self, choices: Sequence[T_]) -> list[T_]:
        """One, two, four or all of the choices."""
        count = self.pick((1, 2, 4, len(choices)))
        if count == len(choices):
            return list(choices)
        return [self.pick(choices) for _ in range(count)]

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
    """A life that is being drawn, and its habits.

    Attributes:
        makers: what its instances are made of.
        sizes: (N, T, D, H) of each instance; N and T change from call to call.
        mixed: weights of another dtype are written.
        seeds: few, so that inputs come again.
        kinds: what is called, each as often as it stands here.
        given, given_back: what is given as the state, and as the gradient on it.
        flavors, layouts: of the data.
        varies: the share of calls with another N and T.
        chances: the share of calls that are made in each of some manners.
    """

    makers: list[Maker]
    sizes: list[Sizes]
    mixed: bool
    seeds: list[int]
    kinds: Sequence[Do]
    given: Sequence[str]
    given_back: Sequence[str]
    flavors: Sequence[str]
    layouts: Sequence[str]
    varies: float
    chances: dict[str, float]


def _life(dice: _Dice, stateful: bool, palette_: list[Sizes], earlier: Orders, k: int) -> Life:
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
    sizes = sizes[: dice.pick((1, 1, 1, 2, 2, 3))]
    single = kind == "small" and k % 3 == 1
    mixed = kind == "small" and not single and dice.chance(0.3)
    makers = [Maker(D, H, stateful, "float32" if single else "float64") for *_, D, H in sizes]
    if stateful and dice.chance(0.4):  # another instance is stateless
        makers[1:] = [replace(maker, stateful=False) for maker in makers[1:]]
    if mixed and dice.chance(0.5):  # or works in float32
        makers[1:] = [replace(maker, dtype="float32") for maker in makers[1:]]
    plan = _plan(dice, makers, sizes, single, mixed, k)
    return Life(
        makers=tuple(makers),
        steps=tuple(_steps(dice, plan, Orders(earlier), CALLS.get(kind, CALLS["large"]))),
        scale=1.0 if single or mixed else dice.pick((0.5, 1.0, 1.0, 2.0)),
        seed=dice.between(0, SEEDS - 1),
    )


def _stretched(sizes: Sizes, axis: int, size: int) -> Sizes:
    return *sizes[:axis], size, *sizes[axis + 1 :]  # type: ignore[return-value]


def _plan(
    dice: _Dice, makers: list[Maker], sizes: list[Sizes], single: bool, mixed: bool, k: int
) -> _Plan:
    """The habits of the k-th life. In float32 data is not large: too few digits would be left."""
    flavors = dice.some(("normal", *FLAVORS, *TOO_LARGE))  # the large ones are few, so twice
    flavors.append(FLAVORS[k % len(FLAVORS)])
    if single or mixed:
        flavors = ["normal" if flavor in TOO_LARGE else flavor for flavor in flavors]
    often: dict[Do, Sequence[int]] = {
        "forward": (3, 5),
        "backward": (0, 2, 4, 4),
        "make": (0, 0, 1),
        "reset": (0, 1, 2, 3) if makers[0].stateful else (0,),
        "write": (0, 1, 2),
    }
    kinds = [do for do, times in often.items() for _ in range(dice.pick(times))]
    if mixed:
        kinds.append("write")
    given = dice.some((*GIVEN, "", OWN))
    if dice.chance(0.6):  # half of the calls go without, as most of a user's do
        given += [""] * len(given)
    return _Plan(
        makers,
        sizes,
        mixed,
        seeds=[dice.between(0, SEEDS - 1) for _ in range(3)],
        kinds=kinds,
        given=given,
        given_back=dice.some((*GIVEN, "")),
        flavors=flavors,
        layouts=dice.some(("C", "C", "F", "strided", "window")),
        varies=dice.pick((0.0, 0.3, 0.6)),
        chances={
            "keyword": dice.pick((0.0, 0.3, 1.0)),
            "same_x": dice.pick((0.0, 0.3, 0.7)),
            "nearly": dice.pick((0.0, 0.0, 0.3)),
            "again": dice.pick((0.0, 0.25, 0.7)),
            "own_y": dice.pick((0.0, 0.0, 0.3)),
            "used_up": dice.pick((0.0, 0.0, 0.4)),
            "seed": dice.pick((0.1, 0.5)),
        },
    )


def _steps(dice: _Dice, plan: _Plan, orders: Orders, count: int) -> list[Step]:
    """About this many calls, the first of which is a forward, perhaps after a reset.

    Of two ways to go on, the life takes the one whose order of events it has met less often.
    """
    batch = [N for N, *_ in plan.sizes]
    steps = [Step("reset")] if plan.makers[0].stateful and dice.chance(0.2) else []
    steps.append(_forward(dice, plan, 0, batch))
    for step in steps:
        orders.add(step)
    while len(steps) < count:
        ways: list[tuple[int, int, list[Step], list[int]]] = []
        for _ in range(WAYS):
            after = list(batch)
            way = _way(dice, plan, after)
            if way:
                ways.append((orders.times(way[0]), len(ways), way, after))
        if ways:
            *_, way, batch = min(ways)
            steps += way
            for step in way:
                orders.add(step)
    return steps


def _way(dice: _Dice, plan: _Plan, batch: list[int]) -> list[Step]:
    """A way to go on; it may be none. The number of rows of each instance is changed by it."""
    who = dice.between(0, len(plan.sizes) - 1)
    do = dice.pick(plan.kinds)
    if do == "forward":
        return [_forward(dice, plan, who, batch)]
    if do == "backward":
        steps = [_backward(dice, plan, who)]
        while dice.chance(plan.chances["again"]):
            steps.append(_backward(dice, plan, who))
        return steps
    if do == "make":
        batch[who] = plan.sizes[who][0]
        return [Step("make", who, seed=_seed(dice, plan))]
    if do == "write":
        return _write(dice, plan, who)
    if not plan.makers[who].stateful:
        return []
    if dice.chance(plan.varies):
        batch[who] = dice.between(*SMALL)
    return [Step("reset", who)] * (2 if dice.chance(0.15) else 1)


def _forward(dice: _Dice, plan: _Plan, who: int, batch: list[int]) -> Step:
    N, T, *_ = plan.sizes[who]
    if dice.chance(plan.varies):  # another length, another batch
        T = 1 if dice.chance(0.3) else dice.between(*(LONGER if dice.chance(0.25) else SMALL))
        N = dice.between(*SMALL)
    given = dice.pick(plan.given)
    if plan.makers[who].stateful:  # the carried state says how many rows, unless one is given
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
        keyword=dice.chance(plan.chances["keyword"]),
        layout=dice.pick(plan.layouts),
        same_x=dice.chance(plan.chances["same_x"]),
        nearly=dice.chance(plan.chances["nearly"]),
        flavor=dice.pick(plan.flavors),
    )


def _backward(dice: _Dice, plan: _Plan, who: int) -> Step:
    return Step(
        "backward",
        who,
        seed=_seed(dice, plan),
        given=dice.pick(plan.given_back),
        keyword=dice.chance(plan.chances["keyword"]),
        layout=dice.pick(plan.layouts),
        own_y=dice.chance(plan.chances["own_y"]),
        used_up=dice.chance(plan.chances["used_up"]),
        flavor=dice.pick(plan.flavors),
    )


def _write(dice: _Dice, plan: _Plan, who: int) -> list[Step]:
    in_place = dice.chance(0.5)
    step = Step(
        "write",
        who,
        seed=_seed(dice, plan),
        layout=dice.pick(plan.layouts),
        flavor=dice.pick(("normal", "normal", "normal", "zeros", "large")),
        weights=dice.pick(WEIGHTS),
        in_place=in_place,
        block=dice.between(0, 3) if in_place and dice.chance(0.4) else None,
    )
    if not (plan.mixed and dice.chance(0.6)):
        return [step]
    dtype = dice.pick(("float32", "float64"))
    # What is carried has a dtype: a stateful instance begins anew.
    before = [Step("reset", who)] if plan.makers[who].stateful else []
    return [*before, Step("write", who, seed=step.seed, weights=WEIGHTS[0], dtype=dtype)]


def _seed(dice: _Dice, plan: _Plan) -> int:
    chance = plan.chances["seed"]
    return dice.pick(plan.seeds) if dice.chance(chance) else dice.between(0, SEEDS - 1)

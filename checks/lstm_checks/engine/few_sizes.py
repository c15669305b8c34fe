"""Few sizes, for a subject that compiles a function for each: lives keep to a pool of them.

A compilation costs some tenths of a second, and a run would meet two hundred sizes. So each
instance of a life takes the nearest sizes of a pool: some small ones, one that people choose, one
with a longer sequence, and one with each of N, T, D and H large. All else of a life stays as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from lstm_checks.engine.case import AXES
from lstm_checks.engine.lives import Life, Step

Sizes = tuple[int, int, int, int]

SMALL = 3  # how many
SMALL_BOUNDS = (2, 6)
TYPICAL: Sizes = (8, 10, 16, 20)
LONGER = (20, 40)
LARGE = (129, 160)


@cache
def pool(seed: int) -> tuple[Sizes, ...]:
    """The sizes (N, T, D, H) of a seed, the small ones first."""
    rng = np.random.default_rng([seed, len(AXES)])

    def between(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    small = [[between(*SMALL_BOUNDS) for _ in AXES] for _ in range(SMALL)]
    others = []
    for number, (axis, bounds) in enumerate([("T", LONGER), *((axis, LARGE) for axis in AXES)]):
        stretched = list(small[number % SMALL])
        stretched[AXES.index(axis)] = between(*bounds)
        others.append(stretched)
    return tuple((N, T, D, H) for N, T, D, H in (*small, TYPICAL, *others))


def kept_to(life: Life, sizes: Sequence[Sizes]) -> Life:
    """The life with each instance at the nearest of some sizes.

    At the small ones a call may still have one row or one time step.
    """
    chosen = [_nearest(life, who, sizes) for who in range(len(life.makers))]
    small = set(sizes[:SMALL])

    def fitted(step: Step) -> Step:
        N, T, *_ = found = chosen[step.who % len(chosen)]
        alone = found in small
        return replace(
            step, N=1 if alone and step.N == 1 else N, T=1 if alone and step.T == 1 else T
        )

    makers = (replace(m, D=D, H=H) for m, (*_, D, H) in zip(life.makers, chosen, strict=True))
    return replace(life, makers=tuple(makers), steps=tuple(map(fitted, life.steps)))


def _nearest(life: Life, who: int, sizes: Sequence[Sizes]) -> Sizes:
    """The sizes whose ratios to the largest of an instance are the least."""
    steps = [step for step in life.steps if step.who % len(life.makers) == who]
    maker = life.makers[who]
    N, T = (max((getattr(step, axis) for step in steps), default=1) for axis in "NT")
    mine = np.log([N, T, maker.D, maker.H])
    return min(sizes, key=lambda one: float(np.abs(np.log(one) - mine).sum()))

"""Lives: drawn sequences of calls on one or two instances, held against the textbook at each call.

A law on a single call sees one way of calling. A life mixes all that the contract allows: a state
given or not, a gradient on the final state given or not, first and later calls, backward once or
again, weights replaced or written in place, all of them or one alone, other sizes than before, a
second instance in between, a reset, float64 and float32, and data with zeros, equal rows or large
values. Its sizes come from a small palette in which each pair of N, T, D and H stands in every
relation, and some sizes are large.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from hypothesis import strategies as st

from lstm_checks.engine.case import AXES, Case

Do = Literal["forward", "backward", "reset", "write"]
LARGE = (101, 133)  # a large size lies within
MIDDLE = (13, 40)
SMALL = (1, 6)
TYPICAL = (8, 10, 16, 20, 32)  # sizes that people choose
LONGER = (7, 20)  # more steps than a few, and quick all the same
FLAVORS = ("normal", "normal", "zeros", "equal_rows", "large", "negative")
WEIGHTS = (("W", "U", "b"), ("W", "U", "b"), ("W",), ("U",), ("b",))


@dataclass(frozen=True)
class Step:
    """One call in a life.

    Attributes:
        do: what is called.
        who: on which instance.
        N, T: the sizes of a forward.
        seed: draws the arrays.
        given: a state is given to forward, or a gradient on the final state to backward.
        weights: which weights are written.
        in_place: they are written into the arrays that are there.
        keyword: the state, or the gradient on the final state, is given by its keyword; None
            is then given too.
        own: the state that is given is the one that the last forward returned, the same objects.
        layout: how the arguments lie in memory; see `Instance.forward`.
        dtype: of the arrays from here on, where all weights are written.
    """

    do: Do
    who: int = 0
    N: int = 1
    T: int = 1
    seed: int = 0
    given: bool = False
    weights: tuple[str, ...] = ()
    in_place: bool = False
    keyword: bool = False
    own: bool = False
    layout: str = "C"
    dtype: str = ""


@dataclass(frozen=True)
class Life:
    """A sequence of calls.

    Attributes:
        sizes: (D, H) of each instance.
        steps: the calls, in order.
        stateful: whether the instances are stateful.
        dtype: of the arrays, until weights of another are written.
        scale: of the weights.
        flavor: of the data; see `Case`.
        seed: draws the first weights.
    """

    sizes: tuple[tuple[int, int], ...]
    steps: tuple[Step, ...]
    stateful: bool
    dtype: str = "float64"
    scale: float = 1.0
    flavor: str = "normal"
    seed: int = 0

    def case(
        self, who: int, N: int = 1, T: int = 1, seed: int | None = None, dtype: str = ""
    ) -> Case:
        """The case whose arrays an instance gets in a call."""
        D, H = self.sizes[who]
        seed = self.seed + who if seed is None else seed
        return Case(N, T, D, H, self.scale, seed, dtype or self.dtype, flavor=self.flavor)

    def kept(self, keep: tuple[bool, ...]) -> "Life":
        """The life with some of its calls alone, and without an instance that none of them uses."""
        steps = [step for step, kept in zip(self.steps, keep, strict=True) if kept]
        used = sorted({step.who % len(self.sizes) for step in steps}) or [0]
        return replace(
            self,
            sizes=tuple(self.sizes[who] for who in used),
            steps=tuple(replace(s, who=used.index(s.who % len(self.sizes))) for s in steps),
        )

    def capped(self, N: int, T: int, D: int, H: int) -> "Life":
        """The life with no size above these."""
        return replace(
            self,
            sizes=tuple((min(d, D), min(h, H)) for d, h in self.sizes),
            steps=tuple(replace(s, N=min(s.N, N), T=min(s.T, T)) for s in self.steps),
        )

    def largest(self) -> tuple[int, int, int, int]:
        """The largest N, T, D and H in it."""
        return (
            max((step.N for step in self.steps), default=1),
            max((step.T for step in self.steps), default=1),
            max(D for D, _ in self.sizes),
            max(H for _, H in self.sizes),
        )


def palette(rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """Small sizes (N, T, D, H) in which each pair is once smaller, once equal and once larger."""
    wanted = {(a, b, sign) for a, b in combinations(range(len(AXES)), 2) for sign in (-1, 0, 1)}
    found = []
    while wanted:
        sizes = tuple(int(n) for n in rng.integers(*SMALL, size=len(AXES), endpoint=True))
        shows = {
            (a, b, int(np.sign(sizes[a] - sizes[b]))) for a, b in combinations(range(len(AXES)), 2)
        }
        if shows & wanted:
            wanted -= shows
            found.append(sizes)
    return found  # type: ignore[return-value]


def draw(rng: np.random.Generator, stateful: bool, count: int) -> Iterator[Life]:
    """Lives by NumPy's generator.

    Of every 12 lives six have small sizes, one has sizes that people choose, four have one large
    size each, and one has a longer sequence.
    """
    sizes = palette(rng)
    for k in range(count):
        small = [sizes[int(rng.integers(len(sizes)))] for _ in range(2)]
        stretched = k % 12 - 7
        if stretched == -1:
            typical = tuple(int(n) for n in rng.choice(TYPICAL, size=len(AXES)))
            yield _life(rng, stateful, [typical], float32=False)  # type: ignore[list-item]
            continue
        if stretched < 0:
            yield _life(rng, stateful, small, float32=k % 4 == 3)
            continue
        low, high = LARGE if stretched < len(AXES) else MIDDLE
        axis = stretched if stretched < len(AXES) else AXES.index("T")
        large = list(small[0])
        large[axis] = int(rng.integers(low, high, endpoint=True))
        yield _life(rng, stateful, [tuple(large)], float32=False)  # type: ignore[list-item]


def _life(
    rng: np.random.Generator,
    stateful: bool,
    sizes: list[tuple[int, int, int, int]],
    float32: bool,
) -> Life:
    two = len(sizes) > 1 and rng.random() < 0.5
    sizes = sizes if two else sizes[:1]
    large = max(max(one) for one in sizes) > max(TYPICAL)
    flavor = "normal" if float32 else str(rng.choice(FLAVORS))
    mixed = not float32 and flavor != "large" and not large and rng.random() < 0.25
    steps = _large(rng, sizes[0]) if large else _small(rng, stateful, sizes, mixed)
    return Life(
        sizes=tuple((D, H) for *_, D, H in sizes),
        steps=tuple(steps),
        stateful=stateful,
        dtype="float32" if float32 else "float64",
        scale=1.0 if float32 or mixed else float(rng.choice([0.5, 1.0, 1.0, 2.0])),
        flavor=flavor,
        seed=int(rng.integers(1 << 16)),
    )


def _large(rng: np.random.Generator, sizes: tuple[int, int, int, int]) -> list[Step]:
    """Two rounds of both passes with large sizes: with a state and without."""
    N, T, *_ = sizes
    steps = []
    given = _coin(rng)
    for round_ in (False, True):
        seeds = [int(seed) for seed in rng.integers(1 << 16, size=2)]
        steps.append(Step("forward", 0, N, T, seeds[0], given ^ round_))
        steps.append(Step("backward", 0, seed=seeds[1], given=_coin(rng)))
    return steps


def _small(
    rng: np.random.Generator,
    stateful: bool,
    sizes: list[tuple[int, int, int, int]],
    mixed: bool,
) -> list[Step]:
    """Some calls with small sizes, some of longer sequences; in a third of lives no backward."""
    batch = [N for N, *_ in sizes]
    steps: list[Step] = []
    forward_only = bool(rng.random() < 0.34)
    seeds = [int(seed) for seed in rng.integers(1 << 16, size=3)]  # few, so that inputs come again
    for _ in range(int(rng.integers(6, 12))):
        who = int(rng.integers(len(sizes)))
        seed = int(rng.choice(seeds)) if rng.random() < 0.4 else int(rng.integers(1 << 16))
        steps += _steps(rng, who, sizes[who], batch, stateful, mixed, forward_only, seed)
    return steps


def _steps(
    rng: np.random.Generator,
    who: int,
    sizes: tuple[int, int, int, int],
    batch: list[int],
    stateful: bool,
    mixed: bool,
    forward_only: bool,
    seed: int,
) -> list[Step]:
    """The next call, or two that belong together."""
    keyword, own = bool(rng.random() < 0.3), bool(rng.random() < 0.4)
    layout = str(rng.choice(("C", "C", "C", "F", "strided")))
    kind = rng.random()
    if kind < (0.77 if forward_only else 0.42):
        N, T, *_ = sizes
        if rng.random() < 0.5:  # another length, another batch
            how = rng.random()
            T = 1 if how < 0.3 else int(rng.integers(*(LONGER if how > 0.75 else SMALL)))
            N = int(rng.integers(*SMALL, endpoint=True))
        N = batch[who] if stateful else N
        return [
            Step("forward", who, N, T, seed, _coin(rng), keyword=keyword, own=own, layout=layout)
        ]
    if kind < 0.77:
        once = Step("backward", who, seed=seed, given=_coin(rng), keyword=keyword, layout=layout)
        again = Step("backward", who, seed=seed + 1, given=_coin(rng))
        return [once, again] if rng.random() < 0.3 else [once]
    if kind < 0.86 and stateful:
        if rng.random() < 0.5:
            batch[who] = int(rng.integers(*SMALL, endpoint=True))
        return [Step("reset", who)]
    if mixed and rng.random() < 0.6:
        dtype = str(rng.choice(["float32", "float64"]))
        return [Step("write", who, seed=seed, weights=WEIGHTS[0], dtype=dtype)]
    weights = WEIGHTS[int(rng.integers(len(WEIGHTS)))]
    return [Step("write", who, seed=seed, weights=weights, in_place=_coin(rng))]


def _coin(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def lives(stateful: bool) -> st.SearchStrategy[Life]:
    """All lives with small sizes, the shortest first: for Hypothesis."""
    size, seed = st.integers(*SMALL), st.integers(0, (1 << 16) - 1)
    who, given = st.integers(0, 1), st.booleans()
    forward = st.builds(Step, st.just("forward"), who, size, size, seed, given)
    backward = st.builds(Step, st.just("backward"), who, seed=seed, given=given)
    write = st.builds(
        Step, st.just("write"), who, seed=seed, weights=st.sampled_from(WEIGHTS), in_place=given
    )
    steps = [forward, backward, write]
    if stateful:
        steps.append(st.builds(Step, st.just("reset"), who))
    return st.builds(
        Life,
        sizes=st.lists(st.tuples(size, size), min_size=1, max_size=2).map(tuple),
        steps=st.lists(st.one_of(steps), min_size=1, max_size=8).map(tuple),
        stateful=st.just(stateful),
        scale=st.sampled_from((1.0, 0.5, 2.0)),
        flavor=st.sampled_from(tuple(dict.fromkeys(FLAVORS))),
        seed=seed,
    )


def shorter(life: Life) -> st.SearchStrategy[Life]:
    """Parts of a life: some of its calls alone."""
    keep = st.sampled_from((False, True, True, True))
    return st.tuples(*(keep for _ in life.steps)).map(life.kept)


def smaller(life: Life) -> st.SearchStrategy[Life]:
    """The life with smaller sizes, and with plainer data."""
    caps = st.tuples(*(st.integers(1, size) for size in life.largest()))
    flavor = st.sampled_from(tuple(dict.fromkeys(("normal", life.flavor))))
    return st.builds(lambda caps, flavor: replace(life.capped(*caps), flavor=flavor), caps, flavor)

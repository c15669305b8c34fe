"""Lives: sequences of calls on one or two instances, held against the textbook at each call.

A law on a single call sees one way of calling. A life mixes all that the contract allows: a state
given or not, a gradient on the final state given or not, first and later calls, backward once or
again, weights replaced or written in place, all of them or one alone, other sizes than before, more
instances in between, of other sizes, modes and dtypes, some of them new, a reset, arrays that the
caller uses again, float64 and float32, and data with zeros, equal rows or large values.
`draw_lives` draws those that decide.
"""

from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import strategies as st

from lstm_checks.engine.case import LARGER, Case

Do = Literal["make", "forward", "backward", "reset", "write"]
SMALL = (1, 6)
FLAVORS = (
    "normal",
    "zeros",
    "sparse",
    "nothing",
    "equal_rows",
    "equal_steps",
    "constant",
    "one_hot",
    "last",
    "large",
    "huge",
    "negative",
    "positive",
)
TOO_LARGE = tuple(LARGER)  # for float32, which has too few digits for them
# What is given as the state, or as the gradient on the final state: nothing, drawn arrays, zeros,
# an h or a c alone beside zeros, one array for both, or (as the state, and in place of dy) what the
# last forward returned.
GIVEN = ("", "drawn", "zeros", "h", "c", "one array")
ONE_ARRAY = GIVEN[-1]
OWN = "own"
WEIGHTS = (("W", "U", "b"), ("W",), ("U",), ("b",))


@dataclass(frozen=True)
class Step:
    """One call in a life.

    Attributes:
        do: what is called; "make" puts a new instance in the place of an older one.
        who: on which instance.
        N, T: the sizes of a forward.
        seed: draws the arrays.
        given: what is given to forward as the state, or to backward as its gradient; see `GIVEN`.
        keyword: it is given by its keyword; None is then given too.
        layout: how the arguments lie in memory; see `Instance.forward`.
        same_x: the inputs are written into the array that the last forward got, which is given.
        nearly: the inputs are those of the last forward but for the very last number.
        own_y: the y that the last forward returned is given to backward as dy.
        used_up: the caller writes into the gradients that backward gave, once he has them.
        flavor: of the data; see `Case`. Of weights that are written, "zeros" makes the ones named
            zero, and "large" makes them larger.
        weights: which weights are written.
        in_place: they are written into the arrays that are there.
        block: of these, the columns of one gate alone are written: i, f, g and o are 0 to 3.
        dtype: of the arrays from here on, where all weights are written.
    """

    do: Do
    who: int = 0
    N: int = 1
    T: int = 1
    seed: int = 0
    given: str = ""
    keyword: bool = False
    layout: str = "C"
    same_x: bool = False
    nearly: bool = False
    own_y: bool = False
    used_up: bool = False
    flavor: str = "normal"
    weights: tuple[str, ...] = ()
    in_place: bool = False
    block: int | None = None
    dtype: str = ""

    @property
    def event(self) -> str:
        """What it is, as a part of an order of events."""
        return f"{self.do} with a state" if self.given else self.do


@dataclass(frozen=True)
class Maker:
    """What an instance is made of.

    Attributes:
        D, H: its sizes.
        stateful: its mode.
        dtype: of its arrays, until weights of another are written.
    """

    D: int
    H: int
    stateful: bool = False
    dtype: str = "float64"


@dataclass(frozen=True)
class Life:
    """A sequence of calls.

    Attributes:
        makers: of each instance; all are made at first.
        steps: the calls, in order.
        scale: of the weights.
        seed: draws the first weights.
    """

    makers: tuple[Maker, ...]
    steps: tuple[Step, ...]
    scale: float = 1.0
    seed: int = 0

    def case(self, who: int, step: Step | None = None, N: int = 1, dtype: str = "") -> Case:
        """The case whose arrays an instance gets in a call; its first weights without one."""
        made = self.makers[who]
        step = step or Step("write", seed=self.seed + who)
        dtype = dtype or made.dtype
        return Case(N, step.T, made.D, made.H, self.scale, step.seed, dtype, flavor=step.flavor)

    def single(self) -> "Life":
        """The life in float32, for a subject that works in it alone."""
        makers = (replace(maker, dtype="float32") for maker in self.makers)
        steps = (replace(step, dtype="") for step in self.steps)
        return replace(self, makers=tuple(makers), steps=tuple(steps)).moderate()

    def moderate(self) -> "Life":
        """The life without large data."""
        steps = (
            replace(step, flavor="normal") if step.flavor in TOO_LARGE else step
            for step in self.steps
        )
        return replace(self, steps=tuple(steps))

    def kept(self, keep: tuple[bool, ...]) -> "Life":
        """The life with some of its calls alone, and without an instance that none of them uses."""
        steps = [step for step, kept in zip(self.steps, keep, strict=True) if kept]
        used = sorted({step.who % len(self.makers) for step in steps}) or [0]
        return replace(
            self,
            makers=tuple(self.makers[who] for who in used),
            steps=tuple(replace(s, who=used.index(s.who % len(self.makers))) for s in steps),
        )

    def capped(self, N: int, T: int, D: int, H: int) -> "Life":
        """The life with no size above these."""
        return replace(
            self,
            makers=tuple(replace(m, D=min(m.D, D), H=min(m.H, H)) for m in self.makers),
            steps=tuple(replace(s, N=min(s.N, N), T=min(s.T, T)) for s in self.steps),
        )

    def plain(self) -> "Life":
        """The life with plain data, given as an array in the usual layout lies."""
        steps = (
            replace(
                step,
                flavor="normal",
                layout="C",
                keyword=False,
                same_x=False,
                nearly=False,
                own_y=False,
                used_up=False,
            )
            for step in self.steps
        )
        return replace(self, steps=tuple(steps))

    def largest(self) -> tuple[int, int, int, int]:
        """The largest N, T, D and H in it."""
        return (
            max((step.N for step in self.steps), default=1),
            max((step.T for step in self.steps), default=1),
            max(maker.D for maker in self.makers),
            max(maker.H for maker in self.makers),
        )


def lives(stateful: bool) -> st.SearchStrategy[Life]:
    """All lives with small sizes, the shortest first: for Hypothesis."""
    size, seed = st.integers(*SMALL), st.integers(0, (1 << 16) - 1)
    who, given, flavor = st.integers(0, 1), st.sampled_from(GIVEN), st.sampled_from(FLAVORS)
    given_or_own = st.sampled_from((*GIVEN, OWN))
    forward = st.builds(
        Step, st.just("forward"), who, size, size, seed, given_or_own, flavor=flavor
    )
    backward = st.builds(Step, st.just("backward"), who, seed=seed, given=given, flavor=flavor)
    write = st.builds(
        Step,
        st.just("write"),
        who,
        seed=seed,
        weights=st.sampled_from(WEIGHTS),
        in_place=st.booleans(),
    )
    steps = [forward, backward, write, st.builds(Step, st.just("make"), who)]
    if stateful:
        steps.append(st.builds(Step, st.just("reset"), who))
    maker = st.builds(Maker, size, size, st.just(stateful))
    return st.builds(
        Life,
        makers=st.lists(maker, min_size=1, max_size=2).map(tuple),
        steps=st.lists(st.one_of(steps), min_size=1, max_size=8).map(tuple),
        scale=st.sampled_from((1.0, 0.5, 2.0)),
        seed=seed,
    )


def shorter(life: Life) -> st.SearchStrategy[Life]:
    """Parts of a life: some of its calls alone."""
    keep = st.sampled_from((False, True, True, True))
    return st.tuples(*(keep for _ in life.steps)).map(life.kept)


def smaller(life: Life) -> st.SearchStrategy[Life]:
    """The life with smaller sizes, and with plainer data."""
    caps = st.tuples(*(st.integers(1, size) for size in life.largest()))

    def made(caps: tuple[int, int, int, int], plain: bool) -> Life:
        capped = life.capped(*caps)
        return capped.plain() if plain else capped

    return st.builds(made, caps, st.booleans())

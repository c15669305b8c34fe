"""What a call in a life is like, as a set of conditions: what a fault may depend on.

A fault under a condition shows in a call that meets it, and a fault under two conditions in a call
that meets both. So lives are drawn such that their calls meet as many pairs of conditions as they
can: a covering array, by a greedy draw. A call's conditions are the bits of an integer.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from lstm_checks.engine.case import AXES
from lstm_checks.engine.lives import OWN, Life, Maker, Step

EXACT = (1, 2, 3)
AT_LEAST = (5, 8, 16, 32, 64)
COUNTED = 4  # how far calls are counted one by one
MANY = (6, 9, 14, 20)
STEPS = (10, 20, 40, 80, 160)  # time steps, over calls that are continued
MEMORY = 3  # how many events before a call are told, in their order


@dataclass
class Covered:
    """Which pairs of conditions the calls of some lives have met."""

    _number: dict[str, int] = field(default_factory=dict)
    _beside: dict[int, int] = field(default_factory=dict)  # by a condition: those met with it

    def bits(self, life: Life) -> list[int]:
        """The conditions of each forward and backward of a life."""
        return [self._bits(names) for names in conditions(life)]

    def gain(self, calls: list[int]) -> int:
        """How many pairs the calls meet that were not met before, two times each."""
        new: dict[int, int] = {}
        for bits in calls:
            for one in _ones(bits):
                new[one] = new.get(one, 0) | bits
        return sum((bits & ~self._beside.get(one, 0)).bit_count() for one, bits in new.items())

    def add(self, calls: list[int]) -> None:
        """The calls are made."""
        for bits in calls:
            for one in _ones(bits):
                self._beside[one] = self._beside.get(one, 0) | bits

    def _bits(self, names: list[str]) -> int:
        bits = 0
        for name in names:
            bits |= 1 << self._number.setdefault(name, len(self._number))
        return bits


class Orders:
    """How often events on an instance have come in the same order.

    Args:
        earlier: the same for lives before, to which it is added.
    """

    def __init__(self, earlier: "Orders | None" = None) -> None:
        self._times: Counter[tuple[str, ...]] = Counter()
        self._earlier = Counter() if earlier is None else earlier._times
        self._last: dict[int, tuple[str, ...]] = {}  # by instance: its last events

    def times(self, step: Step) -> int:
        """How often this step has come after the last two of its instance."""
        order = (*self._last.get(step.who, ()), step.event)
        return self._earlier[order] + self._times[order]

    def add(self, step: Step) -> None:
        """The step is made."""
        order = (*self._last.get(step.who, ()), step.event)
        self._times[order] += 1
        self._last[step.who] = () if step.do == "make" else order[-2:]

    def add_life(self, life: Life) -> None:
        """The life is lived."""
        self._last = {}
        for step in life.steps:
            self.add(step)


def _ones(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@dataclass
class _Known:
    """What has happened to an instance."""

    maker: Maker
    others: list[str] = field(default_factory=list)  # what it is like beside the other instances
    forwards: int = 0
    in_a_row: int = 0  # forwards since the last backward
    backwards: int = 0
    again: int = 0  # backwards since the last forward
    resets: int = 0
    since_reset: int = 0
    carries: int = 0  # the batch size of the state that is carried; 0 without one
    returned: int = 0  # the batch size of the state that was returned last
    alike: dict[str, int] = field(default_factory=dict)  # how many calls in a row were alike
    steps: int = 0  # over the calls in which the state was carried on
    most: tuple[int, int] = (0, 0)  # the largest N and the largest T so far
    dtype: str = ""
    written: list[str] = field(default_factory=list)  # since the last forward
    last: Step | None = None
    used_up: bool = False  # the caller has written into what the last backward gave
    reset_between: bool = False  # it was reset since the last forward
    called: list[str] = field(default_factory=list)  # the conditions of the last forward
    elsewhere: str = ""  # what was called on the other instance since
    events: list[str] = field(default_factory=list)  # what happened to it, in order

    def after(self) -> list[str]:
        """What happened last, before that too, and before that."""
        last = self.events[-MEMORY:]
        return [f"after {', '.join(last[-n:])}" for n in range(1, len(last) + 1)]

    def batch(self, step: Step) -> int:
        """The rows of a forward."""
        if step.given == OWN and self.returned:
            return self.returned
        return self.carries if self.carries and not step.given else step.N


def conditions(life: Life) -> Iterator[list[str]]:
    """The conditions of each forward and each backward of a life, in their order."""
    known = [_known(life, who) for who in range(len(life.makers))]
    for step in life.steps:
        who = step.who % len(known)
        me = known[who]
        for other in known:
            if other is not me:
                other.elsewhere = step.do
        if step.do == "make":
            known[who] = _known(life, who)
            known[who].elsewhere = "make"
        elif step.do == "reset":
            me.resets += 1
            me.since_reset, me.carries = 0, 0
            me.reset_between = me.last is not None
            me.events.append(step.event)
        elif step.do == "write":
            how = "in place" if step.in_place else "anew"
            me.written += [f"{'+'.join(step.weights)} written", f"written {how}"]
            me.written.append(f"written {step.flavor} {step.layout}")
            if step.block is not None:
                me.written.append(f"block {step.block} written")
            if step.dtype and step.dtype != me.dtype:
                me.dtype, me.returned = step.dtype, 0
            me.last = None
            me.events.append(step.event)
        elif step.do == "forward":
            yield _forward(life, step, me)
        elif me.last is not None:
            yield _backward(life, step, me)


def _known(life: Life, who: int) -> _Known:
    """An instance that is new."""
    me = life.makers[who]
    others = [f"{len(life.makers)} instances"]
    for number, other in enumerate(life.makers):
        if number != who:
            others += [f"D {_sign(me.D, other.D)} elsewhere", f"H {_sign(me.H, other.H)} elsewhere"]
            others.append(f"mode {'as' if me.stateful == other.stateful else 'not as'} elsewhere")
            others.append(f"dtype {'as' if me.dtype == other.dtype else 'not as'} elsewhere")
    return _Known(me, others, dtype=me.dtype)


def _forward(life: Life, step: Step, me: _Known) -> list[str]:
    D, H = me.maker.D, me.maker.H
    before = me.last
    N = me.batch(step)
    me.forwards += 1
    me.in_a_row += 1
    me.again = 0
    me.since_reset += 1
    given = step.given or ("carried" if me.carries else "none")
    me.steps = step.T + (me.steps if given == "carried" else 0)
    found = [
        "forward",
        *_in_a_row(me, given, N, step.T, before),
        *(f"at least {n} steps" for n in STEPS if me.steps >= n),
        *_sizes(N, step.T, D, H),
        *_common(life, step, me),
        f"state {given}",
        f"forward {min(me.forwards, COUNTED)}",
        *(f"at least {n} forwards" for n in MANY if me.forwards >= n),
        f"{min(me.in_a_row, COUNTED)} forwards in a row",
        *(f"at least {n} forwards in a row" for n in MANY if me.in_a_row >= n),
        *me.written,
    ]
    if me.backwards:
        found.append("after a backward")
    if me.resets:
        found += [f"{min(me.resets, 2)} resets", f"{min(me.since_reset, 3)} since a reset"]
    if before is not None:
        found += [f"N {_sign(N, before.N)} before", f"T {_sign(step.T, before.T)} before"]
        found.append(f"state before {before.given or 'none'}")
        if step.same_x:
            found.append("inputs in the same array")
        if step.nearly:
            found.append("inputs nearly the same")
        found += [f"N {_sign(N, me.most[0])} ever", f"T {_sign(step.T, me.most[1])} ever"]
        if before.seed == step.seed:
            found.append("the same inputs again")
    if me.maker.stateful:
        me.carries = N
    me.returned = N
    me.most = max(me.most[0], N), max(me.most[1], step.T)
    me.reset_between = False
    me.written, me.elsewhere = [], ""
    me.last = Step("forward", N=N, T=step.T, seed=step.seed, given=step.given)
    me.called = found
    me.events.append(step.event)
    return found


def _in_a_row(me: _Known, given: str, N: int, T: int, before: Step | None) -> list[str]:
    """How long calls have been alike."""
    now = {f"state {given}": True}
    if before is not None:
        now |= {"N alike": N == before.N, "T alike": T == before.T}
    me.alike = {name: me.alike.get(name, 0) + 1 for name, alike in now.items() if alike}
    return [
        f"{name} at least {n} times in a row"
        for name, count in me.alike.items()
        for n in (2, *MANY)
        if count >= n
    ]


def _backward(life: Life, step: Step, me: _Known) -> list[str]:
    me.backwards += 1
    me.again += 1
    me.in_a_row = 0
    found = [
        "backward",
        *_common(life, step, me),
        f"gradient on the state {step.given or 'none'}",
        f"backward {min(me.backwards, COUNTED)}",
        *(f"at least {n} backwards" for n in MANY if me.backwards >= n),
        f"{min(me.again, COUNTED)} backwards since the forward",
        *(["y as dy"] if step.own_y else []),
        *(["gradients written into"] if me.used_up else []),
        *(["a reset between"] if me.reset_between else []),
    ]
    me.used_up = step.used_up
    me.elsewhere = ""
    me.events.append(step.event)
    return [*(f"backward: {name}" for name in found), *(f"of {name}" for name in me.called)]


def _common(life: Life, step: Step, me: _Known) -> list[str]:
    found = [
        "stateful" if me.maker.stateful else "stateless",
        me.dtype,
        *me.others,
        f"data {step.flavor}",
        f"layout {step.layout}",
        f"weights {life.scale}",
    ]
    found += me.after()
    if step.keyword:
        found.append("by keyword")
    if me.elsewhere:
        found.append(f"{me.elsewhere} elsewhere")
    return found


def _sizes(N: int, T: int, D: int, H: int) -> list[str]:
    sizes = dict(zip(AXES, (N, T, D, H), strict=True))
    found = [f"{a} {_sign(sizes[a], sizes[b])} {b}" for a, b in combinations(AXES, 2)]
    for axis, size in sizes.items():
        found.append(f"{axis} {'odd' if size % 2 else 'even'}")
        found += [f"{axis} = {n}" for n in EXACT if size == n]
        found += [f"{axis} at least {n}" for n in AT_LEAST if size >= n]
    return found


def _sign(one: int, other: int) -> str:
    return "<" if one < other else ">" if one > other else "="

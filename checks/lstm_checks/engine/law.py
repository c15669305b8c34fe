"""What a law is: a property, the cases it is tried on, and what it needs."""

import inspect
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_checks.engine.case import Case, Sizes
from lstm_checks.engine.rungs import LEVELS
from lstm_checks.engine.trial import Trial

Check = Callable[[Trial], str | None]
SIZES = Sizes()
# What else than the forward pass of single calls a law is about, by its rung and by its needs.
ABOUT_BY_RUNG = {"memory": {"backward", "stateful", "training"}}
LIVED = (4, 20, 240)  # lives at the levels quick, standard and deep
ABOUT_BY_NEED = {"backward", "stateful"}


@dataclass(frozen=True)
class Lives:
    """What a law on lives looks at: stateful lives or stateless ones, and findings of one kind."""

    stateful: bool
    kind: str


@dataclass(frozen=True)
class Law:
    """A property of every right LSTM.

    Attributes:
        id: "rung.name", stable.
        rung: the group it belongs to.
        statement: what holds, with its equation.
        check: raises `Breach` where it does not hold on a trial; may return what is worth telling.
        sizes: within which bounds its cases are drawn.
        needs: capabilities without which it is not offered.
        examples: cases tried at the levels quick, standard and deep; 0 leaves the law out.
        lives: for a law on lives, which lives and which of their findings; `check` is then None.
        shrinks: a smaller failing case is searched for; no where a case takes long.
        blocks: a breach blocks the laws that stand on this one.
        remark: a breach leaves every result right, so it is told and not held against the subject.
    """

    id: str
    rung: str
    statement: str
    check: Check | None
    sizes: Sizes
    needs: tuple[str, ...]
    examples: tuple[int, int, int]
    lives: Lives | None = None
    shrinks: bool = True
    blocks: bool = True
    remark: bool = False

    @property
    def about(self) -> frozenset[str]:
        """What the law is about besides the forward pass of single calls."""
        return frozenset(ABOUT_BY_RUNG.get(self.rung, set()) | ABOUT_BY_NEED & set(self.needs))

    def stands_on(self, earlier: "Law") -> bool:
        """Whether this law may not hold only because an earlier one does not.

        It is so where the earlier law is about the same or less: what is wrong in a forward pass
        is wrong everywhere, what is wrong in backward is wrong wherever backward is used.
        """
        return earlier.about <= self.about

    def examples_at(self, level: str) -> int:
        """How many cases decide at a level."""
        return self.examples[LEVELS.index(level)]

    def rng(self, seed: int) -> np.random.Generator:
        """The generator of this law's cases: NumPy's, from the seed and the law's id alone."""
        return np.random.default_rng([seed, zlib.crc32(self.id.encode())])

    def cases(self, level: str, seed: int, *, few_sizes: bool = False) -> list[Case]:
        """The cases that decide at a level; those of a lower level are the first of a higher.

        With `few_sizes` all have the same sizes.
        """
        rng, count = self.rng(seed), self.examples_at(level)
        menu = self.sizes.menu(seed, 1 if few_sizes else -(-count // 2))
        return [self.sizes.draw(rng, menu[k // 2 % len(menu)]) for k in range(count)]


def law(
    rung: str,
    *,
    sizes: Sizes = SIZES,
    needs: tuple[str, ...] = (),
    examples: tuple[int, int, int] = (2, 3, 60),
    shrinks: bool = True,
    blocks: bool = True,
    remark: bool = False,
) -> Callable[[Check], Law]:
    """Make a law of a function of a trial.

    Its docstring is the statement, its name the end of the id.
    """

    def made(check: Check) -> Law:
        name, statement = f"{rung}.{check.__name__}", inspect.getdoc(check) or ""
        return Law(
            id=name,
            rung=rung,
            statement=statement,
            check=check,
            sizes=sizes,
            needs=needs,
            examples=examples,
            shrinks=shrinks,
            blocks=blocks,
            remark=remark,
        )

    return made


def law_of_lives(
    rung: str, lives: Lives, *, needs: tuple[str, ...] = (), remark: bool = False
) -> Callable[[Callable[[], None]], Law]:
    """Make a law on lives of an empty function: its docstring is the statement."""

    def made(named: Callable[[], None]) -> Law:
        name, statement = f"{rung}.{named.__name__}", inspect.getdoc(named) or ""
        return Law(name, rung, statement, None, SIZES, needs, LIVED, lives, remark=remark)

    return made

"""What a law is: a property, the case it is tried on, and what it needs."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from lstm_checks.laws.case import Case, cases
from lstm_checks.rungs import LEVELS, NEEDS
from lstm_checks.subject import Subject

APART = frozenset({"stateful", "backward"})  # what may be wrong and leave the rest standing
Check = Callable[[Subject, Case], str | None]
ANY = cases()


@dataclass(frozen=True)
class Law:
    """A property of every right LSTM.

    Attributes:
        id: "rung.name", stable.
        rung: the group it belongs to.
        statement: what holds, with its equation.
        check: raises `Broken` where it does not hold for a case; may return what is worth telling.
        cases: draws the cases.
        needs: capabilities without which it is not offered.
        examples: cases tried at the levels quick, standard and deep; 0 leaves the law out.
        explains: a failure here can be what makes later laws fail, so those are then blocked.
        stands_on: rungs that it needs, where they are not those of its own rung.
        shrinks: a failure is shrunk to the smallest case; no where a case takes long.
        machine: for a law on sequences of calls, what draws and checks them in place of `check`.
    """

    id: str
    rung: str
    statement: str
    check: Check
    cases: st.SearchStrategy[Case]
    needs: tuple[str, ...]
    examples: tuple[int, int, int]
    explains: bool
    stands_on: tuple[str, ...]
    shrinks: bool = True
    machine: Callable[[Subject], type[RuleBasedStateMachine]] | None = None

    @property
    def about(self) -> frozenset[str]:
        """Which of backward and the stateful mode it is about; neither is the forward pass.

        A failure counts for the laws that are about the same or more, so one of the forward pass
        counts for all.
        """
        return APART & set(self.needs)

    def examples_at(self, level: str) -> int:
        return self.examples[LEVELS.index(level)]


def law(
    rung: str,
    *,
    cases: st.SearchStrategy[Case] = ANY,
    needs: tuple[str, ...] = (),
    examples: tuple[int, int, int] = (2, 6, 60),
    explains: bool = False,
    stands_on: tuple[str, ...] | None = None,
    shrinks: bool = True,
) -> Callable[[Check], Law]:
    """Make a law of a function; its docstring is the statement, its name the end of the id."""

    def made(check: Check) -> Law:
        return Law(
            id=f"{rung}.{check.__name__}",
            rung=rung,
            statement=inspect.getdoc(check) or "",
            check=check,
            cases=cases,
            needs=needs,
            examples=examples,
            explains=explains,
            stands_on=NEEDS[rung] if stands_on is None else stands_on,
            shrinks=shrinks,
        )

    return made

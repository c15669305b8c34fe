"""Searches lives for findings of one kind, and for the shortest life that shows one.

A subject lives each life once, whichever law asks first: laws on the same lives share them.
"""

from dataclasses import dataclass, field, replace
from functools import cache, partial
from weakref import WeakKeyDictionary

import numpy as np

from lstm_checks.engine.draw_lives import draw
from lstm_checks.engine.few_sizes import kept_to, pool
from lstm_checks.engine.hypothesis_find import SHRINKS, find
from lstm_checks.engine.law import Lives
from lstm_checks.engine.live import live
from lstm_checks.engine.lives import Life, lives, shorter, smaller
from lstm_checks.findings import Finding
from lstm_checks.subjects.subject import Subject

FURTHER = {"quick": 1, "standard": 4, "deep": 60}  # lives that Hypothesis generates


@dataclass
class _Lived:
    """The lives of one subject: the findings in each, and those that Hypothesis generated."""

    findings: dict[Life, dict[str, Finding]] = field(default_factory=dict)
    further: dict[bool, list[Life]] = field(default_factory=dict)


# By the subject, and by what its upstream gradients are multiplied by: a clip changes that.
_LIVED: WeakKeyDictionary[Subject, dict[float, _Lived]] = WeakKeyDictionary()


def failure_in_lives(
    which: Lives, subject: Subject, count: int, level: str, seed: int, shrink: bool
) -> Finding | str:
    """The finding of one kind in the shortest life that shows one; "" where none does.

    Args:
        which: stateful lives or stateless ones, and the kind of finding.
        subject: the subject under check.
        count: how many lives decide.
        level: at which level.
        seed: what the lives are drawn from.
        shrink: search for a shorter life.

    Raises:
        Halted: the subject's process ended or ran out of time.
    """
    lived = _LIVED.setdefault(subject, {}).setdefault(subject.upstream, _Lived())
    failing: list[Life] = []

    def fails(life: Life) -> bool:
        if life not in lived.findings:
            lived.findings[life] = live(subject, life)
        found = which.kind in lived.findings[life]
        if found:
            failing.append(life)
        return found

    fitted = partial(kept_to, sizes=pool(seed)) if subject.compiles else _as_it_is
    if not any(map(fails, map(fitted, _deciding(which.stateful, count, seed)))):
        any(map(fails, map(fitted, _further(lived, which.stateful, level, seed))))
    if not failing:
        return ""
    first = lived.findings[failing[0]][which.kind]
    if shrink:
        for parts in (shorter, smaller, shorter):
            find(parts(failing[-1]).map(fitted), fails, seed, SHRINKS // 2, shrinks=True)
            failing.sort(key=_length, reverse=True)
    return replace(lived.findings[failing[-1]][which.kind], first_excess=first.excess)


def draw_ahead(which: Lives, count: int, seed: int) -> None:
    """Draw the lives that decide before they are asked for: while a subject comes up, say."""
    _deciding(which.stateful, count, seed)


def _as_it_is(life: Life) -> Life:
    return life


@cache
def _deciding(stateful: bool, count: int, seed: int) -> tuple[Life, ...]:
    """The lives that decide, drawn once for all laws."""
    return tuple(draw(np.random.default_rng([seed, stateful]), stateful, count))


def _further(lived: _Lived, stateful: bool, level: str, seed: int) -> list[Life]:
    """Lives that Hypothesis generates, once per subject."""
    if stateful not in lived.further:
        found: list[Life] = []

        def keep(life: Life) -> bool:
            found.append(life)
            return False

        find(lives(stateful), keep, seed, FURTHER[level], shrinks=False)
        lived.further[stateful] = found
    return lived.further[stateful]


def _length(life: Life) -> tuple[int, int, int]:
    N, T, D, H = life.largest()
    return len(life.steps), len(life.makers), N * T * (D + H)

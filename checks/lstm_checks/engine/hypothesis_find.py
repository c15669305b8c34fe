"""Hypothesis, through its public interface: it generates examples, and shrinks one that fails."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure, FlakyReplay, NoSuchExample

SHRINKS = 60  # examples tried in search of a smaller one
T = TypeVar("T")


def find(
    strategy: st.SearchStrategy[T],
    fails: Callable[[T], bool],
    seed: int,
    count: int,
    *,
    shrinks: bool,
) -> None:
    """Let Hypothesis try examples; `fails` remembers what fails.

    Args:
        strategy: draws the examples, the simplest first.
        fails: whether an example fails.
        seed: what the examples are drawn from.
        count: how many are tried.
        shrinks: from a failing example, search for a simpler one.
    """
    chosen = settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    try:
        hypothesis.find(strategy, fails, settings=chosen, random=Random(seed), database_key=b"")
    except (NoSuchExample, FlakyFailure, FlakyReplay):
        return

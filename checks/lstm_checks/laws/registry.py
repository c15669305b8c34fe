"""All laws, in the order in which they are run: first what could explain later failures."""

from lstm_checks.engine.law import Law
from lstm_checks.laws import (
    composition,
    gradients,
    load,
    memory,
    numerics,
    sequence,
    shapes,
    state,
    step,
)

ALL: tuple[Law, ...] = (
    *load.LAWS,
    *shapes.LAWS,
    *numerics.FIRST,
    *sequence.FIRST,
    *step.LAWS,
    *sequence.LAWS,
    *state.LAWS,
    *gradients.LAWS,
    *memory.LAWS,
    *numerics.LAWS,
)
OF_SOME: tuple[Law, ...] = composition.LAWS  # offered by some formats; else not mentioned
EVERY = (*ALL, *OF_SOME)
assert len({law.id for law in EVERY}) == len(EVERY)

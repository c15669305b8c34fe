"""All laws, in the order in which they are run: first what could explain later failures."""

from lstm_checks.engine.law import Law
from lstm_checks.laws import gradients, load, memory, numerics, sequence, shapes, state, step

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
assert len({law.id for law in ALL}) == len(ALL)

"""All laws, in the order in which they are run: first what could explain later failures."""

from lstm_checks.laws import gradients, load, memory, numerics, sequence, shapes, state, step
from lstm_checks.laws.law import Law

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
BY_ID: dict[str, Law] = {law.id: law for law in ALL}
assert len(BY_ID) == len(ALL)

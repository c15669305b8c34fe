"""Which part of the drawn cell a report is about.

The parts are those of `templates/cell.svg`: the four gates, the two products and the sum that make
c', its tanh, h', the state that comes in, and the input. The diagnosis says which of them is wrong;
without one it is the part that the first wrong array and gate of the cause belong to.
"""

from lstm_checks.engine.outcome import Outcome

PARTS = {
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
    "forget": "f ⊙ c",
    "write": "i ⊙ g",
    "sum": "c' = f ⊙ c + i ⊙ g",
    "tanh": "tanh(c')",
    "out": "h' = o ⊙ tanh(c')",
    "c": "cell state before the step",
    "h": "hidden state before the step",
    "x": "input",
}
GATES = {name: part for part, name in PARTS.items() if part in "ifgo"}
# The parts of an array in which no gate is wrong by itself.
ARRAYS = {"y": "out", "h": "out", "c": "sum", "dx": "x", "dh0": "h", "dc0": "c"}

NOT_OF_A_CELL = ("load", "shapes", "composition")  # rungs on more, or on less, than a step


def wrong_parts(outcome: Outcome) -> dict[str, str]:
    """The parts to mark, by their ids in the drawing, with their names; {} where none is known."""
    cause = outcome.cause
    if cause is None or outcome.out_of_scope or cause.rung in NOT_OF_A_CELL:
        return {}
    parts = {part for one in outcome.diagnosis[:1] for part in one.parts}
    place = cause.finding.place if cause.finding else None
    if not parts and place is not None:
        gates = {part for name, part in GATES.items() if name in place.words}
        parts = gates or {ARRAYS[place.array]} if gates or place.array in ARRAYS else set()
    return {part: PARTS[part] for part in PARTS if part in parts}

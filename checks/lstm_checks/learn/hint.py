"""Hints by degrees: a nudge, then the place, then the name, then the equation."""

import json
from pathlib import Path
from typing import Any

from lstm_checks.engine.outcome import Outcome
from lstm_checks.findings import UNWRITTEN, Finding
from lstm_checks.laws.registry import EVERY
from lstm_checks.words import figures, sentence

DEGREES = ("nudge", "place", "name", "equation")
NUDGES = {
    "load": "Look at how the class is made, and at its weights.",
    "shapes": "Look at the shapes of what is returned. Write every axis beside it.",
    "step": "Look at a single step, with one sequence and one unit. Compute it by hand.",
    "sequence": "One step is right. Look at what is handed from step to step.",
    "state": "The sequence is right. Look at the state that comes in, and the one that goes out.",
    "gradients": "The forward pass is right. Look at where each gradient flows, and add up.",
    "memory": "Look at what stays in the state between two calls.",
    "numerics": "The equations are right. Look at large numbers, types, and whose arrays change.",
    "composition": "Each LSTM alone is right. Look at how layers and directions are put together.",
}

# The equations of what is not written, by the law that asks for it first.
EQUATIONS = {
    "shapes.forward": "At each step z = x·W + h·U + b, in four blocks. i, f and o are σ of their "
    "blocks, and g is tanh of its block. Then c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c').",
    "shapes.backward": "At each step add dh ⊙ o ⊙ (1 - tanh²(c')) to dc. Then "
    "dz_i = dc ⊙ g ⊙ i ⊙ (1 - i), dz_f = dc ⊙ c ⊙ f ⊙ (1 - f), dz_g = dc ⊙ i ⊙ (1 - g²) and "
    "dz_o = dh ⊙ tanh(c') ⊙ o ⊙ (1 - o). Add xᵀ·dz to dW, hᵀ·dz to dU, and dz, summed over the "
    "batch, to db. dx is dz·Wᵀ, and the step before gets dh = dz·Uᵀ and dc ⊙ f.",
}


def hints(outcome: Outcome) -> tuple[str, ...]:
    """All hints for the cause, from the vaguest to the plainest; () where there is no cause."""
    cause = outcome.cause
    if cause is None or cause.finding is None:
        return ()
    finding = cause.finding
    if finding.unwritten:
        return _on_the_unwritten(cause.id, finding)
    law = next(law for law in EVERY if law.id == cause.id)
    where = f" First wrong: {figures(finding)}." if finding.place else ""
    if finding.code:
        where = f" It was raised at {finding.code}."
    named = outcome.diagnosis[0].says if outcome.diagnosis else sentence(finding.what)
    fix = outcome.diagnosis[0].fix if outcome.diagnosis else finding.fix
    return (
        NUDGES[cause.rung],
        f"The law {cause.id} does not hold. It says: {law.statement.splitlines()[0]}{where}",
        named,
        fix or law.statement,
    )


def _on_the_unwritten(law_id: str, finding: Finding) -> tuple[str, ...]:
    """The hints for a part that is not written yet: no law speaks of it, but some will."""
    law = next(law for law in EVERY if law.id == law_id)
    return (
        "Look at the next part to write. Note the shape of each array that goes in and comes out.",
        f"The next part is at {finding.code}." if finding.code else finding.fix,
        sentence(finding.what.removeprefix(UNWRITTEN)),
        EQUATIONS.get(law_id, law.statement.splitlines()[0]),
    )


def next_degree(record: Path, file: Path, outcome: Outcome) -> int:
    """Which hint is due, from 0: one more each time that the same cause is asked about.

    Args:
        record: the file that remembers what was told; it is written anew.
        file: the file that is asked about.
        outcome: what came of checking it.
    """
    told = _read(record)
    key, law = str(file.resolve()), "" if outcome.cause is None else outcome.cause.id
    degree = 0
    match told.get(key):
        case [before, int(given)] if before == law:
            degree = min(given + 1, len(DEGREES) - 1)
    told[key] = [law, degree]
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return degree


def _read(record: Path) -> dict[str, Any]:
    """What was told before; nothing where the record is missing or spoilt."""
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}

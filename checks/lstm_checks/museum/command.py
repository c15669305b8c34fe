"""What `lstm-checks museum` shows and writes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Case
from lstm_checks.findings import Array
from lstm_checks.museum.catalogue import ALL, BY_ID, WRITABLE
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.model import Model, program
from lstm_checks.museum.source import STYLES, source_of
from lstm_checks.words import sentence

SMALL = Case(N=2, T=2, D=2, H=2, seed=5)
ANSWERS = "answers.md"


class NoSuchFault(Exception):
    """There is no fault of this id; the message says which are close."""


def listed() -> Iterator[str]:
    """All faults by family, a line each."""
    families = dict.fromkeys(fault.family for fault in ALL)
    for family in families:
        mine = [fault for fault in ALL if fault.family == family]
        yield f"{family}  ({len(mine)})"
        for fault in mine:
            yield f"  {fault.id}"
            yield f"      {sentence(fault.says)}"


def shown(fault_id: str) -> Iterator[str]:
    """One fault: its sentence, its equations, how to fix it, and what it does on a small case.

    Raises:
        NoSuchFault: there is none of this id.
    """
    fault = known(fault_id)
    yield fault.id
    yield sentence(fault.names)
    for wrote, should in zip(fault.wrote, fault.should, strict=False):
        yield f"  as it is written: {wrote}"
        yield f"  as it should be:  {should}"
    yield f"How to fix it: {fault.fix}"
    if fault.seen:
        yield f"It was seen before: {fault.seen}."
    if fault.law:
        yield f"It is named by the law {fault.law}."
        return
    yield ""
    yield from small_case(fault)


def known(fault_id: str) -> Fault:
    """The fault of an id. Raises NoSuchFault."""
    if fault_id in BY_ID:
        return BY_ID[fault_id]
    close = [one for one in BY_ID if fault_id in one]
    close = (close or [one for one in BY_ID if fault_id.split(".")[-1] in one])[:5]
    hint = f"do you mean {', '.join(close)}?" if close else "lstm-checks museum lists them."
    raise NoSuchFault(f"there is no fault {fault_id!r}; {hint}")


def small_case(fault: Fault) -> Iterator[str]:
    """Where the results of two calls of a small layer first differ from the right ones."""
    right, wrong = (_results(program(choices)) for choices in ({}, fault.choices))
    yield "A layer of two units on two sequences of two steps, called twice, from a given state:"
    for name, (array, want) in {name: (wrong[name], right[name]) for name in right}.items():
        differing = np.argwhere(~np.isclose(array, want, rtol=1e-9, atol=1e-12))
        if len(differing):
            index = tuple(map(int, differing[0]))
            where = compare.in_words(name.split()[0], index, want.shape)
            yield (
                f"  {name} differs in {len(differing)} of {want.size} numbers; first in {where}: "
                f"{want[index]:.6g} is right, {array[index]:.6g} is given"
            )
        else:
            yield f"  {name} is right"


def _results(choices: dict[str, str]) -> dict[str, Array]:
    """Results of the first call, of its backward, and of a second call that is stateful."""
    model = Model(choices, SMALL.params, stateful=True)
    y, h, c = model.forward(SMALL.x, SMALL.state)
    gradients = model.backward(SMALL.dy, SMALL.dstate)
    y2, _, _ = model.forward(SMALL.x)
    return {"y": y, "h": h, "c": c, **gradients, "y of the second call": y2}


def export(folder: Path, style: str | None) -> int:
    """Write faults as plain LSTM files, numbered, and their answers in a file of its own.

    Args:
        folder: where to; it is made if it is not there.
        style: one of `STYLES`; None takes them in turn.

    Returns:
        How many there are.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(WRITABLE))  # so that a number tells nothing
    answers = [
        "# Answers",
        "",
        "| file | fault | what is wrong | how to fix it |",
        "|---|---|---|---|",
    ]
    styles = list(STYLES)
    for number, place in enumerate(map(int, order), start=1):
        fault = WRITABLE[place]
        name = f"lstm_{number:03}.py"
        chosen = style or styles[number % len(styles)]
        (folder / name).write_text(source_of(fault, chosen), encoding="utf-8")
        answers.append(f"| {name} | `{fault.id}` | {sentence(fault.says)} | {fault.fix} |")
    (folder / ANSWERS).write_text("\n".join(answers) + "\n", encoding="utf-8")
    return len(order)

"""Tells by their names which of a subject's weights belong to which gate."""

import re
from collections.abc import Sequence
from itertools import combinations

GATE_WORDS = {
    "i": ("i", "in", "inp", "input", "u", "update", "ig"),
    "f": ("f", "forget", "forgot", "fg"),
    "g": ("g", "c", "j", "z", "a", "cell", "candidate", "cand", "new", "memory", "gate", "cc"),
    "o": ("o", "out", "output", "og"),
}
LETTER_OF = {word: gate for gate, words in GATE_WORDS.items() for word in words}


def gates_of(names: Sequence[str]) -> dict[str, str] | None:
    """Which of four names belongs to which gate, as {"i": name, …}; None if they do not say it.

    The names have a beginning and an end in common, and what is between them names the gate.
    """
    if len(names) != 4:
        return None
    words = [_words(name) for name in names]
    while all(words) and len({one[0] for one in words}) == 1:
        words = [one[1:] for one in words]
    while all(words) and len({one[-1] for one in words}) == 1:
        words = [one[:-1] for one in words]
    whole = [LETTER_OF.get("".join(one[:1])) for one in words]
    if sorted(filter(None, whole)) == sorted("ifgo"):
        return {gate: name for gate, name in zip(whole, names, strict=True) if gate}
    flat = [re.sub(r"[\W_]", "", name).lower() for name in names]
    start, end = _shared(flat), _shared([one[::-1] for one in flat])
    middle = [LETTER_OF.get(one[start : len(one) - end]) for one in flat]
    if sorted(filter(None, middle)) == sorted("ifgo"):
        return {gate: name for gate, name in zip(middle, names, strict=True) if gate}
    return None


def _words(name: str) -> list[str]:
    """The words of a name: "linear_xi.weight" gives linear, xi, weight; "inputGate" two words."""
    return [one.lower() for one in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def gate_groups(names: Sequence[str]) -> list[dict[str, str]] | None:
    """Four or eight names as one or two groups of a name per gate; None if they do not say it."""
    one = gates_of(names)
    if one is not None:
        return [one]
    if len(names) != 8:
        return None
    for half in combinations(names[1:], 3):
        first = [names[0], *half]
        second = [name for name in names if name not in first]
        groups = [gates_of(first), gates_of(second)]
        if groups[0] and groups[1] and _alike(groups[0]) and _alike(groups[1]):
            return [group for group in groups if group]
    return None


def _alike(group: dict[str, str]) -> bool:
    """Whether the names of a group have all but the gate's own word in common."""
    names = list(group.values())
    shared = _shared(names) + _shared([name[::-1] for name in names])
    return shared > 0 and max(map(len, names)) - shared <= 9


def _shared(texts: Sequence[str]) -> int:
    """How many first characters texts have in common."""
    return next(
        (k for k, signs in enumerate(zip(*texts, strict=False)) if len(set(signs)) > 1),
        min(map(len, texts)),
    )

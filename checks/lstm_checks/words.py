"""A finding as sentences."""

import re
from collections.abc import Mapping
from typing import Any

from lstm_checks.findings import Finding

GRADIENTS = ("dx", "dy", "dh", "dc", "dh0", "dc0", "dW", "dU", "db", "dstate", "grads")
NAMES = frozenset(("x", "y", "h", "c", *GRADIENTS, "forward", "backward"))  # kept as they are
SIZES = ("N", "T", "D", "H", "scale", "seed", "dtype")


def sentence(text: str) -> str:
    """The text with a full stop, and a capital unless it begins with a name from the code."""
    word = re.split(r"\W", text, maxsplit=1)[0]
    first = text[:1] if word in NAMES or "_" in word else text[:1].upper()
    return first + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def message(finding: Finding) -> str:
    """The whole finding in one paragraph."""
    return " ".join([sentence(finding.what), *details(finding)])


def details(finding: Finding) -> list[str]:
    """What a finding says beside its first sentence: a sentence or two per item."""
    parts = []
    if finding.said:
        parts.append(f"The subject says: “{finding.said}”.")
    if finding.code:
        parts.append(f"It was raised at {finding.code}.")
    if finding.place is not None:
        parts.append(f"First wrong: {figures(finding)}.")
    if finding.case and finding.excess is not None:
        parts.append(f"Smallest case: {sizes(finding.case)}.")
    if finding.fix:
        parts.append(f"How to fix it: {finding.fix}")
    return parts


def figures(finding: Finding) -> str:
    """Where it is first wrong, what was expected and what came."""
    text = finding.place.words if finding.place else ""
    if finding.expected is not None and finding.got is not None:
        text += f": expected {finding.expected:.9g}, got {finding.got:.9g}"
    if finding.excess is not None:
        text += f"; the error is {_times(finding.excess)}"
        if finding.first_excess is not None and finding.first_excess > finding.excess:
            text += f" ({_times(finding.first_excess)} in the first case that failed)"
    return text


def _times(excess: float) -> str:
    """An error relative to the tolerance, to three digits; up to a million it is written out."""
    return f"{float(f'{excess:.3g}'):,g} × the tolerance" if excess < 1e300 else "infinite"


def sizes(case: Mapping[str, Any]) -> str:
    """A case as N = 2, T = 3, …"""
    return ", ".join(f"{key} = {case[key]}" for key in SIZES if key in case)

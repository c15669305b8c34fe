"""A finding as sentences."""

from typing import Any

from lstm_checks.broken import Broken


def printable(text: str) -> str:
    """The text without control characters, so that no subject can style or rewrite a report."""
    return "".join(one if one.isprintable() or one == "\n" else "�" for one in text)


def sentence(broken: Broken) -> str:
    """The finding in one paragraph: what, where, in which case, and what to do."""
    parts = [broken.what + "."]
    if broken.where:
        parts.append(f"{figures(broken)}.")
    if broken.case and broken.excess is not None:
        parts.append(f"Smallest case: {sizes(broken.case)}.")
    if broken.mend:
        parts.append(f"What to do: {broken.mend}")
    return " ".join(parts)


def figures(broken: Broken) -> str:
    """Where it is first wrong, what was expected and what came."""
    text = f"First wrong: {broken.where}"
    if broken.expected is not None and broken.got is not None:
        text += f": expected {broken.expected:.9g}, got {broken.got:.9g}"
    if broken.excess is not None:
        size = f"{broken.excess:.3g} × the tolerance" if broken.excess < 1e300 else "infinite"
        text += f"; the error is {size}"
        first = broken.case.get("first_error_over_tolerance")
        if first is not None and first > broken.excess:
            text += f" ({first:.3g} × in the first case that was tried)"
    return text


SIZES = ("N", "T", "D", "H", "scale", "seed", "dtype")


def sizes(case: dict[str, Any]) -> str:
    """A case as N = 2, T = 3, …"""
    return ", ".join(f"{key} = {case[key]}" for key in SIZES if key in case)

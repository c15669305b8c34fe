"""A page for each family of faults in the museum."""

from law_pages import plain
from lstm_checks.museum.catalogue import ALL
from lstm_checks.museum.fault import Fault
from lstm_checks.words import sentence


def row(fault: Fault) -> str:
    """A line of a family's table."""
    seen = f" Seen in {plain(fault.seen)}." if fault.seen else ""
    name = plain(fault.id.partition(".")[2])
    return f"| {name} | {plain(sentence(fault.says))}{seen} | {plain(fault.fix)} |"


def pages() -> dict[str, str]:
    """The pages by path."""
    families: dict[str, list[Fault]] = {}
    for fault in ALL:
        families.setdefault(fault.family, []).append(fault)
    return {
        f"museum/{family}.md": "\n".join(
            [
                f"# Faults: {plain(family)}",
                "",
                f"`lstm-checks museum {mine[0].id}` shows one of these {len(mine)} at work."
                if len(mine) > 1
                else f"`lstm-checks museum {mine[0].id}` shows it at work.",
                "",
                "| fault | what is wrong | how to fix it |",
                "|---|---|---|",
                *(row(fault) for fault in mine),
                "",
            ]
        )
        for family, mine in families.items()
    }

"""A starter: the parts of an LSTM in the order of the rungs, with nothing of the solution."""

from pathlib import Path

STARTERS = Path(__file__).parent / "starters"
FORMATS = tuple(sorted(path.stem for path in STARTERS.glob("*.txt")))


def starter(form: str) -> str:
    """The text of the starter of a format, one of `FORMATS`."""
    return (STARTERS / f"{form}.txt").read_text(encoding="utf-8")

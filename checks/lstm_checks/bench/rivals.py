"""What a subject is timed against: torch, reference, plain, or any FILE[:NAME]."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lstm_checks.sources import Source, Unusable, parse

SUBJECT, FLOOR = "subject", "floor"


@dataclass(frozen=True)
class Contender:
    """Something that is timed: what runs for the forward pass alone, and what for both passes."""

    name: str
    forward: Source
    both: Source
    says: str = ""

    def source(self, backward: bool) -> Source:
        return self.both if backward else self.forward


def _bundled(name: str, module: str, forward: str, both: str, says: str) -> Contender:
    return Contender(name, Source(module, False, forward), Source(module, False, both), says)


BUNDLED = {
    "torch": _bundled(
        "torch", "lstm_checks.bench.torch_rival", "Inference", "Training",
        "torch.nn.LSTM on the CPU; forward alone under no_grad, with backward recording the "
        "gradients of x, the states and the weights",
    ),
    "reference": _bundled(
        "reference", "lstm_reference.cells.lstm", "LSTM", "LSTM",
        "lstm_reference.cells.lstm, which keeps what backward needs in either case",
    ),
    "plain": _bundled(
        "plain", "lstm_checks.bench.plain", "Plain", "Plain",
        "a loop over time in NumPy, a step being the textbook's cell",
    ),
}  # fmt: skip
FLOOR_CONTENDER = _bundled(
    FLOOR, "lstm_checks.bench.floor", "Floor", "Floor",
    "the matrix products alone, each in its fastest way, with NumPy's BLAS",
)  # fmt: skip


def subject(text: str, adapter: str | None) -> Contender:
    """The subject as a contender. Raises Unusable: there is no such file or module."""
    source = parse(text, adapter)
    return Contender(SUBJECT, source, source, text)


def rivals(text: str) -> tuple[Contender, ...]:
    """The contenders that --against names, separated by commas; empty for an empty text.

    Raises:
        Unusable: there is no such rival, file or module, or one is named twice.
    """
    found: list[Contender] = []
    for word in (part.strip() for part in text.split(",") if part.strip()):
        rival = BUNDLED.get(word) or _from_file(word)
        if any(rival.name == other.name for other in found):
            raise Unusable(f"--against names {rival.name} twice")
        found.append(rival)
    if any(rival.name == "torch" for rival in found) and find_spec("torch") is None:
        raise Unusable("torch is not installed; install it, or leave it out of --against")
    return tuple(found)


def _from_file(word: str) -> Contender:
    try:
        source = parse(word)
    except Unusable as error:
        bundled = ", ".join(BUNDLED)
        raise Unusable(f"--against {word}: {error}; the bundled rivals are {bundled}") from None
    name = Path(source.source).stem if source.is_file else source.source
    name += f":{source.name}" if source.name else ""
    if name in (SUBJECT, FLOOR, *BUNDLED):
        name = word
    return Contender(name, source, source, word)

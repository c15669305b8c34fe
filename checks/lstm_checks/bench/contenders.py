"""What is timed: the subject, its rivals (bundled ones or any FILE[:NAME]), and the floor."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lstm_checks.subjects.source import Source, Unusable, parse

SUBJECT, FLOOR = "subject", "floor"
TORCH_LAYERS = str(Path(__file__).with_name("torch_layers.py"))


@dataclass(frozen=True)
class Contender:
    """Something that is timed, in a process of its own."""

    name: str
    says: str
    source: Source


def _bundled(name: str, says: str, module: str, attribute: str) -> Contender:
    return Contender(name, says, Source(f"lstm_checks.bench.{module}", False, attribute))


def _in_torch(name: str, says: str, attribute: str) -> Contender:
    module = "lstm_checks.bench.torch_layers"
    return Contender(name, says, Source(module, False, attribute, TORCH_LAYERS, True))


LIBRARY = "torch.nn.LSTM; forward alone under no_grad, with backward recording all gradients"
BUNDLED = {
    "torch": _in_torch("torch", LIBRARY, "Library"),
    "reference": Contender(
        "reference",
        "lstm_reference.cells.lstm, which keeps what backward needs in either case",
        Source("lstm_reference.cells.lstm", False, "LSTM"),
    ),
    "plain": _bundled(
        "plain", "a loop over time in NumPy, each step being the textbook's cell", "plain", "Plain"
    ),
}
PRODUCTS = "the matrix products alone, each in its fastest way, with NumPy's BLAS"
NUMPY_FLOOR = _bundled(FLOOR, PRODUCTS, "floor", "Floor")
ON_TENSORS = (
    _in_torch("cudnn", f"cuDNN's {LIBRARY}", "Library"),
    _in_torch("cudnn graph", "the same as a CUDA graph", "GraphedLibrary"),
    _in_torch("loop", "a loop over time in Python with torch's operations", "Loop"),
    _in_torch("loop graph", "the same as a CUDA graph", "GraphedLoop"),
    _in_torch("compiled", "the loop with its step compiled by torch.compile", "CompiledLoop"),
)
TENSOR_FLOOR = _bundled(
    FLOOR, "the matrix products alone, as CUDA graphs", "torch_layers", "Products"
)


def subject(text: str, adapter: str | None) -> Contender:
    """The subject as a contender. Raises Unusable: there is no such file or module."""
    return Contender(SUBJECT, text, parse(text, adapter))


def subject_on_tensors(text: str) -> Contender:
    """The nn.Module that FILE[:NAME] means. Raises Unusable: there is no such file or module."""
    return subject(text, TORCH_LAYERS)


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
    return Contender(word if name in (SUBJECT, FLOOR, *BUNDLED) else name, word, source)

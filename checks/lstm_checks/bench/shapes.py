"""The sizes that are timed: the bundled sets, and those of a file."""

from dataclasses import dataclass
from pathlib import Path

from lstm_checks.subjects.source import Unusable

FORM = "four whole numbers from 1: batch N, time steps T, inputs D, hidden units H"


@dataclass(frozen=True)
class Shape:
    """Batch size N, time steps T, input size D, hidden size H."""

    N: int
    T: int
    D: int
    H: int

    def __str__(self) -> str:
        return f"N{self.N} T{self.T} D{self.D} H{self.H}"

    @property
    def short(self) -> str:
        """The four sizes alone, for tables."""
        return f"{self.N}×{self.T}×{self.D}×{self.H}"

    def operations(self, backward: bool) -> int:
        """Floating-point operations of the matrix products alone; a multiply-add counts as two.

        The forward pass takes 8·N·T·H·(D + H): each of the four gates needs D + H products per
        unit. The backward pass takes twice as many again: one set for the gradients with respect
        to the inputs and states, one for those with respect to the weights.
        """
        forward = 8 * self.N * self.T * self.H * (self.D + self.H)
        return 3 * forward if backward else forward


SMALL = (
    Shape(1, 50, 16, 16),
    Shape(16, 25, 64, 64),
    Shape(32, 50, 128, 128),
    Shape(64, 50, 256, 256),
    Shape(16, 25, 512, 512),
    Shape(1, 100, 256, 256),
)
# The LSTMs of baidu-research/DeepBench, code/kernels/rnn_problems.h: for training, and, with small
# batches, for inference. (DeepBench leaves the input product out; here it is timed with the rest.)
_SQUARES = {  # the batch sizes N, by T and H; D = H
    (150, 256): (16, 32, 64, 1, 2, 4),
    (25, 512): (16, 32, 64, 128, 1, 2, 4),
    (25, 1024): (16, 32, 64, 128, 1, 2, 4),
    (50, 1536): (8, 16, 32, 1, 2, 4),
    (25, 2048): (16, 32, 64, 128, 1, 2, 4),
    (25, 4096): (16, 32, 64, 128),
}
DEEPBENCH = tuple(Shape(N, T, H, H) for (T, H), batches in _SQUARES.items() for N in batches)
SETS = {"small": SMALL, "deepbench": DEEPBENCH}


def parse(text: str) -> tuple[Shape, ...]:
    """The shapes that --shapes names: a bundled set, or a file with one "N T D H" per line.

    In a file, # begins a comment, and commas may stand between the numbers.

    Raises:
        Unusable: there is no such set or file, or a line of it is not a shape.
    """
    if text in SETS:
        return SETS[text]
    path = Path(text)
    if not path.is_file():
        raise Unusable(f"there is no set of shapes {text!r} ({', '.join(SETS)}), and no such file")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{text} cannot be read: {error}") from None
    shapes: list[Shape] = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        sizes = [int(word) for word in words if word.isdecimal() and int(word) > 0]
        if len(words) != 4 or len(sizes) != 4:
            raise Unusable(f"{text}, line {number}: {line.strip()!r} is not a shape; give {FORM}")
        if Shape(*sizes) in shapes:
            raise Unusable(f"{text}, line {number}: {Shape(*sizes)} stands there twice")
        shapes.append(Shape(*sizes))
    if not shapes:
        raise Unusable(f"{text} holds no shape; give {FORM}")
    return tuple(shapes)

"""The sizes that are timed: the bundled sets, and those of a file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_checks.sources import Unusable

FORM = "four whole numbers from 1: batch B, time steps T, inputs D, hidden units H"


@dataclass(frozen=True)
class Shape:
    """Batch B, time steps T, input size D, hidden size H."""

    B: int
    T: int
    D: int
    H: int

    def __str__(self) -> str:
        return f"B{self.B} T{self.T} D{self.D} H{self.H}"

    @property
    def short(self) -> str:
        """The four sizes alone, for tables."""
        return f"{self.B}×{self.T}×{self.D}×{self.H}"

    def operations(self, backward: bool) -> int:
        """Floating-point operations of the matrix products alone, a multiply-add being two.

        Forward 8·B·T·H·(D + H): four gates, each D + H products a unit. The backward pass does
        twice as many again: those for the inputs and the states, and those for the weights.
        """
        forward = 8 * self.B * self.T * self.H * (self.D + self.H)
        return 3 * forward if backward else forward


def _square(hidden: int, steps: int, batches: tuple[int, ...]) -> tuple[Shape, ...]:
    return tuple(Shape(batch, steps, hidden, hidden) for batch in batches)


SMALL = (
    Shape(1, 50, 16, 16),
    Shape(16, 25, 64, 64),
    Shape(32, 50, 128, 128),
    Shape(64, 50, 256, 256),
    Shape(16, 25, 512, 512),
    Shape(1, 100, 256, 256),
)
# The LSTMs of baidu-research/DeepBench, code/kernels/rnn_problems.h: training, then the server's
# inference. (DeepBench leaves the input product out; here it is timed with the rest.)
DEEPBENCH = (
    *_square(256, 150, (16, 32, 64)),
    *_square(512, 25, (16, 32, 64, 128)),
    *_square(1024, 25, (16, 32, 64, 128)),
    *_square(1536, 50, (8, 16, 32)),
    *_square(2048, 25, (16, 32, 64, 128)),
    *_square(4096, 25, (16, 32, 64, 128)),
    *_square(256, 150, (1, 2, 4)),
    *_square(512, 25, (1, 2, 4)),
    *_square(1024, 25, (1, 2, 4)),
    *_square(1536, 50, (1, 2, 4)),
    *_square(2048, 25, (1, 2, 4)),
)
SETS = {"small": SMALL, "deepbench": DEEPBENCH}


def parse(text: str) -> tuple[Shape, ...]:
    """The shapes that --shapes names: a bundled set, or a file of them.

    A file is JSON, a list of [B, T, D, H] or of {"B": …, "T": …, "D": …, "H": …}; or text with one
    "B T D H" a line, where # begins a comment.

    Raises:
        Unusable: there is no such set or file, or a shape in it is none.
    """
    if text in SETS:
        return SETS[text]
    path = Path(text)
    if not path.is_file():
        raise Unusable(f"there is no set of shapes {text!r} ({', '.join(SETS)}), and no such file")
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{text} cannot be read: {error}") from None
    rows = _json_rows(text, content) if content.lstrip()[:1] in ("[", "{") else _rows(text, content)
    if not rows:
        raise Unusable(f"{text} holds no shape; give {FORM}")
    shapes = tuple(_shape(where, values) for where, values in rows)
    twice = next((shape for k, shape in enumerate(shapes) if shape in shapes[:k]), None)
    if twice is not None:
        raise Unusable(f"{text} holds {twice} twice")
    return shapes


def _rows(name: str, content: str) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for number, line in enumerate(content.splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if words:
            values = [int(word) if word.isdecimal() else word for word in words]
            rows.append((f"{name}, line {number}", values))
    return rows


def _json_rows(name: str, content: str) -> list[tuple[str, Any]]:
    try:
        rows = json.loads(content)
    except ValueError as error:
        raise Unusable(f"{name} is no valid JSON: {error}") from None
    if not isinstance(rows, list):
        raise Unusable(f"{name} holds a JSON object; give a list of shapes, each {FORM}")
    return [(f"{name}, shape {number}", row) for number, row in enumerate(rows, 1)]


def _shape(where: str, values: Any) -> Shape:
    if isinstance(values, dict) and set(values) == set("BTDH"):
        values = [values[letter] for letter in "BTDH"]
    if (
        not isinstance(values, list)
        or len(values) != 4
        or not all(isinstance(value, int) and value is not True and value > 0 for value in values)
    ):
        raise Unusable(f"{where}: {values!r} is no shape; give {FORM}")
    return Shape(*values)

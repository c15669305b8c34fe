"""Typical submissions, for trying a rubric: a right one, an unfinished one, five with a mistake."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "samples"
NOT_WRITTEN = "    raise NotImplementedError\n"


@dataclass(frozen=True)
class Sample:
    """A submission in words, and its source."""

    name: str
    source: str


# What is replaced, and by what.
MISTAKES = {
    "cs231n": {
        "the forget gate is left out": ("f * prev_c + i * g", "prev_c + i * g"),
        "the gates are in another order": ("zi, zf, zo, zg = np", "zi, zo, zf, zg = np"),
        "tanh of the cell state is left out": ("o * np.tanh(next_c)", "o * next_c"),
        "db is the mean over the batch": ("dz.sum(axis=0)", "dz.mean(axis=0)"),
        "dx is in reverse": ("step[0] for step in reversed(steps)", "step[0] for step in steps"),
    },
    "native": {
        "the forget gate is left out": ("f * c + i * g", "c + i * g"),
        "the gates are in another order": ("zi, zf, zg, zo = np", "zi, zg, zf, zo = np"),
        "tanh of the cell state is left out": ("o * np.tanh(next_c)", "o * next_c"),
        "db is the mean over the batch": ("db + dz.sum(axis=0)", "db + dz.mean(axis=0)"),
        "dx is in reverse": ("np.stack(dx[::-1], axis=1)", "np.stack(dx, axis=1)"),
    },
}
UNFINISHED = {
    "cs231n": "def lstm_backward(dh, caches):\n",
    "native": "    def backward(self, dy, dstate=None):\n",
}


def samples(adapter: str | None) -> list[Sample]:
    """The samples of a format: those of the native contract where it has none of its own."""
    name = adapter if adapter in MISTAKES else "native"
    right = (FOLDER / f"{name}.py").read_text()
    head = UNFINISHED[name]
    indent = head[: len(head) - len(head.lstrip())]
    made = [
        Sample("right", right),
        Sample("backward is not written", right.replace(head, head + indent + NOT_WRITTEN)),
    ]
    for words, (old, new) in MISTAKES[name].items():
        assert right.count(old) == 1, words
        made.append(Sample(words, right.replace(old, new)))
    return made

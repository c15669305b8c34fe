"""Memory tasks: predict each next symbol of sequences that differ only in their two ends.

The first symbol of a sequence determines its last one. The tasks are Experiment 2a of Hochreiter &
Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, in the original and over
drawn symbols, and the two sequences of many tutorials, which are Experiment 2a with p = 4. Each
task has an exact `ceiling(k)` for predictors that see only the last k inputs (see `ceilings.py`).
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lstm_reference.cells.cell import Array
from lstm_reference.tasks.ceilings import WeightedSequence, best_accuracy, whole_number
from lstm_reference.tasks.symbols import one_hot


@dataclass(frozen=True)
class Batch:
    """N sequences of symbols for next-symbol prediction, padded at their ends to T steps.

    x and targets (N, T, D) are one-hot, float64; scored (N, T) is bool. After the end of a
    sequence, x and targets are zero, and no step is scored.
    """

    x: Array
    targets: Array
    scored: NDArray[np.bool_]


def share_right(outputs: Array, batch: Batch) -> float:
    """The share of scored steps at which the largest output is that of the target.

    This is the accuracy that a ceiling bounds. The answer is the first of equal outputs (N, T, D);
    a step with NaN among its outputs is wrong.

    Raises:
        ValueError: the outputs do not have the shape of the targets.
    """
    if outputs.shape != batch.targets.shape:
        raise ValueError(
            f"the outputs are {outputs.shape}; they should be {batch.targets.shape}, as the targets"
        )
    answers, targets = outputs[batch.scored], batch.targets[batch.scored]
    right = answers.argmax(axis=1) == targets.argmax(axis=1)
    return float(np.mean(right & ~np.isnan(answers).any(axis=1)))


@dataclass(frozen=True)
class SequenceSet:
    """The task to predict each next symbol of a sequence from a list, all equally likely.

    Each sequence has at least two symbols, out of 0 … alphabet-1. A sequence of n symbols has n-1
    steps, which are all scored.

    Raises:
        TypeError: alphabet is not an int.
        ValueError: there is no sequence, a sequence is too short, a symbol is not in the alphabet.
    """

    sequences: tuple[tuple[int, ...], ...]
    alphabet: int

    def __post_init__(self) -> None:
        whole_number("alphabet", self.alphabet, 1)
        if not self.sequences:
            raise ValueError("sequences is empty; a task needs at least one sequence")
        for sequence in self.sequences:
            if len(sequence) < 2:
                raise ValueError(f"the sequence {sequence} has no next symbol; give two or more")
            if not set(sequence) <= set(range(self.alphabet)):
                raise ValueError(
                    f"the sequence {sequence} has symbols outside 0 … {self.alphabet - 1}"
                )

    def whole(self) -> Batch:
        """All sequences of the list, each once and in order, with D = alphabet."""
        lengths = np.array([len(sequence) - 1 for sequence in self.sequences])
        x = np.zeros((len(lengths), lengths.max(), self.alphabet))
        targets = np.zeros_like(x)
        for row, length, sequence in zip(range(len(x)), lengths, self.sequences, strict=True):
            coded = one_hot(np.array(sequence), self.alphabet)
            x[row, :length], targets[row, :length] = coded[:-1], coded[1:]
        return Batch(x, targets, np.arange(x.shape[1]) < lengths[:, None])

    def ceiling(self, k: int, at_end: bool = False) -> Fraction:
        """The highest accuracy of all predictors that see the last k symbols, by enumeration.

        With `at_end`, only the last prediction of each sequence counts.

        Raises:
            TypeError: k is not an int.
            ValueError: k < 1.
        """
        probability = Fraction(1, len(self.sequences))
        distribution = []
        for sequence in self.sequences:
            targets = (None,) * (len(sequence) - 2) + sequence[-1:] if at_end else sequence[1:]
            distribution.append(WeightedSequence(probability, sequence[:-1], targets))
        return best_accuracy(distribution, k)


def two_sequences() -> SequenceSet:
    """3,0,1,2,3 and 4,0,1,2,4: after 2, only the first symbol determines the next one.

    The ceiling is 7/8 for k < 4, since one of the two last predictions is wrong, and 1 for k ≥ 4.
    """
    return experiment_2a(4)


def experiment_2a(p: int) -> SequenceSet:
    """Experiment 2a: (x, a_1 … a_{p-1}, x) and (y, a_1 … a_{p-1}, y), with D = p+1.

    The symbols have the paper's numbers minus 1: a_i is i-1, x = a_p is p-1, and y = a_{p+1} is p.
    The ceiling is 1 - 1/(2p) for k < p and 1 for k ≥ p.

    Raises:
        TypeError: p is not an int.
        ValueError: p < 2.
    """
    whole_number("p", p, 2)
    middle = tuple(range(p - 1))
    return SequenceSet(((p - 1, *middle, p - 1), (p, *middle, p)), p + 1)


def draw_conflicting(
    rng: np.random.Generator, count: int, middle: int, alphabet: int
) -> SequenceSet:
    """Experiment 2a over drawn symbols: `count` sequences that differ only in their two ends.

    Each sequence is a key of its own, then `middle` symbols common to all, then its key again. All
    these symbols are distinct and drawn from the alphabet, so that only the last step needs memory:
    with T = middle + 1 steps, the ceiling is (T - 1 + 1/count)/T for k < T and 1 for k ≥ T.

    Raises:
        TypeError: a number is not an int.
        ValueError: count < 2, middle < 1, or the alphabet is smaller than count + middle.
    """
    whole_number("count", count, 2)
    whole_number("middle", middle, 1)
    whole_number("alphabet", alphabet, count + middle)
    symbols = tuple(rng.permutation(alphabet).tolist())
    common = symbols[count : count + middle]
    return SequenceSet(tuple((key, *common, key) for key in symbols[:count]), alphabet)

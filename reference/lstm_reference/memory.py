"""Memory tasks as data: predict each next symbol of a sequence whose beginning decides its end.

Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, Experiments 2a
and 2b, and the two conflicting sequences of many tutorials, which are Experiment 2a with p = 4.
The tasks that ask for one answer at the end are in `recall.py`.

A task has `batch(rng, size)`, independent sequences drawn from it, and `ceiling(k)`, the exact
best of every predictor that sees only the last k inputs and does not know the step. `ceilings.py`
says precisely what that means; k = 1 is no memory at all.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_reference.ceilings import WeightedSequence, best_accuracy, whole_number
from lstm_reference.cell import Array

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """N sequences of different lengths, padded at their ends to T, the longest.

    x (N, T, D) and targets (N, T, K) are float64, scored (N, T) bool, lengths (N,) int64. Past a
    sequence's length x and targets are zeros; targets are zeros wherever a step is not scored.
    """

    x: Array
    targets: Array
    scored: NDArray[np.bool_]
    lengths: Integers

    def at_end(self, outputs: Array) -> Array:
        """Of outputs (N, T, K), those at each sequence's own last step: (N, K)."""
        return outputs[np.arange(len(self.lengths)), self.lengths - 1]


def one_hot(symbols: NDArray[np.integer[Any]], size: int) -> Array:
    """symbols (…,) to (…, size) float64; -1, which stands for no symbol, to zeros."""
    encoded: Array = (symbols[..., None] == np.arange(size)).astype(np.float64)
    return encoded


def predict_next(symbols: Integers, lengths: Integers, alphabet: int) -> Batch:
    """From symbols (N, T+1), -1 past the end: each step's target is the next symbol."""
    scored = np.arange(symbols.shape[1] - 1) < lengths[:, None]
    x = one_hot(np.where(scored, symbols[:, :-1], -1), alphabet)
    return Batch(x, one_hot(symbols[:, 1:], alphabet), scored, lengths)


def answer_at_end(x: Array, lengths: Integers, answers: Array) -> Batch:
    """From x (N, T, D) and answers (N, K): each sequence's last step alone is scored."""
    scored = np.arange(x.shape[1]) == lengths[:, None] - 1
    return Batch(x, np.where(scored[:, :, None], answers[:, None, :], 0.0), scored, lengths)


@dataclass(frozen=True)
class SequenceSet:
    """Predict each next symbol of a sequence drawn from a finite list, all equally likely.

    sequences: symbols 0 … alphabet-1, at least two a sequence. D = K = alphabet, one-hot, and a
    sequence of n symbols has n-1 steps, all scored.

    Raises:
        ValueError: there is no sequence, one is too short, or a symbol is not in the alphabet.
    """

    sequences: tuple[tuple[int, ...], ...]
    alphabet: int

    def __post_init__(self) -> None:
        whole_number("alphabet", self.alphabet, 1)
        if not self.sequences:
            raise ValueError("sequences is empty; a task needs at least one")
        for sequence in self.sequences:
            if len(sequence) < 2:
                raise ValueError(f"the sequence {sequence} has no next symbol; give two or more")
            if not set(sequence) <= set(range(self.alphabet)):
                raise ValueError(
                    f"the sequence {sequence} leaves the alphabet 0 … {self.alphabet - 1}"
                )

    def whole(self) -> Batch:
        """Every sequence of the list once, in its order."""
        lengths = np.array([len(sequence) - 1 for sequence in self.sequences])
        symbols = np.full((len(lengths), lengths.max() + 1), -1)
        for row, sequence in zip(symbols, self.sequences, strict=True):
            row[: len(sequence)] = sequence
        return predict_next(symbols, lengths, self.alphabet)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` sequences, drawn independently."""
        whole_number("size", size, 1)
        rows = rng.integers(len(self.sequences), size=size)
        whole = self.whole()
        lengths = whole.lengths[rows]
        T = lengths.max()
        return Batch(whole.x[rows, :T], whole.targets[rows, :T], whole.scored[rows, :T], lengths)

    def ceiling(self, k: int, at_end: bool = False) -> Fraction:
        """The largest expected share of symbols predicted right from the last k, by enumeration.

        With `at_end`, only each sequence's last prediction counts.
        """
        probability = Fraction(1, len(self.sequences))
        distribution = []
        for sequence in self.sequences:
            targets = (None,) * (len(sequence) - 2) + sequence[-1:] if at_end else sequence[1:]
            distribution.append(WeightedSequence(probability, sequence[:-1], targets))
        return best_accuracy(distribution, k)


def two_sequences() -> SequenceSet:
    """3,0,1,2,3 and 4,0,1,2,4: after 2 only the first symbol tells what comes.

    The ceiling is 7/8 for k < 4, since one of the two last steps is lost, and 1 from k = 4 on.
    """
    return experiment_2a(4)


def experiment_2a(p: int) -> SequenceSet:
    """Experiment 2a: (x, a_1 … a_{p-1}, x) or (y, a_1 … a_{p-1}, y), half each; D = K = p+1.

    The symbols are numbered as in the paper, less one: a_i is i-1, x = a_p is p-1, y = a_{p+1} is
    p. The ceiling is 1 - 1/(2p) for k < p and 1 from k = p on.

    Raises:
        TypeError, ValueError: p is not an int, or p < 2.
    """
    whole_number("p", p, 2)
    middle = tuple(range(p - 1))
    return SequenceSet(((p - 1, *middle, p - 1), (p, *middle, p)), p + 1)


def draw_conflicting(
    rng: np.random.Generator, count: int, middle: int, alphabet: int
) -> SequenceSet:
    """Experiment 2a over drawn symbols: `count` sequences that differ in their two ends only.

    Each is its own key, then `middle` symbols common to all, then its key again. Keys and middle
    are distinct symbols drawn from the alphabet, so that the last step is the only conflict: with
    T = middle + 1 steps the ceiling is (T - 1 + 1/count)/T for k < T and 1 from k = T on.

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


@dataclass(frozen=True)
class RandomMiddle:
    """Predict each next symbol of: a random key, `length` random symbols, the same key.

    The middle is drawn anew for each sequence, uniformly and independently, from symbols
    0 … symbols-1; the keys are symbols … symbols+keys-1, equally likely. D = K = symbols + keys,
    one-hot; length + 1 steps, all scored. Only the last symbol can be foretold.

    Raises:
        TypeError: a number is not an int.
        ValueError: keys < 2, symbols < 1 or length < 1.
    """

    keys: int
    symbols: int
    length: int

    def __post_init__(self) -> None:
        whole_number("keys", self.keys, 2)
        whole_number("symbols", self.symbols, 1)
        whole_number("length", self.length, 1)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` sequences, drawn independently."""
        whole_number("size", size, 1)
        middle = rng.integers(self.symbols, size=(size, self.length))
        key = self.symbols + rng.integers(self.keys, size=(size, 1))
        lengths = np.full(size, self.length + 1)
        return predict_next(np.hstack([key, middle, key]), lengths, self.symbols + self.keys)

    def ceiling(self, k: int, at_end: bool = False) -> Fraction:
        """The largest expected share of symbols predicted right from the last k.

        Number the T = length + 1 steps from 1. Up to step k the window still holds the key, which
        stands only at the beginning, so it shows the step: right with probability 1/symbols
        before step T, with 1 at step T. From step k+1 on it holds middle symbols alone, which
        show neither the step nor what comes next; one answer serves all these steps: a middle
        symbol, right with probability 1/symbols at each of the steps k+1 … T-1, or a key, right
        with probability 1/keys at step T. So the number of right answers expected is

            k/symbols + max((length - k)/symbols, 1/keys)   for k < T,
            length/symbols + 1                              for k ≥ T.

        With `at_end`, only the last prediction counts: 1/keys for k < T, then 1.
        """
        whole_number("k", k, 1)
        T = self.length + 1
        if at_end:
            return Fraction(1, self.keys) if k < T else Fraction(1)
        if k >= T:
            return (Fraction(self.length, self.symbols) + 1) / T
        blind = max(Fraction(self.length - k, self.symbols), Fraction(1, self.keys))
        return (Fraction(k, self.symbols) + blind) / T


def experiment_2b(p: int) -> RandomMiddle:
    """Experiment 2b: as 2a, but the middle is p-1 random symbols out of a_1 … a_{p-1}.

    The paper trains on every step and judges the end of the sequence alone.

    Raises:
        TypeError, ValueError: p is not an int, or p < 2.
    """
    whole_number("p", p, 2)
    return RandomMiddle(keys=2, symbols=p - 1, length=p - 1)

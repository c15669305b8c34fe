"""Memory tasks as data: one answer at the end of the sequence, about a few inputs long before.

Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, Experiments 2c
(recall on a trigger), 4 (adding) and 6 (temporal order).

A task has `batch(rng, size)`, independent sequences drawn from it, and the exact best of every
predictor that sees only the last k inputs: `ceiling(k)`, the largest share of right answers, or
`least_mse(k)`, the smallest mean squared error. `ceilings.py` says precisely what that means.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

from lstm_reference.ceilings import whole_number
from lstm_reference.memory import Batch, answer_at_end, one_hot


@dataclass(frozen=True)
class TriggeredRecall:
    """Experiment 2c: b, then x or y, then q + j distractors, then e; now say whether x or y.

    j is geometric: after q distractors each further one comes with probability 9/10. Distractors
    are uniform among p symbols, 0 … p-1; e, b, x, y are p … p+3. D = p+4, and K = 2: (1, 0) for
    x, (0, 1) for y, asked for at e alone. The sequence has q + j + 3 steps, q + 12 in the mean.

    Two misprints of the paper are set right here. It draws the distractors' index from 1 … q,
    while its p counts the "available distractor symbols" (Table 3). And it gives the expected
    length as q + 14, where its own sum 4 + Σ (1/10)(9/10)^j (q+j) is q + 13: the q + 12 steps and
    the symbol to be predicted.

    Raises:
        TypeError, ValueError: q or p is not an int, or below 1.
    """

    q: int
    p: int

    def __post_init__(self) -> None:
        whole_number("q", self.q, 1)
        whole_number("p", self.p, 1)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` sequences, drawn independently."""
        whole_number("size", size, 1)
        e, b, x = self.p, self.p + 1, self.p + 2
        lengths = self.q + 2 + rng.geometric(0.1, size)  # NumPy counts the failing trial: j + 1
        answer = rng.integers(2, size=size)
        step = np.arange(lengths.max())
        symbols = rng.integers(self.p, size=(size, len(step)))
        symbols[:, 0] = b
        symbols[:, 1] = x + answer
        symbols[step == lengths[:, None] - 1] = e
        symbols[step >= lengths[:, None]] = -1
        return answer_at_end(one_hot(symbols, self.p + 4), lengths, one_hot(answer, 2))

    def ceiling(self, k: int) -> Fraction:
        """The largest share of sequences answered right from the last k inputs.

        At e the symbol x or y lies q + j + 1 steps back, in the window if j ≤ k - q - 2; else
        nothing tells and half the answers are right. P(j ≥ n) = (9/10)^n, so the ceiling is
        1 - ½ (9/10)^max(0, k-q-1).
        """
        whole_number("k", k, 1)
        return 1 - Fraction(9, 10) ** max(0, k - self.q - 1) / 2


def experiment_2c(q: int, p: int) -> TriggeredRecall:
    """Experiment 2c with q certain distractors out of p symbols; see `TriggeredRecall`."""
    return TriggeredRecall(q, p)


@dataclass(frozen=True)
class AddingProblem:
    """Experiment 4: pairs (value, marker); at the end, say what the marked values add up to.

    Values are U[-1, 1]. The number of pairs is uniform from `shortest` to `longest`. One of the
    first `first` pairs is marked, then one of the first `second` pairs still unmarked. Markers
    are 1 at the marked pairs, -1 at the first and at the last pair, else 0. If the first pair is
    the one marked, its marker stays -1 and its value counts as zero, as in the paper; so the target
    is always 0.5 + (sum of the values whose marker is 1)/4, in [0, 1]. D = 2, K = 1.

    Raises:
        TypeError: a number is not an int.
        ValueError: a number is too small, or the last pair could be marked.
    """

    shortest: int
    longest: int
    first: int
    second: int

    def __post_init__(self) -> None:
        whole_number("first", self.first, 1)
        whole_number("second", self.second, 1)
        whole_number("shortest", self.shortest, max(self.first, self.second + 1) + 1)
        whole_number("longest", self.longest, self.shortest)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` sequences, drawn independently."""
        whole_number("size", size, 1)
        lengths = rng.integers(self.shortest, self.longest, size=size, endpoint=True)
        step, row = np.arange(lengths.max()), np.arange(size)
        value = rng.uniform(-1, 1, size=(size, len(step)))
        first = rng.integers(self.first, size=size)
        second = rng.integers(self.second, size=size)
        second += second >= first  # count the unmarked pairs only
        marker = np.zeros_like(value)
        marker[row, first] = marker[row, second] = 1
        marker[:, 0] = marker[row, lengths - 1] = -1
        x = np.stack([value, marker], axis=2)
        x[step >= lengths[:, None]] = 0
        target = 0.5 + np.sum(value, axis=1, where=marker == 1, keepdims=True) / 4
        return answer_at_end(x, lengths, target)

    def least_mse(self, k: int) -> Fraction:
        """The smallest mean squared error of every predictor that sees the last k pairs.

        Values are independent of each other and of the markers, with mean 0 and variance 1/3.
        Whatever the window shows, a value outside it keeps the mean 0; so the best answer is 0.5
        plus a quarter of the marked values in sight, its error a quarter of those out of sight,
        and the products of two of those have mean 0. A mark at the first pair adds nothing. Hence
        with i and j the marked pairs, counted from 1, and L the number of pairs,

            least MSE = 1/16 · 1/3 · (P(2 ≤ i ≤ L-k) + P(2 ≤ j ≤ L-k)).

        Were both marked values always counted, a blind predictor, which answers 0.5, would have
        1/16 · 2/3 = 1/24, the paper's scaling; the rare mark at the first pair makes it a little
        less (T = 100: 461/11760 = 0.0392). Later papers add two values of U[0, 1] unscaled, where
        it is 2 · 1/12 = 1/6.
        """
        whole_number("k", k, 1)
        lengths = self.longest - self.shortest + 1
        count = 0  # over (i, j, L), all equally likely: the marks at 2 … L-k
        for s in range(2, max(self.first, self.second + 1) + 1):
            marks = self.second * (s <= self.first)  # i = s
            marks += min(s - 1, self.first) * (s <= self.second + 1)  # j = s, after i
            marks += max(self.first - s, 0) * (s <= self.second)  # j = s, before i
            count += marks * min(lengths, max(0, self.longest - k - s + 1))
        return Fraction(count, 48 * self.first * self.second * lengths)


def experiment_4(T: int) -> AddingProblem:
    """Experiment 4, the adding problem: T to T + T/10 pairs, one mark among the first ten and one
    among the first T/2 - 1 others.

    Raises:
        TypeError: T is not an int.
        ValueError: T < 20, or T is not a multiple of 10.
    """
    whole_number("T", T, 20)
    if T % 10:
        raise ValueError(f"T is {T}; it should be a multiple of 10, for T/2 and T/10 to be whole")
    return AddingProblem(T, T + T // 10, first=10, second=T // 2 - 1)


@dataclass(frozen=True)
class TemporalOrder:
    """Experiment 6: distractors with a few X or Y among them; at the end, say which and in what
    order.

    The number of symbols is uniform from `shortest` to `longest`. The first is E, the last B, and
    one X or Y, equally likely, stands in each of `places`, uniformly between its two bounds;
    symbols are counted from 1 (E), bounds are included. The others are uniform among the
    distractors, 0 … distractors-1; X, Y, E, B are distractors … distractors+3. D = distractors+4.
    K = 2^m classes for m places: the binary number with X = 0, Y = 1, the first place its highest
    digit, which is the paper's order Q, R, S, U (V, A, B, C).

    Raises:
        TypeError: a number is not an int.
        ValueError: there is no place, places overlap, or leave the symbols between E and B.
    """

    shortest: int
    longest: int
    places: tuple[tuple[int, int], ...]
    distractors: int = 4

    def __post_init__(self) -> None:
        whole_number("shortest", self.shortest, 3)
        whole_number("longest", self.longest, self.shortest)
        whole_number("distractors", self.distractors, 1)
        if not self.places:
            raise ValueError("places is empty; a task needs at least one")
        before = 1
        for low, high in self.places:
            whole_number("a bound in places", low, 1)
            whole_number("a bound in places", high, 1)
            if not before < low <= high < self.shortest:
                raise ValueError(
                    f"places is {self.places}; they should follow each other, "
                    f"without overlap, within 2 … {self.shortest - 1}"
                )
            before = high

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` sequences, drawn independently."""
        whole_number("size", size, 1)
        X, E, B = self.distractors, self.distractors + 2, self.distractors + 3
        lengths = rng.integers(self.shortest, self.longest, size=size, endpoint=True)
        step, row = np.arange(1, lengths.max() + 1), np.arange(size)
        symbols = rng.integers(self.distractors, size=(size, len(step)))
        answer = np.zeros(size, dtype=np.int64)
        for low, high in self.places:
            is_y = rng.integers(2, size=size)
            symbols[row, rng.integers(low, high, size=size, endpoint=True) - 1] = X + is_y
            answer = 2 * answer + is_y
        symbols[:, 0] = E
        symbols[step == lengths[:, None]] = B
        symbols[step > lengths[:, None]] = -1
        classes = one_hot(answer, 2 ** len(self.places))
        return answer_at_end(one_hot(symbols, self.distractors + 4), lengths, classes)

    def ceiling(self, k: int) -> Fraction:
        """The largest share of sequences classified right from the last k symbols.

        Each X or Y out of sight halves the chance, those in sight are the last ones and known as
        such, since every sequence has the same number of them. The one at position t of L symbols
        is in sight if t > L - k, independently of the others for a given L; so the ceiling is the
        mean over L of Π over the places of ½ (1 + P(t > L-k)): 2^-m where none is ever in sight.
        """
        whole_number("k", k, 1)
        lengths = range(self.shortest, self.longest + 1)
        total = Fraction(0)
        for L in lengths:
            total += prod(
                (1 + Fraction(sum(t > L - k for t in range(low, high + 1)), high - low + 1)) / 2
                for low, high in self.places
            )
        return total / len(lengths)


def experiment_6a() -> TemporalOrder:
    """Experiment 6a: 100 to 110 symbols, two X or Y, at 10 to 20 and 50 to 60; 4 classes."""
    return TemporalOrder(100, 110, ((10, 20), (50, 60)))


def experiment_6b() -> TemporalOrder:
    """Experiment 6b: 100 to 110 symbols, three X or Y, at 10 to 20, 33 to 43 and 66 to 76; 8
    classes."""
    return TemporalOrder(100, 110, ((10, 20), (33, 43), (66, 76)))

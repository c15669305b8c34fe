"""The ceilings of the memory tasks, compared with enumeration, values by hand, and a learned table.

The distributions enumerated here are written from Hochreiter & Schmidhuber (1997), independently
of the code under test.
"""

from collections import Counter, defaultdict
from fractions import Fraction as F
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_reference.tasks.ceilings import WeightedSequence, best_accuracy
from lstm_reference.tasks.memory import (
    SequenceSet,
    draw_conflicting,
    experiment_2a,
    two_sequences,
)


def next_symbol(sequences):
    """Equally likely sequences in which every symbol but the first is a target."""
    return [WeightedSequence(F(1, len(sequences)), s[:-1], s[1:]) for s in sequences]


# The enumeration itself


def test_best_accuracy_is_the_best_of_all_functions_of_the_window():
    def window(inputs, t, k):  # blanks before the beginning, which the predictor sees
        return (("blank",) * k + inputs)[t + 1 : t + 1 + k]

    rng = np.random.default_rng(1)
    for k in (1, 2, 3):
        for _ in range(10):
            runs = [
                (tuple(rng.integers(2, size=3)), rng.choice([0, 1, None], size=3)) for _ in "12"
            ]
            runs[0][1][1] = 1  # at least one step is scored
            distribution = [
                WeightedSequence(F(1, 4), runs[0][0], tuple(runs[0][1])),
                WeightedSequence(F(3, 4), runs[1][0], tuple(runs[1][1])),
            ]
            windows = sorted({window(i, t, k) for i, _ in runs for t in range(3)}, key=str)
            steps = [
                (s.probability, window(s.inputs, t, k), y)
                for s in distribution
                for t, y in enumerate(s.targets)
                if y is not None
            ]
            best = max(
                sum(p for p, w, y in steps if answers[windows.index(w)] == y)
                for answers in product((0, 1), repeat=len(windows))
            )
            assert best_accuracy(distribution, k) == best / sum(p for p, _, _ in steps)


def test_a_window_shows_the_beginning_but_not_the_step():
    run = next_symbol([(0, 0, 0, 1)])  # inputs 0, 0, 0, targets 0, 0, 1
    assert [best_accuracy(run, k) for k in (1, 2, 3)] == [F(2, 3), F(2, 3), 1]
    run = next_symbol([(0, 0, 1)])  # with k = 2, only the first step has a window of one input
    assert [best_accuracy(run, k) for k in (1, 2)] == [F(1, 2), 1]


# Ceilings compared with enumeration


@settings(deadline=None, database=None, max_examples=30)
@given(st.integers(2, 4), st.integers(1, 6), st.integers(0, 3), st.integers(0, 2**32))
def test_ceiling_of_conflicting_sequences(count, middle, spare, seed):
    task = draw_conflicting(np.random.default_rng(seed), count, middle, count + middle + spare)
    T = middle + 1
    for k in range(1, T + 3):
        closed = 1 if k >= T else (T - 1 + F(1, count)) / T
        assert task.ceiling(k) == closed == best_accuracy(next_symbol(task.sequences), k)
        assert task.ceiling(k, at_end=True) == (1 if k >= T else F(1, count))


# Ceilings by hand, from the paper's figures


def test_two_sequences_by_hand():
    task = two_sequences()
    assert set(task.sequences) == {(3, 0, 1, 2, 3), (4, 0, 1, 2, 4)}
    assert task.alphabet == 5
    assert [task.ceiling(k) for k in (1, 2, 3, 4, 5, 100)] == [F(7, 8)] * 3 + [1] * 3


def test_experiment_2a_by_hand():
    task = experiment_2a(100)
    assert [task.ceiling(k) for k in (1, 99, 100)] == [F(199, 200), F(199, 200), 1]
    assert [task.ceiling(k, at_end=True) for k in (99, 100)] == [F(1, 2), 1]


@settings(deadline=None, database=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**32))
def test_a_longer_window_is_never_worse_on_any_set(count, alphabet, seed):
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(alphabet, size=rng.integers(2, 7)) for _ in range(count)]
    task = SequenceSet(tuple(tuple(s.tolist()) for s in drawn), alphabet)
    assert all(a <= b for a, b in pairwise(task.ceiling(k) for k in range(1, 9)))


# A predictor learned from samples


def windows(task, rows, k):
    """For each step of the sequences with these numbers: (sample, window, target)."""
    batch = task.whole()
    for sample, row in enumerate(rows):
        for t in np.flatnonzero(batch.scored[row]):
            window = batch.x[row, max(0, t + 1 - k) : t + 1].tobytes()
            yield sample, window, int(batch.targets[row, t].argmax())


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
@pytest.mark.parametrize(
    "task",
    [
        two_sequences(),
        draw_conflicting(np.random.default_rng(3), 3, 4, 9),
        SequenceSet(((0, 1, 2, 0), (1, 1, 2, 1, 0), (2, 1, 2, 2), (0, 1)), 3),
    ],
)
def test_a_majority_table_reaches_the_ceiling_and_does_not_pass_it(task, k):
    rng = np.random.default_rng(4)
    counts = defaultdict(Counter)
    for _, window, target in windows(task, rng.integers(len(task.sequences), size=4000), k):
        counts[window][target] += 1
    table = {window: seen.most_common(1)[0][0] for window, seen in counts.items()}
    rows = rng.integers(len(task.sequences), size=4000)
    right = np.zeros(len(rows))
    for sample, window, target in windows(task, rows, k):
        right[sample] += table.get(window) == target
    steps = np.array([len(task.sequences[row]) - 1 for row in rows])
    ceiling = float(task.ceiling(k))
    # the sum of right - ceiling·steps has mean 0 for the best predictor
    excess = right - ceiling * steps
    assert abs(excess.mean()) <= 5 * excess.std() / np.sqrt(len(rows)) + 1e-12


# Bad arguments


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: best_accuracy([], 1), "no step of the distribution is scored"),
        (lambda: WeightedSequence(F(1), (0, 1), (0,)), "2 inputs and 1 targets"),
    ],
)
def test_bad_distributions(call, says):
    with pytest.raises(ValueError, match=says):
        call()

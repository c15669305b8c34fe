"""The ceilings of the memory tasks against enumeration, by hand, and against learned predictors.

The distributions enumerated here are written from Hochreiter & Schmidhuber (1997), apart from the
code under test; values "by hand" follow from the paper's figures.
"""

from collections import Counter, defaultdict
from fractions import Fraction as F
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_reference.ceilings import WeightedSequence, best_accuracy, least_squared_error
from lstm_reference.memory import (
    RandomMiddle,
    SequenceSet,
    draw_conflicting,
    experiment_2a,
    experiment_2b,
    two_sequences,
)
from lstm_reference.recall import (
    AddingProblem,
    TemporalOrder,
    TriggeredRecall,
    experiment_2c,
    experiment_4,
    experiment_6a,
    experiment_6b,
)

SMALL_ORDERS = [
    TemporalOrder(6, 7, ((2, 3), (4, 5)), distractors=2),
    TemporalOrder(6, 9, ((2, 2), (4, 5)), distractors=1),
    TemporalOrder(7, 8, ((2, 3), (4, 4), (5, 6)), distractors=1),
]
SMALL_SUMS = [AddingProblem(4, 6, 2, 2), AddingProblem(5, 6, 1, 3), AddingProblem(5, 6, 4, 2)]


def uniform(runs):
    """WeightedSequences of equal probability from pairs (inputs, targets)."""
    runs = list(runs)
    return [WeightedSequence(F(1, len(runs)), tuple(i), tuple(t)) for i, t in runs]


def next_symbol(sequences, at_end=False):
    """Every symbol but the first is a target; with at_end, the last alone."""
    return uniform(
        (s[:-1], (None,) * (len(s) - 2) + (s[-1],) if at_end else s[1:]) for s in sequences
    )


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
    run = next_symbol([(0, 0, 1)])  # k = 2 tells the first step, which shows one input, from later
    assert [best_accuracy(run, k) for k in (1, 2)] == [F(1, 2), 1]


def test_least_squared_error_is_the_variance_within_the_window():
    run = uniform([((0,), (1,)), ((0,), (4,)), ((0,), (4,)), ((1,), (F(5, 2),))])
    assert least_squared_error(run, 1) == F(3, 4) * 2  # 1, 4, 4 have the variance 2
    run = uniform([((0, 1, 1), (0, 3, None)), ((0, 1, 2), (2, 3, 9))])
    assert least_squared_error(run, 1) == F(1 + 1, 5)  # five steps; only 0 and 2 share a window
    rng = np.random.default_rng(2)
    inputs, targets = rng.integers(2, size=(6, 3)).tolist(), rng.integers(9, size=6).tolist()
    run = uniform((i, (None, None, y)) for i, y in zip(inputs, targets, strict=True))
    groups = defaultdict(list)
    for i, y in zip(inputs, targets, strict=True):
        groups[tuple(i[1:])].append(y)
    expected = sum(len(g) * np.var(g) for g in groups.values()) / 6
    assert float(least_squared_error(run, 2)) == pytest.approx(expected, rel=1e-12)


# Ceilings against enumeration


@settings(deadline=None, database=None, max_examples=30)
@given(st.integers(2, 4), st.integers(1, 6), st.integers(0, 3), st.integers(0, 2**32))
def test_ceiling_of_conflicting_sequences(count, middle, spare, seed):
    task = draw_conflicting(np.random.default_rng(seed), count, middle, count + middle + spare)
    T = middle + 1
    for k in range(1, T + 3):
        closed = 1 if k >= T else (T - 1 + F(1, count)) / T
        assert task.ceiling(k) == closed == best_accuracy(next_symbol(task.sequences), k)
        assert task.ceiling(k, at_end=True) == (1 if k >= T else F(1, count))


@pytest.mark.parametrize("keys", [2, 3])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_ceiling_of_random_middles(keys, count, length):
    task = RandomMiddle(keys, count, length)
    sequences = [
        (key, *middle, key)
        for key in range(count, count + keys)
        for middle in product(range(count), repeat=length)
    ]
    for k in range(1, length + 4):
        assert task.ceiling(k) == best_accuracy(next_symbol(sequences), k)
        at_end = best_accuracy(next_symbol(sequences, at_end=True), k)
        assert task.ceiling(k, at_end=True) == at_end


@pytest.mark.parametrize(("q", "p"), [(1, 1), (1, 2), (2, 2), (3, 1)])
def test_ceiling_of_triggered_recall(q, p):
    task, j_end = TriggeredRecall(q, p), 6
    runs, total = [], F(0)
    for j, key in product(range(j_end), "xy"):
        probability = F(1, 2) * F(9, 10) ** j * F(1, 10) / p ** (q + j)
        for middle in product(range(p), repeat=q + j):
            inputs = ("b", key, *middle, "e")
            runs.append(WeightedSequence(probability, inputs, (None,) * (len(inputs) - 1) + (key,)))
            total += probability
    assert total == 1 - F(9, 10) ** j_end
    for k in range(1, q + j_end + 2):  # such a window misses the key of every longer sequence
        known = total * best_accuracy(runs, k)
        assert task.ceiling(k) == known + (1 - total) / 2


@pytest.mark.parametrize("task", SMALL_SUMS)
def test_least_mse_of_adding(task):
    # -1, 0, 1 with weights 1, 4, 1 have the mean 0 and the variance 1/3 of U[-1, 1]
    weight = {-1: 1, 0: 4, 1: 1}
    lengths = range(task.shortest, task.longest + 1)
    runs = []
    for L, i, n in product(lengths, range(task.first), range(task.second)):
        j = [s for s in range(L) if s != i][n]
        probability = F(1, len(lengths) * task.first * task.second)
        markers = [-1] + [int(s in (i, j)) for s in range(1, L - 1)] + [-1]
        for values in product(weight, repeat=L):
            pairs = tuple(zip(values, markers, strict=True))
            target = F(1, 2) + F(sum(v for v, m in pairs if m == 1), 4)
            p = probability * F(prod(weight[v] for v in values), 6**L)
            runs.append(WeightedSequence(p, pairs, (None,) * (L - 1) + (target,)))
    assert sum(run.probability for run in runs) == 1
    for k in (1, 2, 3, 4, task.longest - 1, task.longest, task.longest + 1):
        assert task.least_mse(k) == least_squared_error(runs, k)


@pytest.mark.parametrize("task", SMALL_ORDERS)
def test_ceiling_of_temporal_order(task):
    runs = []
    lengths = range(task.shortest, task.longest + 1)
    places = [range(low, high + 1) for low, high in task.places]
    for L in lengths:
        spots = list(product(*places))
        for at, names in product(spots, product("XY", repeat=len(places))):
            marks = dict(zip(at, names, strict=True))
            rest = L - 2 - len(marks)
            shares = len(lengths) * len(spots) * 2 ** len(marks) * task.distractors**rest
            for others in product(range(task.distractors), repeat=rest):
                other = iter(others)
                inputs = ["E", *(marks.get(t) or next(other) for t in range(2, L)), "B"]
                targets = (None,) * (L - 1) + (names,)
                runs.append(WeightedSequence(F(1, shares), tuple(inputs), targets))
    assert sum(run.probability for run in runs) == 1
    for k in range(1, task.longest + 2):
        assert task.ceiling(k) == best_accuracy(runs, k)


# Ceilings by hand, from the paper's figures


def test_two_sequences_by_hand():
    task = two_sequences()
    assert set(task.sequences) == {(3, 0, 1, 2, 3), (4, 0, 1, 2, 4)}
    assert task.alphabet == 5
    assert [task.ceiling(k) for k in (1, 2, 3, 4, 5, 100)] == [F(7, 8)] * 3 + [1] * 3


def test_experiment_2_by_hand():
    a, b, c = experiment_2a(100), experiment_2b(100), experiment_2c(50, 50)
    assert [a.ceiling(k) for k in (1, 99, 100)] == [F(199, 200), F(199, 200), 1]
    # 2b: the 99 random symbols make 1 right answer of 100, the last symbol at most one more
    assert [b.ceiling(k) for k in (1, 100)] == [F(1, 100), F(2, 100)]
    assert [b.ceiling(k, at_end=True) for k in (99, 100)] == [F(1, 2), 1]
    # 2c: the key comes into sight at q + 2 = 52, where j = 0, and at 53, where j = 1
    assert [c.ceiling(k) for k in (1, 51, 52, 53)] == [F(1, 2), F(1, 2), F(11, 20), F(119, 200)]
    assert 1 - c.ceiling(500) < 1e-20


def test_adding_by_hand():
    task = experiment_4(100)
    # P(i = 1) = 1/10, P(j = 1) = 9/10 · 1/49; marks lie at 1 … 50 of 100 pairs or more
    blind = F(1, 48) * (2 - F(1, 10) - F(9, 490))
    assert [task.least_mse(k) for k in (1, 50)] == [blind, blind]
    # k = 51 shows the 50th of 100 pairs: 1 of 11 lengths, 1 of 49 places
    assert task.least_mse(51) == blind - F(1, 48 * 11 * 49)
    assert task.least_mse(109) == 0  # only the first pair of 110 is out of sight
    assert task.least_mse(108) > 0
    assert F(1, 24) * F(94, 100) < blind < F(1, 24)  # the paper's form without the rare case


def test_temporal_order_by_hand():
    a, b = experiment_6a(), experiment_6b()
    # 6a: the second mark is 40 … 60 symbols before the last, the first 80 … 100
    assert [a.ceiling(k) for k in (1, 40)] == [F(1, 4)] * 2
    assert a.ceiling(41) == F(1, 4) * (1 + F(1, 121))
    assert [a.ceiling(k) for k in (61, 80)] == [F(1, 2)] * 2
    assert a.ceiling(100) < a.ceiling(101) == 1
    # 6b: the third is 24 … 44 symbols before the last, the second 57 … 77, the first 80 … 100
    assert [b.ceiling(k) for k in (1, 24, 45, 57, 78, 80, 101)] == [
        *(F(1, 8), F(1, 8), F(1, 4), F(1, 4), F(1, 2), F(1, 2), 1)
    ]


@pytest.mark.parametrize(
    "task",
    [
        experiment_2a(12),
        experiment_2b(12),
        RandomMiddle(3, 2, 9),
        experiment_2c(6, 3),
        experiment_6a(),
        experiment_6b(),
    ],
)
def test_a_longer_window_is_never_worse(task):
    assert all(a <= b for a, b in pairwise(task.ceiling(k) for k in range(1, 115)))


def test_a_longer_window_never_adds_badly():
    assert all(a >= b for a, b in pairwise(experiment_4(40).least_mse(k) for k in range(1, 50)))


@settings(deadline=None, database=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**32))
def test_a_longer_window_is_never_worse_on_any_set(count, alphabet, seed):
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(alphabet, size=rng.integers(2, 7)) for _ in range(count)]
    task = SequenceSet(tuple(tuple(s.tolist()) for s in drawn), alphabet)
    assert all(a <= b for a, b in pairwise(task.ceiling(k) for k in range(1, 9)))


# Predictors learned from samples


def windows(batch, k):
    """For each scored step of each sequence: (sequence, window, target)."""
    for n, t in np.argwhere(batch.scored):
        yield n, batch.x[n, max(0, t + 1 - k) : t + 1].tobytes(), int(batch.targets[n, t].argmax())


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
@pytest.mark.parametrize(
    "task",
    [
        two_sequences(),
        draw_conflicting(np.random.default_rng(3), 3, 4, 9),
        RandomMiddle(2, 2, 4),
        RandomMiddle(3, 2, 3),
        TriggeredRecall(1, 2),
        SMALL_ORDERS[0],
    ],
)
def test_a_majority_table_reaches_the_ceiling_and_does_not_pass_it(task, k):
    rng = np.random.default_rng(4)
    counts = defaultdict(Counter)
    for _, window, target in windows(task.batch(rng, 4000), k):
        counts[window][target] += 1
    table = {window: seen.most_common(1)[0][0] for window, seen in counts.items()}
    right = np.zeros(1000)
    test = task.batch(rng, 1000)
    for n, window, target in windows(test, k):
        right[n] += table.get(window) == target
    shares = right / test.scored.sum(axis=1)
    sampling_error = 5 * shares.std() / np.sqrt(shares.size) + 1e-12
    assert shares.mean() <= float(task.ceiling(k)) + sampling_error
    # unseen windows and coins that fell wrong in 4000 draws cost a little where windows are many
    assert shares.mean() >= float(task.ceiling(k)) - sampling_error - 0.03


@pytest.mark.parametrize("k", [1, 3, 6, 9, 12])
def test_least_squares_reaches_the_least_mse_of_adding_and_does_not_pass_it(k):
    task, rng = AddingProblem(10, 11, first=4, second=5), np.random.default_rng(5)

    def features(batch):  # of the last k pairs, each value and each value times its marker
        last = batch.lengths[:, None] - 1 - np.arange(k)
        rows = np.arange(len(last))[:, None]
        seen = np.where((last >= 0)[:, :, None], batch.x[rows, last], 0)
        value, marked = seen[:, :, 0], seen[:, :, 0] * (seen[:, :, 1] == 1)
        return np.hstack([np.ones((len(last), 1)), value, marked])

    train, test = task.batch(rng, 20_000), task.batch(rng, 20_000)
    fit = np.linalg.lstsq(features(train), train.at_end(train.targets)[:, 0], rcond=None)[0]
    errors = (features(test) @ fit - test.at_end(test.targets)[:, 0]) ** 2
    sampling_error = 5 * errors.std() / np.sqrt(errors.size) + 1e-12
    assert abs(errors.mean() - float(task.least_mse(k))) <= sampling_error


# Bad arguments


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: best_accuracy([], 1), ValueError, "no step of the distribution is scored"),
        (lambda: WeightedSequence(F(1), (0, 1), (0,)), ValueError, "2 inputs and 1 targets"),
        (
            lambda: least_squared_error(uniform([((0,), ("x",))]), 1),
            TypeError,
            "the target 'x' is not an int or a Fraction",
        ),
    ],
)
def test_bad_distributions(call, error, says):
    with pytest.raises(error, match=says):
        call()

"""The memory tasks' data against their definition in Hochreiter & Schmidhuber (1997).

Draws are held against their probabilities within 5 standard deviations, with fixed seeds.
"""

from collections import Counter
from itertools import product

import numpy as np
import pytest

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


def symbols(x):
    """One-hot (N, T, D) back to symbols (N, T), zero rows to -1; nothing else may occur."""
    assert set(np.unique(x)) <= {0.0, 1.0}
    assert x.sum(axis=-1).max() == 1
    return np.where(x.any(axis=-1), x.argmax(axis=-1), -1)


def assert_share(hits, probability):
    """That as many of the draws (bool) are hits as the probability says, within 5 sigma."""
    hits = np.asarray(hits)
    sigma = np.sqrt(probability * (1 - probability) / hits.size)
    assert abs(hits.mean() - probability) <= 5 * sigma


def test_the_two_sequences():
    batch = two_sequences().whole()
    assert batch.scored.sum() == 8
    assert symbols(batch.x).tolist() == [[3, 0, 1, 2], [4, 0, 1, 2]]
    assert symbols(batch.targets).tolist() == [[0, 1, 2, 3], [0, 1, 2, 4]]
    assert batch.x.shape == batch.targets.shape == (2, 4, 5)


def test_drawn_sequences_of_a_set():
    task = SequenceSet(((0, 1, 2), (1, 0, 2, 2, 1), (2, 0)), 3)
    batch = task.batch(np.random.default_rng(6), 3000)
    assert batch.x.shape == batch.targets.shape == (3000, 4, 3)
    x, y = symbols(batch.x), symbols(batch.targets)
    drawn = Counter()
    for n, length in enumerate(batch.lengths):
        drawn[(*x[n, :length].tolist(), int(y[n, length - 1]))] += 1
        assert (x[n, 1:length] == y[n, : length - 1]).all()
        assert (x[n, length:] == -1).all()
        assert (y[n, length:] == -1).all()
        assert batch.scored[n].tolist() == [True] * length + [False] * (4 - length)
    assert set(drawn) == set(task.sequences)
    for count in drawn.values():
        assert_share(np.arange(3000) < count, 1 / 3)


def test_a_batch_is_as_long_as_its_longest_sequence():
    tasks = [SequenceSet(((0, 1), (0, 1, 1)), 2), experiment_2c(2, 2), experiment_4(20)]
    for task, seed in product([*tasks, experiment_6a()], range(9)):
        batch = task.batch(np.random.default_rng(seed), 1)
        N, T, _ = batch.x.shape
        assert (N, T) == (1, batch.lengths[0]) == batch.scored.shape == batch.targets.shape[:2]


def test_drawn_conflicting_sequences():
    rng = np.random.default_rng(7)
    drawn = [draw_conflicting(rng, 3, 4, 9) for _ in range(900)]
    for task in drawn:
        assert len(task.sequences) == 3
        assert {len(s) for s in task.sequences} == {6}
        assert all(s[0] == s[-1] for s in task.sequences)
        (middle,) = {s[1:-1] for s in task.sequences}
        assert len({*middle, *(s[0] for s in task.sequences)}) == 7
    for place in (0, 1, 4):
        for symbol in range(9):
            assert_share([task.sequences[0][place] == symbol for task in drawn], 1 / 9)


def test_random_middles():
    batch = RandomMiddle(keys=2, symbols=3, length=4).batch(np.random.default_rng(8), 4000)
    assert batch.x.shape == batch.targets.shape == (4000, 5, 5)
    assert batch.scored.all()
    assert (batch.lengths == 5).all()
    x, y = symbols(batch.x), symbols(batch.targets)
    assert (x[:, 1:] == y[:, :-1]).all()
    assert (y[:, -1] == x[:, 0]).all()
    assert set(x[:, 0].tolist()) == {3, 4}
    assert_share(x[:, 0] == 3, 1 / 2)
    for symbol in range(3):
        assert_share(x[:, 1:] == symbol, 1 / 3)
        assert_share((x[:, 1] == symbol) & (x[:, 2] == symbol), 1 / 9)
    assert experiment_2b(100).batch(np.random.default_rng(0), 2).x.shape == (2, 100, 101)


def test_triggered_recall():
    q, p, N = 7, 3, 5000
    batch = experiment_2c(q, p).batch(np.random.default_rng(9), N)
    T = batch.lengths.max()
    assert batch.x.shape == (N, T, p + 4)
    assert batch.targets.shape == (N, T, 2)
    x, j = symbols(batch.x), batch.lengths - q - 3
    assert j.min() == 0
    for n in (1, 2, 5, 10, 20):
        assert_share(j >= n, 0.9**n)
    assert abs(j.mean() - 9) <= 5 * np.sqrt(90 / N)  # mean 9, variance (9/10)/(1/10)²
    step, last = np.arange(T), batch.lengths[:, None] - 1
    assert (batch.scored == (step == last)).all()
    assert (x[:, 0] == p + 1).all()
    assert (batch.at_end(batch.x)[:, p] == 1).all()
    assert ((x == -1) == (step > last)).all()
    assert not batch.targets[step != last].any()
    assert (batch.at_end(batch.targets) == batch.x[:, 1, p + 2 :]).all()
    assert_share(x[:, 1] == p + 2, 1 / 2)
    distractors = x[(step >= 2) & (step < last)]
    assert distractors.size == N * q + j.sum()
    for symbol in range(p):
        assert_share(distractors == symbol, 1 / p)


def test_adding_pairs():
    T, N = 40, 5000
    batch = experiment_4(T).batch(np.random.default_rng(10), N)
    assert batch.x.shape == (N, 44, 2)
    assert batch.targets.shape == (N, 44, 1)
    for length in range(40, 45):
        assert_share(batch.lengths == length, 1 / 5)
    step, last = np.arange(44), batch.lengths[:, None] - 1
    value, marker = batch.x[:, :, 0], batch.x[:, :, 1]
    assert not batch.x[step > last].any()
    assert (batch.scored == (step == last)).all()
    assert (marker[:, 0] == -1).all()
    assert (batch.at_end(marker) == -1).all()
    inside = (step > 0) & (step < last)
    assert set(marker[inside].tolist()) == {0.0, 1.0}
    ones = (marker == 1).sum(axis=1)
    assert set(ones.tolist()) == {1, 2}
    assert_share(ones == 1, 1 / 10 + 9 / 10 / 19)  # the first pair is the first or second mark
    for pair in (1, 3, 9):
        assert_share(marker[:, pair] == 1, 1 / 10 + 9 / 10 / 19)
    assert_share(marker[:, 10] == 1, 1 / 19)  # the 11th pair: second mark only, 10th unmarked
    assert_share(marker[:, 19] == 1, 1 / 19)
    assert not (marker[:, 20:] == 1).any()
    drawn = value[step <= last]
    assert drawn.min() >= -1
    assert drawn.max() <= 1
    assert_share(drawn < -0.5, 1 / 4)
    assert abs((drawn**2).mean() - 1 / 3) <= 5 * np.sqrt(4 / 45 / drawn.size)
    sums = [sum(v for v, m in pairs if m == 1) for pairs in batch.x.tolist()]
    np.testing.assert_allclose(batch.at_end(batch.targets)[:, 0], 0.5 + np.array(sums) / 4)
    assert not batch.targets[step != last].any()


@pytest.mark.parametrize(("task", "m"), [(experiment_6a(), 2), (experiment_6b(), 3)])
def test_temporal_orders(task, m):
    N = 3000
    batch = task.batch(np.random.default_rng(11), N)
    assert batch.x.shape == (N, 110, 8)
    assert batch.targets.shape == (N, 110, 2**m)
    for length in (100, 105, 110):
        assert_share(batch.lengths == length, 1 / 11)
    x, step, last = symbols(batch.x), np.arange(110), batch.lengths[:, None] - 1
    assert (batch.scored == (step == last)).all()
    assert ((x == -1) == (step > last)).all()
    assert (x[:, 0] == 6).all()
    assert ((x == 7) == (step == last)).all()
    marks = (x == 4) | (x == 5)
    assert (marks.sum(axis=1) == m).all()
    found = np.argwhere(marks)[:, 1].reshape(N, m) + 1  # positions from 1
    for position, (low, high) in zip(found.T, task.places, strict=True):
        assert (position.min(), position.max()) == (low, high)
        for t in (low, low + 3, high):
            assert_share(position == t, 1 / 11)
    for symbol in range(4):
        assert_share(x[x < 4][x[x < 4] >= 0] == symbol, 1 / 4)
    names = [
        "".join("XY"[s - 4] for s in row[row_marks])
        for row, row_marks in zip(x, marks, strict=True)
    ]
    order = ["".join(name) for name in product("XY", repeat=m)]  # the paper's Q, R, S, U, …
    answer = batch.at_end(batch.targets)
    assert (answer.sum(axis=1) == 1).all()
    assert [order[k] for k in answer.argmax(axis=1)] == names
    for name in order:
        assert_share([n == name for n in names], 1 / 2**m)
    assert not batch.targets[step != last].any()


@pytest.mark.parametrize(
    "task",
    [two_sequences(), experiment_2b(5), experiment_2c(4, 2), experiment_4(20), experiment_6a()],
)
def test_the_same_seed_gives_the_same_batch(task):
    one, two = (vars(task.batch(np.random.default_rng(12), 3)) for _ in "12")
    other = vars(task.batch(np.random.default_rng(13), 30))
    assert all((one[name] == two[name]).all() for name in one)
    assert not np.array_equal(one["x"], other["x"][:3])


# Bad arguments

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: two_sequences().ceiling(0), ValueError, "k is 0; it should be at least 1"),
        (lambda: two_sequences().ceiling(1.0), TypeError, "k is 1.0; it should be an int"),
        (lambda: experiment_2b(4).ceiling(0), ValueError, "k is 0"),
        (lambda: experiment_2c(4, 4).ceiling(0), ValueError, "k is 0"),
        (lambda: experiment_4(20).least_mse(0), ValueError, "k is 0"),
        (lambda: experiment_6a().ceiling(True), TypeError, "k is True"),
        (lambda: two_sequences().batch(RNG, 0), ValueError, "size is 0"),
        (lambda: experiment_2b(4).batch(RNG, 0), ValueError, "size is 0"),
        (lambda: experiment_2c(4, 4).batch(RNG, 0), ValueError, "size is 0"),
        (lambda: experiment_4(20).batch(RNG, 0), ValueError, "size is 0"),
        (lambda: experiment_6a().batch(RNG, 0), ValueError, "size is 0"),
        (lambda: SequenceSet((), 2), ValueError, "sequences is empty"),
        (lambda: SequenceSet(((1,),), 2), ValueError, r"\(1,\) has no next symbol"),
        (lambda: SequenceSet(((0, 2),), 2), ValueError, r"leaves the alphabet 0 … 1"),
        (lambda: SequenceSet(((0, -1),), 2), ValueError, r"leaves the alphabet"),
        (lambda: experiment_2a(1), ValueError, "p is 1; it should be at least 2"),
        (lambda: experiment_2b(1), ValueError, "p is 1; it should be at least 2"),
        (lambda: draw_conflicting(RNG, 1, 2, 9), ValueError, "count is 1"),
        (lambda: draw_conflicting(RNG, 2, 0, 9), ValueError, "middle is 0"),
        (lambda: draw_conflicting(RNG, 2, 3, 4), ValueError, "alphabet is 4; it .* least 5"),
        (lambda: RandomMiddle(1, 1, 1), ValueError, "keys is 1"),
        (lambda: RandomMiddle(2, 0, 1), ValueError, "symbols is 0"),
        (lambda: RandomMiddle(2, 1, 0), ValueError, "length is 0"),
        (lambda: TriggeredRecall(0, 1), ValueError, "q is 0"),
        (lambda: TriggeredRecall(1, 0), ValueError, "p is 0"),
        (lambda: AddingProblem(5, 5, 5, 1), ValueError, "shortest is 5; it .* least 6"),
        (lambda: AddingProblem(5, 5, 1, 4), ValueError, "shortest is 5; it .* least 6"),
        (lambda: AddingProblem(5, 4, 1, 1), ValueError, "longest is 4"),
        (lambda: AddingProblem(5, 5, 0, 1), ValueError, "first is 0"),
        (lambda: AddingProblem(5, 5, 1, 0), ValueError, "second is 0"),
        (lambda: experiment_4(10), ValueError, "T is 10; it should be at least 20"),
        (lambda: experiment_4(24), ValueError, "T is 24; it should be a multiple of 10"),
        (lambda: TemporalOrder(9, 8, ((2, 3),)), ValueError, "longest is 8"),
        (lambda: TemporalOrder(9, 9, ()), ValueError, "places is empty"),
        (lambda: TemporalOrder(9, 9, ((1, 2),)), ValueError, "within 2 … 8"),
        (lambda: TemporalOrder(9, 9, ((2, 9),)), ValueError, "within 2 … 8"),
        (lambda: TemporalOrder(9, 9, ((2, 4), (4, 5))), ValueError, "without overlap"),
        (lambda: TemporalOrder(9, 9, ((3, 2),)), ValueError, "places is"),
        (lambda: TemporalOrder(9, 9, ((2, 3.5),)), TypeError, "places is 3.5"),
        (lambda: TemporalOrder(9, 9, ((2, 3),), 0), ValueError, "distractors is 0"),
    ],
)
def test_bad_arguments(call, error, says):
    with pytest.raises(error, match=says):
        call()

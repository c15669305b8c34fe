"""The memory tasks' data, and the share of right answers, by hand on small batches.

Draws are compared with their probabilities within 5 standard deviations, with fixed seeds.
"""

import numpy as np
import pytest

from lstm_reference.tasks.memory import (
    SequenceSet,
    draw_conflicting,
    experiment_2a,
    share_right,
    two_sequences,
)

# two steps and one step: the second sequence is padded
BATCH = SequenceSet(((0, 1, 0), (1, 0)), 2).whole()


def symbols(x):
    """One-hot (N, T, D) back to symbols (N, T), zero rows to -1; nothing else may occur."""
    assert set(np.unique(x)) <= {0.0, 1.0}
    assert x.sum(axis=-1).max() == 1
    return np.where(x.any(axis=-1), x.argmax(axis=-1), -1)


def assert_share(hits, probability):
    """The share of hits (bool) is the probability, within 5 standard deviations."""
    hits = np.asarray(hits)
    sigma = np.sqrt(probability * (1 - probability) / hits.size)
    assert abs(hits.mean() - probability) <= 5 * sigma


def test_the_two_sequences():
    batch = two_sequences().whole()
    assert batch.scored.sum() == 8
    assert symbols(batch.x).tolist() == [[3, 0, 1, 2], [4, 0, 1, 2]]
    assert symbols(batch.targets).tolist() == [[0, 1, 2, 3], [0, 1, 2, 4]]
    assert batch.x.shape == batch.targets.shape == (2, 4, 5)
    assert batch.x.dtype == batch.targets.dtype == np.float64


def test_sequences_of_different_lengths_are_padded():
    batch = SequenceSet(((0, 1, 2), (1, 0, 2, 2, 1), (2, 0)), 3).whole()
    assert symbols(batch.x).tolist() == [[0, 1, -1, -1], [1, 0, 2, 2], [2, -1, -1, -1]]
    assert symbols(batch.targets).tolist() == [[1, 2, -1, -1], [0, 2, 2, 1], [0, -1, -1, -1]]
    assert batch.scored.sum(axis=1).tolist() == [2, 4, 1]
    assert np.array_equal(batch.scored, symbols(batch.x) >= 0)


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


def test_the_same_seed_draws_the_same_sequences():
    one, two, other = (draw_conflicting(np.random.default_rng(s), 2, 3, 9) for s in (12, 12, 13))
    assert one == two != other


def test_share_right():
    outputs = np.array([[[0.1, 0.2], [0.3, 0.2]], [[-2.0, -1.0], [9.0, 0.0]]])
    # targets 1, 0 | 0, padding; answers 1, 0 | 1, ignored
    assert share_right(outputs, BATCH) == 2 / 3
    assert share_right(BATCH.targets, BATCH) == 1


def test_the_memoryless_answer_gets_seven_of_eight():
    after = {3: 0, 4: 0, 0: 1, 1: 2, 2: 3}
    batch = two_sequences().whole()
    answers = [[after[s] for s in row] for row in batch.x.argmax(axis=2)]
    assert share_right(np.eye(5)[np.array(answers)], batch) == 7 / 8


def test_nan_is_no_answer():
    outputs = BATCH.targets.copy()
    outputs[0, 0, 1] = np.nan  # argmax would take it for the largest, and it is the target
    assert share_right(outputs, BATCH) == 2 / 3


def test_outputs_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"outputs are \(2, 2, 1\); they should be \(2, 2, 2\)"):
        share_right(BATCH.targets[:, :, :1], BATCH)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: two_sequences().ceiling(0), ValueError, "k is 0; it should be at least 1"),
        (lambda: two_sequences().ceiling(1.0), TypeError, "k is 1.0; it should be an int"),
        (lambda: two_sequences().ceiling(True), TypeError, "k is True; it should be an int"),
        (lambda: SequenceSet((), 2), ValueError, "sequences is empty"),
        (lambda: SequenceSet(((1,),), 2), ValueError, r"\(1,\) has no next symbol"),
        (lambda: SequenceSet(((0, 2),), 2), ValueError, r"has symbols outside 0 … 1"),
        (lambda: SequenceSet(((0, -1),), 2), ValueError, r"has symbols outside"),
        (lambda: experiment_2a(1), ValueError, "p is 1; it should be at least 2"),
        (lambda: draw_conflicting(RNG, 1, 2, 9), ValueError, "count is 1"),
        (lambda: draw_conflicting(RNG, 2, 0, 9), ValueError, "middle is 0"),
        (lambda: draw_conflicting(RNG, 2, 3, 4), ValueError, "alphabet is 4; it .* least 5"),
    ],
)
def test_bad_arguments(call, error, says):
    with pytest.raises(error, match=says):
        call()

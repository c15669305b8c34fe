"""How answers to the memory tasks are judged, by hand on small batches."""

import numpy as np
import pytest

from lstm_reference.memory import SequenceSet, experiment_2a, two_sequences
from lstm_reference.recall import experiment_2c, experiment_4, experiment_6a
from lstm_reference.scores import (
    EXPERIMENT_2A,
    EXPERIMENT_2B,
    EXPERIMENT_2C,
    EXPERIMENT_4,
    EXPERIMENT_6,
    Criterion,
    share_right,
)

# two steps and one step: the second sequence is padded
BATCH = SequenceSet(((0, 1, 0), (1, 0)), 2).whole()


def test_share_right():
    outputs = np.array([[[0.1, 0.2], [0.3, 0.2]], [[-2.0, -1.0], [9.0, 0.0]]])
    # targets 1, 0 | 0, padding; answers 1, 0 | 1, ignored
    assert share_right(outputs, BATCH) == 2 / 3
    assert share_right(outputs, BATCH, at_end=True) == 1 / 2
    assert share_right(BATCH.targets, BATCH) == share_right(BATCH.targets, BATCH, at_end=True) == 1


def test_the_memoryless_answer_gets_seven_of_eight():
    after = {3: 0, 4: 0, 0: 1, 1: 2, 2: 3}
    batch = two_sequences().whole()
    answers = [[after[s] for s in row] for row in batch.x.argmax(axis=2)]
    outputs = np.eye(5)[np.array(answers)]
    assert share_right(outputs, batch) == 7 / 8
    assert share_right(outputs, batch, at_end=True) == 1 / 2


def test_nan_is_no_answer():
    outputs = BATCH.targets.copy()
    outputs[0, 0, 1] = np.nan  # argmax would take it for the largest, and it is the target
    assert share_right(outputs, BATCH) == 2 / 3
    assert np.isnan(EXPERIMENT_2A.errors(outputs, BATCH)).tolist() == [True, False]
    assert not Criterion(0.25, 1).solved(np.array([np.nan]))


def test_errors_are_the_largest_of_each_sequence_over_its_scored_steps():
    outputs = BATCH.targets.copy()
    outputs[0, 0] += [0.1, -0.5]
    outputs[0, 1] += [0.2, 0.1]
    outputs[1, 0] += [0.0, 0.3]
    outputs[1, 1] = np.nan  # past the end
    np.testing.assert_allclose(EXPERIMENT_2A.errors(outputs, BATCH), [0.5, 0.3])
    np.testing.assert_allclose(EXPERIMENT_2B.errors(outputs, BATCH), [0.2, 0.3])


@pytest.mark.parametrize("task", [experiment_2c(3, 2), experiment_4(20), experiment_6a()])
def test_tasks_with_one_answer_are_judged_at_their_end(task):
    batch = task.batch(np.random.default_rng(1), 8)
    outputs = np.where(batch.scored[:, :, None], batch.targets + 0.125, 7.0)
    for criterion in (EXPERIMENT_2A, EXPERIMENT_2B):
        np.testing.assert_allclose(criterion.errors(outputs, batch), np.full(8, 0.125))


@pytest.mark.parametrize(
    ("criterion", "below", "successive"),
    [
        (EXPERIMENT_2A, 0.25, 10_000),
        (EXPERIMENT_2B, 0.25, 10_000),
        (EXPERIMENT_2C, 0.2, 10_000),
        (EXPERIMENT_4, 0.04, 2_000),
        (EXPERIMENT_6, 0.3, 2_000),
    ],
)
def test_solved_is_so_many_successive_sequences_below_the_paper_s_bound(
    criterion, below, successive
):
    right = np.full(successive, 0.009)
    assert criterion.solved(right)
    assert not criterion.solved(right[1:])
    assert criterion.solved(np.append(1.0, right))  # an old failure is forgotten
    for place in (0, successive // 2, -1):
        wrong = right.copy()
        wrong[place] = below
        assert not criterion.solved(wrong)
        wrong[place] = below - 1e-9
        assert criterion.solved(wrong)


@pytest.mark.parametrize(("criterion", "mean"), [(EXPERIMENT_4, 0.01), (EXPERIMENT_6, 0.1)])
def test_solved_asks_for_a_small_mean_error_too(criterion, mean):
    assert not criterion.solved(np.full(2_000, 1.01 * mean))
    assert criterion.solved(np.full(2_000, 0.99 * mean))
    assert criterion.solved(np.append(np.full(99, 1.0), np.full(2_000, 0.99 * mean)))


@pytest.mark.parametrize("criterion", [EXPERIMENT_2A, EXPERIMENT_2B, EXPERIMENT_2C])
def test_experiment_2_asks_for_no_mean(criterion):
    assert criterion.solved(np.full(10_000, criterion.below - 1e-9))


def test_bad_arguments():
    batch = experiment_2a(4).whole()
    for call in (share_right, EXPERIMENT_2A.errors):
        with pytest.raises(
            ValueError, match=r"outputs are \(2, 4, 4\); the targets are \(2, 4, 5\)"
        ):
            call(batch.targets[:, :, :4], batch)
    with pytest.raises(ValueError, match="successive is 0; it should be at least 1"):
        Criterion(0.25, 0)

"""How answers to the memory tasks are judged: the share of right ones, and the paper's "solved".

Hochreiter & Schmidhuber (1997), sections 5.2, 5.4 and 5.6.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from lstm_reference.ceilings import whole_number
from lstm_reference.cell import Array
from lstm_reference.memory import Batch


def share_right(outputs: Array, batch: Batch, at_end: bool = False) -> float:
    """The share of scored steps whose largest output is the target's: what a ceiling bounds.

    outputs (N, T, K), one-hot targets; the first of equal outputs is the answer, and NaN is none.
    With `at_end`, only each sequence's last step counts.

    Raises:
        ValueError: outputs do not have the targets' shape.
    """
    steps = _judged(outputs, batch, at_end)
    answers, targets = outputs[steps], batch.targets[steps]
    right = answers.argmax(axis=1) == targets.argmax(axis=1)
    return float(np.mean(right & ~np.isnan(answers).any(axis=1)))


@dataclass(frozen=True)
class Criterion:
    """When a task counts as solved.

    below: every output's absolute error must be smaller, at every scored step, or with `at_end`
        at the sequence's last step alone;
    successive: for so many sequences one after the other;
    mean_below: and the mean of these sequences' errors must be smaller.

    The paper asks in Experiments 4 and 6 for a small "average training error" and says neither
    over which sequences nor in which measure. Here it is the mean, over the same successive
    sequences, of each one's largest absolute error, the strictest of the possible readings.

    Raises:
        TypeError, ValueError: successive is not an int, or below 1.
    """

    below: float
    successive: int
    at_end: bool = False
    mean_below: float = inf

    def __post_init__(self) -> None:
        whole_number("successive", self.successive, 1)

    def errors(self, outputs: Array, batch: Batch) -> Array:
        """Each sequence's largest absolute error (N,), from outputs (N, T, K); NaN stays NaN.

        Raises:
            ValueError: outputs do not have the targets' shape.
        """
        steps = _judged(outputs, batch, self.at_end)
        worst = np.abs(outputs - batch.targets).max(axis=2)
        largest: Array = np.where(steps, worst, 0.0).max(axis=1)
        return largest

    def solved(self, errors: Array) -> bool:
        """Whether the last `successive` of errors (M,), oldest first, fulfil the criterion."""
        last = np.asarray(errors)[-self.successive :]
        enough = len(last) == self.successive
        return enough and bool(np.all(last < self.below) and np.mean(last) < self.mean_below)


EXPERIMENT_2A = Criterion(below=0.25, successive=10_000)
EXPERIMENT_2B = Criterion(below=0.25, successive=10_000, at_end=True)
EXPERIMENT_2C = Criterion(below=0.2, successive=10_000)
EXPERIMENT_4 = Criterion(below=0.04, successive=2_000, mean_below=0.01)
EXPERIMENT_6 = Criterion(below=0.3, successive=2_000, mean_below=0.1)


def _judged(outputs: Array, batch: Batch, at_end: bool) -> NDArray[np.bool_]:
    """The steps (N, T) that count."""
    if outputs.shape != batch.targets.shape:
        raise ValueError(f"outputs are {outputs.shape}; the targets are {batch.targets.shape}")
    if not at_end:
        return batch.scored
    last: NDArray[np.bool_] = np.arange(outputs.shape[1]) == batch.lengths[:, None] - 1
    return last

"""The highest accuracy that a predictor can reach that sees only the last k inputs.

The predictor is any function of its window: the inputs of steps t-k+1 … t, of which the last is
the current input. k = 1 is the predictor without memory. It knows the distribution of the task but
not the step t: it gives the same answer at two steps whose windows are equal. Near the beginning
of a sequence the window is shorter than k, which the predictor can see, so that it can tell how
long ago the sequence began. A window of k inputs does not tell this, even at step k.

The distribution is a list of finite sequences with their probabilities. The result is computed by
enumeration, and with `fractions.Fraction` as probabilities it is exact.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class WeightedSequence:
    """One sequence of a task: one input and one target per step; a target of None is not scored.

    Raises:
        ValueError: there are not as many targets as inputs.
    """

    probability: Fraction
    inputs: tuple[Hashable, ...]
    targets: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                f"there are {len(self.inputs)} inputs and {len(self.targets)} targets; "
                "each step needs one of each (a target of None is not scored)"
            )


def best_accuracy(distribution: Iterable[WeightedSequence], k: int) -> Fraction:
    """The highest accuracy over the scored steps of all predictors that see the last k inputs.

    The accuracy is the expected number of right answers per sequence, divided by the expected
    number of scored steps. The best answer to a window w is its most likely target, so the result
    is Σ_w max_y P(w, y) / Σ_w Σ_y P(w, y), where P(w, y) is the sum of the probabilities of the
    scored steps with window w and target y.

    Raises:
        TypeError: k is not an int.
        ValueError: k < 1, or no step is scored.
    """
    whole_number("k", k, 1)
    table: defaultdict[Hashable, defaultdict[Hashable, Fraction]] = defaultdict(
        lambda: defaultdict(Fraction)
    )
    for sequence in distribution:
        for t, target in enumerate(sequence.targets):
            if target is not None:
                window = sequence.inputs[max(0, t + 1 - k) : t + 1]
                table[window][target] += sequence.probability
    if not table:
        raise ValueError("no step of the distribution is scored; some target must not be None")
    best = sum((max(weights.values()) for weights in table.values()), Fraction(0))
    return best / sum((sum(weights.values()) for weights in table.values()), Fraction(0))


def whole_number(name: str, value: object, least: int) -> None:
    """Raise TypeError if the value is not an int, and ValueError if it is below `least`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it should be an int")
    if value < least:
        raise ValueError(f"{name} is {value}; it should be at least {least}")

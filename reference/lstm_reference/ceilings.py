"""How well a predictor can do that sees only the last k inputs: exactly, by enumeration.

The predictor is any function of its window: the inputs of steps t-k+1 … t, the present one among
them. k = 1 is the memoryless predictor. It knows the task's distribution, and it does not know t:
two steps whose windows are equal get the same answer, wherever they lie. Steps before the beginning
are blanks, which it does see: a window of fewer than k inputs says that the sequence has just begun
and how long ago. A window of k inputs says nothing of the kind, even if nothing came before it.

The distribution is a list of finite sequences with their probabilities. Nothing is simulated; with
`fractions.Fraction` probabilities the results are exact.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class WeightedSequence:
    """One sequence of a task: an input and a target a step; a target of None is not scored."""

    probability: Fraction
    inputs: tuple[Hashable, ...]
    targets: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                f"{len(self.inputs)} inputs and {len(self.targets)} targets; "
                "each step needs one of each (a target of None is not scored)"
            )


def best_accuracy(distribution: Iterable[WeightedSequence], k: int) -> Fraction:
    """The largest share of right answers at the scored steps, of all predictors of the window k.

    It is the expected number of right answers in a sequence over that of scored steps. For each
    window w the best answer is the likeliest target: Σ_w max_y P(w, y) / Σ_w Σ_y P(w, y), where
    P(w, y) adds up the probabilities of the scored steps that show w and ask for y.

    Raises:
        TypeError: k is not an int.
        ValueError: k < 1, or no step is scored.
    """
    best = total = Fraction(0)
    for weights in _targets_by_window(distribution, k):
        best += max(weights.values())
        total += sum(weights.values())
    return best / total


def least_squared_error(distribution: Iterable[WeightedSequence], k: int) -> Fraction:
    """The smallest mean squared error at the scored steps, of all predictors of the window k.

    Targets are numbers. For each window the best answer is the mean target, and what remains is
    the variance within the window.

    Raises:
        TypeError: k is not an int, or a target is not an int or a Fraction.
        ValueError: k < 1, or no step is scored.
    """
    left = total = Fraction(0)
    for weights in _targets_by_window(distribution, k):
        weight = sum(weights.values())
        first = second = Fraction(0)
        for y, p in weights.items():
            if not isinstance(y, int | Fraction):
                raise TypeError(f"the target {y!r} is not an int or a Fraction")
            first += p * y
            second += p * y * y
        left += second - first * first / weight
        total += weight
    return left / total


def whole_number(name: str, value: object, least: int) -> None:
    """Raise TypeError if value is not an int, ValueError if it is below `least`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it should be an int")
    if value < least:
        raise ValueError(f"{name} is {value}; it should be at least {least}")


def _targets_by_window(
    distribution: Iterable[WeightedSequence], k: int
) -> Iterator[dict[Hashable, Fraction]]:
    """For each window that a scored step can show: the probability of each target there."""
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
    yield from table.values()

"""Shares with their intervals, and the test of whether two of them differ."""

from dataclasses import dataclass
from math import comb, sqrt

import numpy as np

Z = 1.959964  # the 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Share:
    """k of n trials. Printed as "45 of 100 (36 to 55 %)", with the 95 % interval."""

    k: int
    n: int

    @property
    def interval(self):
        """Wilson's 95 % interval, (low, high), as shares (Wilson, JASA 22, 1927)."""
        p, n = self.k / self.n, self.n
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self):
        low, high = (100 * bound for bound in self.interval)
        return f"{self.k} of {self.n} ({low:.0f} to {high:.0f} %)"


def share(flags):
    """The share of true values in an array of bools."""
    return Share(int(flags.sum()), flags.size)


def fisher(one, other):
    """The two-sided p-value of Fisher's exact test that two shares are equal.

    It is the sum of the probabilities of all tables with the same margins that are at most as
    likely as the one at hand.
    """
    hits, trials = one.k + other.k, one.n + other.n
    ways = [comb(one.n, k) * comb(other.n, hits - k) for k in range(min(one.n, hits) + 1)]
    at_hand = ways[one.k]
    return sum(count for count in ways if count <= at_hand) / comb(trials, hits)


def paired(one, other):
    """The two-sided p-value of the sign-flip test that paired values do not differ in the mean.

    Each trial's difference could have had either sign, all 2ⁿ choices being equally likely; it is
    the share of these whose mean is at least as far from zero as the one at hand (Fisher 1935).
    For at most 16 trials.
    """
    difference = np.asarray(one) - np.asarray(other)
    n = len(difference)
    if n > 16:
        raise ValueError(f"{n} trials have too many choices of signs; give at most 16")
    signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    means = np.abs(signs @ difference)
    return float(np.mean(means >= abs(difference.sum()) * (1 - 1e-12)))


def as_p(p):
    """A p-value as text."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def versus(one, other):
    """The p-value of `fisher` as text."""
    return as_p(fisher(one, other))

"""Intervals and the exact test, against published values and mathematics."""

import numpy as np
import pytest

from example_modules import load

_shares = load("_shares")
Share, fisher, share, versus = _shares.Share, _shares.fisher, _shares.share, _shares.versus
paired = _shares.paired


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),  # Newcombe, Statistics in Medicine 17 (1998), Table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval(k, n, low, high):
    assert Share(k, n).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_as_text():
    assert str(share(np.array([True, False, True, True]))) == "3 of 4 (30 to 95 %)"


def test_fishers_exact_test():
    # Fisher (1935), the lady tasting tea: all or none of four right, and three or one
    assert fisher(Share(4, 4), Share(0, 4)) == pytest.approx(2 / 70)
    assert fisher(Share(3, 4), Share(1, 4)) == pytest.approx(34 / 70)
    assert fisher(Share(5, 9), Share(5, 9)) == 1
    assert fisher(Share(2, 30), Share(11, 12)) == fisher(Share(11, 12), Share(2, 30))
    assert versus(Share(0, 50), Share(50, 50)) == "p < 0.001"
    assert versus(Share(3, 4), Share(1, 4)) == "p = 0.49"


def test_paired_by_hand():
    """±1 ±2 ±4 is 7, 5, 3 or 1 up to its sign, each for two of the eight choices."""
    zero = np.zeros(3)
    assert paired(np.array([1.0, 2.0, 4.0]), zero) == 2 / 8
    assert paired(np.array([-1.0, 2.0, 4.0]), zero) == 4 / 8
    assert paired(zero, zero) == 1
    with pytest.raises(ValueError, match="at most 16"):
        paired(np.zeros(17), np.zeros(17))

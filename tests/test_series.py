"""The series that the examples train on: known values, and the moments of the noise."""

import numpy as np
import pytest

from example_modules import load

_series = load("_series")
airline_passengers, noisy_sine = _series.airline_passengers, _series.noisy_sine


def test_noisy_sine() -> None:
    rng = np.random.default_rng(0)
    pure = noisy_sine(50, 25.0, 0.0, rng)
    np.testing.assert_allclose(pure[:25], pure[25:], atol=1e-14)
    assert pure[0] == 0
    assert pure[1] == pytest.approx(np.sin(2 * np.pi / 25))
    noise = noisy_sine(10_000, 25.0, 0.1, rng) - noisy_sine(10_000, 25.0, 0.0, rng)
    # the standard deviation of a standard deviation of 10,000 draws is 0.1/√20000 = 0.0007
    assert noise.std() == pytest.approx(0.1, abs=5 * 0.0007)
    assert abs(noise.mean()) < 5 * 0.001


def test_airline_passengers() -> None:
    """Known values: first, last, largest, smallest, and the totals of all, of years, of months."""
    series = airline_passengers()
    assert series.shape == (144,)
    assert series.dtype == float
    assert (series[0], series[-1], series.max(), series.min()) == (112, 432, 622, 104)
    assert (series.argmax(), series.argmin()) == (138, 10)  # July 1960, November 1949
    assert series.sum() == 40363
    years = [1520, 1676, 2042, 2364, 2700, 2867, 3408, 3939, 4421, 4572, 5140, 5714]
    months = [2901, 2820, 3242, 3205, 3262, 3740, 4216, 4213, 3629, 3199, 2794, 3142]
    assert series.reshape(12, 12).sum(axis=1).tolist() == years
    assert series.reshape(12, 12).sum(axis=0).tolist() == months
    series[:] = 0
    assert airline_passengers()[0] == 112


def test_settings_out_of_range_are_refused() -> None:
    for arguments in ((0, 25.0, 0.0), (5, 0.0, 0.0), (5, 25.0, -1.0), (5, np.nan, 0.0)):
        with pytest.raises(ValueError, match="should be positive"):
            noisy_sine(*arguments, np.random.default_rng(0))

"""Series to train on: a noisy sine, and the monthly airline passengers of 1949 to 1960."""

import numpy as np

from lstm_reference.cells.cell import Array

# Thousands of international airline passengers per month; each row is a year from January on.
# Box & Jenkins, Time Series Analysis: Forecasting and Control (1970), series G.
_AIRLINE_PASSENGERS = (
    (112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118),
    (115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140),
    (145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166),
    (171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194),
    (196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201),
    (204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229),
    (242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278),
    (284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306),
    (315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336),
    (340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337),
    (360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405),
    (417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432),
)


def airline_passengers() -> Array:
    """The 144 monthly totals from January 1949 to December 1960, in thousands: floats (144,)."""
    return np.array(_AIRLINE_PASSENGERS, float).ravel()


def noisy_sine(length: int, period: float, noise: float, rng: np.random.Generator) -> Array:
    """sin(2πt/period) for t = 0 … length-1, plus normal noise with standard deviation `noise`.

    Raises:
        ValueError: the length or the period is not positive, or the noise is negative.
    """
    if length < 1 or not period > 0 or not noise >= 0:
        raise ValueError(
            f"length {length} and period {period} should be positive; "
            f"noise {noise} should not be negative"
        )
    wave: Array = np.sin(2 * np.pi / period * np.arange(length))
    return wave + noise * rng.standard_normal(length)

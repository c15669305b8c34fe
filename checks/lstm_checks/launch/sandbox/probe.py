"""What a sandbox is tried with: it imports what is not imported yet, as a subject may do."""

import colorsys
import statistics

import numpy as np
import numpy.polynomial as polynomial


class LSTM:
    """Does nothing."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The values as they are."""
        return x * statistics.mean((1.0, 1.0)) * len((polynomial, colorsys))

"""Memory that a layer keeps for its next call.

Large arrays that are freed go back to the operating system, and new pages from it are slow.
`docs/performance.md` gives the cost.
"""

from typing import Any

import numpy as np

from lstm_reference.cells.cell import Array


class Workspace:
    """Uninitialised arrays by name, all of one dtype.

    Only its owner may hold one of the arrays, and only during a call.
    """

    def __init__(self) -> None:
        self._dtype: np.dtype[Any] = np.dtype(float)
        self._arrays: dict[str, Array] = {}

    def use(self, dtype: np.dtype[Any]) -> None:
        """Give arrays of this dtype from now on."""
        if dtype != self._dtype:
            self._arrays.clear()
            self._dtype = dtype

    def empty(self, name: str, *shape: int) -> Array:
        """The array that this name had last time if it has the shape, otherwise a new one."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            array = None
            self._arrays.pop(name, None)  # free the old array before the new one is made
            array = self._arrays[name] = np.empty(shape, self._dtype)
        return array

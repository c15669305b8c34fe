"""Memory that serves again: the system takes long to give new pages, and a layer needs the same.

It takes them anew at each call, since what large arrays leave behind goes back to the system;
`docs/performance.md` says what that costs.
"""

from typing import Any

import numpy as np

from lstm_reference.cell import Array


class Scratch:
    """Arrays by name, of one dtype; nobody outside its owner's calls may hold one."""

    def __init__(self) -> None:
        self._dtype: np.dtype[Any] = np.dtype(float)
        self._arrays: dict[str, Array] = {}

    def use(self, dtype: np.dtype[Any]) -> None:
        """Give arrays of this dtype from now on."""
        if dtype != self._dtype:
            self._arrays.clear()
            self._dtype = dtype

    def empty(self, name: str, *shape: int) -> Array:
        """The last call's array of that name if it has the shape, else a new one in its place."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            array = None
            self._arrays.pop(name, None)  # let go before there is new
            array = self._arrays[name] = np.empty(shape, self._dtype)
        return array

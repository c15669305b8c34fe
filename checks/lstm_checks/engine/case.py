"""A case: drawn sizes, a scale and one seed. Its arrays are made from the seed.

The data is asymmetric by construction: no two weights are equal, no bias is zero, h0 differs from
c0. Weights are drawn so that a gate's pre-activation has a standard deviation of about √3 · scale
whatever the sizes, which keeps the gates away from both zero slope and saturation.
"""

import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lstm_checks.findings import Array
from lstm_checks.subjects.contract import State

SCALES = (1.0, 0.5, 2.0)
AXES = ("N", "T", "D", "H")
SEEDS = 1 << 16
LARGER = {  # by flavor: how many times larger
    "large": {"x": 30.0, "c0": 4.0, "dy": 8.0, "dh": 8.0, "dc": 8.0},
    "huge": {"c0": 60.0, "dy": 2000.0, "dh": 2000.0, "dc": 2000.0},
}


@dataclass(frozen=True)
class Case:
    """Sizes N (batch), T (time steps), D (input), H (hidden), a scale, a seed and a dtype.

    Without `bias`, b is zero: for a subject that has none. The flavor is what the data is like:
    "normal", "zeros" (the inputs and gradients of some steps are exactly zero), "sparse" (single
    numbers are), "nothing" (all of them are), "equal_rows" (all rows of the batch are equal),
    "equal_steps" (all time steps are), "constant" (all numbers are equal), "one_hot" (inputs are),
    "last" (gradients are zero but in the last time step), "large" (inputs, states and gradients
    are some times larger), "huge" (cell states and gradients are many times), "negative" or
    "positive".
    """

    N: int = 2
    T: int = 3
    D: int = 2
    H: int = 3
    scale: float = 1.0
    seed: int = 0
    dtype: str = "float64"
    bias: bool = True
    flavor: str = "normal"

    def sized(self, **sizes: int) -> "Case":
        """The same case with other sizes."""
        return replace(self, **sizes)  # type: ignore[arg-type]

    def typed(self, dtype: str) -> "Case":
        """The same case with arrays of another dtype."""
        return replace(self, dtype=dtype)

    def without_bias(self) -> "Case":
        """The same case for a subject that has no bias."""
        return replace(self, bias=False)

    def reseeded(self, seed: int) -> "Case":
        """The same case with other arrays."""
        return replace(self, seed=seed)

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator per purpose, so that what is drawn for one does not change another."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def normal(self, purpose: str, *shape: int) -> Array:
        """Standard normal numbers of the case's dtype."""
        return self.rng(purpose).standard_normal(shape).astype(self.dtype)

    @cached_property
    def params(self) -> dict[str, Array]:
        """W (D, 4H), U (H, 4H), b (4H,)."""
        D, H = self.D, self.H
        scale = np.dtype(self.dtype).type(self.scale)
        return {
            "W": scale * self.normal("W", D, 4 * H) / np.sqrt(D).astype(self.dtype),
            "U": scale * self.normal("U", H, 4 * H) / np.sqrt(H).astype(self.dtype),
            "b": scale * self.normal("b", 4 * H) if self.bias else np.zeros(4 * H, self.dtype),
        }

    @cached_property
    def x(self) -> Array:
        """Inputs (N, T, D)."""
        return self._flavored("x", self.N, self.T, self.D)

    @cached_property
    def state(self) -> State:
        """An initial (h, c), each (N, H)."""
        return self._flavored("h0", self.N, self.H), self._flavored("c0", self.N, self.H)

    @cached_property
    def dy(self) -> Array:
        """An upstream gradient on y, (N, T, H)."""
        return self._flavored("dy", self.N, self.T, self.H)

    @cached_property
    def dstate(self) -> State:
        """Upstream gradients on the final h and c, each (N, H)."""
        return self._flavored("dh", self.N, self.H), self._flavored("dc", self.N, self.H)

    def _flavored(self, purpose: str, *shape: int) -> Array:
        """Numbers as the flavor has them; the first axis is the batch."""
        array = self.normal(purpose, *shape)
        if self.flavor == "zeros":
            array *= self.rng(purpose + " zeros").random((*shape[:-1], 1)) < 0.6
        elif self.flavor == "sparse":
            array *= self.rng(purpose + " sparse").random(shape) < 0.5
        elif self.flavor == "nothing" and purpose in ("x", "dy"):
            array *= 0
        elif self.flavor == "equal_rows":
            array[:] = array[:1]
        elif self.flavor == "equal_steps" and len(shape) == 3:
            array[:] = array[:, :1]
        elif self.flavor == "constant":
            array[:] = array.flat[0]
        elif self.flavor == "one_hot" and purpose == "x":
            array = np.equal.outer(array.argmax(axis=-1), np.arange(shape[-1])).astype(self.dtype)
        elif self.flavor == "last" and purpose == "dy":
            array[:, :-1] = 0
        elif self.flavor in LARGER:
            array *= LARGER[self.flavor].get(purpose, 1.0)
        elif self.flavor in ("negative", "positive"):
            array = np.abs(array) * (1 if self.flavor == "positive" else -1)
        return array

    def as_dict(self) -> dict[str, Any]:
        """The case as it stands in a report."""
        return {key: getattr(self, key) for key in ("N", "T", "D", "H", "scale", "seed", "dtype")}


@dataclass(frozen=True)
class Sizes:
    """Within which bounds a law's cases are drawn; each bound is included."""

    N: tuple[int, int] = (2, 3)
    T: tuple[int, int] = (2, 5)
    D: tuple[int, int] = (2, 4)
    H: tuple[int, int] = (2, 4)
    scales: tuple[float, ...] = SCALES

    def menu(self, seed: int, count: int) -> list[tuple[int, int, int, int]]:
        """Sizes by NumPy's generator: laws with the same bounds get the same few from a seed.

        Few sizes are kind to a framework that compiles a function for each.
        """
        bounds = [bound for axis in AXES for bound in getattr(self, axis)]
        rng = np.random.default_rng([seed, *bounds])
        low, high = np.array(bounds).reshape(-1, 2).T
        return [tuple(map(int, rng.integers(low, high + 1))) for _ in range(count)]  # type: ignore[misc]

    def draw(self, rng: np.random.Generator, sizes: tuple[int, int, int, int]) -> Case:
        """One case with these sizes; scale and seed are drawn."""
        scale = self.scales[int(rng.integers(len(self.scales)))]
        return Case(*sizes, scale, int(rng.integers(SEEDS)))

    def cases(self) -> st.SearchStrategy[Case]:
        """All such cases, the smallest first."""
        sizes = {axis: st.integers(*getattr(self, axis)) for axis in AXES}
        scale, seed = st.sampled_from(self.scales), st.integers(0, SEEDS - 1)
        return st.builds(Case, **sizes, scale=scale, seed=seed)

    def up_to(self, case: Case) -> "Sizes":
        """The same bounds, no size larger than that of a case."""
        return replace(
            self,
            N=(self.N[0], case.N),
            T=(self.T[0], case.T),
            D=(self.D[0], case.D),
            H=(self.H[0], case.H),
        )

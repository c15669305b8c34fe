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

from lstm_checks.conventions import Array

State = tuple[Array, Array]
SCALES = (1.0, 0.5, 2.0)


@dataclass(frozen=True)
class Case:
    """Sizes N (batch), T (time steps), D (input), H (hidden), a scale, a seed and a dtype.

    Without `bias`, b is zero: for a subject that has none.
    """

    N: int = 2
    T: int = 3
    D: int = 2
    H: int = 3
    scale: float = 1.0
    seed: int = 0
    dtype: str = "float64"
    bias: bool = True

    def sized(self, **sizes: int) -> "Case":
        """The same case with other sizes."""
        return replace(self, **sizes)  # type: ignore[arg-type]

    def typed(self, dtype: str) -> "Case":
        """The same case with arrays of another dtype."""
        return replace(self, dtype=dtype)

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator of its own for each purpose, so that what one law draws moves no other."""
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
        return self.normal("x", self.N, self.T, self.D)

    @cached_property
    def state(self) -> State:
        """An initial (h, c), each (N, H)."""
        return self.normal("h0", self.N, self.H), self.normal("c0", self.N, self.H)

    @cached_property
    def dy(self) -> Array:
        """An upstream gradient on y, (N, T, H)."""
        return self.normal("dy", self.N, self.T, self.H)

    @cached_property
    def dstate(self) -> State:
        """Upstream gradients on the final h and c, each (N, H)."""
        return self.normal("dh", self.N, self.H), self.normal("dc", self.N, self.H)

    def as_dict(self) -> dict[str, Any]:
        """The case as it stands in a report."""
        return {key: getattr(self, key) for key in ("N", "T", "D", "H", "scale", "seed", "dtype")}


def cases(
    N: tuple[int, int] = (2, 3),
    T: tuple[int, int] = (2, 5),
    D: tuple[int, int] = (2, 4),
    H: tuple[int, int] = (2, 4),
) -> st.SearchStrategy[Case]:
    """Draws cases whose sizes lie within these bounds; a failure is shrunk to the smallest."""
    return st.builds(
        Case,
        N=st.integers(*N),
        T=st.integers(*T),
        D=st.integers(*D),
        H=st.integers(*H),
        scale=st.sampled_from(SCALES),
        seed=st.integers(0, 2**16 - 1),
    )

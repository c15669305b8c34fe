"""How a subject lays out its arrays, and the way there from the native layout and back.

Native: gate blocks i, f, g, o; W (D, 4H), U (H, 4H), one b (4H,); x and y (N, T, ·); state (h, c).
A subject declares what differs as class attributes; the judge converts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
GATES = "ifgo"
CANDIDATE_LETTERS = "gcjz"
TWO_BIASES = (
    ("b_ih", "b_hh"), ("bias_ih", "bias_hh"), ("bx", "bh"), ("b_x", "b_h"), ("bW", "bU"),
    ("bi", "bh"), ("b1", "b2"), ("b", "b2"), ("b", "bU"),
)  # fmt: skip


class BadConvention(Exception):
    """A declared convention that means nothing; the message says which and what could stand."""


@dataclass(frozen=True)
class Conventions:
    """A subject's layout; the defaults are the native one.

    Attributes:
        gate_order: the order of the blocks, in the letters i, f, g, o.
        batch_first: x and y are (N, T, ·), else (T, N, ·).
        weights: "in_out" for W (D, 4H), "out_in" for (4H, D); U likewise.
        biases: how many bias vectors are added up: 0, 1 or 2.
        state_order: "hc" or "ch", of every pair of states and of their gradients.
        names: the subject's names of "W", "U" and "b"; a name a gate is given as a list of four,
            in `gate_order`; two biases as a list of two.
        forget_bias: what forward itself adds to the forget gate's pre-activation.
    """

    gate_order: str = GATES
    batch_first: bool = True
    weights: str = "in_out"
    biases: int = 1
    state_order: str = "hc"
    names: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    forget_bias: float = 0.0

    @classmethod
    def parse(cls, declared: Mapping[str, Any]) -> "Conventions":
        """The conventions that a subject declares.

        Raises:
            BadConvention: one of them means nothing.
        """
        d = dict(declared)
        order = d.get("gate_order", GATES)
        letters = order.lower() if isinstance(order, str) else ""
        for letter in CANDIDATE_LETTERS[1:]:
            letters = letters.replace(letter, "g")
        if sorted(letters) != sorted(GATES):
            raise BadConvention(
                f"gate_order is {order!r}: give the letters i, f, g (candidate) and o, once each"
            )
        _one_of(d, "weights", ("in_out", "out_in"))
        _one_of(d, "state_order", ("hc", "ch"))
        _one_of(d, "batch_first", (True, False))
        _one_of(d, "biases", (0, 1, 2))
        forget_bias = d.get("forget_bias", 0.0)
        if isinstance(forget_bias, bool) or not isinstance(forget_bias, (int, float)):
            raise BadConvention(f"forget_bias is {forget_bias!r}: give a number")
        return cls(
            gate_order=letters,
            batch_first=d.get("batch_first", True),
            weights=d.get("weights", "in_out"),
            biases=d.get("biases", 1),
            state_order=d.get("state_order", "hc"),
            names=_names(d.get("names", {}), d.get("biases", 1)),
            forget_bias=float(forget_bias),
        )

    # Names -------------------------------------------------------------------------------------

    def weight_names(self, which: str, there: list[str] | None = None) -> tuple[str, ...]:
        """The subject's names for "W", "U" or "b": one, four (a name a gate), or two biases.

        `there` are the names in its params, from which those of two biases are found.
        """
        if which == "b" and self.biases == 0:
            return ()
        named = self.names.get(which)
        if named is not None:
            return (named,) if isinstance(named, str) else named
        if which == "b" and self.biases == 2:
            taken = {*self.weight_names("W"), *self.weight_names("U")}
            rest = tuple(name for name in there or () if name not in taken)
            if len(rest) == 2:
                return rest
            return next((pair for pair in TWO_BIASES if set(pair) <= set(rest)), TWO_BIASES[0])
        return (which,)

    # Weights -----------------------------------------------------------------------------------

    def weights_out(
        self, params: Mapping[str, Array], there: list[str] | None = None
    ) -> dict[str, Array]:
        """Native W, U and b as the arrays that are written into the subject."""
        b = params["b"].copy()
        H = b.size // 4
        b[H : 2 * H] -= b.dtype.type(self.forget_bias)
        out = self._matrix_out("W", params["W"], there) | self._matrix_out("U", params["U"], there)
        names = self.weight_names("b", there)
        if self.biases == 2 and len(names) == 2:
            # Two unequal shares, so that a subject that forgets one of them is found out.
            share = (b * b.dtype.type(0.375)).astype(b.dtype)
            return out | dict(
                zip(names, (self._ordered(share), self._ordered(b - share)), strict=True)
            )
        return out | self._by_gate(names, self._ordered(b), axis=0)

    def _matrix_out(self, which: str, native: Array, there: list[str] | None) -> dict[str, Array]:
        blocks = self._ordered(native)
        axis = 1
        if self.weights == "out_in":
            blocks, axis = np.ascontiguousarray(blocks.T), 0
        return self._by_gate(self.weight_names(which, there), blocks, axis)

    def _by_gate(self, names: tuple[str, ...], array: Array, axis: int) -> dict[str, Array]:
        if len(names) == 4:
            return dict(zip(names, np.split(array, 4, axis), strict=True))
        return dict.fromkeys(names, array)

    def _ordered(self, native: Array) -> Array:
        if self.gate_order == GATES:
            return native
        blocks = dict(zip(GATES, np.split(native, 4, axis=-1), strict=True))
        return np.concatenate([blocks[gate] for gate in self.gate_order], axis=-1)

    def weights_in(
        self, which: str, arrays: Mapping[str, Array], there: list[str] | None = None
    ) -> dict[str, Array]:
        """The subject's arrays for "W", "U" or "b" as native ones, each with the name it had.

        There are two for two biases, and none for no bias.
        """
        names = self.weight_names(which, there)
        transposed = self.weights == "out_in" and which != "b"
        if len(names) == 4:
            whole = np.concatenate([arrays[n] for n in names], axis=0 if transposed else -1)
            return {f"{names[0]}…{names[3]}": self._native(whole, transposed)}
        return {name: self._native(arrays[name], transposed) for name in names}

    def _native(self, array: Array, transposed: bool) -> Array:
        array = array.T if transposed else array
        blocks = dict(zip(self.gate_order, np.split(array, 4, axis=-1), strict=True))
        return np.concatenate([blocks[gate] for gate in GATES], axis=-1)

    def shape_out(
        self, which: str, input_size: int, hidden_size: int, per_gate: bool
    ) -> tuple[int, ...]:
        """The shape that one of the subject's arrays for "W", "U" or "b" should have."""
        wide = hidden_size if per_gate else 4 * hidden_size
        if which == "b":
            return (wide,)
        rows = input_size if which == "W" else hidden_size
        return (rows, wide) if self.weights == "in_out" else (wide, rows)

    # Sequences and states ----------------------------------------------------------------------

    def sequence(self, array: Array) -> Array:
        """x, y and their gradients, native to the subject's axes or back."""
        return array if self.batch_first else np.ascontiguousarray(array.swapaxes(0, 1))

    def pair(self, h: Any, c: Any) -> list[Any]:
        """A native (h, c) in the subject's order."""
        return [h, c] if self.state_order == "hc" else [c, h]


def _one_of(declared: Mapping[str, Any], key: str, allowed: tuple[Any, ...]) -> None:
    if key in declared and not any(
        declared[key] == one and type(declared[key]) is type(one) for one in allowed
    ):
        raise BadConvention(
            f"{key} is {declared[key]!r}: it can be {' or '.join(map(repr, allowed))}"
        )


def _names(names: Any, biases: int) -> dict[str, str | tuple[str, ...]]:
    if not isinstance(names, dict) or not set(names) <= {"W", "U", "b"}:
        raise BadConvention(f"names is {names!r}: give a dict with the keys 'W', 'U', 'b'")
    parsed: dict[str, str | tuple[str, ...]] = {}
    for key, value in names.items():
        several = tuple(value) if isinstance(value, list) else ()
        lengths = (2, 4) if key == "b" and biases == 2 else (4,)
        if isinstance(value, str):
            parsed[key] = value
        elif len(several) in lengths and all(isinstance(one, str) for one in several):
            parsed[key] = several
        else:
            raise BadConvention(
                f"names[{key!r}] is {value!r}: give one name, or a list of {lengths[-1]}"
            )
    return parsed

"""How a subject lays out its arrays, and the way there from the native layout and back.

Native: gate blocks i, f, g, o; W (D, 4H), U (H, 4H), one b (4H,); x and y (N, T, ·); state (h, c).
A subject declares what differs, in a class attribute `__lstm__ = {...}` or in class attributes of
these names; the judge converts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_checks.findings import Array, quoted
from lstm_checks.subjects.replies import number

GATES = "ifgo"
CANDIDATE_LETTERS = "gcjz"
LONGEST_NAME = 200  # characters, since the subject's process cuts longer names
TWO_BIASES = (
    ("b_ih", "b_hh"),
    ("bias_ih", "bias_hh"),
    ("bx", "bh"),
    ("b_x", "b_h"),
    ("bW", "bU"),
    ("bi", "bh"),
    ("b1", "b2"),
    ("b", "b2"),
    ("b", "bU"),
)


class BadConvention(Exception):
    """A declared convention has no meaning; the message says which, and what can stand there."""


@dataclass(frozen=True)
class Conventions:
    """A subject's layout; the defaults are the native one.

    Attributes:
        gate_order: the order of the blocks, in the letters i, f, g, o.
        batch_first: x and y are (N, T, ·), else (T, N, ·).
        weights: "in_out" for W (D, 4H), "out_in" for (4H, D); U likewise.
        biases: how many bias vectors are summed: 0, 1 or 2.
        state_order: "hc" or "ch", of every pair of states and of their gradients.
        names: the subject's names of "W", "U" and "b"; one, or one name per gate
            in `gate_order`, or two biases.
        forget_bias: what forward itself adds to the forget gate's pre-activation.
        dtype: of all arrays; "float32" for a subject that works in it alone.
        returns: "y, (h, c)", or "y" for a forward that gives the outputs alone.
        backward_returns: "dx, (dh0, dc0)", "dx", or "" for a backward that fills grads alone.
    """

    gate_order: str = GATES
    batch_first: bool = True
    weights: str = "in_out"
    biases: int = 1
    state_order: str = "hc"
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forget_bias: float = 0.0
    dtype: str = "float64"
    returns: str = "y, (h, c)"
    backward_returns: str = "dx, (dh0, dc0)"

    @classmethod
    def parse(cls, declared: Any, attributes: Mapping[str, Any]) -> tuple["Conventions", list[str]]:
        """The conventions that a subject declares, and notes on attributes that declare none.

        What stands in `__lstm__` is meant as a convention. An attribute of the same name may be
        something else of the subject's own, so it counts only where its value has a meaning here.

        Args:
            declared: the value of `__lstm__`, None where there is none.
            attributes: the class attributes that have the names of conventions.

        Raises:
            BadConvention: something in `__lstm__` has no meaning.
        """
        found: dict[str, Any] = {}
        notes = []
        for key, value in attributes.items():
            if key not in MEANINGS:
                raise BadConvention(f"there is no convention {quoted(key)}")
            try:
                found[key] = MEANINGS[key](value)
            except BadConvention as error:
                notes.append(f"The class attribute {key} was not taken for a convention: {error}.")
        if declared is not None and not isinstance(declared, dict):
            raise BadConvention(f"__lstm__ is {quoted(declared)}; it must be a dict")
        for key, value in (declared or {}).items():
            if key not in MEANINGS:
                raise BadConvention(
                    f"__lstm__ has the key {quoted(key)}; the conventions are {', '.join(MEANINGS)}"
                )
            found[key] = MEANINGS[key](value)
        names = found.get("names", {})
        if found.get("biases") != 2 and len(names.get("b", ())) == 2:
            raise BadConvention("names['b'] holds two names, and biases is not 2")
        return cls(**found), notes

    # Names -------------------------------------------------------------------------------------

    def weight_names(self, which: str, there: Sequence[str] | None = None) -> tuple[str, ...]:
        """The subject's names for "W", "U" or "b": one, four (one per gate), or two biases.

        `there` are the names in its params, from which those of two biases are found.
        """
        if which == "b" and self.biases == 0:
            return ()
        named = self.names.get(which)
        if named is not None:
            return named
        if which == "b" and self.biases == 2:
            taken = {*self.weight_names("W"), *self.weight_names("U")}
            rest = tuple(name for name in there or () if name not in taken)
            if len(rest) == 2:
                return rest
            return next((pair for pair in TWO_BIASES if set(pair) <= set(rest)), TWO_BIASES[0])
        return (which,)

    # Weights -----------------------------------------------------------------------------------

    def weights_out(
        self, params: Mapping[str, Array], there: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Native W, U and b as the arrays that are written into the subject."""
        b = params["b"].copy()
        H = b.size // 4
        b[H : 2 * H] -= b.dtype.type(self.forget_bias)
        out = self._matrix_out("W", params["W"], there) | self._matrix_out("U", params["U"], there)
        names = self.weight_names("b", there)
        if self.biases == 2 and len(names) == 2:
            # Two unequal shares, so that leaving one of them out shows.
            share = (b * b.dtype.type(0.375)).astype(b.dtype)
            return out | dict(
                zip(names, (self._ordered(share), self._ordered(b - share)), strict=True)
            )
        return out | self._by_gate(names, self._ordered(b), axis=0)

    def _matrix_out(
        self, which: str, native: Array, there: Sequence[str] | None
    ) -> dict[str, Array]:
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
        self, which: str, arrays: Mapping[str, Array], there: Sequence[str] | None = None
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

    def typed(self, value: Any) -> Any:
        """The value with its float64 arrays, in lists and dicts too, in the subject's dtype."""
        if isinstance(value, np.ndarray):
            return value.astype(self.dtype, copy=False) if value.dtype == np.float64 else value
        if isinstance(value, list):
            return [self.typed(item) for item in value]
        if isinstance(value, dict):
            return {name: self.typed(item) for name, item in value.items()}
        return value


def _gate_order(value: Any) -> str:
    letters = value.lower() if isinstance(value, str) else ""
    for letter in CANDIDATE_LETTERS[1:]:
        letters = letters.replace(letter, "g")
    if sorted(letters) != sorted(GATES):
        raise BadConvention(
            f"gate_order is {quoted(value)}; it must hold the letters i, f, g (candidate) and o, "
            "once each"
        )
    return letters


def _one_of(key: str, *allowed: Any) -> Callable[[Any], Any]:
    def meaning(value: Any) -> Any:
        if not any(value == one and type(value) is type(one) for one in allowed):
            raise BadConvention(
                f"{key} is {quoted(value)}; it must be {' or '.join(map(repr, allowed))}"
            )
        return value

    return meaning


def _forget_bias(value: Any) -> float:
    found = number(value)
    if found is None or abs(found) > 1e6:
        raise BadConvention(f"forget_bias is {quoted(value)}; it must be a number")
    return found


def _names(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not set(value) <= {"W", "U", "b"}:
        raise BadConvention(
            f"names is {quoted(value)}; it must be a dict with keys among 'W', 'U' and 'b'"
        )
    found: dict[str, tuple[str, ...]] = {}
    for key, name in value.items():
        several = (
            (name,) if isinstance(name, str) else tuple(name) if isinstance(name, list) else ()
        )
        lengths = (1, 2, 4) if key == "b" else (1, 4)
        if len(several) not in lengths or not all(isinstance(one, str) for one in several):
            raise BadConvention(
                f"names[{key!r}] is {quoted(name)}; it must be one name, or a list of one name per "
                "gate" + (", or of two biases" if key == "b" else "")
            )
        if max(map(len, several)) > LONGEST_NAME:
            raise BadConvention(
                f"names[{key!r}] is {quoted(name)}; a name has at most {LONGEST_NAME} characters"
            )
        found[key] = several
    return found


MEANINGS: dict[str, Callable[[Any], Any]] = {
    "gate_order": _gate_order,
    "batch_first": _one_of("batch_first", True, False),
    "weights": _one_of("weights", "in_out", "out_in"),
    "biases": _one_of("biases", 0, 1, 2),
    "state_order": _one_of("state_order", "hc", "ch"),
    "names": _names,
    "forget_bias": _forget_bias,
    "dtype": _one_of("dtype", "float64", "float32"),
    "returns": _one_of("returns", "y, (h, c)", "y"),
    "backward_returns": _one_of("backward_returns", "dx, (dh0, dc0)", "dx", ""),
}

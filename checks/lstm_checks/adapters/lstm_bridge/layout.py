"""Tells by their shapes and names which of a subject's arrays are W, U and b, and converts them.

It is part of what adapters share, and is reached as `lstm_bridge.Layout`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .names import gate_groups, gates_of

D, H = 3, 5  # the sizes at which a subject's form is found: every shape is then told from others
Shapes = Mapping[str, tuple[int, ...]]


class Unclear(TypeError):
    """What stands there can be read in several ways; the message says what to declare or name."""

    unclear = True

    def __init__(self, message: str, unknown_arrays: bool = False) -> None:
        super().__init__(message)
        self.unknown_arrays = unknown_arrays


class OutOfScope(TypeError):
    """The subject is something else than one LSTM layer in one direction."""

    out_of_scope = True


@dataclass(frozen=True)
class Joint:
    """One matrix of the subject's that holds W and U side by side."""

    name: str
    axis: int
    x_first: bool

    @property
    def parts(self) -> tuple[str, str]:
        """The names of its two parts as the kit writes them: for x, for h."""
        dots = ":, " * self.axis
        return f"{self.name}[{dots}for x]", f"{self.name}[{dots}for h]"


@dataclass(frozen=True)
class Layout:
    """How a subject lays out its weights.

    Attributes:
        declared: its conventions.
        joints: matrices that are given in two parts, for x and for h.
        stacks: vectors that are given as one: its name, and those of the four.
        said: the layout in words.
    """

    declared: dict[str, Any]
    joints: tuple[Joint, ...]
    stacks: tuple[tuple[str, tuple[str, ...]], ...]
    said: str

    @classmethod
    def of(cls, shapes: Shapes, declared: Mapping[str, Any], x_first: bool = True) -> "Layout":
        """The layout of arrays whose shapes are known at D = 3 and H = 5.

        Args:
            shapes: the shape of each array, by its name.
            declared: "names" and "gate_order", as far as the subject declares them.
            x_first: whether a matrix for both x and h begins with the part for x.

        Raises:
            OutOfScope: it is a GRU, a stack, or another layer.
            Unclear: which is which cannot be told.
        """
        found: dict[str, list[str]] = {}
        unknown = []
        for name, shape in shapes.items():
            kind = _kind(shape)
            found.setdefault(kind, []).append(name)
            if not kind:
                unknown.append(name)
        given = declared.get("names")
        if given is not None:
            found = _as_declared(given, shapes)
            unknown = []
        looks_like = "" if given is not None else _other_than_lstm(shapes)
        if looks_like:
            raise OutOfScope(f"this looks like {looks_like}")
        matrices = {kind: names for kind, names in found.items() if kind[:1] in "WUJ" and kind}
        biases = {kind: names for kind, names in found.items() if kind[:1] == "b"}
        counts = {kind: len(names) for kind, names in matrices.items()}
        if unknown or counts not in MATRICES or len(biases) > 1:
            raise Unclear(_unclear(shapes), unknown_arrays=True)
        order = declared.get("gate_order", "ifgo")
        turned = {_turned(shapes[name], kind) for kind in matrices for name in matrices[kind]}
        turned -= {None}
        if len(turned) > 1:
            raise Unclear(f"some matrices are (in, out) and some (out, in): {dict(shapes)}")
        out_in = turned == {True}
        names: dict[str, Any] = {}
        joints: list[Joint] = []
        apart = any(kind.endswith("gate") for kind in matrices)
        keep = given is not None
        for kind, some in matrices.items():
            ordered = some if keep or not apart else _ordered(some, order, shapes)
            if kind[0] == "J":
                pairs = [Joint(name, int(out_in), x_first) for name in ordered]
                joints += pairs
                names["W"] = [pair.parts[0] for pair in pairs]
                names["U"] = [pair.parts[1] for pair in pairs]
            else:
                names[kind[0]] = ordered
        names = {key: value[0] if len(value) == 1 else value for key, value in names.items()}
        stacks: list[tuple[str, tuple[str, ...]]] = []
        for kind, some in biases.items():
            if kind == "b" and len(some) <= 2:
                names["b"] = some if len(some) == 2 else some[0]
                continue
            groups = [some] if keep else _grouped(some, order, shapes)
            if len(groups) == 1:
                names["b"] = groups[0]
            else:
                stacks = [(f"{group[0]}…{group[3]}", tuple(group)) for group in groups]
                names["b"] = [name for name, _ in stacks]
        count = 0 if not biases else 2 if stacks or len(names["b"]) == 2 else 1
        if isinstance(names.get("b"), str):
            count = 1
        made = {
            "gate_order": order,
            "weights": "out_in" if out_in else "in_out",
            "biases": count,
            "names": names,
        }
        said = _said(joints, apart, x_first, order, declared, keep, count)
        return cls(made, tuple(joints), tuple(stacks), said)

    def begins_with_x(
        self, own: Mapping[str, Any], ignores_x: Callable[[dict[str, Any]], bool]
    ) -> bool:
        """Whether the matrix for x and h begins with the part for x, by setting parts to zero.

        Args:
            own: the subject's arrays, by its own names, at the sizes D and H.
            ignores_x: whether with such arrays the subject gives the same for every x.

        Raises:
            Unclear: neither part is the one for x, or both are.
        """
        silent = []
        for first in (True, False):
            weights = dict(own)
            for joint in self.joints:
                matrix = np.moveaxis(own[joint.name].copy(), joint.axis, 0)
                (matrix[:D] if first else matrix[-D:])[...] = 0
                weights[joint.name] = np.moveaxis(matrix, 0, joint.axis)
            silent.append(ignores_x(weights))
        if silent[0] == silent[1]:
            raise Unclear(
                "the matrix for x and h does not show which part is for x; keep them apart"
            )
        return silent[0]

    def own(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The subject's arrays, from those that the kit writes."""
        own = dict(params)
        for joint in self.joints:
            pair = [own.pop(part) for part in joint.parts]
            own[joint.name] = np.concatenate(pair if joint.x_first else pair[::-1], joint.axis)
        for name, parts in self.stacks:
            own |= dict(zip(parts, np.split(own.pop(name), 4), strict=True))
        return own

    def params(self, own: Mapping[str, Any], input_size: int) -> dict[str, Any]:
        """The arrays as the kit writes them, from the subject's own."""
        params = dict(own)
        for joint in self.joints:
            whole = params.pop(joint.name)
            size = whole.shape[joint.axis]
            cut = input_size if joint.x_first else size - input_size
            pair = np.split(whole, [cut], joint.axis)
            params |= zip(joint.parts, pair if joint.x_first else pair[::-1], strict=True)
        for name, parts in self.stacks:
            params[name] = np.concatenate([np.ravel(params.pop(part)) for part in parts])
        return params


# Kinds of arrays, and how many of each there may be.
MATRICES = (
    {"W": 1, "U": 1},
    {"J": 1},
    {"W gate": 4, "U gate": 4},
    {"J gate": 4},
)


def _kind(shape: tuple[int, ...]) -> str:
    """ "W", "U", "J" (W and U in one) or "b", with " gate" if it is one gate's; "" if unknown."""
    long = [n for n in shape if n != 1]
    for wide, suffix in ((4 * H, ""), (H, " gate")):
        if long == [wide]:
            return "b" + suffix
        for other, letter in ((D, "W"), (H, "U"), (D + H, "J")):
            if shape in ((wide, other), (other, wide)):
                return letter + suffix
    return ""


def _turned(shape: tuple[int, ...], kind: str) -> bool | None:
    """Whether a matrix is (out, in); None for a square one."""
    wide = H if kind.endswith("gate") else 4 * H
    return None if shape[0] == shape[1] else shape[0] == wide


def _ordered(names: Sequence[str], order: str, shapes: Shapes) -> list[str]:
    gates = gates_of(names)
    if gates is None:
        raise Unclear(_which_gate(names, shapes))
    return [gates[gate] for gate in _letters(order)]


def _grouped(names: Sequence[str], order: str, shapes: Shapes) -> list[list[str]]:
    groups = gate_groups(names)
    if groups is None:
        raise Unclear(_which_gate(names, shapes))
    return [[group[gate] for gate in _letters(order)] for group in groups]


def _letters(order: Any) -> str:
    letters = str(order).lower()
    return "".join("g" if letter in "cjz" else letter for letter in letters)


def _as_declared(names: Any, shapes: Shapes) -> dict[str, list[str]]:
    """The arrays by kind, as `names` declares them."""
    if not isinstance(names, dict):
        raise Unclear(f"names is {names!r}; it must be a dict with the keys W, U and b")
    listed = {
        key: [value] if isinstance(value, str) else list(value) for key, value in names.items()
    }
    for name in (name for some in listed.values() for name in some):
        if name not in shapes:
            raise Unclear(f"the declared names hold {name!r}, which is none of {', '.join(shapes)}")
    if not {"W", "U"} <= set(listed):
        raise Unclear("names must have the keys W and U, and b if there is a bias")
    gate = " gate" if len(listed["W"]) == 4 else ""
    biases = listed.get("b", [])
    found = {"W" + gate: listed["W"], "U" + gate: listed["U"]}
    if listed["W"] == listed["U"]:
        found = {"J" + gate: listed["W"]}
    return found | ({"b" + " gate" * (len(biases) == 4): biases} if biases else {})


def _which_gate(names: Sequence[str], shapes: Shapes) -> str:
    return (
        f"the names {', '.join(names)} do not say which belongs to which gate; declare it in the "
        "class, as names = {'W': [...], 'U': [...], 'b': [...]} in the order of gate_order"
    )


def _unclear(shapes: Shapes) -> str:
    listed = ", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:6]) or "none"
    more = ", …" if len(shapes) > 6 else ""
    return (
        f"its arrays with D = {D} and H = {H} are {listed}{more}; the kit cannot tell which are W, "
        "U and the biases"
    )


def _said(
    joints: Sequence[Joint],
    apart: bool,
    x_first: bool,
    order: str,
    declared: Mapping[str, Any],
    keep: bool,
    biases: int,
) -> str:
    matrices = "one matrix" if joints and not apart else "matrices" if apart else "two matrices"
    parts = [f"{matrices}{' per gate' if apart else ''}"]
    if joints:
        parts[0] += f" for [{'x, h' if x_first else 'h, x'}]"
    parts.append(("no bias", "one bias", "two biases")[biases])
    if apart:
        parts.append("gates by the declared names" if keep else "gates by their names")
    else:
        how = "declared" if "gate_order" in declared else "not declared, so PyTorch's order"
        parts.append(f"gates {', '.join(_letters(order))} ({how})")
    return ", ".join(parts)


TAKE = "; with {} as an argument of its class, one is checked, and what is composed of it"


def _other_than_lstm(shapes: Shapes) -> str:
    """What arrays of these shapes look like, where they are no single LSTM layer's."""
    inputs = [max(s) // H for s in shapes.values() if len(s) == 2 and min(s) == D]
    recurrent = [s for s in shapes.values() if len(s) == 2 and s[0] % H == s[1] % H == 0]
    if any("reverse" in name for name in shapes):
        return f"a layer of two directions{TAKE.format('bidirectional=False')}"
    if any("weight_hr" in name for name in shapes):
        return "an LSTM with a projection"
    if inputs == [4] and len(recurrent) > 2:
        return f"several layers in a stack{TAKE.format('num_layers=1')}"
    if inputs == [3] or inputs == [1] * 3:
        return "a GRU: there are three blocks of weights, where an LSTM has four"
    if inputs == [1] and len(recurrent) == 1:
        return "a simple recurrent layer: there is one block of weights, where an LSTM has four"
    return ""

"""Which part of the cell each choice of an LSTM is about: what a drawing of the cell marks.

The parts are the four gates i, f, g and o, the two products `forget` (f ⊙ c) and `write` (i ⊙ g),
their `sum` c', its `tanh`, the output `out` (o ⊙ tanh c'), the state `c` and `h` before the step,
and the input `x`. A choice of the backward pass is about the part whose gradient it is.
"""

from collections.abc import Mapping

from lstm_checks.museum.textbook import GATES, TEXTBOOK

# Slots of one gate begin so: pre-activation, its terms, slope, and what flows out of it.
_OF_A_GATE = ("xW", "hU", "bias", "z", "slope", "dz", "dW", "dU", "db", "dx", "dh")
_OTHERS = {
    "x_t": "x",
    "c_next": "sum",
    "h_next": "out",
    "y_t": "out",
    "at": "out",
    "carry_h": "h",
    "carry_c": "c",
    "begin_h": "h",
    "begin_c": "c",
    "order": "x",
    "final_h": "out",
    "final_c": "sum",
    "keep_h": "h",
    "keep_c": "c",
    "reset_h": "h",
    "reset_c": "c",
    "dy_t": "out",
    "dh_all": "out",
    "tanh_c": "tanh",
    "dc_all": "sum",
    "dx_t": "x",
    "dx_at": "x",
    "dh_prev": "h",
    "dc_prev": "forget",
    "back_order": "x",
    "dh_start": "out",
    "dc_start": "sum",
    "dh0": "h",
    "dc0": "c",
}
_OF_ALL = {"xW": "x", "hU": "h", "dx": "x", "dh": "h"}  # if they are wrong in all four gates
_ALL_GATES = ("sum_W", "sum_U", "sum_b", "grad_W", "grad_U", "grad_b")

PARTS: dict[str, tuple[str, ...]] = {
    **{gate: (gate,) for gate in GATES},
    **{f"d{gate}": (gate,) for gate in GATES},
    **{f"{name}_{gate}": (gate,) for name in _OF_A_GATE for gate in GATES},
    **{slot: (part,) for slot, part in _OTHERS.items()},
    **{slot: tuple(GATES) for slot in _ALL_GATES},
}
assert PARTS.keys() == TEXTBOOK.keys()


def parts_of(choices: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that some choices, slots with their expressions, are about, each once."""
    parts: list[str] = []
    for slot, expression in choices.items():
        name = slot.rpartition("_")[0]
        if slot == "c_next":
            parts.append(_of_the_update(expression))
        elif name in _OF_ALL and all(f"{name}_{one}" in choices for one in GATES):
            parts.append(_OF_ALL[name])
        else:
            parts += PARTS[slot]
    return tuple(dict.fromkeys(parts))


def _of_the_update(expression: str) -> str:
    """Of c' = f ⊙ c + i ⊙ g, the product that is wrong if the other one is right, else the sum."""
    forget, write = "f * c" in expression, "i * g" in expression
    if forget == write:
        return "sum"
    return "write" if forget else "forget"

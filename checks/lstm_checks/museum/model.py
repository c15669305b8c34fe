"""The LSTM that evaluates its choices: NumPy, one loop over time, no branch about any fault."""

from collections.abc import Mapping
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from lstm_checks.findings import Array
from lstm_checks.museum.textbook import GATES, TEXTBOOK
from lstm_reference.cells.cell import sigmoid

Choices = Mapping[str, str]
Given = tuple[Array | None, Array | None] | None  # a state, None for what is not given


def first(*options: Array | None) -> Array:
    """The first that is not None."""
    return next(option for option in options if option is not None)


def softmax(z: Array) -> Array:
    """exp(z) over its sum over the last axis."""
    e = np.exp(z)
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


FUNCTIONS: dict[str, Any] = {
    "np": np,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "exp": np.exp,
    "clip": np.clip,
    "maximum": np.maximum,
    "softmax": softmax,
    "first": first,
}


@cache
def compiled(expression: str) -> CodeType:
    """The code of an expression."""
    return compile(expression, "<choice>", "eval")


class Values(dict[str, Any]):
    """What names stand for: given values, and choices that are evaluated when first asked for."""

    __slots__ = ("choices",)

    def __init__(self, choices: Choices, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.choices = choices

    def __missing__(self, name: str) -> Any:
        expression = self.choices.get(name)
        if expression is None:
            raise KeyError(name)
        value = self[name] = eval(compiled(expression), FUNCTIONS, self)
        return value


def program(*faults: Choices) -> dict[str, str]:
    """The textbook's choices, with those of faults in their place."""
    chosen = dict(TEXTBOOK)
    for choices in faults:
        chosen |= choices
    return chosen


def blocks(params: Mapping[str, Array]) -> dict[str, Array]:
    """W_i, W_f, …, b_o of W (D, 4H), U (H, 4H), b (4H,)."""
    return {
        f"{name}_{gate}": block
        for name in "WUb"
        for gate, block in zip(GATES, np.split(params[name], 4, axis=-1), strict=True)
    }


class Model:
    """An LSTM of the native contract, made of choices.

    Args:
        choices: an expression for every slot; see `program`.
        params: W (D, 4H), U (H, 4H), b (4H,), with gate blocks i, f, g, o.
        stateful: start a call from the final state of the call before.
    """

    def __init__(
        self, choices: Choices, params: Mapping[str, Array], *, stateful: bool = False
    ) -> None:
        self.choices = choices
        self.given = blocks(params) | {"stateful": stateful}
        self.H = params["U"].shape[0]
        self.kept: tuple[Array | None, Array | None] = (None, None)
        self.old = {f"old_{name}": np.zeros_like(params[name]) for name in "WUb"}
        self.steps: list[Values] = []
        self.back: list[Values] = []
        self.call = Values(choices, {})

    def forward(self, x: Array, state: Given = None) -> tuple[Array, Array, Array]:
        """y (N, T, H) and the final h and c, each (N, H), for x (N, T, D)."""
        N, T, _ = x.shape
        dtype = np.result_type(x, self.given["W_i"])
        zeros, y = np.zeros((N, self.H), dtype), np.zeros((N, T, self.H), dtype)
        call = self.call = Values(self.choices, self.given)
        call.update(x=x, T=T, N=N, H=self.H, zeros=zeros, y=y, state=state)
        call["given_h"], call["given_c"] = (None, None) if state is None else state
        call["kept_h"], call["kept_c"] = self.kept
        call["h0"], call["c0"] = h, c = call["begin_h"], call["begin_c"]
        self.steps = []
        shared = dict(call)
        for t in call["order"]:
            step = Values(self.choices, shared)
            step["t"], step["h"], step["c"] = t, h, c
            y[:, step["at"]] = step["y_t"]
            call["h_before"], call["c_before"] = h, c
            h, c = step["carry_h"], step["carry_c"]
            self.steps.append(step)
        call["h_last"], call["c_last"] = h, c
        call["h_new"], call["c_new"] = step["h_next"], step["c_next"]
        self.kept = call["keep_h"], call["keep_c"]
        return y, call["final_h"], call["final_c"]

    def backward(self, dy: Array, dstate: Given = None) -> dict[str, Array]:
        """All gradients of the last forward from dy (N, T, H) and dstate: (dh, dc) or None.

        Returns:
            dx (N, T, D), dh0 and dc0 (N, H), dW (D, 4H), dU (H, 4H), db (4H,).
        """
        call = Values(self.choices, self.call)
        zeros, x = np.zeros_like(dy[:, 0]), self.call["x"]
        call.update(self.old, dy=dy, zeros=zeros, dstate=dstate)
        dh, dc = (None, None) if dstate is None else dstate
        call["dstate_h"], call["dstate_c"] = first(dh, zeros), first(dc, zeros)
        dx = np.zeros_like(x)
        sums = {
            f"d{name}": np.zeros_like(old)
            for name, old in zip("WUb", self.old.values(), strict=True)
        }
        dh, dc = call["dh_start"], call["dc_start"]
        self.back = []
        for s in call["back_order"]:
            step = Values(self.choices, self.steps[s])
            step.update(sums, t=s, dy=dy, dh=dh, dc=dc, zeros=zeros, dstate=dstate)
            step["dstate_h"], step["dstate_c"] = call["dstate_h"], call["dstate_c"]
            for name in "WUb":
                parts = [step[f"d{name}_{gate}"] for gate in GATES]
                step[f"d{name}_t"] = np.concatenate(parts, axis=-1)
                sums[f"d{name}"] = step[f"sum_{name}"]
            dx[:, step["dx_at"]] = step["dx_t"]
            dh, dc = step["dh_prev"], step["dc_prev"]
            self.back.append(step)
        call.update(sums, dh=dh, dc=dc, dx=dx)
        grads = {f"d{name}": call[f"grad_{name}"] for name in "WUb"}
        self.old = {f"old_{name}": grads[f"d{name}"] for name in "WUb"}
        return {"dx": dx, "dh0": call["dh0"], "dc0": call["dc0"], **grads}

    def reset_state(self) -> None:
        """Return to the state of a new layer, as far as the choices have it."""
        call = Values(self.choices, {"kept_h": self.kept[0], "kept_c": self.kept[1]})
        self.kept = call["reset_h"], call["reset_c"]

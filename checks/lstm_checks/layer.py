"""One instance of a subject, driven with native arrays: every array here is in the native layout.

Whatever comes back is checked for form (a tuple of arrays of the right shapes), so that laws deal
with numbers only.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from lstm_checks.broken import Broken
from lstm_checks.contract import Call, Gradients, Output, State
from lstm_checks.conventions import Array, Conventions
from lstm_checks.forms import array_of, kind_of, listed, parts_of, there


class Asked(Protocol):
    """What a layer needs of its subject."""

    conventions: Conventions
    trace: list[Call]
    last: dict[str, Array]

    def ask(self, do: str, key: int, **given: Any) -> Any: ...
    def offers(self, capability: str) -> bool: ...


class Layer:
    """One instance of the subject; every array here is in the native layout."""

    def __init__(
        self, subject: Asked, key: int, params: Mapping[str, Array], stateful: bool
    ) -> None:
        self._subject = subject
        self._key = key
        self.D, self.H = params["W"].shape[0], params["U"].shape[0]
        self._N = self._T = 0
        self._names: list[str] | None = None
        conventions = subject.conventions
        weights = conventions.weights_out(params)
        reply = subject.ask(
            "create", key, input_size=self.D, hidden_size=self.H, stateful=stateful, weights=weights
        )
        self._names = reply["names"]
        subject.trace[-1].given["has_params"] = self._has_params = reply["has_params"]
        self.found: dict[str, Any] = reply["found"]
        self._shapes = {
            name: array.shape for name, array in self.found.items() if isinstance(array, np.ndarray)
        }
        again = conventions.weights_out(params, self._names)
        fitted = {name: self._fitted(name, array) for name, array in again.items()}
        if set(again) != set(weights) or any(fitted[n].shape != again[n].shape for n in again):
            self.write(params)

    def _fitted(self, name: str, array: Array) -> Array:
        """A bias in the subject's own shape where that is a row or a column, (1, 4H) or (4H, 1)."""
        shape = self._shapes.get(name)
        if array.ndim == 1 and shape in ((1, array.size), (array.size, 1)):
            return array.reshape(shape)
        return array

    def write(self, params: Mapping[str, Array]) -> None:
        """Write native weights into the instance."""
        self._write(self._subject.conventions.weights_out(params, self._names))

    def write_negated(self, params: Mapping[str, Array], name: str) -> None:
        """Write native weights, the one array that the subject calls by this name negated."""
        weights = self._subject.conventions.weights_out(params, self._names)
        self._write(weights | {name: -weights[name]})

    def _write(self, weights: dict[str, Array]) -> None:
        fitted = {name: self._fitted(name, array) for name, array in weights.items()}
        self._subject.ask("write", self._key, weights=fitted)
        self._subject.trace[-1].given["has_params"] = self._has_params

    def weight_names(self, which: str) -> tuple[str, ...]:
        """The subject's names for "W", "U" or "b"."""
        return self._subject.conventions.weight_names(which, self._names)

    def read(self) -> dict[str, Any]:
        """The subject's weights as they are now, in its own layout, by its own names."""
        names = [name for which in ("W", "U", "b") for name in self.weight_names(which)]
        found: dict[str, Any] = self._subject.ask("read", self._key, names=names)
        return found

    def reset(self) -> None:
        self._subject.ask("reset", self._key)

    def recall(self, back: int) -> Any:
        """What a call returned, as those objects are now: plain values of the wire.

        0 is the last forward or backward, 1 the one before it.
        """
        return self._subject.ask("recall", self._key, back=back)

    # Forward -----------------------------------------------------------------------------------

    def forward(
        self,
        x: Array,
        state: State | None = None,
        *,
        layout: str = "C",
        report_inputs: bool = False,
    ) -> Output:
        """y and the final state for x (N, T, D) from (h, c), each (N, H), or from none given.

        Raises:
            Broken: what comes back is not y (N, T, H), (h, c) each (N, H).
        """
        conventions = self._subject.conventions
        self._N, self._T = x.shape[:2]
        options: dict[str, Any] = {}
        if layout != "C":
            options["layout"] = layout
        if report_inputs:
            options["report_inputs"] = True
        reply = self._subject.ask(
            "forward",
            self._key,
            x=conventions.sequence(x),
            state=None if state is None else self._state_out(*state),
            **options,
        )
        y, h, c = self._parsed_forward(reply["result"])
        self._subject.last = there(y=y, h=h, c=c)
        return Output(y, h, c, reply.get("inputs"))

    def recalled_forward(self, back: int) -> Output:
        """The result of an earlier forward, as its arrays are now."""
        return Output(*self._parsed_forward(self.recall(back)))

    def _state_out(self, h: Array, c: Array) -> list[Any]:
        offers = self._subject.offers
        return self._subject.conventions.pair(
            h if offers("initial_h") else None, c if offers("initial_c") else None
        )

    def _parsed_forward(self, result: Any) -> tuple[Array, Array | None, Array | None]:
        N, T, H = self._N, self._T, self.H
        conventions = self._subject.conventions
        form = "forward returns y, (h, c)"
        parts = parts_of(result)
        if result is None or (parts is not None and parts and all(p is None for p in parts)):
            raise Broken(
                "not attempted: forward returns None, as if it were not written yet",
                f"{form}: y {(N, T, H)}, h and c {(N, H)}",
            )
        state = parts_of(parts[1]) if parts is not None and len(parts) == 2 else None
        if parts is None or len(parts) != 2 or state is None or len(state) != 2:
            raise Broken(f"forward returned {kind_of(result)}", f"Return y, (h, c); {form}.")
        axes = ("N", "T", "H") if conventions.batch_first else ("T", "N", "H")
        shape = (N, T, H) if conventions.batch_first else (T, N, H)
        y = conventions.sequence(array_of(parts[0], "y", shape, axes))
        h, c = conventions.pair(*state)
        return (
            y,
            self._offered_state(h, "the final hidden state h", "final_h"),
            self._offered_state(c, "the final cell state c", "final_c"),
        )

    def _offered_state(self, value: Any, name: str, capability: str) -> Array | None:
        if not self._subject.offers(capability):
            return None
        return array_of(value, name, (self._N, self.H), ("N", "H"))

    # Backward ----------------------------------------------------------------------------------

    def backward(
        self,
        dy: Array,
        dstate: State | None = None,
        *,
        layout: str = "C",
        report_inputs: bool = False,
    ) -> Gradients:
        """The gradients of the last forward from dy (N, T, H) and, or not, (dh, dc).

        Raises:
            Broken: what comes back is not dx, (dh0, dc0), with grads as params.
        """
        conventions = self._subject.conventions
        offers = self._subject.offers
        options: dict[str, Any] = {}
        if layout != "C":
            options["layout"] = layout
        if report_inputs:
            options["report_inputs"] = True
        out = None
        if dstate is not None:
            dh, dc = dstate
            out = conventions.pair(
                dh if offers("final_h") else None, dc if offers("final_c") else None
            )
        reply = self._subject.ask(
            "backward", self._key, dy=conventions.sequence(dy), dstate=out, **options
        )
        got = self._parsed_backward(reply["result"], reply["grads"], reply.get("inputs"))
        weights = {f"grads[{name!r}]": db for name, db in got.db.items()}
        self._subject.last = weights | there(
            dx=got.dx, dh0=got.dh0, dc0=got.dc0, dW=got.dW, dU=got.dU
        )
        return got

    def recalled_backward(self, back: int) -> tuple[Array, Array | None, Array | None]:
        """dx, dh0 and dc0 of an earlier backward, as its arrays are now."""
        return self._parsed_input_gradients(self.recall(back))

    def _parsed_backward(self, result: Any, grads: Any, inputs: dict[str, Any] | None) -> Gradients:
        dx, dh0, dc0 = self._parsed_input_gradients(result)
        weights = self._parsed_grads(grads)
        dW, dU = (next(iter(weights[which].values())) for which in ("W", "U"))
        return Gradients(dx, dh0, dc0, dW, dU, weights["b"], inputs)

    def _parsed_input_gradients(self, result: Any) -> tuple[Array, Array | None, Array | None]:
        N, T, D = self._N, self._T, self.D
        conventions = self._subject.conventions
        parts = parts_of(result)
        if result is None or (parts is not None and parts and all(p is None for p in parts)):
            raise Broken(
                "not attempted: backward returns None, as if it were not written yet",
                "backward returns dx, (dh0, dc0) and fills grads.",
            )
        state = parts_of(parts[1]) if parts is not None and len(parts) == 2 else None
        if parts is None or len(parts) != 2 or state is None or len(state) != 2:
            raise Broken(f"backward returned {kind_of(result)}", "Return dx, (dh0, dc0).")
        axes = ("N", "T", "D") if conventions.batch_first else ("T", "N", "D")
        shape = (N, T, D) if conventions.batch_first else (T, N, D)
        dx = conventions.sequence(array_of(parts[0], "dx", shape, axes))
        dh0, dc0 = conventions.pair(*state)
        return (
            dx,
            self._offered_state(dh0, "dh0", "initial_h"),
            self._offered_state(dc0, "dc0", "initial_c"),
        )

    def _parsed_grads(self, grads: Any) -> dict[str, dict[str, Array]]:
        if not isinstance(grads, dict) or "dict" not in grads:
            raise Broken(
                f"after backward, grads is {kind_of(grads)}",
                "Make grads a dict with the keys and shapes of params.",
            )
        given = grads["dict"]
        native: dict[str, dict[str, Array]] = {}
        for which in ("W", "U", "b"):
            names = self.weight_names(which)
            arrays = {}
            for name in names:
                if name not in given:
                    raise Broken(
                        f"after backward, grads has no {name!r}; it has {listed(given)}",
                        "Give grads the keys of params.",
                    )
                shape = self._subject.conventions.shape_out(
                    which, self.D, self.H, per_gate=len(names) == 4
                )
                own = self._shapes.get(name, shape)
                if which == "b" and sorted(own) in ([1, shape[0]], [shape[0], 1]):
                    arrays[name] = array_of(given[name], f"grads[{name!r}]", own, ()).reshape(shape)
                    continue
                letters = {"W": "D", "U": "H"}.get(which)
                arrays[name] = array_of(
                    given[name],
                    f"grads[{name!r}]",
                    shape,
                    (
                        (letters, "4H")
                        if self._subject.conventions.weights == "in_out"
                        else ("4H", letters)
                    )
                    if letters and len(names) != 4
                    else (),
                )
            native[which] = self._subject.conventions.weights_in(which, arrays, self._names)
        return native

    # One step ----------------------------------------------------------------------------------

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array | None]:
        """One step from x (N, D), h, c (N, H): by the subject's own step, or by forward at T = 1.

        Where no initial state is offered, and there is no step function, h and c are not used.
        """
        self._N, self._T = x.shape[0], 1
        if not self._subject.offers("step"):
            out = self.forward(x[:, None], (h, c))
            return out.y[:, 0], out.c
        parts = parts_of(self._subject.ask("step", self._key, x=x, h=h, c=c))
        if parts is None or len(parts) != 2 or all(part is None for part in parts):
            raise Broken(
                "not attempted: the step function returns None, as if it were not written yet",
                "It returns the next hidden state and the next cell state.",
            )
        next_h = array_of(parts[0], "the step's next h", h.shape, ("N", "H"))
        next_c = array_of(parts[1], "the step's next c", c.shape, ("N", "H"))
        self._subject.last = {"h": next_h, "c": next_c}
        return next_h, next_c

    def step_backward(self, dh: Array, dc: Array) -> Gradients:
        """The gradients of the last `step` from dh and dc, each (N, H); dx is (N, 1, D)."""
        reply = self._subject.ask("step_backward", self._key, dh=dh, dc=dc)
        parts = parts_of(reply["result"])
        if parts is None or len(parts) != 3 or all(part is None for part in parts):
            raise Broken(
                "not attempted: the backward step function returns None",
                "It returns dx, the previous dh and dc, and the gradients of the weights.",
            )
        weights = self._parsed_grads(reply["grads"])
        return Gradients(
            array_of(parts[0], "the step's dx", (dh.shape[0], self.D), ("N", "D"))[:, None],
            array_of(parts[1], "the step's dprev_h", dh.shape, ("N", "H")),
            array_of(parts[2], "the step's dprev_c", dc.shape, ("N", "H")),
            next(iter(weights["W"].values())),
            next(iter(weights["U"].values())),
            weights["b"],
        )

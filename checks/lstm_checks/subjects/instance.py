"""One instance of a subject, driven with native arrays: every array here is in the native layout.

Whatever comes back is checked for its form (a tuple of arrays of the right shapes), so that laws
deal with numbers only.
"""

from collections.abc import Callable, Collection, Mapping
from copy import copy
from functools import partial
from typing import Any, Protocol

import numpy as np

from lstm_checks.findings import Array, Breach, Call, quoted
from lstm_checks.subjects import replies
from lstm_checks.subjects.contract import BACKWARD, FORWARD, Gradients, Output, State
from lstm_checks.subjects.conventions import Conventions
from lstm_checks.subjects.replies import Made, Returned
from lstm_checks.subjects.returned import (
    array_of,
    is_nothing,
    kind_of,
    listed,
    pair,
    present,
    value_and_pair,
)

NUMBER = 16  # bytes of the largest number that crosses
LINES = 1 << 22  # bytes that the arrays of all lines may hold
ROOM = 4  # how many times what was asked for a reply may hold


class Asked(Protocol):
    """What an instance needs of its subject."""

    conventions: Conventions
    calls: list[Call]
    returned: dict[str, Array]
    upstream: float

    def post(
        self, do: str, key: int, parse: Callable[[Any], Any], most: int, **given: Any
    ) -> Callable[[], Any]: ...
    def offers(self, capability: str) -> bool: ...


class Instance:
    """One instance of the subject.

    Args:
        subject: the subject.
        key: the instance's number in the subject's process.
        params: native weights W (D, 4H), U (H, 4H), b (4H,).
        stateful: make it stateful.

    Attributes:
        D, H: its input and hidden size.
        found: what its weights were before they were written, by the subject's names.
    """

    def __init__(
        self, subject: Asked, key: int, params: Mapping[str, Array], stateful: bool
    ) -> None:
        self._subject = subject
        self._key = key
        self._stateful = stateful
        self.D, self.H = params["W"].shape[0], params["U"].shape[0]
        self._N = self._T = 0
        self._given = False  # a state, to the last forward that was posted
        self._names: tuple[str, ...] | None = None
        conventions = subject.conventions
        weights = conventions.weights_out(params)
        made = self._ask(
            "create",
            replies.created,
            input_size=self.D,
            hidden_size=self.H,
            stateful=stateful,
            weights=weights,
        )
        self._names, self._has_params, self.found = made.names, made.has_params, made.found
        self._mark_call()
        self._shapes = {
            name: array.shape for name, array in self.found.items() if isinstance(array, np.ndarray)
        }
        again = conventions.weights_out(params, self._names)
        fitted = {name: self._fitted(name, array) for name, array in again.items()}
        if set(again) != set(weights) or any(fitted[n].shape != again[n].shape for n in again):
            self.write(params)

    def post_twin(
        self, key: int, params: Mapping[str, Array]
    ) -> tuple["Instance", Callable[[], object]]:
        """A new instance of the same sizes and mode, and what waits until it is made.

        Args:
            key: its number.
            params: native weights, which it is given.
        """
        twin = copy(self)
        twin._key = key
        posted = twin._post(
            "create",
            replies.created,
            input_size=self.D,
            hidden_size=self.H,
            stateful=self._stateful,
            weights=self._fitted_out(params),
        )
        twin._mark_call()
        return twin, posted

    def _ask(self, do: str, parse: Callable[[Any], Any], **given: Any) -> Any:
        return self._post(do, parse, **given)()

    def _post(self, do: str, parse: Callable[[Any], Any], **given: Any) -> Callable[[], Any]:
        """A request whose reply holds at most a few times the arrays of a call of this size."""
        N, T, D, H = self._N, self._T, self.D, self.H
        numbers = N * T * (D + H) + 4 * N * H + 4 * H * (D + H + 2)
        most = 4096 + ROOM * NUMBER * numbers
        return self._subject.post(
            do, self._key, parse, most, **self._subject.conventions.typed(given)
        )

    def _mark_call(self) -> None:
        """Note with the last call how weights are written: the reproducing script needs it."""
        last = self._subject.calls[-1]
        given = {**last.given, "has_params": self._has_params}
        self._subject.calls[-1] = Call(last.do, last.instance, given)

    # Weights -----------------------------------------------------------------------------------

    def _fitted(self, name: str, array: Array) -> Array:
        """A bias in the subject's own shape where that is a row or a column, (1, 4H) or (4H, 1)."""
        shape = self._shapes.get(name)
        if array.ndim == 1 and shape in ((1, array.size), (array.size, 1)):
            return array.reshape(shape)
        return array

    def weights_out(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """Native weights as the arrays that are written into the subject, by its own names."""
        return self._subject.conventions.weights_out(params, self._names)

    def _fitted_out(self, params: Mapping[str, Array]) -> dict[str, Array]:
        return {name: self._fitted(name, array) for name, array in self.weights_out(params).items()}

    def write(
        self,
        params: Mapping[str, Array],
        *,
        only: Collection[str] = ("W", "U", "b"),
        in_place: bool = False,
        layout: str = "C",
    ) -> None:
        """Write native weights into the instance.

        Args:
            params: all of them.
            only: which of "W", "U" and "b" are written.
            in_place: write into the arrays that are there, where the subject keeps arrays.
            layout: how new arrays lie in memory; see `post_forward`.
        """
        self.post_write(params, only=only, in_place=in_place, layout=layout)()

    def post_write(
        self,
        params: Mapping[str, Array],
        *,
        only: Collection[str] = ("W", "U", "b"),
        in_place: bool = False,
        layout: str = "C",
    ) -> Callable[[], None]:
        """As `write`; what is given back waits for its end."""
        names = {name for which in only for name in self.weight_names(which)}
        out = self.weights_out(params)
        chosen = {name: out[name] for name in out if name in names}
        return self._write(chosen, in_place=in_place, layout=layout)

    def write_negated(self, params: Mapping[str, Array], name: str) -> None:
        """Write native weights, the one array that the subject calls by this name negated."""
        weights = self.weights_out(params)
        self._write(weights | {name: -weights[name]})()

    def write_other(self, name: str, array: Array) -> None:
        """Write an array under a name that is none of the weights'."""
        self._ask("write", replies.nothing, weights={name: array}, in_place=False)
        self._mark_call()

    def _write(self, weights: dict[str, Array], **how: Any) -> Callable[[], None]:
        fitted = {name: self._fitted(name, array) for name, array in weights.items()}
        posted = self._post("write", replies.nothing, weights=fitted, **how)
        self._mark_call()
        return posted

    def weight_names(self, which: str) -> tuple[str, ...]:
        """The subject's names for "W", "U" or "b"."""
        return self._subject.conventions.weight_names(which, self._names)

    def read(self) -> dict[str, Any]:
        """The subject's weights as they are now, in its own layout, by its own names."""
        return self.post_read()()

    def post_read(self) -> Callable[[], dict[str, Any]]:
        """As `read`; what is given back waits for the weights."""
        names = [name for which in ("W", "U", "b") for name in self.weight_names(which)]
        return self._post("read", partial(replies.weights, names=names), names=names)

    # Calls -------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Call reset_state()."""
        self.post_reset()()

    def post_reset(self) -> Callable[[], None]:
        """As `reset`; what is given back waits for its end."""
        return self._post("reset", replies.nothing)

    def forward(self, x: Array, state: State | None = None, **how: Any) -> Output:
        """y and the final state for x (N, T, D) from (h, c), each (N, H), or from none given.

        Args:
            x: the inputs.
            state: the initial (h, c); None leaves the argument out.
            how: the options of `post_forward`.

        Raises:
            Breach: what comes back is not y (N, T, H), (h, c) each (N, H).
        """
        return self.post_forward(x, state, **how)()

    def post_forward(
        self,
        x: Array,
        state: State | None = None,
        *,
        layout: str = "C",
        report_inputs: bool = False,
        keyword: bool = False,
        params: Mapping[str, Array] | None = None,
        own_state: bool = False,
        same_x: bool = False,
        one_array: bool = False,
        used_up: bool = False,
        y_used_up: bool = False,
    ) -> Callable[[], Output]:
        """As `forward`; what is given back waits for the result.

        Args:
            x, state: see `forward`.
            layout: how the arguments lie in memory: "C", "F", "strided", "window" or "read-only".
            report_inputs: give the arguments back as they are after the call.
            keyword: call with state=..., also where it is None, if that is the argument's name.
            params: native weights to write first; None leaves them as they are.
            own_state: `state` is what the last forward returned; give these very objects.
            same_x: write x into the array that the last forward got, where it fits, and give that.
            one_array: h and c of the state are equal; give one object for both.
            used_up: write into the arrays that come back, after they are read.
            y_used_up: write into y alone.
        """
        conventions = self._subject.conventions
        N, T = self._N, self._T = x.shape[:2]
        self._given = state is not None
        given = None if state is None else self._state_out(state, "initial_h", "initial_c")
        posted = self._post(
            "forward",
            replies.returned,
            x=conventions.sequence(x),
            state=given,
            layout=layout,
            report_inputs=report_inputs,
            keyword=keyword,
            weights=None if params is None else self._fitted_out(params),
            own_state=own_state,
            same_x=same_x,
            one_array=one_array,
            used_up=used_up,
            y_used_up=y_used_up,
        )
        self._mark_call()

        def output() -> Output:
            got = posted()
            self._N, self._T = N, T
            y, h, c = self._parsed_forward(got)
            self._subject.returned = present(y=y, h=h, c=c)
            return Output(y, h, c, got.inputs)

        return output

    def backward(self, dy: Array, dstate: State | None = None, **how: Any) -> Gradients:
        """The gradients of the last forward from dy (N, T, H) and, where given, (dh, dc).

        Args:
            dy, dstate: the upstream gradients.
            how: the options of `post_backward`.

        Raises:
            Breach: what comes back is not dx, (dh0, dc0), with grads as params.
        """
        return self.post_backward(dy, dstate, **how)()

    def post_backward(
        self,
        dy: Array,
        dstate: State | None = None,
        *,
        layout: str = "C",
        report_inputs: bool = False,
        keyword: bool = False,
        one_array: bool = False,
        own_y: bool = False,
        used_up: bool = False,
    ) -> Callable[[], Gradients]:
        """As `backward`; what is given back waits for the gradients.

        Args:
            dy, dstate: the upstream gradients.
            layout, report_inputs, keyword, one_array, used_up: see `post_forward`.
            own_y: `dy` is the y that the last forward returned; give this very object.
        """
        factor = self._subject.upstream
        if factor != 1.0:
            dy = (factor * dy).astype(dy.dtype)
            dstate = None if dstate is None else (factor * dstate[0], factor * dstate[1])
        N, T = self._N, self._T = dy.shape[:2]
        posted = self._post(
            "backward",
            replies.returned,
            dy=self._subject.conventions.sequence(dy),
            dstate=None if dstate is None else self._state_out(dstate, "final_h", "final_c"),
            layout=layout,
            report_inputs=report_inputs,
            keyword=keyword,
            one_array=one_array,
            own_y=own_y,
            used_up=used_up,
        )
        given = self._given

        def gradients() -> Gradients:
            got = posted()
            self._N, self._T = N, T
            if factor != 1.0:
                got = _multiplied(got, 1 / factor)
            found = self._gradients(*self._parsed_backward(got, given), got)
            self._subject.returned = found.arrays()
            return found

        return gradients

    def lines(self, x: Array, state: Any, dy: Array | None) -> list[Made]:
        """What each line of the source makes in forward, or in the backward after it.

        Args:
            x, state, dy: native arrays; None leaves a state or a part of it out, and asks for
                forward where dy is None.
        """
        conventions = self._subject.conventions
        self._N, self._T = x.shape[:2]
        found: list[Made] = self._subject.post(
            "lines",
            self._key,
            replies.lines,
            LINES,
            x=conventions.sequence(x),
            state=None if state is None else conventions.pair(*state),
            dy=None if dy is None else conventions.sequence(dy),
        )()
        return found

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array | None]:
        """One step from x (N, D), h, c (N, H): by the subject's own step, or by forward at T = 1.

        Where no initial state is offered, and there is no step function, h and c are not used.
        """
        self._N, self._T = x.shape[0], 1
        if not self._subject.offers("step"):
            out = self.forward(x[:, None], (h, c))
            return out.y[:, 0], out.c
        result = self._ask("step", replies.returned, x=x, h=h, c=c).result
        _not_nothing(result, "the step function", "It returns the next h and the next c.")
        parts = pair(result)
        if parts is None:
            raise Breach(f"the step function returned {kind_of(result)}", "Return next_h, next_c.")
        next_h = array_of(parts[0], "the next h of the step function", h.shape, ("N", "H"))
        next_c = array_of(parts[1], "the next c of the step function", c.shape, ("N", "H"))
        self._subject.returned = {"h": next_h, "c": next_c}
        return next_h, next_c

    def step_backward(self, dh: Array, dc: Array) -> Gradients:
        """The gradients of the last `step` from dh and dc, each (N, H); dx is (N, 1, D)."""
        got = self._ask("step_backward", replies.returned, dh=dh, dc=dc)
        form = "It returns dx, dprev_h, dprev_c and the gradients of the weights."
        _not_nothing(got.result, "the backward step function", form)
        if not isinstance(got.result, tuple) or len(got.result) != 3:
            raise Breach(f"the backward step function returned {kind_of(got.result)}", form)
        dx, dh0, dc0 = got.result
        return self._gradients(
            array_of(dx, "the step's dx", (dh.shape[0], self.D), ("N", "D"))[:, None],
            array_of(dh0, "the step's dprev_h", dh.shape, ("N", "H")),
            array_of(dc0, "the step's dprev_c", dc.shape, ("N", "H")),
            got,
        )

    def recalled_forward(self, back: int) -> Output:
        """The result of an earlier forward, as its arrays are now; 0 is the last call."""
        return Output(*self._parsed_forward(self._recall(back)))

    def recalled_backward(self, back: int) -> tuple[Array | None, Array | None, Array | None]:
        """dx, dh0 and dc0 of an earlier backward, as its arrays are now; 0 is the last call."""
        return self._parsed_backward(self._recall(back, of_backward=True), self._given)

    def as_recalled(
        self, found: Returned, was: Output | Gradients, sizes: tuple[int, int]
    ) -> dict[str, Array]:
        """What `post_recall` gave, by name.

        Args:
            found: what it gave.
            was: what the call returned at first.
            sizes: its N and T.
        """
        self._N, self._T = sizes
        if isinstance(was, Output):
            return Output(*self._parsed_forward(found)).arrays()
        given = was.dh0 is not None or was.dc0 is not None
        dx, dh0, dc0 = self._parsed_backward(found, given)
        if found.grads is None:
            return present(dx=dx, dh0=dh0, dc0=dc0)
        return self._gradients(dx, dh0, dc0, found).arrays()

    def post_recall(
        self, back: int, sizes: tuple[int, int], *, of_backward: bool, with_grads: bool = False
    ) -> Callable[[], Returned]:
        """What an earlier call got and returned, as it is now; 0 is the last call.

        Args:
            back: which call.
            sizes: its N and T.
            of_backward: it was a backward.
            with_grads: read grads again too, which are those of the last backward.
        """
        self._N, self._T = sizes
        posted = self._post("recall", replies.returned, back=back, with_grads=with_grads)
        factor = self._subject.upstream if of_backward else 1.0
        return posted if factor == 1.0 else lambda: _multiplied(posted(), 1 / factor)

    def _recall(self, back: int, *, of_backward: bool = False) -> Returned:
        return self.post_recall(back, (self._N, self._T), of_backward=of_backward)()

    # What a call returned ----------------------------------------------------------------------

    def _state_out(self, state: State, *needs: str) -> list[Any]:
        """A native pair in the subject's order, None for a part that it does not take."""
        offers = self._subject.offers
        return self._subject.conventions.pair(
            *(part if offers(need) else None for part, need in zip(state, needs, strict=True))
        )

    def _parsed_forward(self, got: Returned) -> tuple[Array, Array | None, Array | None]:
        _not_nothing(got.result, "forward", FORWARD)
        if self._subject.conventions.returns == "y":
            return self._sequence(got.result, "y", "H", self.H), None, None
        first, state = value_and_pair(
            got.result, "forward", "Return y, (h, c), or declare returns = 'y'."
        )
        y = self._sequence(first, "y", "H", self.H)
        h, c = self._subject.conventions.pair(*state)
        return (
            y,
            self._state_in(h, "the final hidden state h", "final_h"),
            self._state_in(c, "the final cell state c", "final_c"),
        )

    def _parsed_backward(
        self, got: Returned, given: bool
    ) -> tuple[Array | None, Array | None, Array | None]:
        """dx, dh0 and dc0; `given`: the forward before was given a state."""
        form = self._subject.conventions.backward_returns
        if not form:
            return None, None, None
        _not_nothing(got.result, "backward", BACKWARD)
        if form == "dx":
            return self._sequence(got.result, "dx", "D", self.D), None, None
        fix = (
            "Return dx, (dh0, dc0), or declare backward_returns = 'dx', or '' for a backward that "
            "only fills grads."
        )
        first, state = value_and_pair(got.result, "backward", fix)
        dx = self._sequence(first, "dx", "D", self.D)
        dh0, dc0 = self._subject.conventions.pair(*state)
        if not given and is_nothing((dh0, dc0)):
            return dx, None, None  # no state was given, so there is none to differentiate by
        return dx, self._state_in(dh0, "dh0", "dh0"), self._state_in(dc0, "dc0", "dc0")

    def _sequence(self, value: Any, name: str, letter: str, size: int) -> Array:
        conventions = self._subject.conventions
        shape, axes = (self._N, self._T, size), ("N", "T", letter)
        if not conventions.batch_first:
            shape, axes = (self._T, self._N, size), ("T", "N", letter)
        return conventions.sequence(array_of(value, name, shape, axes))

    def _state_in(self, value: Any, name: str, capability: str) -> Array | None:
        if not self._subject.offers(capability):
            return None
        return array_of(value, name, (self._N, self.H), ("N", "H"))

    def _gradients(
        self, dx: Array | None, dh0: Array | None, dc0: Array | None, got: Returned
    ) -> Gradients:
        if not isinstance(got.grads, dict):
            raise Breach(
                f"after backward, grads is {kind_of(got.grads)}",
                "Make grads a dict with the keys and shapes of params.",
            )
        weights = {which: self._weight_gradients(which, got.grads) for which in ("W", "U", "b")}
        dW, dU = (next(iter(weights[which].values())) for which in ("W", "U"))
        return Gradients(dx, dh0, dc0, dW, dU, weights["b"], got.inputs)

    def _weight_gradients(self, which: str, given: Mapping[str, Any]) -> dict[str, Array]:
        conventions = self._subject.conventions
        names = self.weight_names(which)
        shape = conventions.shape_out(which, self.D, self.H, per_gate=len(names) == 4)
        axes: tuple[str, ...] = ()
        if which != "b" and len(names) != 4:
            axes = ({"W": "D", "U": "H"}[which], "4H")
            axes = axes if conventions.weights == "in_out" else axes[::-1]
        arrays = {}
        for name in names:
            if name not in given:
                raise Breach(
                    f"after backward, grads has no {quoted(name)}; its keys are {listed(given)}",
                    "Give grads the keys of params.",
                )
            own = self._shapes.get(name, shape)
            flat = which == "b" and sorted(own) in ([1, shape[0]], [shape[0], 1])
            found = array_of(
                given[name], f"grads[{quoted(name)}]", own if flat else shape, () if flat else axes
            )
            arrays[name] = found.reshape(shape)
        return conventions.weights_in(which, arrays, self._names)


def _multiplied(value: Any, factor: float) -> Any:
    """A parsed result with all its arrays of floats multiplied."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return (factor * value).astype(value.dtype)
    if isinstance(value, (tuple, list)):
        return type(value)(_multiplied(item, factor) for item in value)
    if isinstance(value, dict):
        return {name: _multiplied(item, factor) for name, item in value.items()}
    if isinstance(value, Returned):
        return Returned(*(_multiplied(part, factor) for part in vars(value).values()))
    return value


def _not_nothing(result: Any, called: str, form: str) -> None:
    if is_nothing(result):
        raise Breach(f"not attempted: {called} returns None, as if it were not written yet", form)

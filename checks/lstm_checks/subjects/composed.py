"""Several LSTMs of a subject's in one: layers in a stack, two directions, rows of unequal lengths.

The parts are in the order of the layers, and in a layer forward before reversed. A weight of part k
is called "k." and its name in a single LSTM.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_checks.findings import Array, Breach
from lstm_checks.subjects import replies
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.returned import array_of, kind_of, value_and_pair
from lstm_checks.subjects.subject import Subject

MOST = 1 << 22  # bytes of a reply's arrays


@dataclass(frozen=True)
class PartGradients:
    """The gradients of one part: dW (D, 4H), dU (H, 4H), db per bias (4H,); dh0 and dc0 (N, H)."""

    dW: Array
    dU: Array
    db: Mapping[str, Array]
    dh0: Array
    dc0: Array


class Composed:
    """An instance of several LSTMs.

    Args:
        subject: the subject, which offers it.
        parts: the native weights of each part.
        layers: how many layers it has.
        directions: 1, or 2 for forward and reversed.
    """

    def __init__(
        self, subject: Subject, parts: Sequence[Mapping[str, Array]], layers: int, directions: int
    ) -> None:
        self._subject, self._parts = subject, parts
        self.layers, self.directions = layers, directions
        self.D, self.H = parts[0]["W"].shape[0], parts[0]["U"].shape[0]
        weights = {
            f"{k}.{name}": array
            for k, params in enumerate(parts)
            for name, array in subject.conventions.weights_out(params).items()
        }
        self._key = subject.compose(
            self.D,
            self.H,
            subject.conventions.typed(weights),
            layers=layers,
            directions=directions,
        )

    def forward(
        self, x: Array, states: Sequence[State] | None, lengths: Sequence[int] | None = None
    ) -> tuple[Array, list[State]]:
        """y (N, T, directions · H) and the final (h, c) of each part.

        Args:
            x: (N, T, D).
            states: an initial (h, c) for each part; None leaves the argument out.
            lengths: of each row; None for rows that are all as long as x.
        """
        conventions = self._subject.conventions
        N, T, _ = x.shape
        given = None
        if states is not None:
            stacked = (np.stack([state[k] for state in states]) for k in (0, 1))
            given = conventions.pair(*stacked)
        got = self._subject.ask(
            "forward",
            self._key,
            replies.returned,
            MOST,
            x=conventions.typed(conventions.sequence(x)),
            state=conventions.typed(given),
            lengths=None if lengths is None else list(lengths),
        )
        y, states_out = value_and_pair(got.result, "forward", "Return y, (h, c).")
        width = self.directions * self.H
        return self._sequence(y, "y", N, T, width), self._states(states_out, N)

    def backward(
        self, dy: Array, dstates: Sequence[State] | None
    ) -> tuple[Array, list[PartGradients]]:
        """dx (N, T, D), and the gradients of each part, from dy and from (dh, dc) of each part."""
        conventions = self._subject.conventions
        N, T, _ = dy.shape
        given = None
        if dstates is not None:
            given = conventions.pair(*(np.stack([one[k] for one in dstates]) for k in (0, 1)))
        got = self._subject.ask(
            "backward",
            self._key,
            replies.returned,
            MOST,
            dy=conventions.typed(conventions.sequence(dy)),
            dstate=conventions.typed(given),
        )
        dx, dstates_out = value_and_pair(got.result, "backward", "Return dx, (dh0, dc0).")
        states = self._states(dstates_out, N)
        if not isinstance(got.grads, dict):
            raise Breach(f"after backward, grads is {kind_of(got.grads)}")
        parts = []
        for k, (dh0, dc0) in enumerate(states):
            named = {
                which: conventions.weights_in(
                    which,
                    {
                        name: np.asarray(got.grads[f"{k}.{name}"])
                        for name in conventions.weight_names(which)
                    },
                )
                for which in ("W", "U", "b")
            }
            (dW,), (dU,) = named["W"].values(), named["U"].values()
            db = {name: array.reshape(-1) for name, array in named["b"].items()}
            parts.append(PartGradients(dW, dU, db, dh0, dc0))
        return self._sequence(dx, "dx", N, T, self.D), parts

    def _sequence(self, value: Any, name: str, N: int, T: int, width: int) -> Array:
        conventions = self._subject.conventions
        shape = (N, T, width) if conventions.batch_first else (T, N, width)
        return conventions.sequence(array_of(value, name, shape, ()))

    def _states(self, states: tuple[Any, Any], N: int) -> list[State]:
        shape = (len(self._parts), N, self.H)
        h, c = (
            array_of(one, f"the state {letter} of all parts", shape, ("part", "N", "H"))
            for one, letter in zip(self._subject.conventions.pair(*states), "hc", strict=True)
        )
        return list(zip(h, c, strict=True))

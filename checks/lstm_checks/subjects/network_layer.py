"""A subject as a layer of the reference's network, whatever its format and its conventions are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_checks.findings import Array
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.subject import Subject


class NetworkLayer:
    """One instance of a subject in the native contract: native weights, native arrays.

    `params` holds "W" (D, 4H), "U" (H, 4H), "b" (4H,), gate blocks i, f, g, o, and is written into
    the instance before each forward; `grads`, after `backward`, the same keys and shapes.

    Args:
        subject: the subject, loaded.
        params: the first weights.
        stateful: start each call from the final state of the call before.
        recorded: keep every call, as laws do to reproduce a failure. Memory then grows.

    Raises, from every method:
        Breach: the subject's code raised, or what it gives does not have the form of the contract.
        Halted: its process ended or ran out of time.
    """

    def __init__(
        self,
        subject: Subject,
        params: Mapping[str, Array],
        stateful: bool = False,
        recorded: bool = False,
    ) -> None:
        self.params: dict[str, Array] = dict(params)
        self.grads: dict[str, Array] = {}
        self.stateful = stateful
        self._subject = subject
        self._recorded = recorded
        self._instance: Instance = subject.instance(self.params, stateful=stateful)

    def forward(self, x: Array, state: State | None = None) -> tuple[Array, Any]:
        """y (N, T, H) and the final (h, c), None for what is not offered, for x (N, T, D)."""
        out = self._instance.forward(x, state, params=self.params)
        self._let_go()
        return out.y, (out.h, out.c)

    def backward(self, dy: Array, dstate: State | None = None) -> tuple[Any, Any]:
        """dx (N, T, D) and (dh0, dc0), None for what is not offered, for dy (N, T, H)."""
        got = self._instance.backward(dy, dstate)
        db = next(iter(got.db.values()), np.zeros_like(self.params["b"]))
        self.grads = {"W": got.dW, "U": got.dU, "b": db}
        self._let_go()
        return got.dx, (got.dh0, got.dc0)

    def reset_state(self) -> None:
        """Forget the carried state. A layer that carries none has nothing to forget."""
        if self.stateful:
            self._instance.reset()
            self._let_go()

    def _let_go(self) -> None:
        if not self._recorded:
            self._subject.calls.clear()

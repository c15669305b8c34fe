"""The judge's handle on a subject: loaded over a channel, asked over it, within its time limits."""

import time
from collections.abc import Mapping
from typing import Any

from lstm_checks.advice import advise
from lstm_checks.broken import Broken
from lstm_checks.contract import CAPABILITIES, Call
from lstm_checks.conventions import Array, BadConvention, Conventions
from lstm_checks.layer import Layer
from lstm_checks.sources import Source
from lstm_checks.worker.process import Channel, Halted, Limits


class Subject:
    """The implementation under check, loaded."""

    def __init__(self, channel: Channel, limits: Limits, facts: Mapping[str, Any]) -> None:
        self._channel = channel
        self._limits = limits
        self._deadline = time.monotonic() + limits.run
        self._count = 0
        self._fresh = True
        self.trace: list[Call] = []
        self.last: dict[str, Array] = {}
        self.name: str = facts["name"]
        self.adapter: str = facts["adapter"]
        self.signatures: dict[str, list[str] | None] = facts["signatures"]
        self.methods: list[str] = facts["methods"]
        try:
            self.conventions = Conventions.parse(facts["declared"])
        except BadConvention as error:
            raise Broken(f"it declares a convention that means nothing: {error}") from None
        self.not_offered = self._lacking(facts["not_offered"])

    @classmethod
    def load(cls, channel: Channel, source: Source, limits: Limits) -> "Subject":
        """Load a subject over a channel.

        Raises:
            Broken: it cannot be loaded, or what is there is no LSTM.
            Halted: its process ended or ran out of time.
        """
        try:
            reply = channel.ask({"do": "load", "with": vars(source)}, limits.load)
        except Halted as halted:
            halted.text = f"importing it {halted.text}"
            raise
        return cls(channel, limits, unwrapped(reply, "load"))

    def _lacking(self, declared: Mapping[str, str]) -> dict[str, str]:
        lacking = {key: why for key, why in declared.items() if key in CAPABILITIES}
        init = self.signatures.get("__init__")
        if init is not None and not {"stateful", "*"} & set(init):
            lacking.setdefault("stateful", CAPABILITIES["stateful"])
        if (
            "*" in (init or ())
            and "stateful" not in (init or ())
            and "reset_state" not in self.methods
        ):
            lacking.setdefault("stateful", "it has no reset_state")
        for method in ("backward", "step", "step_backward"):
            if method not in self.methods:
                lacking.setdefault(method, CAPABILITIES[method])
        if self.conventions.biases == 0:
            lacking["bias"] = CAPABILITIES["bias"]
        return lacking

    def offers(self, capability: str) -> bool:
        return capability not in self.not_offered

    def takes_cell(self) -> bool:
        """Whether one step can be given a cell state, by forward or by a step function."""
        return self.offers("initial_c") or self.offers("step")

    def begin(self) -> None:
        """Start an example: earlier layers are dropped with the next one that is made."""
        self._fresh = True
        self.trace = []

    def seconds_left(self) -> float:
        """What is left of the run's time limit."""
        return self._deadline - time.monotonic()

    def reloaded(self, channel: Channel, source: Source) -> "Subject":
        """The same subject over another channel, with what is left of the time.

        Raises:
            Broken, Halted: as `load`.
        """
        subject = Subject.load(channel, source, self._limits)
        subject._deadline = self._deadline
        return subject

    def layer(self, params: Mapping[str, Array], *, stateful: bool = False) -> "Layer":
        """A new instance with native weights W (D, 4H), U (H, 4H), b (4H,) written into it."""
        self._count += 1
        return Layer(self, self._count, params, stateful)

    def ask(self, do: str, key: int, **given: Any) -> Any:
        """One request about a layer; see `worker.host`.

        Raises:
            Broken: the subject's code raised.
            Halted: its process ended or ran out of time.
        """
        if do == "create":
            given["fresh"], self._fresh = self._fresh, False
        self.trace.append(Call(do, key, given))
        self.last = {}
        left = self.seconds_left()
        if left <= 0:
            raise self._late()
        request = {"do": do, "with": {"key": key, **given}}
        called = {"create": "__init__", "reset": "reset_state"}.get(do, do)
        try:
            reply = self._channel.ask(request, min(self._limits.call, left))
        except Halted as halted:
            if halted.kind == "timeout" and self.seconds_left() <= 0:
                raise self._late() from None
            halted.text = f"{called} {halted.text}"
            raise
        return unwrapped(reply, called)

    def _late(self) -> Halted:
        return Halted("timeout", f"took more than {self._limits.run:g} s for the run as a whole")


def unwrapped(reply: dict[str, Any], called: str) -> Any:
    """A reply's value; an exception of the subject's becomes a `Broken` in words."""
    if "ok" in reply:
        return reply["ok"]
    what, mend = advise(reply["error"], called)
    raise Broken(what, mend)

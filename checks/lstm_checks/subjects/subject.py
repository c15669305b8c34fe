"""The judge's handle on a subject: loaded over a channel, asked over it, within its limits."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import lstm_checks.adapters
from lstm_checks.findings import Array, Breach, Call, Raised
from lstm_checks.launch.channel import Channel, Halted
from lstm_checks.launch.deadline import Deadline
from lstm_checks.launch.limits import Limits
from lstm_checks.subjects import replies
from lstm_checks.subjects.contract import CAPABILITIES, COMPOSED
from lstm_checks.subjects.conventions import BadConvention, Conventions
from lstm_checks.subjects.exceptions import finding_of
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.replies import BadReply, Failure, Loaded
from lstm_checks.subjects.source import Source

ADAPTERS_FOLDER = Path(lstm_checks.adapters.__file__).parent
SMALL = 1 << 16  # bytes of arrays that a reply may hold where none are asked for
T = TypeVar("T")
CALLED = {"create": "__init__", "reset": "reset_state"}


class Subject:
    """The implementation under check, loaded.

    Attributes:
        name, adapter: what was found in the file, and what drives it.
        conventions: its layout.
        notes: what is worth telling of how it was read.
        not_offered: the capabilities that it lacks, each with the reason.
        compiles: each new shape of a call costs a compilation, so that few shapes should be asked.
        own: the LSTM of the framework that it uses, where it is another; "" otherwise.
        calls: the calls since `begin`; what a failure is reproduced by.
        answered: how many of these have been waited for.
        returned: what the last call returned, native arrays by name.
        avoided: capabilities that ended its process before; laws on other things leave them out.
    """

    def __init__(self, channel: Channel, limits: Limits, adapter: str, facts: Loaded) -> None:
        self._channel = channel
        if facts.compiles or facts.compiles_calls:  # a call may take as long as loading
            limits = replace(limits, call=max(limits.call, limits.load))
        self._limits = limits
        self._deadline = Deadline(limits.run, channel.waited)
        self._over = False  # the run's time is up
        self._count = 0
        self._fresh = True
        self.calls: list[Call] = []
        self.answered = 0
        self.returned: dict[str, Array] = {}
        self.upstream = 1.0
        self.avoided: frozenset[str] = frozenset()
        self.name = facts.name
        self.adapter = adapter
        self.signatures = facts.signatures
        self.methods = facts.methods
        self.compiles = facts.compiles
        self.own = facts.own if facts.own.partition(".")[0] == adapter else ""
        self._composes = facts.composes
        try:
            self.conventions, self.notes = Conventions.parse(facts.declared, facts.attributes)
        except BadConvention as error:
            raise Breach(f"it declares a convention that has no meaning: {error}") from None
        if facts.form:
            self.notes.insert(0, facts.form)
        if self.compiles:
            self.notes.append("It compiles a function for each size, so few sizes were tried.")
        self.not_offered = self._lacking(facts.not_offered)

    @classmethod
    def load(cls, channel: Channel, source: Source, limits: Limits) -> "Subject":
        """Load a subject over a channel.

        Raises:
            Breach: it cannot be loaded, or what is there is no LSTM.
            Halted: its process ended or ran out of time.
        """
        request = {"do": "load", "with": vars(source) | {"adapters": str(ADAPTERS_FOLDER)}}
        try:
            reply = channel.ask(request, limits.load, SMALL)
        except Halted as halted:
            halted.text = f"importing it {halted.text}"
            raise
        facts = _read(reply, "load", replies.loaded)
        adapter = source.adapter or facts.adapter
        if not source.adapter and adapter not in lstm_checks.adapters.NAMES:
            raise _unreadable("load")
        form = lstm_checks.adapters.FORMS.get(adapter)
        if source.names and form is not None and not form.has_names:
            raise Breach(
                f"the names in the form {adapter} are fixed, so that --names has no meaning",
                "Leave --names out; or choose another form by --adapter.",
            )
        return cls(channel, limits, adapter, facts)

    def _lacking(self, declared: Mapping[str, str]) -> dict[str, str]:
        lacking = {key: why for key, why in declared.items() if key in CAPABILITIES}
        for key in COMPOSED:
            if key not in self._composes:
                lacking.setdefault(key, CAPABILITIES[key])
        init = self.signatures.get("__init__")
        if init is not None and not {"stateful", "*"} & set(init):
            lacking.setdefault("stateful", CAPABILITIES["stateful"])
        if (
            "*" in (init or ())
            and "stateful" not in (init or ())
            and "reset_state" not in self.methods
        ):
            lacking.setdefault("stateful", "it has no method reset_state")
        for method in ("backward", "step", "step_backward"):
            if method not in self.methods:
                lacking.setdefault(method, CAPABILITIES[method])
        conventions = self.conventions
        if conventions.biases == 0:
            lacking["bias"] = CAPABILITIES["bias"]
        if conventions.dtype == "float32":
            lacking["float64"] = CAPABILITIES["float64"]
        if conventions.returns == "y":
            lacking |= {key: CAPABILITIES[key] for key in ("final_h", "final_c")}
        if conventions.backward_returns != "dx, (dh0, dc0)":
            lacking |= {key: CAPABILITIES[key] for key in ("dh0", "dc0")}
        for key, state in (("dh0", "initial_h"), ("dc0", "initial_c")):
            if state in lacking:
                lacking.setdefault(key, lacking[state])
        if not conventions.backward_returns:
            lacking["dx"] = CAPABILITIES["dx"]
        return lacking

    def use_float32(self, why: str) -> None:
        """Drive the subject in float32 from here on, since it refuses float64 for some reason."""
        self.conventions = replace(self.conventions, dtype="float32")
        self.not_offered["float64"] = CAPABILITIES["float64"]
        self.notes.append(f"It was checked in float32, since with float64 arrays {why}.")

    def offers(self, capability: str) -> bool:
        return capability not in self.not_offered

    def takes_cell(self) -> bool:
        """Whether one step can be given a cell state, by forward or by a step function."""
        return self.offers("initial_c") or self.offers("step")

    def begin(self) -> None:
        """Start an example: earlier instances are dropped with the next one that is made."""
        self._fresh = True
        self.calls = []

    def seconds_left(self) -> float:
        """What is left of the run's time limit; nothing where it is up."""
        self._over = self._over or self._deadline.is_up()
        return 0.0 if self._over else max(self._deadline.left(), 0.01)

    def reloaded(self, channel: Channel, source: Source) -> "Subject":
        """The same subject over another channel, with what is left of the time.

        Raises:
            Breach, Halted: as `load`.
        """
        seconds = max(0.01, min(self._limits.load, self.seconds_left()))
        subject = Subject.load(channel, source, replace(self._limits, load=seconds))
        subject._limits, subject._deadline = self._limits, self._deadline
        subject._deadline.waited = channel.waited
        return subject

    def instance(self, params: Mapping[str, Array], *, stateful: bool = False) -> Instance:
        """A new instance with native weights W (D, 4H), U (H, 4H), b (4H,) written into it."""
        self._count += 1
        return Instance(self, self._count, params, stateful)

    def compose(
        self, input_size: int, hidden_size: int, weights: Mapping[str, Array], **parts: int
    ) -> int:
        """The number of a new instance of several LSTMs; see `subjects.composed`."""
        self._count += 1
        self.ask(
            "create",
            self._count,
            replies.created,
            1 << 20,
            input_size=input_size,
            hidden_size=hidden_size,
            stateful=False,
            weights=weights,
            parts=parts,
        )
        return self._count

    def post_twin(
        self, of: Instance, params: Mapping[str, Array]
    ) -> tuple[Instance, Callable[[], object]]:
        """As `instance`, of the sizes and the mode of another; and what waits until it is made."""
        self._count += 1
        return of.post_twin(self._count, params)

    def ask(
        self, do: str, key: int, parse: Callable[[Any], T], most: int = SMALL, **given: Any
    ) -> T:
        """One request about an instance; see `worker.host`.

        Args:
            do: what to do.
            key: the instance's number.
            parse: reads the reply.
            most: how many bytes of arrays the reply may hold.
            given: the request's arguments.

        Raises:
            Breach: the subject's code raised.
            Halted: its process ended or ran out of time.
        """
        return self.post(do, key, parse, most, **given)()

    def post(
        self, do: str, key: int, parse: Callable[[Any], T], most: int = SMALL, **given: Any
    ) -> Callable[[], T]:
        """Make a request without waiting: what is given back waits for the reply; see `ask`."""
        if do == "create":
            given["fresh"], self._fresh = self._fresh, False
        self.calls.append(Call(do, key, given))
        number = len(self.calls)
        left = self.seconds_left()
        if left <= 0:
            raise self._late()
        called = CALLED.get(do, do)
        request = {"do": do, "with": {"key": key, **given}}
        seconds = min(self._limits.call, left)
        is_last = left < self._limits.call  # its end is the run's
        posted = self._halting(called, lambda: self._channel.post(request, seconds, most), is_last)

        def reply() -> T:
            self.returned, self.answered = {}, number
            return _read(self._halting(called, posted, is_last), called, parse)

        return reply

    def _halting(self, called: str, act: Callable[[], T], is_last: bool) -> T:
        """Do one thing with the channel; where that fails, say what was called."""
        try:
            return act()
        except Halted as halted:
            if halted.kind == "timeout" and (is_last or self.seconds_left() <= 0):
                self._over = True
                raise self._late() from None
            halted.text = f"{called} {halted.text}"
            raise

    def _late(self) -> Halted:
        return Halted(
            "timeout",
            f"the laws took more than {self._limits.run:g} s in all",
            "Check at a lower level, or raise --time-limit.",
        )


def _read(reply: Any, called: str, parse: Callable[[Any], T]) -> T:
    """A reply's value; an exception of the subject's becomes a `Breach` in words."""
    try:
        value = replies.outcome(reply)
        if not isinstance(value, Failure):
            return parse(value)
    except BadReply:
        raise _unreadable(called) from None
    raise Raised(finding_of(value, called))


def _unreadable(called: str) -> Halted:
    what = "importing it" if called == "load" else called
    return Halted("error", f"{what} left a reply that the kit cannot read")

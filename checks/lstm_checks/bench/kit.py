"""All that bench uses of the rest of the kit; only `worker.py` uses more, in the timed process."""

from typing import TYPE_CHECKING, Any

from lstm_checks.broken import Broken
from lstm_checks.conventions import Array
from lstm_checks.sources import Source, Unusable, parse
from lstm_checks.subject import Subject, unwrapped
from lstm_checks.worker.process import Halted, Limits, Process
from lstm_checks.worker.wire import MAX_ARRAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_checks.report.model import Report

LIMITS = Limits(load=120.0, call=600.0, run=86400.0)
LEVEL = "quick"  # of the ladder that a subject has to pass before it is timed
KEY = 1  # of the one layer that there is
CALLED = {"create": "__init__", "go": "a timed call"}


def report_on(subject: str, adapter: str | None) -> "Report":
    """The ladder's report on a subject."""
    from lstm_checks.api import ladder

    return ladder(subject, adapter=adapter, level=LEVEL).report()


def in_words(error: Broken | Halted) -> str:
    return error.text if isinstance(error, Halted) else str(error)


def shown(report: "Report") -> Any:
    """The report as the terminal shows it."""
    from lstm_checks.report.terminal import renderable

    return renderable(report)


class TimedSubject:
    """A subject in a process of its own that runs `lstm_checks.bench.worker`, and one layer of it.

    Raises, from every method:
        Broken: its code raised, or its results do not have the form of the contract.
        Halted: its process ended or ran out of time.
    """

    def __init__(self, source: Source, threads: int) -> None:
        self._process = Process("lstm_checks.bench.worker", threads)
        try:
            self.pid: int = self.ask("identify")  # before any code of the subject's is loaded
            self._subject = Subject.load(self._process, source, LIMITS)
        except BaseException:
            self.close()
            raise
        self._conventions = self._subject.conventions

    def close(self) -> None:
        self._process.close()

    def offers(self, capability: str) -> bool:
        return self._subject.offers(capability)

    def ask(self, do: str, **given: Any) -> Any:
        """One request to the worker; see `worker.TimedHost`."""
        reply = self._process.ask({"do": do, "with": given}, LIMITS.call)
        return unwrapped(reply, CALLED.get(do, do))

    def go(self, order: list[int], backward: bool) -> Any:
        """Make the staged calls in this order; see `worker.TimedHost`."""
        return self.ask("go", key=KEY, order=order, backward=backward)

    def create(self, input_size: int, hidden_size: int) -> None:
        """Make the layer; an earlier one is dropped."""
        self._sizes = input_size, hidden_size
        made = self.ask(
            "create",
            key=KEY,
            fresh=True,
            input_size=input_size,
            hidden_size=hidden_size,
            stateful=False,
            weights={},
        )
        self._names = made["names"]
        biases = self._conventions.weight_names("b", self._names)
        self._biases = {name: getattr(made["found"].get(name), "shape", None) for name in biases}

    def write(self, params: "Mapping[str, Array]") -> None:
        """Write native weights one array at a time, since large ones would not fit into a frame."""
        for name, array in self._conventions.weights_out(params, self._names).items():
            if array.nbytes > MAX_ARRAYS:
                raise Broken(
                    f"{name} {array.shape} takes {array.nbytes >> 20} MB; an array on its way to "
                    f"the subject may take at most {MAX_ARRAYS >> 20} MB"
                )
            if self._biases.get(name) in ((1, array.size), (array.size, 1)):
                array = array.reshape(self._biases[name])
            self.ask("write", key=KEY, weights={name: array})

    def stage(self, call: int, x: Array, h: Array, c: Array, dy: Array | None) -> None:
        """Hand over the inputs of one call, in the subject's layout; call 0 begins a new block."""
        state = self._conventions.pair(
            h if self.offers("initial_h") else None, c if self.offers("initial_c") else None
        )
        self.ask(
            "stage",
            call=call,
            x=self._conventions.sequence(x),
            state=None if all(part is None for part in state) else state,
            dy=None if dy is None else self._conventions.sequence(dy),
        )

    def fetch(self, call: int, large: bool) -> tuple[list[Any], list[str]]:
        """The arrays that a call returned, in order, and the names of those that are gradients.

        Large ones come one at a time.
        """
        arrays: list[Any] = []
        while True:
            stop = len(arrays) + 1 if large else None
            reply = self.ask("fetch", call=call, start=len(arrays), stop=stop)
            arrays += reply["arrays"]
            if not reply["arrays"] or len(arrays) >= reply["count"]:
                return arrays, reply["gradients"]

    def native(self, arrays: list[Any], gradients: list[str], backward: bool) -> dict[str, Array]:
        """What a call returned as native arrays: y, h, c and, with backward, dx, dh0, …, db.

        Whether they have the right shapes is for the verifier to see. The gradient of each of
        several biases is "db NAME".
        """
        try:
            found = self._parts(arrays[:3], ("y", "h", "c"), "final")
            if backward:
                found |= self._parts(arrays[3:6], ("dx", "dh0", "dc0"), "initial")
                by_name = dict(zip(gradients, arrays[6:], strict=True))
                for which, key in (("W", "dW"), ("U", "dU"), ("b", "db {}")):
                    names = self._conventions.weight_names(which, self._names)
                    own = {name: by_name[name] for name in names}
                    if which == "b":
                        own = {name: array.reshape(-1) for name, array in own.items()}
                    native = self._conventions.weights_in(which, own, self._names)
                    found |= {key.format(name): array for name, array in native.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"a timed call's results do not have the form of the contract: {error}"
            raise Broken(what) from None
        return found

    def _parts(
        self, arrays: list[Any], names: tuple[str, str, str], state: str
    ) -> dict[str, Array]:
        sequence, *pair = arrays
        h, c = self._conventions.pair(*pair)
        named = {names[0]: self._conventions.sequence(sequence)}
        named |= {names[1]: h} if self.offers(f"{state}_h") else {}
        named |= {names[2]: c} if self.offers(f"{state}_c") else {}
        return {name: array + 0 for name, array in named.items()}  # no None among them


__all__ = ["LEVEL", "Array", "Broken", "Halted", "Source", "TimedSubject", "Unusable", "parse"]

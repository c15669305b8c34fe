"""All that bench uses of the rest of the kit; only `worker.py` uses more, in the timed process."""

from typing import TYPE_CHECKING, Any

from lstm_checks.broken import Broken
from lstm_checks.conventions import Array
from lstm_checks.forms import array_of
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

    def fetch(self, call: int, large: bool) -> tuple[list[Array | None], list[str]]:
        """The arrays that a call returned, in order, and the names of those that are gradients.

        Large ones come one at a time.
        """
        arrays: list[Array | None] = []
        while True:
            stop = len(arrays) + 1 if large else None
            reply = self.ask("fetch", call=call, start=len(arrays), stop=stop)
            arrays += reply["arrays"]
            if len(arrays) >= reply["count"]:
                return arrays, reply["gradients"]

    def native(
        self, arrays: list[Array | None], gradients: list[str], N: int, T: int
    ) -> dict[str, Array]:
        """What a call returned as native arrays: y, h, c and, after backward, dx, dh0, …, db.

        The gradient of each of several biases is "db NAME".
        """
        D, H = self._sizes
        parts = len(arrays) - len(gradients)
        if parts not in (3, 6):
            raise Broken(f"a timed call returned {parts} values; the contract is y, (h, c)")
        found: dict[str, Any] = self._outputs(arrays[:3], ("y", "h", "c"), "final", (N, T, H))
        if parts == 6:
            found |= self._outputs(arrays[3:6], ("dx", "dh0", "dc0"), "initial", (N, T, D))
            by_name = dict(zip(gradients, arrays[6:], strict=True))
            for which in ("W", "U", "b"):
                found |= self._gradients(which, by_name)
        return found

    def _outputs(
        self, arrays: list[Array | None], names: tuple[str, str, str], state: str, shape: Any
    ) -> dict[str, Array]:
        N, T, size = shape
        axes = (N, T, size) if self._conventions.batch_first else (T, N, size)
        sequence, h, c = names
        found = {sequence: self._conventions.sequence(array_of(arrays[0], sequence, axes, ()))}
        first, second = self._conventions.pair(*arrays[1:])
        for name, letter, value in ((h, "h", first), (c, "c", second)):
            if self.offers(f"{state}_{letter}"):
                found[name] = array_of(value, name, (N, self._sizes[1]), ())
        return found

    def _gradients(self, which: str, given: dict[str, Array | None]) -> dict[str, Array]:
        names = self._conventions.weight_names(which, self._names)
        shape = self._conventions.shape_out(which, *self._sizes, per_gate=len(names) == 4)
        arrays = {}
        for name in names:
            array = given.get(name)
            if which == "b" and array is not None and array.size == shape[0]:
                array = array.reshape(shape)
            arrays[name] = array_of(array, f"grads[{name!r}]", shape, ())
        native = self._conventions.weights_in(which, arrays, self._names)
        if which == "b":
            return {f"db {name}": array for name, array in native.items()}
        return {f"d{which}": array for array in native.values()}


__all__ = ["LEVEL", "Array", "Broken", "Halted", "Source", "TimedSubject", "Unusable", "parse"]

"""A subject in a timed process: all that bench asks of it, and each reply checked before use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from lstm_checks import words
from lstm_checks.findings import Array, Breach, plain, quoted
from lstm_checks.launch.channel import Halted
from lstm_checks.launch.limits import DAY, Limits
from lstm_checks.launch.process import Process
from lstm_checks.subjects import replies
from lstm_checks.subjects.exceptions import finding_of
from lstm_checks.subjects.replies import BadReply, Failure, Odd, Other
from lstm_checks.subjects.returned import kind_of
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject
from lstm_checks.worker.digest import DIGEST
from lstm_checks.worker.serve import MOST_IN

LIMITS = Limits(load=120.0, call=600.0, run=DAY, memory=None)
LEVEL = "quick"  # of the ladder that a subject has to pass before it is timed
KEY = 1  # of the one instance that there is
SMALL = 1 << 12  # bytes of arrays in a reply where none are asked for
CALLED = {"create": "__init__", "go": "a timed call", "write": "writing its weights"}
WORDS = 16  # types, libraries, … that a reply may name
MOST_ARRAYS = 64  # that one call returns
T = TypeVar("T")
Arrays = list[Array | None]
Returned = tuple[Arrays, Arrays, Arrays]  # of forward, of backward, gradients of the weights


@dataclass(frozen=True)
class Done:
    """What a block's reply says.

    Attributes:
        digests: of the results of each call, one after the other; empty on CUDA.
        clocks: what clocks of the process's own say that the block took, in seconds.
        odd: the types of results that are no plain arrays.
    """

    digests: bytes
    clocks: tuple[float, float, float]
    odd: tuple[str, ...]


def in_words(error: Breach | Halted) -> str:
    """What happened, in one paragraph."""
    if isinstance(error, Breach):
        return words.message(error.finding)
    return f"{words.sentence(error.text)} {error.fix}".strip()


class TimedSubject:
    """A subject in a process of its own that answers as `worker.timed`, and one instance of it.

    Raises, from every method:
        Breach: its code raised, or its results do not have the form of the contract.
        Halted: its process ended, ran out of time or sent what cannot be read.

    Attributes:
        root: the process that keeps the subject's and everything that it starts.
        pid: the subject's process.
        said: what the libraries in it say of themselves.
    """

    def __init__(self, source: Source, threads: int, device: str, dtype: str) -> None:
        self._process = Process(LIMITS.memory, threads, host="timed")
        self.root = self._process.pid
        try:
            # Asked before any code of the subject's is loaded.
            self.pid = self._ask("identify", _count)
            self._subject = Subject.load(self._process, source, LIMITS)
            self._conventions = self._subject.conventions
            if device == "cpu" and dtype == "float64" and self._conventions.dtype == "float32":
                raise Breach("it works in float32 only", "Time it with --dtype float32.")
            self.said = self._ask(
                "prepare", _libraries, threads=threads, device=device, dtype=dtype
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._process.close()

    def offers(self, capability: str) -> bool:
        return self._subject.offers(capability)

    def _ask(self, do: str, parse: Callable[[Any], T], most: int = SMALL, **given: Any) -> T:
        """One request to the process; see `worker.timed`."""
        called = CALLED.get(do, do)
        try:
            reply = self._process.ask({"do": do, "with": given}, LIMITS.call, most)
            value = replies.outcome(reply)
            if not isinstance(value, Failure):
                return parse(value)
        except Halted as halted:
            halted.text = f"{called} {halted.text}"
            raise
        except BadReply:
            raise Halted("error", f"{called} left a reply that the kit cannot read") from None
        raise Breach(finding_of(value, called))

    # The instance ------------------------------------------------------------------------------

    def create(self, input_size: int, hidden_size: int) -> None:
        """Make the instance; an earlier one is dropped."""
        made = self._ask(
            "create",
            replies.created,
            most=0,  # the shapes alone
            key=KEY,
            fresh=True,
            input_size=input_size,
            hidden_size=hidden_size,
            stateful=False,
            weights={},
        )
        self._names = made.names
        self._shapes = {
            name: one.shape
            for name, one in made.found.items()
            if isinstance(one, (Odd, np.ndarray))
        }
        self._weights = [
            name
            for which in ("W", "U", "b")
            for name in self._conventions.weight_names(which, self._names)
        ]

    def write(self, params: Mapping[str, Array]) -> None:
        """Write native weights one array at a time, since a frame does not hold all large ones."""
        for name, array in self._conventions.weights_out(params, self._names).items():
            if array.nbytes > MOST_IN:
                raise Breach(
                    f"{name} {array.shape} takes {array.nbytes >> 20} MB; an array on its way to "
                    f"the subject may take at most {MOST_IN >> 20} MB"
                )
            own = self._shapes.get(name)
            if array.ndim == 1 and own in ((1, array.size), (array.size, 1)):
                array = array.reshape(own)
            self._ask("write", replies.nothing, key=KEY, weights={name: array})

    # Blocks ------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Begin a new block: what is kept of the one before is dropped."""
        self._ask("clear", replies.nothing)

    def stage(self, x: Array, h: Array, c: Array, dy: Array | None) -> None:
        """Hand over the inputs of the block's next call, in the subject's layout."""
        state = self._conventions.pair(
            h if self.offers("initial_h") else None, c if self.offers("initial_c") else None
        )
        self._ask(
            "stage",
            replies.nothing,
            x=self._conventions.sequence(x),
            state=None if all(part is None for part in state) else state,
            dy=None if dy is None else self._conventions.sequence(dy),
        )

    def go(self, order: list[int], backward: bool) -> Done:
        """Make the staged calls in this order; see `worker.timed`."""
        return self._ask(
            "go",
            lambda value: _done(value, len(order)),
            most=DIGEST * len(order),
            key=KEY,
            order=order,
            backward=backward,
            weights=self._weights,
        )

    def fetch(self, call: int, backward: bool, most: int, large: bool) -> Returned:
        """What a call returned: of forward, of backward, and the gradients of the weights.

        Args:
            call: which of the block's calls.
            backward: the calls were made with backward.
            most: how many bytes it may take.
            large: fetch the arrays one at a time.
        """
        arrays: Arrays = []
        while True:
            stop = len(arrays) + 1 if large else None
            given = {"call": call, "start": len(arrays), "stop": stop}
            found, counts = self._ask("fetch", _fetched, most=most, **given)
            due = self._due(backward, counts[1])
            if counts != due or len(arrays) + len(found) > sum(due):
                raise Breach(_form(f"forward, backward and grads give {counts}, not {due} arrays"))
            arrays += map(_array, found)
            if len(arrays) == sum(due):
                return _split(arrays, due)
            if not found:
                raise Breach(_form(f"there are {len(arrays)} arrays of {sum(due)}"))

    def _due(self, backward: bool, given: int) -> list[int]:
        """How many arrays forward and backward return, and of how many weights there are gradients.

        A backward that is declared to fill grads alone may return anything, here `given` arrays.
        """
        forward = 1 if self._conventions.returns == "y" else 3
        if not backward:
            return [forward, 0, 0]
        back = {"dx, (dh0, dc0)": 3, "dx": 1, "": given}[self._conventions.backward_returns]
        return [forward, back, len(self._weights)]

    def native(self, returned: Returned, backward: bool) -> dict[str, Array]:
        """What a call returned as native arrays: y, h, c and, with backward, dx, dh0, …, db.

        Whether they have the right shapes is for the verifier to see. The gradient of each of
        several biases is "db NAME".
        """
        first, second, third = returned
        try:
            found = self._parts(first, ("y", "h", "c"), ("y", "final_h", "final_c"))
            if backward:
                names = ("dx", "dh0", "dc0")
                found |= self._parts(second, names, names)
                grads = dict(zip(self._weights, third, strict=True))
                for which, key in (("W", "dW"), ("U", "dU"), ("b", "db {}")):
                    own = {
                        name: _present(grads[name], f"the gradient of {quoted(name)}")
                        for name in self._conventions.weight_names(which, self._names)
                    }
                    if which == "b":
                        own = {name: array.reshape(-1) for name, array in own.items()}
                    native = self._conventions.weights_in(which, own, self._names)
                    found |= {key.format(name): array for name, array in native.items()}
        except ValueError as error:  # of NumPy, where axes are missing or sizes do not fit
            raise Breach(_form(str(error))) from None
        return found

    def _parts(
        self,
        arrays: Arrays,
        names: tuple[str, str, str],
        capabilities: tuple[str, str, str],
    ) -> dict[str, Array]:
        """A sequence and a pair of states by their native names, of what the subject offers."""
        sequence, one, other = [*arrays, None, None, None][:3]
        named = dict(zip(names, (sequence, *self._conventions.pair(one, other)), strict=True))
        offered = {
            name: _present(named[name], name)
            for name, capability in zip(names, capabilities, strict=True)
            if self.offers(capability)
        }
        if names[0] in offered:
            offered[names[0]] = self._conventions.sequence(offered[names[0]])
        return offered

    # Memory ------------------------------------------------------------------------------------

    def tidy(self) -> int:
        """Let it give freed memory back; what torch holds on CUDA, in bytes, else 0."""
        return self._ask("tidy", _count)

    def cuda_peak(self) -> int:
        """The most that torch held on CUDA since `tidy`, in bytes."""
        return self._ask("cuda_peak", _count)


# What a reply may be; all else is a BadReply ----------------------------------------------------


def _fields(value: Any, *keys: str) -> list[Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise BadReply
    return [value[key] for key in keys]


def _count(value: Any, most: int = 1 << 62) -> int:
    if type(value) is not int or not 0 <= value < most:
        raise BadReply
    return value


def _list(value: Any, most: int = WORDS) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadReply
    return value


def _done(value: Any, calls: int) -> Done:
    digests, clocks, odd = _fields(value, "digests", "clocks", "odd")
    if not isinstance(digests, np.ndarray) or digests.dtype != np.uint8 or digests.ndim != 1:
        raise BadReply
    if digests.size not in (0, DIGEST * calls):
        raise BadReply
    seconds = [found for one in _list(clocks) if (found := replies.number(one)) is not None]
    types = [plain(one, 80) for one in _list(odd) if isinstance(one, str)]
    if len(seconds) != 3 or len(types) != len(odd):
        raise BadReply
    return Done(digests.tobytes(), (seconds[0], seconds[1], seconds[2]), tuple(types))


def _fetched(value: Any) -> tuple[list[Any], list[int]]:
    arrays, counts = _fields(value, "arrays", "counts")
    found = [replies.parsed(one) for one in _list(arrays, 3 * MOST_ARRAYS)]
    numbers = [_count(one, MOST_ARRAYS) for one in _list(counts)]
    if len(numbers) != 3:
        raise BadReply
    return found, numbers


def _libraries(value: Any) -> dict[str, Any]:
    """What the process says of its libraries: short texts and numbers, by short names."""
    if not isinstance(value, dict) or not set(value) <= {"blas", "torch", "torch_threads"}:
        raise BadReply
    blas = [_said(one) for one in _list(value.get("blas", []))]
    return _said({key: one for key, one in value.items() if key != "blas"}) | {"blas": blas}


def _said(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > WORDS:
        raise BadReply
    return {
        plain(key, 40): one if one is None or type(one) is int else plain(one, 80)
        for key, one in value.items()
    }


# What a result may be; all else breaks the contract ----------------------------------------------


def _split(arrays: Arrays, counts: list[int]) -> Returned:
    first, second, _ = counts
    return arrays[:first], arrays[first : first + second], arrays[first + second :]


def _form(what: str) -> str:
    return f"a timed call's results do not have the form of the contract: {what}"


def _array(value: Any) -> Array | None:
    if value is None or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return value
    if isinstance(value, np.ndarray):
        value = Odd(str(value.dtype), value.shape)
    kind = value if isinstance(value, (Odd, Other)) else None
    raise Breach(_form(f"there is {kind_of(kind)} where an array of floats is due"))


def _present(array: Array | None, name: str) -> Array:
    if array is None:
        raise Breach(_form(f"{name} is None"))
    return array

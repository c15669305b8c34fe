"""Lives a life with a subject: makes its calls, and compares everything at each call."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Case
from lstm_checks.engine.compare import GATE_NAMES
from lstm_checks.engine.lives import ONE_ARRAY, OWN, TOO_LARGE, Life, Maker, Step
from lstm_checks.engine.tolerance import larger, larger_backward, tolerance
from lstm_checks.engine.trial import Trial, wanted
from lstm_checks.findings import Array, Breach, Finding
from lstm_checks.launch.channel import Halted
from lstm_checks.subjects.contract import Gradients, Output, State
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.replies import Returned
from lstm_checks.subjects.subject import Subject

# What can be wrong: the values that a method gives, and the caller's arrays that it writes into.
FORWARD, BACKWARD = "forward", "backward"
FORWARD_AFTER_BACKWARD = "forward after backward"
FORWARD_WRITES, BACKWARD_WRITES = "forward writes", "backward writes"
NOT_FINITE = "not finite"  # gradients, with large inputs alone: where gates are saturated
# Values in float64 that are right, but to fewer digits than float64 has.
FEWER_DIGITS, GRADIENTS_FEWER_DIGITS = "digits", "digits of gradients"
DIGITS_AFTER_BACKWARD = "digits after backward"
IN_DIGITS = {
    FORWARD: FEWER_DIGITS,
    FORWARD_AFTER_BACKWARD: DIGITS_AFTER_BACKWARD,
    BACKWARD: GRADIENTS_FEWER_DIGITS,
    NOT_FINITE: GRADIENTS_FEWER_DIGITS,
}
TEN_DIGITS = 1e-12  # taken for the machine epsilon: errors from about 1e-10 on are seen
WRITES = {"forward": FORWARD_WRITES, "backward": BACKWARD_WRITES}
NAMES = ("a", "b", "c")
OFTEN = 8  # calls after which it is looked at what became of the results of earlier ones
BACK = (0, 1, 4, 7)  # of which ones; 0 is the last
FIX = (
    "A single call is right, so look at what these calls leave behind: a cache, a buffer, "
    "a size or a copy of the weights that is kept from an earlier call or in the class."
)
LOST = "Keep h, c, caches and gradients in the dtype of the inputs. Look for casts to float32."
OF_ITS_OWN = (
    "Keep grads in the instance, not in the class, and leave them as they are until its next "
    "forward or backward."
)
COPY = "Work on a copy, and return arrays of its own from each call."


@dataclass
class _Call:
    """A forward or backward that was made, and what it gave once that is known."""

    method: str
    trial: Trial
    given: dict[str, Any]
    was: Output | Gradients | None = None
    used_up: bool = False  # the caller has written into what it gave

    @property
    def sizes(self) -> tuple[int, int]:
        """Its N and T."""
        return self.trial.case.N, self.trial.case.T


class _Last(NamedTuple):
    """The last forward: its x and initial state, y as expected, and by how much more it may err."""

    case: Case
    x: Array
    begin: State
    y: Array
    times: float


@dataclass
class _Alive:
    """One instance and what the textbook knows of it."""

    who: int
    stateful: bool
    instance: Instance
    params: dict[str, Array]
    dtype: str
    carried: State | None = None
    last: _Last | None = None
    returned: State | None = None  # by the last forward, as expected
    returned_by: _Call | None = None
    made: list[_Call] = field(default_factory=list)
    may_refuse: bool = False  # backward may: it was answered, or a reset came, since the forward
    refused: bool = False  # it raised
    has_grads: bool = False  # no forward came since its backward, nor did the caller write into it

    @property
    def name(self) -> str:
        return NAMES[self.who]


def live(subject: Subject, life: Life) -> dict[str, Finding]:
    """The first finding of each kind in a life, where there is one: the kinds are named above.

    Raises:
        Halted: the subject's process ended or ran out of time.
    """
    if not subject.offers("float64"):
        life = life.single()
    if subject.upstream != 1.0:  # it clips: its gradients are to stay below the clip
        life = life.moderate()
    found = _Living(subject, life).run()
    if FORWARD_AFTER_BACKWARD in found or DIGITS_AFTER_BACKWARD in found:
        # It is a fault of forward alone where it shows without any backward too.
        alone = _Living(subject, life.kept(tuple(step.do != "backward" for step in life.steps)))
        forward = alone.run()
        if FORWARD in forward:
            found.pop(FORWARD_AFTER_BACKWARD, None)
        found = {**found, **forward}
        after = found.pop(DIGITS_AFTER_BACKWARD, None)
        if after is not None and FEWER_DIGITS not in forward:
            found.setdefault(GRADIENTS_FEWER_DIGITS, after)
    return found


class _Living:
    """First all calls are made, and what is expected of them is computed while the subject works;
    then each result is waited for and judged.
    """

    def __init__(self, subject: Subject, life: Life) -> None:
        self._subject = subject
        self._life = life
        self._told: list[str] = []  # the calls in words
        self._found: dict[str, Finding] = {}
        self._alive: list[_Alive] = []
        self._judges: list[tuple[int, Callable[[], None]]] = []  # after how many of the calls
        self._backward_answered = False
        self._done = 0
        self._large = any(step.flavor in TOO_LARGE for step in life.steps)
        self._mixed = any(step.dtype for step in life.steps)

    def run(self) -> dict[str, Finding]:
        subject, life = self._subject, self._life
        subject.begin()
        try:
            for who, maker in enumerate(life.makers):
                self._say(_making(who, maker))
                self._done = len(self._told)
                params = dict(self._bare(life.case(who)).params)
                instance = subject.instance(params, stateful=maker.stateful)
                self._alive.append(_Alive(who, maker.stateful, instance, params, maker.dtype))
            for number, step in enumerate(life.steps, 1):
                self._make(step, self._alive[step.who % len(self._alive)])
                if number % OFTEN == 0 or number == len(life.steps):
                    for alive in self._alive:
                        self._look_back(alive)
            for done, judge in self._judges:
                self._done = done
                judge()
        except Breach as breach:
            self._note(self._forward_kind(), breach)
        except Halted as halted:
            halted.case = life.case(0).as_dict() | {"calls": self._told[: self._done]}
            raise
        return self._found

    def _forward_kind(self) -> str:
        return FORWARD_AFTER_BACKWARD if self._backward_answered else FORWARD

    def _bare(self, case: Case) -> Case:
        return case if self._subject.offers("bias") else case.without_bias()

    def _say(self, call: str) -> None:
        self._told.append(call)

    def _judge(self, judge: Callable[[], object]) -> None:
        """Judge the result of the call that was told last, when its turn comes."""
        self._judges.append((len(self._told), judge))  # type: ignore[arg-type]

    def _note(self, kind: str, breach: Breach, case: Case | None = None) -> None:
        """Keep the first finding of a kind, with the calls that led to it."""
        if kind in self._found:
            return
        told = self._told[: self._done]
        sizes = (case or self._life.case(0)).as_dict() | {"calls": told}
        what = f"{breach.finding.what}, as the last of these calls: {'; '.join(told)}"
        breach.add(
            what=what,
            fix=breach.finding.fix or FIX,
            case=sizes,
            calls=tuple(self._subject.calls[: self._subject.answered]),
            returned=dict(self._subject.returned),
        )
        self._found[kind] = breach.finding

    # The calls ---------------------------------------------------------------------------------

    def _make(self, step: Step, alive: _Alive) -> None:
        if step.do == "forward":
            self._forward(step, alive)
        elif step.do == "backward":
            self._backward(step, alive)
        elif step.do == "reset" and alive.stateful:
            self._say(f"{alive.name}.reset_state()")
            self._judge_reset(alive, alive.instance.post_reset())
            alive.carried = None
        elif step.do == "write":
            self._write(step, alive)
        elif step.do == "make":
            self._make_anew(step, alive)

    def _make_anew(self, step: Step, old: _Alive) -> None:
        """A new instance takes the place of an older one, which lives on unused."""
        maker = self._life.makers[old.who]
        self._say(_making(old.who, maker))
        params = dict(self._bare(self._life.case(old.who, step)).params)
        instance, posted = self._subject.post_twin(old.instance, params)
        self._judge(posted)
        self._alive[old.who] = _Alive(old.who, maker.stateful, instance, params, maker.dtype)

    def _judge_reset(self, alive: _Alive, posted: Callable[[], None]) -> None:
        def judge() -> None:
            posted()
            alive.may_refuse = True

        self._judge(judge)

    def _write(self, step: Step, alive: _Alive) -> None:
        if step.dtype and self._subject.offers("float64"):
            if step.dtype != alive.dtype:
                alive.returned = None  # a state of one dtype is not for weights of another
            alive.dtype = step.dtype
        drawn = self._bare(self._case(step, alive)).params
        chosen = {name: drawn[name] for name in step.weights}
        if step.flavor == "zeros":
            chosen[step.weights[-1]] = 0 * chosen[step.weights[-1]]
        elif step.flavor == "large":
            chosen = {name: 3 * array for name, array in chosen.items()}
        how = "in place" if step.in_place else f"anew in {alive.dtype}"
        which = "" if step.block is None else f"{GATE_NAMES[step.block]} in "
        if step.block is not None:
            chosen = {name: _block(alive.params[name], chosen[name], step.block) for name in chosen}
        self._say(f"{which}{', '.join(chosen)} of {alive.name} written {how}")
        alive.params = alive.params | chosen
        self._judge(
            alive.instance.post_write(
                alive.params, only=step.weights, in_place=step.in_place, layout=step.layout
            )
        )
        alive.last = None

    def _forward(self, step: Step, alive: _Alive) -> None:
        N, given = step.N, step.given
        given = self._possible(given, "initial_h", "initial_c")
        if given == OWN and alive.returned is None:
            given = "drawn"
        if given == OWN and alive.returned is not None:
            N = len(alive.returned[0])
        elif not given and alive.carried is not None:
            N = len(alive.carried[0])
        trial = Trial(self._subject, self._bare(self._case(step, alive, N)))
        own = alive.returned_by if given == OWN else None
        state = alive.returned if own else _given(given, trial.state)
        begin = state or alive.carried or trial.zeros
        x, which = self._inputs(step, alive, trial)
        words = _words("state", given, step.keyword)
        self._say(f"{alive.name}.forward({which} of {N, step.T}{words})")
        posted = alive.instance.post_forward(
            x,
            state,
            layout=step.layout,
            report_inputs=True,
            keyword=step.keyword,
            own_state=own is not None,
            same_x=step.same_x,
            one_array=given == ONE_ARRAY,
        )
        want, (want_h, want_c) = trial.expected(x, begin, alive.params)
        times = larger(x, begin, alive.params)
        call = _Call("forward", trial, {"x": x, "state": None if own else state})

        def judge() -> None:
            got = posted()
            call.was, alive.may_refuse, alive.refused = got, False, False
            expected = {"y": want, "h": want_h, "c": want_c}
            self._agree(self._forward_kind(), trial.case, times, got.arrays(), expected)
            before: Any = state
            if own is not None and isinstance(own.was, Output):
                before = (own.was.h, own.was.c)
            self._unchanged(trial, got.inputs, {"x": x, "state": before}, "forward")

        self._judge(judge)
        for earlier in alive.made if step.same_x else ():
            earlier.given.pop("x", None)  # the caller himself has written into it
        alive.made.append(call)
        alive.has_grads = False
        alive.last = _Last(trial.case, x, begin, want.astype(alive.dtype), times)
        if self._subject.offers("final_h") and self._subject.offers("final_c"):
            alive.returned = (want_h.astype(alive.dtype), want_c.astype(alive.dtype))
            alive.returned_by = call
        if alive.stateful:
            alive.carried = (want_h, want_c)

    def _possible(self, given: str, first: str, second: str) -> str:
        """What can be given of a pair of which the subject may not take both."""
        takes = [self._subject.offers(part) for part in (first, second)]
        if given == ONE_ARRAY and not all(takes):
            return "drawn"
        return given if any(takes) else ""

    def _inputs(self, step: Step, alive: _Alive, trial: Trial) -> tuple[Array, str]:
        """What forward gets as x, and how that is told."""
        if step.nearly and alive.last is not None and alive.last.x.shape == trial.x.shape:
            x = alive.last.x.astype(trial.x.dtype)
            x[-1, -1, -1] = trial.x[-1, -1, -1]
            return x, "x as before but for its last number,"
        return trial.x, "x"

    def _backward(self, step: Step, alive: _Alive) -> None:
        subject = self._subject
        if alive.last is None or not subject.offers("backward") or "backward" in subject.avoided:
            return
        case, x, begin, y, times = alive.last
        upstream = Trial(self._subject, replace(case, seed=step.seed, flavor=step.flavor))
        given = self._possible(step.given, "final_h", "final_c")
        dstate = _given(given, upstream.dstate)
        own_y = step.own_y and subject.upstream == 1.0
        dy = y if own_y else upstream.dy
        which = "the y that forward returned" if own_y else "dy"
        then = ", then its gradients are written into" * step.used_up
        self._say(f"{alive.name}.backward({which}{_words('dstate', given, step.keyword)}){then}")
        posted = alive.instance.post_backward(
            dy,
            dstate,
            layout=step.layout,
            report_inputs=True,
            keyword=step.keyword,
            one_array=given == ONE_ARRAY,
            own_y=own_y,
            used_up=step.used_up,
        )
        want = upstream.expected_gradients(dy, dstate, x=x, state=begin, params=alive.params)
        times *= larger_backward([dy, *(dstate or ())], begin)
        given_arrays = {"dy": None if own_y else dy, "dstate": dstate}
        call = _Call("backward", upstream, given_arrays, used_up=step.used_up)

        def judge() -> None:
            self._backward_answered = True
            if alive.refused:
                return
            try:
                call.was = got = posted()
            except Breach as breach:
                if not alive.may_refuse:
                    self._note(BACKWARD, breach, case)
                alive.refused = True
                return
            alive.may_refuse = True
            arrays = got.arrays()
            expected = {name: wanted(want, name) for name in arrays}
            if not own_y or self._is_y(got.inputs, upstream, dy):
                self._agree(BACKWARD, upstream.case, times, arrays, expected)
            self._unchanged(upstream, got.inputs, call.given, "backward")

        self._judge(judge)
        alive.made.append(call)
        alive.has_grads = not step.used_up

    def _is_y(self, inputs: Any, upstream: Trial, y: Array) -> bool:
        """Whether dy, which is the y of the last forward, is still what it was; else it is told."""
        now = self._subject.conventions.sequence((inputs or {}).get("dy", y))
        with self._judged(WRITES["backward"], upstream.case):
            if upstream.differ(now, y):
                raise Breach("backward writes into dy, which is the caller's", COPY)
            return True
        return False

    def _case(self, step: Step, alive: _Alive, N: int = 1) -> Case:
        return self._life.case(alive.who, step, N, alive.dtype)

    def _agree(
        self,
        kind: str,
        case: Case,
        times: float,
        arrays: dict[str, Array],
        expected: dict[str, Array],
    ) -> None:
        """Every array is as expected; the tolerance is some times larger than for usual data."""
        finite = all(np.isfinite(array).all() for array in arrays.values())
        if kind == BACKWARD and self._large and not finite:
            kind = NOT_FINITE
        # A state that comes from calls in float32 has the digits of float32.
        digits = case.dtype == "float64" and not self._mixed
        limit, ten_digits = times * tolerance(case), times * tolerance(case, TEN_DIGITS)
        for name, array in arrays.items():
            want = expected[name]
            if digits and not compare.differ(array, want, ten_digits):
                continue
            with self._judged(kind, case):
                compare.agree(name, array, want, limit, f"{name} is wrong", FIX)
                if digits:
                    what = f"{name} has fewer digits than float64 has"
                    with self._judged(IN_DIGITS[kind], case):
                        compare.agree(name, array, want, ten_digits, what, LOST)

    def _judged(self, kind: str, case: Case) -> "_Judged":
        return _Judged(lambda breach: self._note(kind, breach, case))

    # Who owns the arrays -----------------------------------------------------------------------

    def _unchanged(self, trial: Trial, inputs: Any, given: dict[str, Any], method: str) -> None:
        """The caller's arrays are as they were before the call."""
        with self._judged(WRITES[method], trial.case):
            self._same_inputs(inputs, given, method)

    def _same_inputs(self, inputs: Any, given: dict[str, Any], who: str) -> None:
        """Raise Breach where one of the caller's arrays is not as it was."""
        conventions = self._subject.conventions
        for name, was in given.items():
            now = (inputs or {}).get(name)
            if isinstance(was, np.ndarray):
                pairs = [(now, conventions.sequence(was))]
            elif was is not None and isinstance(now, tuple) and len(now) == 2:
                pairs = list(zip(conventions.pair(*now), was, strict=True))
            else:
                continue
            for after, before in pairs:
                if after is not None and not np.array_equal(after, before):
                    raise Breach(f"{who} writes into {name}, which is the caller's", COPY)

    def _look_back(self, alive: _Alive) -> None:
        """What some calls got and returned is as it was, and the weights are as written."""
        made = list(alive.made)
        recalled = [
            (
                made[-1 - back],
                alive.instance.post_recall(
                    back,
                    made[-1 - back].sizes,
                    of_backward=made[-1 - back].method == "backward",
                    with_grads=back == 0 and alive.has_grads,
                ),
            )
            for back in BACK
            if back < len(made)
        ]
        posted = alive.instance.post_read()
        out = alive.instance.weights_out(alive.params)

        def judge() -> None:
            kind = FORWARD_WRITES
            if any(call.method == "backward" for call in made):
                kind = BACKWARD_WRITES
            with self._judged(kind, self._life.case(0)):
                for call, recall in recalled:
                    if all(one.was is not None for one in made):  # none was refused
                        self._as_it_was(alive, call, recall())
                weights = posted()
                for name, array in out.items():
                    weight = weights.get(name)
                    if isinstance(weight, np.ndarray) and not np.array_equal(
                        weight.ravel(), array.ravel()
                    ):
                        raise Breach("a call writes into the weights", COPY)

        self._judge(judge)

    def _as_it_was(self, alive: _Alive, call: _Call, found: Returned) -> None:
        assert call.was is not None
        now = {} if call.used_up else alive.instance.as_recalled(found, call.was, call.sizes)
        for name, array in call.was.arrays().items():
            after = now.get(name)
            if after is None or np.array_equal(after, array, equal_nan=True):
                continue
            if call.method == "backward" and name not in ("dx", "dh0", "dc0"):
                raise Breach(f"{name} is no longer what the last backward left", OF_ITS_OWN)
            raise Breach(f"{name} of an earlier {call.method} was changed later", COPY)
        self._same_inputs(found.inputs, call.given, "a later call")


def _block(before: Array, drawn: Array, gate: int) -> Array:
    """Weights in which the columns of one gate are drawn anew."""
    hidden = before.shape[-1] // 4
    columns = slice(gate * hidden, (gate + 1) * hidden)
    after = before.copy()
    after[..., columns] = drawn[..., columns]
    return after


def _making(who: int, maker: Maker) -> str:
    return f"{NAMES[who]} = LSTM({maker.D}, {maker.H}{', stateful=True' * maker.stateful})"


def _given(how: str, drawn: State) -> State | None:
    """What is given as a state, or as the gradient on one."""
    h, c = drawn
    if not how:
        return None
    if how == ONE_ARRAY:
        return h, h
    return (0 * h if how in ("zeros", "c") else h, 0 * c if how in ("zeros", "h") else c)


def _words(name: str, given: str, keyword: bool) -> str:
    """How the second argument of a call is told."""
    by_keyword = f"{name}=" if keyword else ""
    first, second = ("h", "c") if name == "state" else ("dh", "dc")
    told = {
        "": "None" if keyword else "",
        "drawn": name,
        "zeros": "zeros",
        "h": f"({first}, zeros)",
        "c": f"(zeros, {second})",
        ONE_ARRAY: f"({first}, {first})",
        OWN: f"its last returned {name}",
    }[given]
    return f", {by_keyword}{told}" if told else ""


class _Judged:
    """Hands a breach over in place of raising it, so that the life goes on."""

    def __init__(self, note: Callable[[Breach], None]) -> None:
        self._note = note

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Breach):
            self._note(error)
            return True
        return False

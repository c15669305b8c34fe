"""Lives a life with a subject: makes its calls, and compares everything at each call."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_checks.engine import compare
from lstm_checks.engine.case import Case
from lstm_checks.engine.lives import Life, Step
from lstm_checks.engine.tolerance import tolerance
from lstm_checks.engine.trial import Trial, wanted
from lstm_checks.findings import Array, Breach, Finding
from lstm_checks.subjects.contract import Gradients, Output, State
from lstm_checks.subjects.instance import Instance
from lstm_checks.subjects.subject import Subject

# What can be wrong: the values that a method gives, and the caller's arrays that it writes into.
FORWARD, BACKWARD = "forward", "backward"
FORWARD_AFTER_BACKWARD = "forward after backward"
FORWARD_WRITES, BACKWARD_WRITES = "forward writes", "backward writes"
KINDS = (FORWARD, FORWARD_AFTER_BACKWARD, BACKWARD, FORWARD_WRITES, BACKWARD_WRITES)
WRITES = {"forward": FORWARD_WRITES, "backward": BACKWARD_WRITES}
NAMES = ("a", "b")
FIX = (
    "A single call is right, so look at what these calls leave behind: a cache, a buffer, "
    "a size or a copy of the weights that is kept from an earlier call or in the class."
)
COPY = "Work on a copy, and return arrays of its own from each call."


@dataclass
class _Alive:
    """One instance and what the textbook knows of it."""

    name: str
    instance: Instance
    params: dict[str, Array]
    dtype: str
    carried: State | None = None
    last: tuple[Case, Array, State] | None = None  # of the last forward: case, x, initial state
    again: bool = False
    returned: State | None = None  # by the last forward
    kept: list[tuple[str, Output | Gradients, tuple[int, int]]] = field(default_factory=list)


def live(subject: Subject, life: Life) -> dict[str, Finding]:
    """The first finding of each kind in a life, where there is one; see `KINDS`.

    Raises:
        Halted: the subject's process ended or ran out of time.
    """
    if not subject.offers("float64"):
        life = replace(life, dtype="float32")
    return _Living(subject, life).run()


class _Living:
    def __init__(self, subject: Subject, life: Life) -> None:
        self._subject = subject
        self._life = life
        self._told: list[str] = []
        self._found: dict[str, Finding] = {}
        self._alive: list[_Alive] = []
        self._backward_called = False

    def run(self) -> dict[str, Finding]:
        subject, life = self._subject, self._life
        subject.begin()
        try:
            for who, (D, H) in enumerate(life.sizes):
                self._say(f"{NAMES[who]} = LSTM({D}, {H}{', stateful=True' * life.stateful})")
                params = dict(self._bare(life.case(who)).params)
                instance = subject.instance(params, stateful=life.stateful)
                self._alive.append(_Alive(NAMES[who], instance, params, life.dtype))
            for step in life.steps:
                if len(self._found) == len(KINDS):
                    break
                self._step(step, self._alive[step.who % len(self._alive)])
            for alive in self._alive:
                self._ownership(alive)
        except Breach as breach:
            self._note(self._forward_kind(), breach)
        return self._found

    def _forward_kind(self) -> str:
        return FORWARD_AFTER_BACKWARD if self._backward_called else FORWARD

    def _bare(self, case: Case) -> Case:
        return case if self._subject.offers("bias") else case.without_bias()

    def _say(self, call: str) -> None:
        self._told.append(call)

    def _note(self, kind: str, breach: Breach, case: Case | None = None) -> None:
        """Keep the first finding of a kind, with the calls that led to it."""
        if kind in self._found:
            return
        calls = "; ".join(self._told)
        sizes = (case or self._life.case(0)).as_dict() | {"calls": list(self._told)}
        what = f"{breach.finding.what}, as the last of these calls: {calls}"
        breach.add(
            what=what,
            fix=breach.finding.fix or FIX,
            case=sizes,
            calls=tuple(self._subject.calls),
            returned=dict(self._subject.returned),
        )
        self._found[kind] = breach.finding

    # The calls ---------------------------------------------------------------------------------

    def _step(self, step: Step, alive: _Alive) -> None:
        if step.do == "forward":
            self._forward(step, alive)
        elif step.do == "backward":
            self._backward(step, alive)
        elif step.do == "reset" and self._life.stateful:
            self._say(f"{alive.name}.reset_state()")
            alive.instance.reset()
            alive.carried, alive.last = None, None
        elif step.do == "write":
            alive.dtype = self._dtype(step, alive)
            case = self._life.case(self._alive.index(alive), seed=step.seed, dtype=alive.dtype)
            drawn = self._bare(case).params
            chosen = {name: drawn[name] for name in step.weights}
            how = "in place" if step.in_place else f"anew in {alive.dtype}"
            self._say(f"{', '.join(chosen)} of {alive.name} written {how}")
            alive.params |= chosen
            alive.instance.write(alive.params, only=step.weights, in_place=step.in_place)
            alive.last = None

    def _dtype(self, step: Step, alive: _Alive) -> str:
        return step.dtype if step.dtype and self._subject.offers("float64") else alive.dtype

    def _forward(self, step: Step, alive: _Alive) -> None:
        life, who, own = self._life, self._alive.index(alive), step.own and step.given
        own = own and alive.returned is not None
        N = step.N if alive.carried is None else len(alive.carried[0])
        if own and alive.returned is not None:
            N = len(alive.returned[0])
        trial = Trial(self._subject, self._bare(life.case(who, N, step.T, step.seed, alive.dtype)))
        given = (alive.returned if own else trial.state) if step.given else None
        if not (self._subject.offers("initial_h") or self._subject.offers("initial_c")):
            given = None
        begin = given or alive.carried or trial.zeros
        self._say(f"{alive.name}.forward(x of {N, step.T}{_words('state', given, step, own=own)})")
        want, (want_h, want_c) = trial.expected(trial.x, begin, alive.params)
        got = alive.instance.forward(
            trial.x,
            given,
            layout=step.layout,
            report_inputs=True,
            keyword=step.keyword,
            own_state=own,
        )
        with self._judged(self._forward_kind(), trial.case):
            limit = tolerance(trial.case)
            expected = {"y": want, "h": want_h, "c": want_c}
            for name, array in got.arrays().items():
                compare.agree(name, array, expected[name], limit, f"{name} is wrong", FIX)
        self._unchanged(trial, got.inputs, {"x": trial.x, "state": given}, "forward")
        alive.last, alive.again = (trial.case, trial.x, begin), False
        alive.kept.append(("forward", got, (N, step.T)))
        alive.returned = None if got.h is None or got.c is None else (got.h, got.c)
        if life.stateful:
            alive.carried = (want_h, want_c)

    def _backward(self, step: Step, alive: _Alive) -> None:
        if alive.last is None or not self._subject.offers("backward"):
            return
        if "backward" in self._subject.avoided:
            return
        case, x, begin = alive.last
        upstream = Trial(self._subject, case.reseeded(step.seed))
        offers = self._subject.offers
        self._backward_called = True
        given = upstream.dstate if step.given and (offers("final_h") or offers("final_c")) else None
        self._say(f"{alive.name}.backward(dy{_words('dstate', given, step)})")
        try:
            got = alive.instance.backward(
                upstream.dy,
                given,
                layout=step.layout,
                report_inputs=True,
                keyword=step.keyword,
            )
        except Breach as breach:
            alive.kept.clear()
            if not alive.again:  # a second backward may be refused, and must not be wrong
                self._note(BACKWARD, breach, case)
            alive.last = None
            return
        want = upstream.expected_gradients(
            upstream.dy, given, x=x, state=begin, params=alive.params
        )
        with self._judged(BACKWARD, case):
            for name, array in got.arrays().items():
                what = f"{name} is wrong"
                compare.agree(name, array, wanted(want, name), tolerance(case), what, FIX)
        self._unchanged(upstream, got.inputs, {"dy": upstream.dy, "dstate": given}, "backward")
        alive.again = True
        alive.kept.append(("backward", got, (case.N, case.T)))

    def _judged(self, kind: str, case: Case) -> "_Judged":
        return _Judged(lambda breach: self._note(kind, breach, case))

    # Who owns the arrays -----------------------------------------------------------------------

    def _unchanged(self, trial: Trial, inputs: Any, given: dict[str, Any], method: str) -> None:
        """The caller's arrays are as they were before the call."""
        conventions = self._subject.conventions
        with self._judged(WRITES[method], trial.case):
            for name, was in given.items():
                now = (inputs or {}).get(name)
                if isinstance(was, np.ndarray):
                    pairs = [(now, conventions.sequence(was))]
                elif was is not None and isinstance(now, tuple):
                    pairs = list(zip(conventions.pair(*now), was, strict=True))
                else:
                    continue
                for after, before in pairs:
                    if after is not None and not np.array_equal(after, before):
                        raise Breach(f"{method} writes into {name}, which is the caller's", COPY)

    def _ownership(self, alive: _Alive) -> None:
        """What the last calls returned is as it was, and the weights are as they were written."""
        called = [method for method, *_ in alive.kept]
        kind = BACKWARD_WRITES if "backward" in called else FORWARD_WRITES
        with self._judged(kind, self._life.case(0)):
            for back, (method, was, sizes) in enumerate(reversed(alive.kept[-2:])):
                now = alive.instance.recalled(back, was, sizes)
                for name, array in was.arrays().items():
                    after = now.get(name)
                    if after is not None and not np.array_equal(after, array, equal_nan=True):
                        raise Breach(f"{name} of an earlier {method} was changed later", COPY)
            weights = alive.instance.read()
            for name, array in alive.instance.weights_out(alive.params).items():
                weight = weights.get(name)
                if isinstance(weight, np.ndarray) and not np.array_equal(
                    weight.ravel(), array.ravel()
                ):
                    raise Breach("a call writes into the weights", COPY)


def _words(name: str, given: State | None, step: Step, own: bool = False) -> str:
    """How the second argument of a call is told."""
    by_keyword = f"{name}=" if step.keyword else ""
    if given is None:
        return f", {by_keyword}None" if by_keyword else ""
    return f", {by_keyword}{'its last returned ' if own else ''}{name}"


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

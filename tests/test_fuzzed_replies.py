"""Whatever the subject's process replies, the judge ends with a result in words.

Replies of a right subject are changed at random, in their structure and in their bytes, and given
to the judge. A malformed one is told as such; one that is merely wrong lets a law fail.
"""

import copy
import functools
import gc
import json
import os
import struct
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import lstm_checks.report
from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.law import Law
from lstm_checks.findings import Breach
from lstm_checks.launch.channel import Halted
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.local import Local
from lstm_checks.launch.process import Process
from lstm_checks.laws.registry import ALL
from lstm_checks.report.data import as_json
from lstm_checks.report.report import Report
from lstm_checks.subjects import replies
from lstm_checks.subjects.replies import BadReply
from lstm_checks.subjects.source import Source
from lstm_checks.subjects.subject import Subject
from lstm_checks.worker.wire import BadFrame, pack, unpack

HERE = Path(__file__).parent
SCHEMA = json.loads((Path(lstm_checks.report.__file__).parent / "schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
LIMITS = Limits(run=60.0)
KINDS = (
    "load",
    "create",
    "write",
    "read",
    "forward",
    "backward",
    "reset",
    "recall",
    "step",
    "step_backward",
)
EACH = 110  # fuzzed replies of each kind, so that they are more than 1,000 in all
MOST_RUNS = 10 * EACH
MOST_REQUESTS = 100_000  # of one run: more would be a loop without end
QUICK = [law for law in ALL if law.examples_at("quick") and law.rung != "memory"]


def module_of(path: Path) -> Any:
    module = ModuleType(path.stem)
    exec(path.read_text(), vars(module))
    return module


NATIVE = module_of(HERE / "subjects" / "plain_lstm.py").LSTM
FUNCTIONS = module_of(HERE / "subjects" / "right" / "cs231n_functions.py")


# How a reply is changed --------------------------------------------------------------------------

JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    3,
    1 << 62,
    10**400,
    -(10**4000),
    0.5,
    float("nan"),
    float("inf"),
    1e400,
    "",
    "ok",
    "W",
    "\ud800",
    "\x1b[2J\u202e",
    "a" * 10_000,
    "$",
    "\0",
    "../../etc/passwd",
    [],
    [[]],
    {},
    {"": ""},
    {"": 3},
    {"$": 1},
    {"ok": None},
    {"error": None},
    {"error": {"kind": "raised", "message": "no"}},
    {"error": {"kind": "\ud800", "message": "\ud800", "type": "", "line": -1, "code": "\x1b"}},
    {"error": {"kind": "syntax", "message": "codec can't decode", "line": 10**100}},
    {"error": {"kind": "no_subject", "message": ""}},
    {"type": "\ud800"},
    {"type": 3},
    {"type": None},
    {"list": 3},
    {"tuple": {}},
    {"dict": []},
    {"tuple": []},
    {"list": [None] * 1000},
    {"dict": {"W": {"dict": {}}}},
    {"array": []},
    {"array": ["<f8", [-1]]},
    {"array": ["O", [10**30]]},
    {"array": [3, ["a"]]},
    {"array": ["\ud800", [1] * 100]},
    {"array": ["float64", [2, 3]]},
    {"array": ["x", [1 << 61]]},
    np.zeros(0),
    np.array(1.0),
    np.zeros((0, 1 << 40)),
    np.full((2, 3), np.nan),
    np.zeros((1,) * 30),
    np.zeros((2, 3, 2), np.float32),
    np.zeros((2, 3), complex),
    np.zeros(3, bool),
    np.zeros(4, "u8"),
    np.full((2, 2), np.inf),
    np.full((2, 3, 3), 1e308),
]


def nested(depth: int) -> Any:
    value: Any = None
    for k in range(depth):
        value = [value] if k % 2 else {"tuple": [value]}
    return value


JUNK += [nested(5), nested(50), nested(100)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a reply, itself included."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for k in range(len(value)):
            yield from places(value[k], (*path, k))


def enlarged(reply: Any, rng: np.random.Generator) -> Any:
    """The reply with one part replaced by as much text as crosses."""
    root = copy.deepcopy(reply)
    everywhere = [path for path in places(reply) if path]
    path = everywhere[rng.integers(len(everywhere))]
    parent = root
    for step in path[:-1]:
        parent = parent[step]
    text = "a" * 900_000
    parent[path[-1]] = text if rng.integers(2) else {"error": {"kind": text, "message": text}}
    return root


def fuzzed(reply: Any, rng: np.random.Generator) -> Any:
    """The reply with one part changed, taken out, doubled or moved."""
    everywhere = list(places(reply))
    path = everywhere[rng.integers(len(everywhere))]
    if not path:
        return JUNK[rng.integers(len(JUNK))]
    root = copy.deepcopy(reply)
    parent = root
    for step in path[:-1]:
        parent = parent[step]
    key, old = path[-1], parent[path[-1]]
    how = rng.integers(8)
    if how == 0:
        del parent[key]
    elif how == 1 and isinstance(parent, dict):
        del parent[key]
        parent[["", "\ud800", "W", "type", "extra", "a" * 1000][rng.integers(6)]] = old
    elif how == 2 and isinstance(parent, list):
        parent.insert(key, old)
    elif how == 3:
        parent[key] = [old] if rng.integers(2) else {"tuple": [old, old]}
    elif how == 4 and isinstance(old, np.ndarray) and old.ndim:
        changes = (
            old[:0],
            old[..., :-1],
            old.T,
            old.ravel(),
            -old,
            2 * old,
            old * np.nan,
            old + np.inf,
            old.astype(np.float16),
            old.astype(complex),
            old[None],
            old.astype(int),
            old[::-1],
        )
        parent[key] = np.ascontiguousarray(changes[rng.integers(len(changes))])
    elif how == 5 and isinstance(parent, dict):
        parent[key] = parent[list(parent)[rng.integers(len(parent))]]
    else:
        parent[key] = JUNK[rng.integers(len(JUNK))]
    return root


class Fuzzing(Local):
    """A right subject whose replies to one kind of request are changed now and then."""

    def __init__(
        self,
        target: Any,
        kind: str,
        rng: np.random.Generator,
        tally: list[int],
        change: Callable[[Any, np.random.Generator], Any],
    ) -> None:
        super().__init__(target)
        self._change = change
        self._kind, self._rng, self._tally = kind, rng, tally
        self._requests = 0
        self._share = rng.choice([0.7, 0.2])

    def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
        self._requests += 1
        assert self._requests < MOST_REQUESTS, "it asks without end"
        reply = super().ask(request, seconds, most)
        if request["do"] != self._kind or self._rng.random() > self._share:
            return reply
        self._tally[0] += 1
        return as_it_crosses(self._change({"ok": reply["ok"]}, self._rng), most)


def as_it_crosses(reply: Any, most: int) -> Any:
    try:
        return unpack(reader(pack(reply)), most)
    except BadFrame as error:
        raise Halted("error", f"wrote into the kit's channel ({error})") from None


def reader(frame: bytes) -> Callable[[int], bytes]:
    position = 0

    def read(count: int) -> bytes:
        nonlocal position
        position += count
        if position > len(frame):
            raise EOFError
        return frame[position - count : position]

    return read


@functools.cache
def asking() -> dict[str, list[Law]]:
    """The laws that make each kind of request of a right subject, those of few requests first."""
    found: dict[str, Counter[Law]] = {kind: Counter() for kind in KINDS}
    law = QUICK[0]

    class Listening(Local):
        def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
            found[request["do"]][law] += 1
            return super().ask(request, seconds, most)

    for target in (NATIVE, FUNCTIONS):
        source, connect = Source("", False), functools.partial(Listening, target)
        results = Ladder(QUICK, source, connect, "quick", 0, LIMITS).results()
        for law in QUICK:  # noqa: B007 - `Listening` reads it
            next(results)
        results.close()
    most = {law: sum(counts[law] for counts in found.values()) for law in QUICK}
    return {kind: sorted(counts, key=most.get) for kind, counts in found.items()}


def run(kind: str, law: Law, seed: int, tally: list[int], change: Any = fuzzed) -> Report:
    """The report of a run of one law, in which replies of one kind are fuzzed."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    target = FUNCTIONS if kind.startswith("step") else NATIVE

    def connect() -> Fuzzing:
        return Fuzzing(target, kind, rng, tally, change)

    laws = [ALL[0], law] if law is not ALL[0] else [law]
    source = Source("", False, None if target is FUNCTIONS else "LSTM")
    return Report.of(Ladder(laws, source, connect, "quick", 0, LIMITS).outcome())


def sound(report: Report) -> None:
    """The report can be shown in each form, and fits its schema."""
    told = json.loads(as_json(report))
    errors = [f"{list(error.path)}: {error.message}" for error in VALIDATOR.iter_errors(told)]
    assert errors == []
    for law in told["laws"]:
        compile(law["reproduce"], law["id"], "exec")
    shown = str(report) + report._repr_html_()
    assert "\x1b" not in shown
    shown.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_fuzzed_replies_become_results(kind: str) -> None:
    tally, verdicts, seed, laws = [0], set(), 0, asking()[kind]
    while tally[0] < EACH and seed < MOST_RUNS:
        before = tally[0]
        # Laws of many requests take long, so they have their turn less often.
        law = laws[seed % min(2, len(laws))] if seed % 4 else laws[seed // 4 % len(laws)]
        report = run(kind, law, seed, tally)
        seed += 1
        if tally[0] > before:
            sound(report)
            verdicts.add(report.verdict)
    assert tally[0] >= EACH
    assert "error" in verdicts


def test_without_fuzzing_the_same_laws_hold() -> None:
    """So what the other tests see comes of the fuzzing alone."""
    source = Source("", False, "LSTM")
    ladder = Ladder(QUICK, source, lambda: Local(NATIVE), "quick", 0, LIMITS)
    assert ladder.outcome().passed


def test_huge_replies_leave_no_memory_behind() -> None:
    law = next(law for law in QUICK if law.id == "shapes.forward")
    tally = [0]

    def some(seeds: range) -> None:
        for seed in seeds:
            for kind in ("load", "create", "forward"):
                run(kind, law, seed, tally, enlarged)

    some(range(20))
    tracemalloc.start()
    try:
        some(range(20, 40))
        gc.collect()
        before = tracemalloc.take_snapshot()
        count = tally[0]
        some(range(40, 80))
        gc.collect()
        after = tracemalloc.take_snapshot()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tally[0] - count > 30  # of about 1 MB each
    grown = after.compare_to(before, "lineno")
    assert sum(line.size_diff for line in grown) < 1_000_000, grown[:5]
    assert peak < 50_000_000


# Bytes -------------------------------------------------------------------------------------------


@functools.cache
def frames() -> list[bytes]:
    """A right subject's replies to one request of each kind, as they cross."""
    found: dict[str, bytes] = {}

    class Listening(Local):
        def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
            reply = super().ask(request, seconds, most)
            found.setdefault(request["do"], pack(reply))
            return reply

    for target in (NATIVE, FUNCTIONS):
        source, connect = Source("", False), functools.partial(Listening, target)
        Ladder(QUICK, source, connect, "quick", 0, LIMITS).outcome()
    assert set(KINDS) <= set(found)
    return list(found.values())


def scrambled(frame: bytes, rng: np.random.Generator) -> bytes:
    """The frame with bytes changed, taken out, put in, cut off or repeated, or other lengths."""
    data = bytearray(frame)
    head, rest = data[:16], data[16:]
    at = int(rng.integers(len(data)))
    how = rng.integers(9)
    if how == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif how == 1:
        for place in rng.integers(16, len(data), 20):
            data[place] = int(rng.integers(256))
    elif how == 2:
        del data[at:]
    elif how == 3:
        data[at:at] = rng.bytes(int(rng.integers(1, 40)))
    elif how == 4:
        data[:16] = rng.bytes(16)
    elif how == 5:
        text, body = struct.unpack("<QQ", head)
        data[:16] = struct.pack("<QQ", text + int(rng.integers(-9, 9)), max(0, body - 8))
    elif how == 6:
        data[:16] = struct.pack("<QQ", int(rng.integers(1 << 62)), int(rng.integers(1 << 62)))
    elif how == 7:
        old = [b'"$"', b"<f8", b"[", b"{", b":", b'"', b"2", b"null", b"]"]
        new = [
            b'"$$"',
            b"|O8",
            b"[[",
            b"{{",
            b"-",
            b'"\\ud800',
            b"1e999",
            b"NaN",
            b"99999999999999",
        ]
        rest = rest.replace(old[rng.integers(9)], new[rng.integers(9)], int(rng.integers(1, 9)))
        body = struct.unpack("<QQ", head)[1]
        data = bytearray(struct.pack("<QQ", len(rest) - body, body)) + rest
    else:
        data = bytearray(rng.bytes(int(rng.integers(1, 200))))
    return bytes(data)


def test_fuzzed_bytes_are_a_value_or_a_bad_frame() -> None:
    """And what is a value is a reply or a bad one."""
    rng = np.random.default_rng(0)
    whole = frames()
    seen = set()
    parsers = (replies.loaded, replies.created, replies.returned, replies.nothing)
    for k in range(3000):
        try:
            value = unpack(reader(scrambled(whole[k % len(whole)], rng)), 1 << 20)
        except (BadFrame, EOFError) as error:
            seen.add(type(error))
            continue
        for parse in parsers:
            try:
                seen.add(type(parse(replies.outcome(value))))
            except BadReply:
                seen.add(BadReply)
    assert {BadFrame, EOFError, BadReply, replies.Created, replies.Returned} <= seen


def test_a_frame_that_claims_to_be_huge_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        for claimed in ((1 << 40, 0), (0, 1 << 40), (1 << 63, 1 << 63)):
            with pytest.raises(BadFrame):
                unpack(reader(struct.pack("<QQ", *claimed)), 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


WORKER = """\
import os, sys
channel = int(sys.argv[1])
data = {data!r}
while data:
    data = data[os.write(channel, data):]
if {stays}:
    os.read(channel, 1 << 20)
    os.read(channel, 1 << 20)
"""


def test_fuzzed_bytes_through_a_socket(tmp_path: Path) -> None:
    """From a real process, which then ends or stays: a result, and the process is gone."""
    rng = np.random.default_rng(1)
    whole = frames()
    said = set()
    short = Limits(load=1.0, call=1.0, run=2.0)
    for k in range(120):
        data, stays = whole[k % len(whole)], k % 12 == 0
        if k >= len(whole):
            data = scrambled(data, rng)
        main = tmp_path / f"{k}.py"
        main.write_text(WORKER.format(data=data, stays=stays))
        with Process(main=main) as process:
            try:
                Subject.load(process, Source("lstm.py", True), short)
            except (Breach, Halted) as ended:
                said.add(str(ended).split("(")[0])
            else:
                said.add("loaded")
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
    assert {"loaded", "wrote into the kit's channel ", "ended its process "} <= said

"""What came over the wire, checked and typed before anything is made of it.

The subject's process is not trusted: a reply may be anything that the wire can carry. A malformed
one is a `BadReply`. Results keep their form: None, arrays, tuples, lists, dicts, and `Other` for
what is none of these.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_checks.findings import plain

DEPTH = 6


class BadReply(Exception):
    """A reply has not the form that was agreed on."""


@dataclass(frozen=True, repr=False)
class Other:
    """A result that is no array of plain numbers: its type in words."""

    kind: str

    def __repr__(self) -> str:
        return f"<{self.kind}>"


@dataclass(frozen=True)
class Odd:
    """An array that did not cross, because of its size or its dtype."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """An exception of the subject's. kind: "no_subject", "not_written", "syntax" or "raised"."""

    kind: str
    type: str
    message: str
    line: int | None
    function: str
    code: str
    cell: int | None = None  # of a notebook, in which the line is


@dataclass(frozen=True)
class Loaded:
    """What a subject is, as it says itself.

    `form` is what an adapter found it to be, in words; `compiles` says that each new shape of a
    call costs a compilation, `compiles_calls` that a first call may; `composes` says what it makes
    of several LSTMs. `own` names the LSTM of the framework that it uses, where it is another.
    """

    name: str
    adapter: str
    form: str
    declared: Any
    attributes: Mapping[str, Any]
    not_offered: Mapping[str, str]
    compiles: bool
    compiles_calls: bool
    own: str
    composes: tuple[str, ...]
    methods: tuple[str, ...]
    signatures: Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True)
class Created:
    """A new instance: the names of its weights, and what these held before they were written."""

    names: tuple[str, ...]
    has_params: bool
    found: Mapping[str, Any]


@dataclass(frozen=True)
class Returned:
    """What a call returned, the gradients that it left, and its arguments after the call."""

    result: Any
    grads: Any = None
    inputs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Made:
    """What one line of the subject's source made: its frame, number and text, arrays by name."""

    frame: int
    line: int
    code: str
    arrays: Mapping[str, Any]


def outcome(reply: Any) -> Any:
    """The value of a reply, or a `Failure`.

    Raises:
        BadReply: it is neither.
    """
    if isinstance(reply, dict) and set(reply) == {"ok"}:
        return reply["ok"]
    error = _dict(reply, "error")["error"]
    fields = _dict(error, "kind", "message")
    line, cell = fields.get("line"), fields.get("cell")
    return Failure(
        kind=_text(fields["kind"]),
        type=plain(_text(fields.get("type", "")), 80),
        message=plain(_text(fields["message"])),
        line=line if type(line) is int and 0 < line < 1 << 31 else None,
        function=plain(_text(fields.get("function", "")), 80),
        code=plain(_text(fields.get("code", "")), 120),
        cell=cell if type(cell) is int and 0 < cell < 1 << 31 else None,
    )


def loaded(value: Any) -> Loaded:
    """What `load` replies. Raises BadReply."""
    given = _dict(value, *Loaded.__dataclass_fields__)
    return Loaded(
        name=_text(given["name"]),
        adapter=_text(given["adapter"]),
        form=plain(_text(given["form"]), 400),
        declared=_plain(given["declared"]),
        attributes=_dict(_plain(given["attributes"])),
        not_offered={
            plain(key, 80): plain(why) for key, why in _dict(given["not_offered"]).items()
        },
        compiles=given["compiles"] is True,
        compiles_calls=given["compiles_calls"] is True,
        own=plain(_text(given["own"]), 80),
        composes=_texts(given["composes"]),
        methods=_texts(given["methods"]),
        signatures={
            key: None if names is None else _texts(names)
            for key, names in _dict(given["signatures"]).items()
        },
    )


def created(value: Any) -> Created:
    """What `create` replies. Raises BadReply."""
    given = _dict(value, "names", "has_params", "found")
    found = {key: parsed(item) for key, item in _dict(given["found"]).items()}
    return Created(_texts(given["names"]), given["has_params"] is True, found)


def weights(value: Any, names: Collection[str]) -> dict[str, Any]:
    """What `read` replies for these names. Raises BadReply."""
    given = _dict(value, *names)
    return {name: parsed(given[name]) for name in names}


def nothing(value: Any) -> None:
    """What a request that asks for nothing replies. Raises BadReply."""
    if value is not None:
        raise BadReply


def lines(value: Any) -> list[Made]:
    """What `lines` replies. Raises BadReply."""
    if not isinstance(value, list):
        raise BadReply
    found = []
    for item in value:
        if not isinstance(item, list) or len(item) != 4:
            raise BadReply
        frame, line, code, arrays = item
        if type(frame) is not int or type(line) is not int:
            raise BadReply
        given = {plain(name, 80): array for name, array in _dict(arrays).items()}
        if not all(isinstance(array, np.ndarray) for array in given.values()):
            raise BadReply
        found.append(Made(frame, line, plain(_text(code), 200), given))
    return found


def returned(value: Any) -> Returned:
    """What a call replies. Raises BadReply."""
    given = _dict(value, "result")
    inputs = parsed(given.get("inputs"))
    if inputs is not None and not isinstance(inputs, dict):
        raise BadReply
    return Returned(parsed(given["result"]), parsed(given.get("grads")), inputs)


def parsed(value: Any, depth: int = 0) -> Any:
    """A result in its form: None, an array, tuple, list or dict of results, `Other` or `Odd`.

    Raises:
        BadReply: it is none of these.
    """
    if value is None or isinstance(value, np.ndarray):
        return value
    if depth > DEPTH or not isinstance(value, dict) or len(value) != 1:
        raise BadReply
    ((form, content),) = value.items()
    if form == "type":
        return Other(plain(_text(content), 80))
    if form == "array":
        return _odd(content)
    if form == "dict":
        return {key: parsed(item, depth + 1) for key, item in _dict(content).items()}
    if form in ("tuple", "list") and isinstance(content, list):
        parts = [parsed(item, depth + 1) for item in content]
        return tuple(parts) if form == "tuple" else parts
    raise BadReply


def _odd(content: Any) -> Odd:
    if not isinstance(content, list) or len(content) != 2 or not isinstance(content[1], list):
        raise BadReply
    shape = content[1]
    if len(shape) > 64 or not all(type(n) is int and 0 <= n < 1 << 62 for n in shape):
        raise BadReply
    return Odd(plain(_text(content[0]), 40), tuple(shape))


def _plain(value: Any, depth: int = 0) -> Any:
    """A declared value: None, numbers, text, lists and dicts, and `Other` for what is none."""
    if depth > DEPTH or isinstance(value, np.ndarray):
        raise BadReply
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if set(value) == {""}:
            return Other(plain(_text(value[""]), 80))
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    return value


def _dict(value: Any, *keys: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not set(keys) <= set(value):
        raise BadReply
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadReply
    return value.encode("utf-8", "replace").decode()


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadReply
    return tuple(_text(item) for item in value)


def number(value: Any) -> float | None:
    """A finite float, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None

"""The rubric: what is worth how many points. TOML, checked against a schema."""

import csv
import fnmatch
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lstm_checks.engine.law import Law
from lstm_checks.engine.rungs import RUNGS
from lstm_checks.launch.limits import Limits
from lstm_checks.laws.registry import ALL
from lstm_checks.subjects.contract import CAPABILITIES

RUBRICS = Path(__file__).parent / "rubrics"
DISCLOSES = ("law", "place", "fault", "expected")  # each tells what the one before tells, too


class BadRubric(Exception):
    """A rubric has no meaning; the message says where, and what can stand there."""


@dataclass(frozen=True)
class Worth:
    """What share of a law's points a status earns; a law that holds earns all, a failed one none.

    A blocked law was not tried, so by default it earns nothing, unless a diagnosis reproduces all
    the wrong numbers from one known fault: what it blocks is then right but for that fault.
    """

    remark: float = 1.0
    blocked: float = 0.0
    blocked_by_a_named_fault: float = 1.0
    not_offered: float = 0.0
    not_attempted: float = 0.0


@dataclass(frozen=True)
class Late:
    """What lateness costs: points per unit of a column, by the ids of a CSV file."""

    units: Mapping[str, float]
    points_per_unit: float
    at_most: float

    def cost(self, student: str) -> float:
        """The points that a student loses."""
        return min(self.at_most, max(0.0, self.units.get(student, 0.0)) * self.points_per_unit)


@dataclass(frozen=True)
class Rubric:
    """An assignment, and what its parts are worth.

    Attributes:
        title: the assignment's name; the cases are drawn from it and the course's key.
        adapter: the submissions' format; None to detect it.
        level: "quick", "standard" or "deep".
        required: capabilities that a submission must offer. A law that needs another is reported
            and carries no points.
        points: by rung, shared equally by its laws; or by a law's id, which then has its own.
        worth: what a status earns.
        hidden: patterns of ids of laws that students are told nothing about.
        disclose: how much a student's report says: the law, the place, the fault, expected values.
        id_pattern: a regular expression with a group `id`, and `file` where one student hands in
            several files, that an entry's name matches; None for the name without its suffix.
        file: a pattern of the file that holds the subject; None to look for it.
        packages: distributions that a submission may import besides NumPy.
        limits: seconds and memory of one submission.
        late: what lateness costs.
        digest: of the text, for telling whether a result belongs to this rubric.
    """

    title: str
    points: Mapping[str, float]
    adapter: str | None = None
    level: str = "quick"
    required: frozenset[str] = frozenset()
    worth: Worth = Worth()
    hidden: tuple[str, ...] = ()
    disclose: str = "fault"
    id_pattern: str | None = None
    file: str | None = None
    packages: tuple[str, ...] = ()
    limits: Limits = field(default_factory=lambda: Limits(10.0, 5.0, 60.0, 512 << 20))
    late: Late | None = None
    digest: str = ""

    @property
    def total(self) -> float:
        """All points."""
        return sum(self.points.values())

    def hides(self, law: str) -> bool:
        """Whether students are told nothing about a law."""
        return any(fnmatch.fnmatch(law, pattern) for pattern in self.hidden)

    def counts(self, law: Law) -> bool:
        """Whether a law carries points: it runs at the level, and needs only what is required."""
        return bool(law.examples_at(self.level)) and set(law.needs) <= self.required

    def shares(self) -> dict[str, float]:
        """The points of each law that carries any. Together they are `total`."""
        shares: dict[str, float] = {}
        for name, points in self.points.items():
            if name in RUNGS:
                laws = [
                    law.id
                    for law in ALL
                    if law.rung == name and self.counts(law) and law.id not in self.points
                ]
                shares |= {law: points / len(laws) for law in laws}
            else:
                shares[name] = points
        return shares


def default(adapter: str | None) -> Rubric:
    """The rubric for a format, where the teacher names none."""
    name = adapter if adapter in ("cs231n", "torch") else "native"
    rubric = load(RUBRICS / f"{name}.toml")
    return rubric if adapter is None else _with_adapter(rubric, adapter)


def load(path: Path, adapter: str | None = None) -> Rubric:
    """The rubric in a file.

    Args:
        path: the file.
        adapter: takes the place of the rubric's own.

    Raises:
        BadRubric: it cannot be read, is no TOML, or does not fit the schema; with line numbers.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadRubric(f"{path} cannot be read: {reason}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRubric(f"{path} is not valid TOML: {error}") from None
    problems = [*_by_schema(data, text), *_by_meaning(data, text)]
    if problems:
        raise BadRubric("\n".join(f"{path}, {problem}" for problem in sorted(set(problems))))
    rubric = _made(data, path.parent, hashlib.sha256(text.encode()).hexdigest())
    empty = [
        name
        for name in rubric.points
        if name in RUNGS and rubric.points[name] and not _laws_of(rubric, name)
    ]
    if empty:
        raise BadRubric(
            f"{path}, {_line(text, ['points', empty[0]])}: no law of the rung {empty[0]!r} runs at "
            f"the level {rubric.level!r} with what is required, so its points cannot be earned"
        )
    return rubric if adapter is None else _with_adapter(rubric, adapter)


def _laws_of(rubric: Rubric, rung: str) -> list[Law]:
    return [one for one in ALL if one.rung == rung and rubric.counts(one)]


def _with_adapter(rubric: Rubric, adapter: str) -> Rubric:
    from dataclasses import replace

    return replace(rubric, adapter=adapter)


def _made(data: Mapping[str, Any], folder: Path, digest: str) -> Rubric:
    limits = data.get("limits", {})
    submissions = data.get("submissions", {})
    late = _late(data["late"], folder) if "late" in data else None
    if late is not None:
        digest = hashlib.sha256(f"{digest} {sorted(late.units.items())}".encode()).hexdigest()
    return Rubric(
        title=data["title"],
        points=data["points"],
        adapter=data.get("adapter") or None,
        level=data.get("level", "quick"),
        required=frozenset(data.get("required", ())),
        worth=Worth(**data.get("worth", {})),
        hidden=tuple(data.get("hidden", ())),
        disclose=data.get("disclose", "fault"),
        id_pattern=submissions.get("id"),
        file=submissions.get("file"),
        packages=tuple(data.get("packages", ())),
        limits=Limits(
            load=limits.get("load", 10.0),
            call=limits.get("call", 5.0),
            run=limits.get("run", 60.0),
            memory=limits.get("memory_mib", 512) << 20,
        ),
        late=late,
        digest=digest,
    )


def _late(data: Mapping[str, Any], folder: Path) -> Late:
    path = folder / data["file"]
    name, column = data.get("id", "id"), data["column"]
    units: dict[str, float] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            for wanted in (name, column):
                if wanted not in (rows.fieldnames or ()):
                    raise BadRubric(f"{path} has no column {wanted!r}")
            for row in rows:
                units[row[name]] = float(row[column] or 0)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadRubric(f"{path} cannot be read: {reason}") from None
    except ValueError as error:
        raise BadRubric(f"{path}: in the column {column!r}, {error}") from None
    return Late(units, data["points_per_unit"], data.get("at_most", float("inf")))


def _by_schema(data: Mapping[str, Any], text: str) -> list[str]:
    import jsonschema

    schema = json.loads((RUBRICS / "schema.json").read_text())
    return [
        f"{_line(text, _keys(error))}: {_says(error)}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(data)
    ]


def _keys(error: Any) -> list[Any]:
    keys = list(error.absolute_path)
    if error.validator == "additionalProperties":
        keys += sorted(set(error.instance) - set(error.schema.get("properties", ())))[:1]
    return keys


def _says(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = _keys(error)[-1]
        return f"there is no setting {unknown!r}{_meant(unknown, known)}"
    if error.validator == "required":
        return str(error.message).replace(" is a required property", " is missing")
    return f"{where}: {error.message}" if where else str(error.message)


def _by_meaning(data: Mapping[str, Any], text: str) -> list[str]:
    problems = []
    laws = [law.id for law in ALL]
    points, required, hidden = (data.get(key) for key in ("points", "required", "hidden"))
    for name in points if isinstance(points, dict) else ():
        if name not in RUNGS and name not in laws:
            meant = _meant(name, [*RUNGS, *laws])
            line = _line(text, ["points", name])
            problems.append(f"{line}: there is no rung and no law {name!r}{meant}")
    for name in required if isinstance(required, list) else ():
        if name not in CAPABILITIES:
            meant = _meant(str(name), list(CAPABILITIES))
            problems.append(f"{_line(text, [name])}: there is no capability {name!r}{meant}")
    for pattern in hidden if isinstance(hidden, list) else ():
        if not any(fnmatch.fnmatch(law, str(pattern)) for law in laws):
            problems.append(f"{_line(text, [pattern])}: {pattern!r} matches no law")
    given = data.get("submissions")
    pattern = given.get("id") if isinstance(given, dict) else None
    if isinstance(pattern, str):
        problems += [f"{_line(text, ['id'])}: {why}" for why in [_no_pattern(pattern)] if why]
    return problems


def _no_pattern(pattern: str) -> str:
    """What is wrong with a pattern of names; "" if nothing is."""
    try:
        if "id" in re.compile(pattern).groupindex:
            return ""
    except re.error as error:
        return f"the pattern {pattern!r} is no regular expression: {error}"
    return f"the pattern {pattern!r} has no group (?P<id>...)"


def _meant(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, 1, 0.5)
    return f"; do you mean {close[0]!r}?" if close else ""


def _line(text: str, keys: Sequence[Any]) -> str:
    """Where a key stands: "line 7"; the last key that the text holds decides."""
    found, lines = 1, text.splitlines()
    for key in keys:
        if not isinstance(key, str):
            continue
        word = re.compile(rf"(^|[^\w.]){re.escape(key)}($|[^\w.])")
        for number in range(found, len(lines) + 1):
            if word.search(lines[number - 1].partition("#")[0]):
                found = number
                break
    return f"line {found}"

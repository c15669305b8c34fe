"""Reads a folder of submissions by allow-list: regular files of some kinds, within sizes, no links.

Nothing is guessed and nothing is skipped in silence: each entry of the folder becomes a submission,
or a trouble with its reason, or stands in the list of what is none.
"""

import ast
import fnmatch
import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lstm_checks.findings import plain
from lstm_checks.grading.notebook import BadNotebook, as_module

CODE = (".py", ".ipynb")
DATA = (".npy", ".npz", ".txt", ".csv", ".json")
LARGEST = 2 << 20  # bytes of one file
LARGEST_CODE = 512 << 10  # bytes of one file of code
ALTOGETHER = 8 << 20  # bytes of one submission
MOST_FILES = 200
MOST_SEEN = 5000  # files looked at in one submission
DEPTH = 8
NAMED = 12  # what is left out, by name
# Names that an export has beside the submissions.
BESIDE = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "submission_metadata.yml")
HOLDS_AN_LSTM = re.compile(
    r"^[ \t]*(class[ \t]+\w{0,40}?lstm|def[ \t]+lstm_(forward|step_forward)\b)", re.I | re.M
)
PATTERNS = {
    "canvas": r"[^_]+_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)",
    "moodle": r"(?P<id>.+?_\d+)_assignsubmission_(?:file|onlinetext).*",
    "gradescope": r"submission_(?P<id>\d+)",
}


class Trouble(Exception):
    """An entry is no submission that could be graded; the message says why."""


@dataclass(frozen=True)
class Submission:
    """One student's submission, read.

    Attributes:
        id: the student's.
        entry: the name in the folder.
        trouble: why it cannot be graded; "" if it can.
        files: its files by their path, as far as they are let in.
        main: the path of the file that holds the subject.
        left_out: what was not let in, each with the reason.
        imports: the modules that its source names in import statements.
        remarkable: what else its source reaches for, such as "ctypes" or "exec".
    """

    id: str
    entry: str
    trouble: str = ""
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    main: str = ""
    left_out: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    remarkable: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of all files that were let in, and of which of them holds the subject."""
        found = hashlib.sha256(f"{self.main}\0{self.trouble}".encode("utf-8", "replace"))
        for name, content in sorted(self.files.items()):
            found.update(f"\0{name}\0{len(content)}\0".encode("utf-8", "replace") + content)
        return found.hexdigest()


@dataclass(frozen=True)
class Folder:
    """What a folder holds: for each student the entries, and what is no submission."""

    path: Path
    entries: tuple[tuple[str, tuple[str, ...], str], ...]  # id, names of entries, trouble
    beside: tuple[str, ...]

    def submissions(self, file: str | None, pattern: str | None) -> Iterator[Submission]:
        """Read the submissions one after the other."""
        for student, names, trouble in self.entries:
            yield read(self.path, student, names, trouble, file, pattern)


def look(path: Path, pattern: str | None) -> Folder:
    """List a folder.

    Args:
        path: the folder.
        pattern: what names match; see `Rubric.id_pattern`. A name in `PATTERNS` stands for one.

    Raises:
        Trouble: it is no folder, or it is empty.
    """
    if not path.is_dir():
        raise Trouble(f"there is no folder {path}")
    names = sorted(os.listdir(path))  # noqa: PTH208 - names, not paths
    beside = tuple(name for name in names if name in BESIDE)
    groups: dict[str, list[str]] = {}
    entries: list[tuple[str, tuple[str, ...], str]] = []
    expression = re.compile(PATTERNS.get(pattern or "", pattern or ""))
    collects = "file" in expression.groupindex
    for name in names:
        if name in BESIDE:
            continue
        student = PurePosixPath(name).stem
        if pattern:
            match = expression.fullmatch(name) or expression.fullmatch(student)
            if match is None:
                entries.append((name, (name,), "its name does not match the pattern for ids"))
                continue
            student = match["id"]
        groups.setdefault(student, []).append(name)
    for student, group in groups.items():
        files = collects and all((path / name).is_file() for name in group)
        if len(group) == 1 or files:
            entries.append((student, tuple(group), ""))
            continue
        for name in group:
            others = ", ".join(one for one in group if one != name)
            entries.append((name, (name,), f"{others} has the same id, {student}"))
    if not entries:
        raise Trouble(f"the folder {path} is empty")
    return Folder(path, tuple(sorted(entries)), beside)


def read(
    folder: Path,
    student: str,
    names: tuple[str, ...],
    trouble: str,
    file: str | None,
    pattern: str | None,
) -> Submission:
    """Read one submission; whatever is wrong with it is its `trouble`."""
    entry = ", ".join(names)
    if trouble:
        return Submission(student, entry, trouble)
    inlet = _Inlet()
    try:
        if len(names) == 1:
            _take(inlet, folder / names[0])
        else:
            expression = re.compile(PATTERNS.get(pattern or "", pattern or ""))
            for name in names:
                match = expression.fullmatch(name)
                _take(inlet, folder / name, match["file"] if match else name)
        if not any(PurePosixPath(one).suffix.lower() in CODE for one in inlet.files):
            why = f" ({'; '.join(inlet.left_out[:2])})" if inlet.left_out else ""
            raise Trouble(f"there is no .py or .ipynb file in it{why}")
        main = _main(inlet.files, file)
        if main.endswith(".ipynb"):
            source, left_out = as_module(inlet.files[main].decode("utf-8", "replace"))
            inlet.left_out += left_out
            main = str(PurePosixPath(main).with_suffix(".notebook.py"))
            inlet.files[main] = source.encode("utf-8", "replace")
    except (Trouble, BadNotebook) as error:
        return Submission(student, entry, str(error), left_out=tuple(inlet.left_out))
    except OSError as error:
        return Submission(student, entry, f"it cannot be read: {error.strerror}")
    imports, remarkable = _reaches(inlet.files)
    return Submission(
        student, entry, "", inlet.files, main, tuple(inlet.left_out), imports, remarkable
    )


class _Inlet:
    """Lets files in, one by one, within the bounds on a submission."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.left_out: list[str] = []
        self._unnamed = 0
        self._seen = 0
        self._bytes = 0

    def leave(self, name: str, why: str) -> None:
        self.left_out.append(f"{plain(name, 120)}: {why}")

    def wants(self, name: str) -> bool:
        """Whether a file of this name is let in, as far as its name tells."""
        self._seen += 1
        if self._seen > MOST_SEEN:
            raise Trouble(f"it holds more than {MOST_SEEN} files")
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
            self.leave(name, "its path leads out of the submission")
        elif any(part in BESIDE or part.startswith(".") or part == "__pycache__" for part in parts):
            self.leave(name, "hidden files and byte code are not let in")
        elif len(parts) > DEPTH:
            self.leave(name, f"it lies more than {DEPTH} folders deep")
        elif PurePosixPath(name).suffix.lower() not in CODE + DATA:
            self.leave(name, f"only {', '.join(CODE + DATA)} files are let in")
        elif name in self.files:
            raise Trouble(f"it holds two files of the name {plain(name, 120)}")
        else:
            return True
        return False

    def take(self, name: str, content: bytes) -> None:
        """Let a file in; `content` may be cut off one byte after the largest that is allowed."""
        most = LARGEST_CODE if PurePosixPath(name).suffix.lower() in CODE else LARGEST
        if len(content) > most:
            self.leave(name, f"it is larger than {most >> 10} KiB")
            return
        self._bytes += len(content)
        if self._bytes > ALTOGETHER:
            raise Trouble(f"its files are larger than {ALTOGETHER >> 20} MiB together")
        if len(self.files) >= MOST_FILES:
            raise Trouble(f"it holds more than {MOST_FILES} files")
        self.files[name] = content


def _take(inlet: _Inlet, path: Path, name: str | None = None) -> None:
    mode = os.lstat(path).st_mode
    name = path.name if name is None else name
    if stat.S_ISLNK(mode):
        raise Trouble("it is a symbolic link, which is not followed")
    if stat.S_ISDIR(mode):
        for inner, place in _walk(inlet, path, ""):
            _regular(inlet, place, inner)
    elif not stat.S_ISREG(mode):
        raise Trouble("it is neither a regular file nor a folder")
    elif path.suffix.lower() == ".zip":
        _unzip(inlet, path)
    else:
        _regular(inlet, path, name)


def _walk(inlet: _Inlet, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for one in sorted(os.scandir(folder), key=lambda one: one.name):
        name = f"{prefix}{one.name}"
        if one.is_symlink():
            inlet.leave(name, "links are not followed")
        elif one.is_dir(follow_symlinks=False):
            if one.name.startswith(".") or one.name in (*BESIDE, "__pycache__"):
                inlet.leave(name, "hidden folders and byte code are not let in")
            elif name.count("/") + 1 >= DEPTH:
                inlet.leave(name, f"it lies more than {DEPTH} folders deep")
            else:
                yield from _walk(inlet, Path(one.path), f"{name}/")
        elif one.is_file(follow_symlinks=False):
            yield name, Path(one.path)
        else:
            inlet.leave(name, "it is no regular file")


def _regular(inlet: _Inlet, path: Path, name: str) -> None:
    if not inlet.wants(name):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            inlet.take(name, file.read(LARGEST + 1))


def _unzip(inlet: _Inlet, path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                kind = stat.S_IFMT(member.external_attr >> 16)
                if member.is_dir():
                    continue
                if kind not in (0, stat.S_IFREG):
                    inlet.leave(member.filename, "it is no regular file")
                elif inlet.wants(member.filename):
                    with archive.open(member) as file:
                        inlet.take(member.filename, file.read(LARGEST + 1))
    except Trouble:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise Trouble(f"the zip file is corrupt: {plain(error, 120)}") from None
    except RuntimeError as error:  # encrypted
        raise Trouble(f"the zip file cannot be opened: {plain(error, 120)}") from None


def _main(files: dict[str, bytes], pattern: str | None) -> str:
    """The file that holds the subject."""
    code = [name for name in files if PurePosixPath(name).suffix.lower() in CODE]
    if pattern is not None:
        code = [
            name
            for name in code
            if fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(PurePosixPath(name).name, pattern)
        ]
        if not code:
            raise Trouble(f"there is no file {pattern} in it")
    if len(code) > 1:
        found = [name for name in code if HOLDS_AN_LSTM.search(_source(name, files[name]))]
        code = found or code
    if len(code) > 1:
        listed = ", ".join(plain(name, 60) for name in sorted(code)[:4])
        raise Trouble(
            f"{len(code)} files may hold the LSTM ({listed}{', …' if len(code) > 4 else ''}); the "
            "rubric's setting submissions.file can say which"
        )
    return code[0]


def _source(name: str, content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    if not name.endswith(".ipynb"):
        return text
    try:
        return as_module(text)[0]
    except BadNotebook:
        return ""


ODD_MODULES = {"ctypes", "gc", "inspect", "importlib", "os", "subprocess", "socket", "sys"}
ODD_MODULES |= {"threading", "multiprocessing", "signal", "builtins", "mmap", "atexit"}
ODD_NAMES = {"exec", "eval", "compile", "__import__", "globals", "_getframe", "__builtins__"}


def _reaches(files: dict[str, bytes]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules that the source imports, and what of its names deserves a look."""
    imports: set[str] = set()
    odd: set[str] = set()
    for name, content in files.items():
        if not name.endswith(".py"):
            continue
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imports |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imports.add("." if node.level else str(node.module).partition(".")[0])
            elif isinstance(node, ast.Name) and node.id in ODD_NAMES:
                odd.add(node.id)
            elif isinstance(node, ast.Attribute) and node.attr in ODD_NAMES:
                odd.add(node.attr)
    return tuple(sorted(imports)), tuple(sorted(odd | imports & ODD_MODULES))

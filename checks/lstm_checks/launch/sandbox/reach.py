"""What a subject may read: Python, NumPy, what else the assignment allows; nothing of the kit's.

Everything keeps its path. `Reach.roots` are folders and files of the system; `Reach.hidden` are
the folders within them that hold installed packages; `Reach.packages` are the packages allowed.
"""

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import lstm_checks
import lstm_reference
from lstm_checks import adapters, worker

SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
INSTALLED = ("site-packages", "dist-packages")


class NotInstalled(Exception):
    """A package that an assignment allows is not installed here."""


@dataclass(frozen=True)
class Reach:
    """What can be read.

    Attributes:
        python: the interpreter, outside any virtual environment.
        roots: folders and files of the system and of Python.
        hidden: folders within them that are out of reach.
        packages: folders and files that are within reach again.
        path: what Python's path gains.
    """

    python: str
    roots: tuple[str, ...]
    hidden: tuple[str, ...]
    packages: tuple[str, ...]
    path: tuple[str, ...]

    def spelled_out(self) -> list[str]:
        """The same without subtraction: paths to allow; a folder's "/." allows to list it."""
        found: list[str] = []
        for root in self.roots:
            found += _without(root, self.hidden)
        return [*found, *self.packages]


def reach(distributions: Iterable[str] = ()) -> Reach:
    """What a subject may read.

    Args:
        distributions: the names of installed distributions that it may import besides NumPy.

    Raises:
        NotInstalled: one of them is not installed.
    """
    python = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib")).resolve()
    platform = Path(sys.base_exec_prefix, sys.platlibdir, stdlib.name).resolve()
    wanted = [*map(Path, (*SYSTEM, *SETTINGS)), python, stdlib, platform]
    if not any(within(stdlib, system) for system in SYSTEM):
        wanted += stdlib.parent.glob("*.so*")  # an interpreter elsewhere has its own libraries
    roots = _outermost(path for path in wanted if path.exists() and not path.is_symlink())
    places = [place for name in _closure(["numpy", *distributions]) for place in _places(name)]
    kit = [Path(str(package.__file__)).parent for package in (lstm_checks, lstm_reference)]
    hidden = [
        found
        for root in roots
        for folder in INSTALLED
        for pattern in (folder, f"python*/{folder}")
        for found in sorted(root.glob(pattern) if root.is_dir() else ())
    ] + [folder for folder in kit if any(within(folder, root) for root in roots)]
    own = [Path(str(module.__file__)).parent for module in (worker, adapters)]
    path = dict.fromkeys(str(place.parent) for place in places)
    return Reach(str(python), _texts(roots), _texts(hidden), _texts([*places, *own]), tuple(path))


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(map(str, paths))


def _closure(names: list[str]) -> list[str]:
    """Distributions and what they require, where it is installed."""
    found: dict[str, None] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name.lower() in found:
            continue
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            if name in names and importlib.util.find_spec(name) is None:
                raise NotInstalled(f"the package {name!r} is not installed") from None
            if name not in names:
                continue
            required = []
        found[name.lower()] = None
        for line in required:
            requirement = re.match(r"[\w.-]+", line)
            if requirement and "extra ==" not in line:
                queue.append(requirement[0])
    return list(found)


def _places(name: str) -> list[Path]:
    """The folders and files at the top of a distribution."""
    try:
        files = importlib.metadata.files(name)
    except importlib.metadata.PackageNotFoundError:
        files = None
    if files:
        base = Path(str(files[0].locate())).parents[len(files[0].parts) - 1].resolve()
        tops = {file.parts[0] for file in files} - {"..", "__pycache__"}
        return [base / top for top in sorted(tops) if not top.endswith(".pth")]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return []
    place = Path(spec.origin).resolve()
    return [place.parent if spec.submodule_search_locations else place]


def within(path: Path | str, folder: Path | str) -> bool:
    """Whether a path is a folder or lies in it."""
    return Path(path).is_relative_to(folder)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    unique = sorted(set(paths), key=lambda path: len(path.parts))
    return [
        path for k, path in enumerate(unique) if not any(within(path, one) for one in unique[:k])
    ]


def _without(path: str, hidden: tuple[str, ...]) -> Iterator[str]:
    """The path, or where it holds something hidden, those of its parts that do not."""
    if path in hidden:
        return
    if not any(within(one, path) for one in hidden):
        yield path
        return
    yield f"{path}/."
    for part in sorted(Path(path).iterdir()):
        yield from _without(str(part), hidden)

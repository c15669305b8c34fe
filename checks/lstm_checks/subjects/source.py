"""Reads what a user names as the subject: FILE[:NAME], an importable name, a path or an object."""

import inspect
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from lstm_checks import adapters
from lstm_checks.findings import quoted
from lstm_checks.worker.encode import class_attribute

FRAMEWORKS = (
    "torch",
    "tensorflow",
    "keras",
    "jax",
    "flax",
    "equinox",
    "onnx",
    "tinygrad",
)  # imported by the names of their packages
ROLES = ("W", "U", "b", "x", "h", "c", "state")  # the last four are arguments of functions


@dataclass(frozen=True)
class Source:
    """What is under check.

    Attributes:
        source: a file, or an importable name; "" for an object that no file holds.
        is_file: which of the two.
        name: the object in it, None where it is to be detected.
        adapter: the adapter's name or file, None where it is to be detected.
        adapter_is_file: which of the two.
        names: what the call declares of the names in it, as its own `names` would.
    """

    source: str
    is_file: bool
    name: str | None = None
    adapter: str | None = None
    adapter_is_file: bool = False
    names: dict[str, str | list[str]] | None = None

    def __str__(self) -> str:
        return ":".join(part for part in (self.source, self.name) if part) or "a module of no file"


class Unusable(Exception):
    """The call itself makes no sense; the message says why and what to type."""


def parse(text: str, adapter: str | None = None, folder: Path | None = None) -> Source:
    """The source that FILE[:NAME] or MODULE[:NAME] means.

    Args:
        text: what the user typed.
        adapter: a bundled adapter's name, or a file.
        folder: where relative paths begin; the current directory if left out.

    Raises:
        Unusable: there is no such file, module or adapter.
    """
    adapted = _with_adapter(Source("", False), adapter, folder)
    path, name = _split(text, folder)
    file = _under(folder, path)
    if file.is_dir():
        raise Unusable(f"{quoted(path)} is a directory; name the file in it that holds the LSTM")
    if file.is_file():
        return replace(adapted, source=str(file) if folder else path, is_file=True, name=name)
    if file.exists():
        raise Unusable(f"{quoted(path)} is not a regular file")
    if path.endswith(".py") or not all(part.isidentifier() for part in path.split(".")):
        raise Unusable(f"there is no file {quoted(path)}")
    if not _importable(path):
        raise Unusable(f"there is no file {quoted(path)}, and {_not_installed(path)}")
    return replace(adapted, source=path, name=name)


def names_of(text: str) -> dict[str, str | list[str]]:
    """What --names declares: "W=Wx,U=Wh,b=bias"; a list of two biases or four gates has "+".

    Raises:
        Unusable: it is not of this form.
    """
    found: dict[str, str | list[str]] = {}
    for part in text.split(","):
        key, equals, value = (one.strip() for one in part.partition("="))
        listed = [one.strip() for one in value.split("+")]
        if not equals or not all(listed):
            raise Unusable(
                f"--names is {quoted(text)}; it must be of the form W=Wx,U=Wh,b=bias, where "
                "W=Wi+Wf+Wg+Wo names one matrix per gate in the order of gate_order"
            )
        if key not in ROLES or key in found:
            wrong = " twice" if key in found else ", which has no meaning"
            raise Unusable(
                f"--names declares {quoted(key)}{wrong}; what it can declare is {', '.join(ROLES)}"
            )
        found[key] = listed if len(listed) > 1 else listed[0]
    return found


def of_object(subject: Any, adapter: str | None = None) -> tuple[Source, bool]:
    """The source of a class or module at hand, and whether it can be loaded from there.

    A class can be loaded in a process of its own where it stands at the top of an imported file.

    Raises:
        TypeError: it is neither a class nor a module.
        Unusable: there is no such adapter.
    """
    module: ModuleType | None
    name: str | None
    if isinstance(subject, ModuleType):
        module, name = subject, None
    elif inspect.isclass(subject):
        home = class_attribute(subject, "__module__")
        name = class_attribute(subject, "__qualname__")
        module = sys.modules.get(home) if isinstance(home, str) else None
    else:
        raise TypeError(
            f"give a class, a module, a path or a name, not {_article(type(subject).__name__)}"
        )
    found = _with_adapter(Source("", False, name), adapter, None)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or not Path(file).is_file():
        return found, False
    loadable = name is None or _at_the_top(module, name, subject)
    package = getattr(module, "__package__", None)
    main = getattr(module, "__name__", "") == "__main__"
    if package and not main and isinstance(module, ModuleType):
        return replace(found, source=module.__name__), loadable
    return replace(found, source=file, is_file=True), loadable and not main


def _at_the_top(module: Any, name: str, subject: Any) -> bool:
    """Whether the module holds this very class under its own name."""
    return "." not in name and vars(module).get(name) is subject


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _with_adapter(source: Source, adapter: str | None, folder: Path | None) -> Source:
    if adapter is None:
        return source
    if not isinstance(adapter, str):
        raise TypeError(f"adapter must be a name or a file, not {_article(type(adapter).__name__)}")
    if not adapter.endswith(".py") and "/" not in adapter:
        if adapter not in adapters.NAMES:
            raise Unusable(
                f"there is no adapter {quoted(adapter)}; there are {', '.join(adapters.NAMES)}, or "
                "name a file"
            )
        return replace(source, adapter=adapter)
    file = _under(folder, adapter)
    if not file.is_file():
        raise Unusable(f"there is no adapter file {quoted(adapter)}")
    return replace(source, adapter=str(file.resolve()), adapter_is_file=True)


def _under(folder: Path | None, path: str) -> Path:
    return Path(path) if folder is None else folder / path


def _split(text: str, folder: Path | None) -> tuple[str, str | None]:
    if _under(folder, text).exists():
        return text, None
    path, colon, name = text.rpartition(":")
    return (path, name or None) if colon and not name.startswith(("\\", "/")) else (text, None)


def _not_installed(module: str) -> str:
    top = module.partition(".")[0]
    how = f"pip install {top}" if top in FRAMEWORKS else "install its package, or name a file"
    return f"no module {quoted(top)} is installed: {how}"


def _importable(module: str) -> bool:
    """Whether the top of a dotted name can be found; nothing of it is run."""
    top = module.partition(".")[0]
    here = Path.cwd()
    return (here / top).is_dir() or (here / f"{top}.py").is_file() or find_spec(top) is not None

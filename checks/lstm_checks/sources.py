"""Reads what a user types for a subject: FILE[:NAME], or an importable name."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """What is under check: a file or an importable name, an object in it, and an adapter."""

    source: str
    is_file: bool
    name: str | None = None
    adapter: str | None = None
    adapter_is_file: bool = False


ADAPTERS = ("native", "torch", "cs231n")


class Unusable(Exception):
    """The call itself makes no sense; the message says why and what to type."""


def parse(text: str, adapter: str | None = None) -> Source:
    """The source that FILE[:NAME] or MODULE[:NAME] means.

    Raises:
        Unusable: there is no such file or module.
    """
    path, name = _split(text)
    adapter_is_file = adapter is not None and (adapter.endswith(".py") or "/" in adapter)
    if adapter is not None and not adapter_is_file and adapter not in ADAPTERS:
        raise Unusable(
            f"there is no adapter {adapter!r}; there are {', '.join(ADAPTERS)}, or a file"
        )
    if adapter_is_file and not Path(adapter or "").is_file():
        raise Unusable(f"there is no adapter file {adapter!r}")
    if adapter_is_file:
        adapter = str(Path(adapter or "").resolve())
    if Path(path).is_dir():
        raise Unusable(f"{path} is a directory; name the file in it that holds the LSTM")
    if Path(path).is_file():
        return Source(path, True, name, adapter, adapter_is_file)
    looks_like_a_file = path.endswith(".py") or "/" in path or "\\" in path
    if not path or looks_like_a_file or not _importable(path):
        hint = "" if looks_like_a_file else ", and no module of that name can be imported"
        raise Unusable(f"there is no file {path!r}{hint}")
    return Source(path, False, name, adapter, adapter_is_file)


def _split(text: str) -> tuple[str, str | None]:
    if Path(text).exists():
        return text, None
    path, colon, name = text.rpartition(":")
    return (path, name or None) if colon and not name.startswith(("\\", "/")) else (text, None)


def _importable(module: str) -> bool:
    """Whether the top of a dotted name can be found; nothing of it is run."""
    top = module.partition(".")[0]
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    here = Path.cwd()
    return (here / top).is_dir() or (here / f"{top}.py").is_file() or find_spec(top) is not None

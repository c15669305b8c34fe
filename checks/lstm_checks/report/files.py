"""Writes a report's files: beside their place first, then renamed; never through a link."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


class Unwritable(Exception):
    """A file cannot be written; the message says why."""


def check_writable(path: str) -> None:
    """Try, before the work begins, whether a report could be written there.

    Raises:
        Unwritable: it could not.
    """
    _check_place(path)
    try:
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}") from None


def write(path: str, content: str | bytes) -> None:
    """Write a file in one step: it is there in full or not at all.

    Raises:
        Unwritable: there is a directory, a link or a device at this path, or the system refuses.
    """
    _check_place(path)
    folder = Path(path).parent
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".lstm-checks-")
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content if isinstance(content, bytes) else _encoded(content))
            beside.chmod(0o666 & ~_umask())
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}") from None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _check_place(path: str) -> None:
    if not Path(path).name or path.endswith(("/", "\\")):
        raise Unwritable(f"'{path}' cannot be written: it names no file")
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a directory or a device"
        raise Unwritable(f"{path} cannot be written: it is {kind}; name a regular file")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

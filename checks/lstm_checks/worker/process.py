"""The judge's end of the channel: starts the subject's process, asks it, and watches over it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, Any, Literal, Protocol

from lstm_checks.worker.wire import BadFrame, pack, unpack

OUTPUT_KEPT = 1 << 16  # bytes of each of stdout and stderr
OUTPUT_LIMIT = 1 << 24  # bytes after which printing counts as a flood


@dataclass(frozen=True)
class Limits:
    """Seconds: for loading the subject, for one call, for the run as a whole."""

    load: float = 30.0
    call: float = 10.0
    run: float = 300.0


class Halted(BaseException):
    """The subject's process does not go on. Not an Exception: nothing may mistake it for a result.

    kind is "timeout" or "error"; the text says what happened, in words.
    """

    def __init__(self, kind: Literal["error", "timeout"], text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


class Channel(Protocol):
    """Where requests go: a process of the subject's own, or this one."""

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]: ...
    def output(self) -> tuple[str, str]: ...
    def close(self) -> None: ...


class _Capture(threading.Thread):
    """Reads one of the subject's streams to its end; keeps the beginning, counts all."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._kept = bytearray()
        self.count = 0
        self.start()

    def run(self) -> None:
        while part := os.read(self._stream.fileno(), 1 << 16):
            self.count += len(part)
            self._kept += part[: OUTPUT_KEPT - len(self._kept)]
            if self.count > OUTPUT_LIMIT:
                break
        self._stream.close()

    def text(self) -> str:
        return self._kept.decode(errors="replace")


class Process:
    """The subject's process, started at once so that it comes up while the judge gets ready.

    Args:
        module: what runs in it, as python -m MODULE FD.
        threads: how many threads its linear algebra may use.
    """

    def __init__(self, module: str = "lstm_checks.worker", threads: int = 1) -> None:
        libraries = ("OMP", "OPENBLAS", "MKL")
        mine, theirs = socket.socketpair()
        self._socket = mine
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-u", "-m", module, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            env={**os.environ, **{f"{name}_NUM_THREADS": str(threads) for name in libraries}},
        )
        theirs.close()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdout = _Capture(self._process.stdout)
        self._stderr = _Capture(self._process.stderr)

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and wait for its reply.

        Raises:
            Halted: there is none: time is up, the process ended, or it floods its output.
        """
        deadline = time.monotonic() + seconds
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(pack(request))
            reply = unpack(lambda count: self._read(count, deadline, seconds))
        except TimeoutError:
            self.close()
            raise Halted("timeout", f"did not come back within {seconds:g} s") from None
        except (BadFrame, ValueError) as error:
            self.close()
            raise Halted("error", f"wrote into the kit's channel ({error})") from None
        except OSError:
            raise Halted("error", self._ending()) from None
        if not isinstance(reply, dict):
            self.close()
            raise Halted("error", "wrote into the kit's channel")
        return reply

    def _read(self, count: int, deadline: float, seconds: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(min(left, 0.5))
            try:
                part = self._socket.recv(min(count - len(data), 1 << 20))
            except TimeoutError:
                self._watch_output()
                continue
            if not part:
                raise Halted("error", self._ending())
            data += part
        self._watch_output()
        return bytes(data)

    def _watch_output(self) -> None:
        if self._stdout.count > OUTPUT_LIMIT or self._stderr.count > OUTPUT_LIMIT:
            self.close()
            raise Halted("error", f"printed more than {OUTPUT_LIMIT >> 20} MB; take the prints out")

    def _ending(self) -> str:
        """How the process ended, in words."""
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.close()
            return "closed the kit's channel"
        self._watch_output()
        self.close()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"crashed its process ({name})"
        return f"ended its process (exit code {code})"

    def output(self) -> tuple[str, str]:
        """What the subject wrote to stdout and to stderr, the beginning of each."""
        return self._stdout.text(), self._stderr.text()

    def close(self) -> None:
        """End the process and all that it started in its session."""
        self._socket.close()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()
        for capture in (self._stdout, self._stderr):
            capture.join(timeout=1)

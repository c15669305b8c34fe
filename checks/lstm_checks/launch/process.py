"""A subject in a process of its own: started, asked, listened to and ended.

Everything happens in the caller's thread. While it waits for a reply it also reads what the subject
prints, so there is no thread that a subject could keep alive by holding a pipe open.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

import lstm_checks.worker
from lstm_checks.launch import environment
from lstm_checks.launch.channel import TOO_LONG, Halted
from lstm_checks.launch.deadline import Deadline, waiting
from lstm_checks.launch.sandbox.sandbox import Sandbox
from lstm_checks.worker.wire import LENGTHS, MAX_TEXT, BadFrame, pack, unpack

WORKER = Path(lstm_checks.worker.__file__).parent / "__main__.py"
OUTPUT_KEPT = 1 << 16  # bytes of each of stdout and stderr
OUTPUT_LIMIT = 1 << 24  # bytes after which printing counts as a flood
PART = 1 << 18
TEXT = MAX_TEXT + LENGTHS.size  # bytes of a reply besides its arrays
PATIENCE = 10.0  # seconds that the keeper of the subject's process may take to end


class Process:
    """The subject's process, started at once so that it comes up while the judge gets ready.

    Args:
        memory: bytes of data that it may hold; None sets no limit.
        threads: how many threads its linear algebra may use.
        main: the file that runs in it, called with the descriptors, the memory limit and `host`.
        host: the module of the worker that answers: "host" for a check, "timed" for timing.
        sandbox: what confines it, for code that is not trusted; None for nothing.
    """

    def __init__(
        self,
        memory: int | None = None,
        threads: int = 1,
        main: Path | str = WORKER,
        host: str = "host",
        sandbox: Sandbox | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._channel, theirs = socket.socketpair()
        self._life, judge = socket.socketpair()
        self._ended: str | None = None
        self._posted = 0
        self._awaited: list[int] = []  # bytes of arrays that each reply to come may hold
        self._came = bytearray()  # of replies, and not yet read
        descriptors = [theirs.fileno(), judge.fileno()]
        if sandbox is None:
            command = [sys.executable, "-I", "-u", str(main)]
            command += [*map(str, descriptors), str(memory or 0), host]
        else:
            command = sandbox.command(descriptors, memory or 0, host)
        try:
            with theirs, judge:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=descriptors,
                    start_new_session=True,
                    env=sandbox.environment(threads) if sandbox else environment.clean(threads),
                    cwd="/" if sandbox else None,
                )
        except BaseException:
            self._channel.close()
            self._life.close()
            raise
        self._channel.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._streams = [_Stream(self._process.stdout), _Stream(self._process.stderr)]
        for stream in self._streams:
            self._selector.register(stream.pipe, selectors.EVENT_READ, stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process that keeps the subject's process: the root of its process tree."""
        return self._process.pid

    def ready(self, seconds: float = 30.0) -> None:
        """Wait until the process answers, before anything of the subject's runs in it.

        Raises:
            Halted: it does not.
        """
        self.ask({"do": "ready", "with": {}}, seconds, 0)

    def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
        """The reply to a request.

        Args:
            request: plain values, as `worker.wire` sends them.
            seconds: how long it may take.
            most: how many bytes of arrays the reply may hold.

        Raises:
            Halted: time is up, the process ended, or it floods its output or the channel.
        """
        return self.post(request, seconds, most)()

    def post(self, request: dict[str, Any], seconds: float, most: int) -> Callable[[], Any]:
        """Send a request, and give what waits for its reply; see `Channel.post`."""
        self._posted += 1
        number = self._posted
        self._awaited.append(most)
        frame = pack(request | {"most": most})
        self._exchange(seconds, lambda deadline: self._send(frame, deadline))

        def reply() -> Any:
            found = None
            while self._posted - len(self._awaited) < number:
                found = self._exchange(seconds, self._next)
            return found

        return reply

    def waited(self) -> float:
        """How many seconds the subject has waited for a processor."""
        return waiting(self._process.pid)

    def _exchange(self, seconds: float, act: Callable[[Deadline], Any]) -> Any:
        """Do one thing with the channel within some seconds. Raises Halted."""
        if self._ended is not None:
            raise Halted("error", self._ended)
        try:
            return act(Deadline(seconds, self.waited))
        except TimeoutError:
            self.close()
            raise Halted("timeout", f"did not return within {seconds:g} s", TOO_LONG) from None
        except BadFrame as error:
            self.close()
            raise Halted("error", f"wrote into the kit's channel ({error})") from None
        except OSError:
            raise Halted("error", self._ending()) from None

    def _next(self, deadline: Deadline) -> Any:
        """The next reply."""
        found = unpack(lambda count: self._read(count, deadline), self._awaited[0])
        del self._awaited[0]
        return found

    def _send(self, frame: bytes, deadline: Deadline) -> None:
        """Send a frame; replies that come meanwhile are kept, so that neither side waits."""
        left = memoryview(frame)
        while left:
            try:
                left = left[self._channel.send(left) :]
            except BlockingIOError:
                self._wait(deadline, selectors.EVENT_READ | selectors.EVENT_WRITE)
                self._receive()
                if len(self._came) > sum(self._awaited) + TEXT * len(self._awaited):
                    raise BadFrame("more than was asked for") from None

    def _read(self, count: int, deadline: Deadline) -> bytes:
        while len(self._came) < count:
            if not self._receive():
                self._wait(deadline, selectors.EVENT_READ)
        data = bytes(self._came[:count])
        del self._came[:count]
        return data

    def _receive(self) -> bool:
        """Take what has come; False where nothing has."""
        try:
            part = self._channel.recv(PART)
        except BlockingIOError:
            return False
        if not part:
            raise ConnectionResetError
        self._came += part
        return True

    def _wait(self, deadline: Deadline, events: int) -> None:
        """Wait for the channel, and read what the subject prints meanwhile."""
        self._selector.modify(self._channel, events)
        while True:
            if deadline.is_up():
                raise TimeoutError
            for key, _ in self._selector.select(max(0.0, deadline.left())):
                if key.data is None:
                    return
                self._listen(key.data)

    def _listen(self, stream: "_Stream") -> None:
        if not stream.read():
            self._selector.unregister(stream.pipe)
        if stream.count > OUTPUT_LIMIT:
            self.close()
            raise Halted(
                "error",
                f"printed more than {OUTPUT_LIMIT >> 20} MB",
                "Take the prints out, or print less.",
            )

    def _ending(self) -> str:
        """How the process ended, in words."""
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code is not None and self._sandbox is not None:
            code = self._sandbox.status(code)
        if code is None:
            text = "closed the kit's channel"
        elif code < 0:
            known = -code in set(signal.Signals)
            text = f"crashed its process ({signal.Signals(-code).name if known else -code})"
        else:
            text = f"ended its process (exit code {code})"
        self._ended = text
        return text

    def output(self) -> tuple[str, str]:
        """What the subject wrote to stdout and to stderr: the beginning of each."""
        out, err = (stream.text() for stream in self._streams)
        return out, err

    def close(self) -> None:
        """End the process and everything that it started; keep what it printed."""
        if self._channel.fileno() < 0:
            return
        self._ended = self._ended or "has ended"
        self._channel.close()
        self._life.close()  # its keeper then ends all of it
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._selector.close()
        for stream in self._streams:
            stream.close()


class _Stream:
    """One of the subject's streams: keeps the beginning, counts all."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self.pipe = pipe
        self.count = 0
        self._kept = bytearray()
        os.set_blocking(pipe.fileno(), False)

    def read(self) -> bool:
        """Read what is there; False at the end of the stream."""
        try:
            part = os.read(self.pipe.fileno(), PART)
        except BlockingIOError:
            return True
        self.count += len(part)
        self._kept += part[: max(0, OUTPUT_KEPT - len(self._kept))]
        return bool(part)

    def close(self) -> None:
        """Read the rest of what was printed, and close the pipe."""
        with contextlib.suppress(OSError):
            before = -1
            while before < self.count <= OUTPUT_LIMIT:
                before = self.count
                self.read()
        self.pipe.close()

    def text(self) -> str:
        return self._kept.decode(errors="replace")

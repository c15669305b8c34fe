"""A subject in this very process: for classes that exist nowhere else, and for debugging."""

import ctypes
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

from lstm_checks.launch.channel import TOO_LONG, Halted
from lstm_checks.worker.host import Host
from lstm_checks.worker.wire import BadFrame, pack, unpack


class Local:
    """Answers as the subject's own process would: the same frames, so the same behavior.

    Args:
        target: a class or module at hand, which then takes the place of loading a file.
    """

    def __init__(self, target: Any = None) -> None:
        self._host: Host | None = Host(target, passes_on=(KeyboardInterrupt, _TimeUp))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
        """The reply to a request; see `Process.ask`. An endless loop in Python code is ended.

        Raises:
            Halted: time is up, the reply cannot cross, or the channel is closed.
        """
        if self._host is None:
            raise Halted("error", "has ended")
        deadline = time.monotonic() + seconds
        try:
            # A test session that makes errors of warnings must not do so to the subject.
            with _no_warnings(), _time_limit(seconds):
                reply = self._host.answer(_crossed(request | {"most": most}, 1 << 40))
            if time.monotonic() > deadline:  # the subject caught the exception
                raise _TimeUp
            return _crossed(reply, most)
        except _TimeUp:
            raise Halted("timeout", f"did not return within {seconds:g} s", TOO_LONG) from None
        except (BadFrame, TypeError, ValueError) as error:
            raise Halted("error", f"gave a result that cannot be read ({error})") from None

    def post(self, request: dict[str, Any], seconds: float, most: int) -> Callable[[], Any]:
        """The request is made when its reply is waited for; see `Channel.post`."""
        return partial(self.ask, request, seconds, most)

    def waited(self) -> float:
        return 0.0

    def output(self) -> tuple[str, str]:
        return "", ""

    def close(self) -> None:
        with _no_warnings():  # by what the subject's objects do as they go
            self._host = None


class _TimeUp(BaseException):
    """Raised inside the subject's code when its time is up."""


@contextmanager
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TimeUp` in this thread after a time, and again where the subject catches it."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with _by_signal(seconds):
            yield
    else:
        with _by_thread(seconds):
            yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    armed = True

    def ring(*_: object) -> None:
        if armed:
            raise _TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    begun = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        try:
            yield
        finally:
            armed = False
    finally:  # even where it rings right before it is disarmed
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # a timer that somebody else set, pytest-timeout for one, goes on
            signal.setitimer(
                signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - begun)), interval
            )


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    """For threads other than the main one, which get no signals: interrupts Python code only."""
    thread = threading.get_ident()
    done = threading.Event()
    rung = False

    def ring() -> None:
        nonlocal rung
        wait = seconds
        while not done.wait(wait):
            rung = True
            _raise_in(thread)
            wait = 0.2

    watch = threading.Thread(target=ring, daemon=True)
    watch.start()
    try:
        try:
            yield
        finally:
            done.set()
    finally:  # even where it rings right before it is done
        done.set()
        watch.join()
        if rung:
            _end_of_rings(thread)


def _raise_in(thread: int) -> None:
    """Have `_TimeUp` raised in a thread, soon; a second one before that changes nothing."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_TimeUp))


def _end_of_rings(thread: int) -> None:
    """Let a `_TimeUp` that is still to be raised in this thread be raised here.

    It could be taken back by an exception of NULL, but then CPython 3.11 looks for an exception at
    every call from there on, and a trace function set later never returns.
    """
    try:
        _raise_in(thread)
        while True:
            pass
    except _TimeUp:
        pass


def _crossed(value: Any, most: int) -> Any:
    """A value as it comes out at the other end of a channel."""
    frame = memoryview(pack(value))
    position = 0

    def read(count: int) -> bytes:
        nonlocal position
        position += count
        return bytes(frame[position - count : position])

    return unpack(read, most)

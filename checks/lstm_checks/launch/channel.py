"""What a judge needs of a channel to a subject, and what happens when the subject stops."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

TOO_LONG = (
    "Look for a loop that never ends. If the code is only slow, raise --call-limit, or check at a "
    "lower level."
)


class Halted(BaseException):
    """The subject does not go on. It is no Exception, so that nothing takes it for a result.

    Attributes:
        kind: "timeout" or "error".
        text: what happened, as the end of a sentence: "did not return within 10 s".
        fix: how to fix it, where that can be said.
        case: the case on which it stopped, where there is one.
    """

    def __init__(self, kind: Literal["error", "timeout"], text: str, fix: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.fix = fix
        self.case: dict[str, Any] | None = None


class Channel(Protocol):
    """Where requests go: a process of the subject's own, or this process. Use it with `with`."""

    def ask(self, request: dict[str, Any], seconds: float, most: int) -> Any:
        """The reply to a request, within seconds and with at most `most` bytes of arrays.

        Raises:
            Halted: there is none.
        """

    def post(self, request: dict[str, Any], seconds: float, most: int) -> Callable[[], Any]:
        """Make a request without waiting for its reply: what is given back waits for it.

        Replies come in the order of the requests; to wait for one gives up those before it that
        nobody waited for. Raises as `ask`, and so does what is given back.
        """

    def waited(self) -> float:
        """How many seconds the subject has waited for a processor; 0 where that is not known."""

    def output(self) -> tuple[str, str]:
        """What the subject wrote to stdout and to stderr: the beginning of each."""

    def close(self) -> None:
        """End the subject and everything that it started. A second call does nothing."""

"""Answers the judge's requests from a thread of its own, while the main thread runs the subject.

The main thread loops in C, over iterators that no Python frame holds. So a subject that walks up
its frames meets the host and the code of this package, and neither the channel nor the queues. What
one process cannot hide stays within reach of a subject that searches for it: objects that `gc`
lists, the frames of the other thread, the open descriptors of the process. Nothing there is worth
reading, since expected values never enter this process; what a forged reply can do is what a
subject can do by its results.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from .wire import pack, unpack

MOST_IN = 1 << 30  # bytes of a request's arrays; the judge is trusted


def start(channel: int) -> list[Any]:
    """Start the thread that talks. Gives [next request, reply], for `loop`, which empties it."""
    requests: SimpleQueue[Any] = SimpleQueue()
    replies: SimpleQueue[Any] = SimpleQueue()

    def read(count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = os.read(channel, min(count - len(data), 1 << 20))
            if not part:
                os._exit(0)  # the judge has hung up
            data += part
        return bytes(data)

    def talk() -> None:
        try:
            while True:
                requests.put(unpack(read, MOST_IN))
                frame = memoryview(pack(replies.get()))
                while frame:
                    frame = frame[os.write(channel, frame) :]
        finally:
            os._exit(70)  # the channel is broken, by the subject

    threading.Thread(target=talk, daemon=True).start()
    return [requests.get, replies.put]


def loop(box: list[Any], answer: Callable[[Any], Any]) -> None:
    """Answer requests for ever."""
    box[:] = [map(box[1], map(answer, iter(box[0], None)))]
    deque(box.pop(), maxlen=0)

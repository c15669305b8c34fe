"""Whatever a timed process replies, the judge ends with a finding or a result: no other exception.

The replies of a real process are recorded once. Then they are replayed, one of them changed.
"""

import itertools

import numpy as np
import pytest

from lstm_checks.bench import kit
from lstm_checks.bench.calls import draw
from lstm_checks.bench.kit import TimedSubject
from lstm_checks.bench.shapes import Shape
from lstm_checks.findings import Breach
from lstm_checks.launch.channel import Halted
from lstm_checks.launch.process import Process
from lstm_checks.subjects.source import parse

SHAPE = Shape(N=2, T=3, D=4, H=5)
SOURCE = parse("lstm_reference.cells.lstm:LSTM")
MOST = 1 << 20
JUNK = (
    None, True, -1, 1 << 80, 1e308, float("nan"), "x", "\x1b[2J", [], [1], [[]] * 2000, {}, {"": 1},
    {"ok": 1}, np.zeros(3), np.zeros((0, 2), np.uint8), np.zeros((2, 3, 5), np.complex128),
    np.full((1, 1), np.nan, np.float32), {"array": ["float64", [-1]]}, {"type": 3}, {"type": "set"},
)  # fmt: skip


class Replayed:
    """Replies from a recording, of which one is changed."""

    pid = 1

    def __init__(self, recording, change=None):
        self.recording = recording
        self.change = change
        self.position = -1

    def ask(self, request, seconds, most):
        self.position += 1
        reply = self.recording[self.position % len(self.recording)]
        if self.change is not None and self.position == self.change[0]:
            return self.change[1]
        return reply

    def waited(self):
        return 0.0

    def close(self):
        pass


def use(subject):
    """All that is asked of a timed process, once."""
    calls = draw(SHAPE, "float32", 1, (0,))
    subject.create(SHAPE.D, SHAPE.H)
    subject.write(calls.params)
    subject.clear()
    subject.stage(*calls[0])
    done = subject.go([0], True)
    found = subject.native(subject.fetch(0, True, MOST, False), True)
    subject.tidy()
    return done, found


@pytest.fixture(scope="module")
def recording():
    replies = []

    class Recording(Process):
        def ask(self, request, seconds, most):
            replies.append(super().ask(request, seconds, most))
            return replies[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit, "Process", Recording)
        subject = TimedSubject(SOURCE, 1, "cpu", "float32")
        try:
            use(subject)
        finally:
            subject.close()
    return replies


def replayed(monkeypatch, recording, change=None):
    monkeypatch.setattr(kit, "Process", lambda *_, **__: Replayed(recording, change))
    return use(TimedSubject(SOURCE, 1, "cpu", "float32"))


def changed(value):
    """A value with one part of it replaced by junk, in every way."""
    yield from JUNK
    if isinstance(value, dict):
        for key in value:
            yield {name: one for name, one in value.items() if name != key}
            yield from ({**value, key: one} for one in changed(value[key]))
    if isinstance(value, list):
        for place, one in itertools.product(range(min(len(value), 3)), JUNK):
            yield [*value[:place], one, *value[place + 1 :]]


def test_the_recording_is_right_as_it_is(monkeypatch, recording):
    done, found = replayed(monkeypatch, recording)
    assert len(done.digests) == 32
    assert set(found) == {"y", "h", "c", "dx", "dh0", "dc0", "dW", "dU", "db b"}


def test_no_reply_ends_in_another_exception(monkeypatch, recording):
    refused = []
    for place, reply in enumerate(recording):
        for one in changed(reply):
            try:
                _, found = replayed(monkeypatch, recording, (place, one))
            except (Breach, Halted) as error:
                refused.append(kit.in_words(error))
            else:
                assert all(isinstance(array, np.ndarray) for array in found.values())
    assert len(refused) > 1000
    assert all(one and one.isprintable() for one in refused)

"""From Python: check an LSTM, make its laws a project's own tests, or train it in a network."""

import inspect
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_checks.ladder import Ladder
from lstm_checks.report.model import WRONG, LawResult, Report
from lstm_checks.rungs import LEVELS
from lstm_checks.sources import Source, parse
from lstm_checks.subject import Subject
from lstm_checks.subject_layer import SubjectLayer
from lstm_checks.worker.local import Local
from lstm_checks.worker.process import Channel, Limits, Process
from lstm_reference.lstm import LSTM

DAY = 86400.0


def check(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
    in_process: bool = False,
) -> Report:
    """Check an LSTM, and report.

    Args:
        subject: a file or importable name, as "my_lstm.py:LSTM" or "torch.nn:LSTM", which then
            runs in a process of its own; or a class (a module, for functions), which runs in this
            one.
        adapter: the subject's format, or the file of an adapter; found out if left out.
        level: "quick", "standard" or "deep".
        seed: the same seed draws the same cases.
        in_process: run a file in this process too, for debugging.

    Returns:
        A `Report`; `report.passed` is the short of it, and a notebook shows all of it.

    Raises:
        Unusable: there is no such file, module or adapter.
        ValueError: there is no such level.
    """
    return ladder(subject, adapter=adapter, level=level, seed=seed, in_process=in_process).report()


def ladder(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
    in_process: bool = False,
) -> Ladder:
    """The run that `check` makes, not begun yet."""
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}; there are {', '.join(LEVELS)}")
    if isinstance(subject, str):
        source = parse(subject, adapter)
        return Ladder(source, level, seed, Local() if in_process else None)
    given = parse_object(subject, adapter)
    return Ladder(given, level, seed, Local(subject), Limits(run=3600.0))


def parse_object(subject: Any, adapter: str | None) -> Source:
    """The source of a class or module at hand: its file, where it has one."""
    name = getattr(subject, "__qualname__", None)
    module = sys.modules.get(getattr(subject, "__module__", ""), subject)
    file = getattr(module, "__file__", None)
    if not (inspect.isclass(subject) or inspect.ismodule(subject)):
        raise TypeError(f"give a class, a module or a file name, not a {type(subject).__name__}")
    in_file = file is not None and "<locals>" not in (name or "")
    is_file = adapter is not None and adapter.endswith(".py")
    return Source(file if in_file and file else "", in_file, name, adapter, is_file)


def as_layer(
    subject: Any,
    input_size: int,
    hidden_size: int,
    *,
    stateful: bool = False,
    adapter: str | None = None,
    rng: np.random.Generator | None = None,
) -> SubjectLayer:
    """An LSTM of any format as a layer of `lstm_reference.network.Sequential`.

        network = Sequential([as_layer("torch.nn:LSTM", 5, 20), Dense(20, 5)])

    Args:
        subject, adapter: as for `check`; it should pass, which is not tried here.
        input_size: D.
        hidden_size: H.
        stateful: start each call from the final state of the call before.
        rng: draws the first weights, all U(-1/√H, 1/√H) as PyTorch's; seed 0 if left out.

    Raises:
        Unusable: there is no such file, module or adapter.
        Broken: it cannot be loaded, or what is there is no LSTM.
        ValueError: it is to be stateful, and offers no stateful mode.
    """
    is_text = isinstance(subject, str)
    source = parse(subject, adapter) if is_text else parse_object(subject, adapter)
    channel: Channel = Process() if is_text else Local(subject)
    try:
        loaded = Subject.load(channel, source, Limits(run=DAY))
        if stateful and not loaded.offers("stateful"):
            raise ValueError(f"{loaded.name} offers no stateful mode: "
                             f"{loaded.not_offered['stateful']}")  # fmt: skip
        layer = SubjectLayer(loaded, LSTM(input_size, hidden_size, rng=rng).params, stateful)
    except BaseException:
        channel.close()
        raise
    weakref.finalize(layer, channel.close)
    return layer


def parametrize(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
) -> Callable[[Callable[..., Any]], Any]:
    """Make the laws the cases of a test of one's own, one item a law.

        @lstm_checks.parametrize(LSTM)
        def test_lstm(law):
            law()

    `law()` raises AssertionError where the law does not hold, and skips where it is blocked or not
    offered. Arguments as those of `check`.
    """
    import pytest

    run = Run(lambda: ladder(subject, adapter=adapter, level=level, seed=seed))
    return pytest.mark.parametrize("law", [pytest.param(law, id=law.id) for law in run.laws(level)])


class Run:
    """One run of the ladder behind many test items: results come as they are asked for, once."""

    def __init__(self, make: Callable[[], Ladder]) -> None:
        self._make = make
        self._results: dict[str, LawResult] = {}
        self._rest: Any = None

    def laws(self, level: str) -> list["LawItem"]:
        from lstm_checks.laws.registry import ALL

        return [LawItem(law.id, self) for law in ALL if law.examples_at(level)]

    def result(self, law_id: str) -> LawResult:
        """The result of a law, after those of all laws before it."""
        if self._rest is None:
            self._rest = self._make().results()
        while law_id not in self._results:
            result = next(self._rest)
            self._results[result.id] = result
        return self._results[law_id]


class LawItem:
    """One law as a test: calling it passes, fails or skips."""

    def __init__(self, law_id: str, run: Run) -> None:
        self.id = law_id
        self._run = run

    def __call__(self) -> None:
        import pytest

        __tracebackhide__ = True
        result = self._run.result(self.id)
        if result.status in WRONG:
            pytest.fail(f"{result.id}: {result.message}", pytrace=False)
        if result.status != "passed":
            pytest.skip(result.message)

    def __repr__(self) -> str:
        return self.id

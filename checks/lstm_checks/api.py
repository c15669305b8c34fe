"""From Python: check an LSTM, make its laws a project's own tests, or train it in a network."""

import inspect
import weakref
from collections.abc import Callable, Collection
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from lstm_checks.engine.ladder import Ladder
from lstm_checks.engine.law import Law
from lstm_checks.engine.rungs import LEVELS
from lstm_checks.findings import Breach, Diagnosis
from lstm_checks.items import Run
from lstm_checks.launch.channel import Channel, Halted
from lstm_checks.launch.limits import DAY, Limits
from lstm_checks.launch.local import Local
from lstm_checks.launch.process import Process
from lstm_checks.laws.registry import ALL, EVERY, OF_SOME
from lstm_checks.learn.showing import Shown, shown
from lstm_checks.report.report import Report
from lstm_checks.subjects.network_layer import NetworkLayer
from lstm_checks.subjects.source import Source, names_of, of_object, parse
from lstm_checks.subjects.subject import Subject
from lstm_reference.cells.lstm import LSTM

STANDARD = Limits()
BROKEN = ("failed", "remark")  # where a law does not hold


def check(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
    limits: Limits = STANDARD,
    in_process: bool = False,
    skip: Collection[str] = (),
    strict: bool = False,
) -> Report:
    """Check an LSTM, and report.

    Args:
        subject: a path, a file or importable name such as "my_lstm.py:LSTM" or "torch.nn:LSTM", a
            class, or a module. It runs in a process of its own where it can be loaded from a file;
            a class that exists here alone (in a notebook, in a function) runs in this process.
        adapter: the subject's format, or the file of an adapter; detected if left out.
        level: "quick", "standard" or "deep".
        seed: the same seed draws the same cases.
        limits: how many seconds and how much memory it may take.
        in_process: run it in this process in any case, to debug it.
        skip: ids of laws to leave out.
        strict: count remarks as failures.

    Returns:
        A `Report`: `report.passed` is the short of it, `print(report)` and a notebook show all.

    Raises:
        Unusable: there is no such file, module or adapter.
        TypeError, ValueError: an argument is not one of the above.
    """
    run = ladder(
        subject,
        adapter=adapter,
        level=level,
        seed=seed,
        limits=limits,
        in_process=in_process,
        skip=skip,
        strict=strict,
    )
    return Report.of(run.outcome())


def ladder(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
    limits: Limits = STANDARD,
    in_process: bool = False,
    folder: Path | None = None,
    skip: Collection[str] = (),
    strict: bool = False,
    names: str | None = None,
    laws: Collection[Law] = EVERY,
    diagnosed: bool = True,
) -> Ladder:
    """The run that `check` makes, not begun yet.

    Args:
        folder: where relative paths begin.
        names: what --names declares.
        laws: the laws that are tried.
        diagnosed: name known mistakes after the last law.
        subject, adapter, level, seed, limits, in_process, skip, strict: as for `check`.
    """
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}; the levels are {', '.join(LEVELS)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"the seed is {seed!r}; it must be an integer from 0")
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is {limits!r}; it must be a lstm_checks.Limits")
    known = [law.id for law in EVERY]
    for law in [skip] if isinstance(skip, str) else skip:
        if law not in known:
            close = get_close_matches(str(law), known, 3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise ValueError(f"there is no law {law!r} to skip{hint}")
    source, connect = connection(subject, adapter, limits, in_process, folder)
    if names is not None:
        source = replace(source, names=names_of(names))

    def fails(own: str, law: Law) -> bool:
        """Whether a law does not hold for an LSTM of a framework's own."""
        source, connect = connection(own, None, limits, in_process)
        run = Ladder((ALL[0], law), source, connect, level, seed, limits)
        return any(one.id == law.id and one.status in BROKEN for one in run.results())

    always, of_some = ([law for law in part if law in laws] for part in (ALL, OF_SOME))
    diagnose = _diagnosed if diagnosed else None
    return Ladder(
        always, source, connect, level, seed, limits, skip, strict, diagnose, of_some, fails
    )


def connection(
    subject: Any,
    adapter: str | None,
    limits: Limits,
    in_process: bool = False,
    folder: Path | None = None,
) -> tuple[Source, Callable[[], Channel]]:
    """Where a subject is, and what starts it; see `check`."""
    if isinstance(subject, (str, Path)):
        source = parse(str(subject), adapter, folder)
        if in_process:
            return source, Local
        return source, lambda: Process(limits.memory)
    source, loadable = of_object(subject, adapter)
    if in_process or not loadable or not _loads(source, limits):
        return source, lambda: Local(subject)
    return source, lambda: Process(limits.memory)


def _diagnosed(subject: Subject, seed: int) -> tuple[Diagnosis, ...]:
    """The museum is imported where it is needed: a right subject does without."""
    from lstm_checks.museum.diagnose import diagnose

    return diagnose(subject, seed)


def _loads(source: Source, limits: Limits) -> bool:
    """Whether an object at hand can be loaded again, in a process of its own."""
    try:
        with Process(limits.memory) as process:
            Subject.load(process, source, limits)
    except (Breach, Halted):
        return False
    return True


def as_layer(
    subject: Any,
    input_size: int,
    hidden_size: int,
    *,
    stateful: bool = False,
    adapter: str | None = None,
    rng: np.random.Generator | None = None,
) -> NetworkLayer:
    """An LSTM of any format as a layer of the reference's network.

        network = Sequential([as_layer("torch.nn:LSTM", 5, 20), Dense(20, 5)])

    Args:
        subject, adapter: as for `check`. The subject should pass, which is not tried here.
        input_size: D.
        hidden_size: H.
        stateful: start each call from the final state of the call before.
        rng: draws the first weights, all U(-1/√H, 1/√H) as PyTorch's; seed 0 if left out.

    Raises:
        Unusable: there is no such file, module or adapter.
        Breach: it cannot be loaded, or what is there is no LSTM.
        Halted: its process ended or ran out of time.
        ValueError: it is to be stateful, and offers no stateful mode.
    """
    limits = Limits(run=DAY)
    source, connect = connection(subject, adapter, limits)
    channel = connect()
    try:
        loaded = Subject.load(channel, source, limits)
        if stateful and not loaded.offers("stateful"):
            reason = loaded.not_offered["stateful"]
            raise ValueError(f"{loaded.name} offers no stateful mode: {reason}")
        layer = NetworkLayer(loaded, LSTM(input_size, hidden_size, rng=rng).params, stateful)
    except BaseException:
        channel.close()
        raise
    weakref.finalize(layer, channel.close)
    return layer


def show(
    subject: Any = None,
    *,
    adapter: str | None = None,
    seed: int = 0,
    limits: Limits = STANDARD,
    dark: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Shown:
    """Train an LSTM on two sequences, and show what its gates do and what it remembers.

    It is trained twice on 3,0,1,2,3 and 4,0,1,2,4: with the gradient through the sequence, and with
    the gradient cut at every step. See `learn.demonstration`.

    Args:
        subject, adapter, limits: as for `check`; without a subject the bundled reference.
        seed: draws the initial weights.
        dark: draw on dark paper.
        advance: is called after each epoch of training, 500 times in all.

    Returns:
        A `Shown`: a notebook shows its pictures; `shown.gates` and `shown.gradient` are matplotlib
        figures, and `print(shown)` tells the answers.

    Raises:
        Unusable: there is no such file, module or adapter.
        NoPictures: matplotlib is not installed.
        Breach: the subject's code raised, or it is no LSTM.
        Halted: its process ended or ran out of time.
    """
    if subject is None:
        return shown(None, seed=seed, dark=dark, advance=advance)
    source, connect = connection(subject, adapter, limits)
    channel = connect()
    try:
        loaded = Subject.load(channel, source, limits)
        return shown(loaded, str(source), seed, dark, advance)
    finally:
        channel.close()


def parametrize(
    subject: Any,
    *,
    adapter: str | None = None,
    level: str = "standard",
    seed: int = 0,
    limits: Limits = STANDARD,
    skip: Collection[str] = (),
) -> Callable[[Callable[..., Any]], Any]:
    """Make the laws the cases of a test of one's own, one item per law.

        @lstm_checks.parametrize(LSTM)
        def test_lstm(law):
            law()

    `law()` raises AssertionError where the law does not hold, skips where it is blocked or not
    offered, and warns where there is a remark. Arguments are those of `check`; a relative path
    begins at the folder of the test file.

    Raises:
        Unusable, TypeError, ValueError: as `check`, at once.
    """
    import pytest

    caller = inspect.stack()[1].filename
    folder = Path(caller).parent if Path(caller).is_file() else None
    run = Run(
        ladder(
            subject,
            adapter=adapter,
            level=level,
            seed=seed,
            limits=limits,
            folder=folder,
            skip=skip,
        ),
        shared=isinstance(subject, (str, Path)) or of_object(subject)[1],
    )
    return pytest.mark.parametrize("law", [pytest.param(item, id=item.id) for item in run.items()])

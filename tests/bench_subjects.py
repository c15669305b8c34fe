"""Subjects for the tests of bench: the reference with some of it written anew, and their timing."""

import os
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

from lstm_checks.bench import contenders
from lstm_checks.bench.outcome import Outcome
from lstm_checks.bench.run import Plan, Run
from lstm_checks.bench.shapes import Shape

SHAPE = Shape(N=4, T=20, D=12, H=16)

HONEST = """
import numpy as np
from lstm_reference.cells.lstm import LSTM as Right

class LSTM(Right):
    pass
"""


# What a subject can find in its own process, if it searches for it.
HOST = """
    import gc, time
    host = next(one for one in gc.get_objects() if type(one).__name__ == "TimedHost")
    Host = type(host)

    def spin(seconds):
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass
"""
# What a subject can find of the processes beside it: here those of this very process, no others.
OTHERS = f"""
    import os, signal, threading, time

    def parent(pid):
        with open(f"/proc/{{pid}}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])

    def others():
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                keeper = parent(name)
                if keeper != os.getppid() and parent(keeper) == {os.getpid()}:
                    yield int(name)
            except OSError:
                pass
"""


def cheat(body: str, head: str = "") -> str:
    """A subject's file: the reference's layer with some of it written anew."""
    code = HONEST.replace("    pass\n", indent(dedent(body), "    "))
    return code.replace("class LSTM", f"{dedent(head)}\nclass LSTM")


def timed(tmp_path: Path, code: str, **options: object) -> Outcome:
    """The outcome of timing a subject's file, with the floor beside it."""
    file = tmp_path / "subject.py"
    file.write_text(code)
    plan = Plan(
        contenders.subject(str(file), None),
        (),
        contenders.NUMPY_FLOOR,
        (SHAPE,),
        (False,),
        turns=2,
        block=0.01,
        growth=False,
    )
    return Run(replace(plan, **options), "passed", lambda doing, advance: None).run()  # type: ignore[arg-type]

"""What a first verdict costs per format, at the level quick: python tests/perf/formats.py.

Seconds of CPU are those of the kit and of the subject's process together; on a quiet machine a
verdict takes hardly longer.
"""

import os
import re
import resource
import time
from pathlib import Path

from lstm_checks import Limits, check

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "formats" / "README.md"


def cpu() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    os.chdir(ROOT)
    os.environ.setdefault("KERAS_BACKEND", "jax")
    for subject in re.findall(r"^\| .* \| `(.*)` \| none", PAGE.read_text(), re.MULTILINE):
        begun, before = time.perf_counter(), cpu()
        report = check(subject, level="quick", limits=Limits(load=120, call=60, run=600))
        if report.loaded is not None:
            wall = time.perf_counter() - begun
            print(f"{subject:45} {cpu() - before:5.1f} s CPU {wall:5.1f} s  {report.verdict}")


if __name__ == "__main__":
    main()

"""How long a first verdict takes per format, at the level quick: python tests/perf/formats.py."""

import os
import re
import time
from pathlib import Path

from lstm_checks import Limits, check

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "formats" / "README.md"

os.chdir(ROOT)
os.environ.setdefault("KERAS_BACKEND", "jax")
for subject in re.findall(r"^\| .* \| `(.*)` \| none", PAGE.read_text(), re.MULTILINE):
    begun = time.perf_counter()
    report = check(subject, level="quick", limits=Limits(load=120, call=60, run=600))
    if report.loaded is not None:
        seconds = time.perf_counter() - begun
        print(f"{subject:45} {seconds:5.1f} s  {report.verdict}")

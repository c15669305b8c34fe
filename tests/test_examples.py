"""Every example runs in its quick form, and shows what it is there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(
    path.stem for path in EXAMPLES.glob("[a-z]*.py") if "is_quick" in path.read_text()
)


def quick(name):
    """What the quick form prints; it must end well, write its plot and say nothing else."""
    plot = EXAMPLES / "plots" / f"{name}_quick.png"
    plot.unlink(missing_ok=True)
    command = [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert str(plot) in done.stdout
    return done.stdout


def row(text, beginning):
    """The figures of the table row that begins so, one list of numbers a column."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"│ {beginning}")]
    cells = [cell.replace(",", "") for cell in line.strip("│").split("│")[1:]]
    return [[float(number) for number in re.findall(r"\d+(?:\.\d+)?", cell)] for cell in cells]


def memory_demo(text):
    """Gradient through time solves the task, no memory does not, and sits at 7 of 8."""
    _, solved, _ = row(text, "gradient back to the first symbol")
    assert solved[0] >= 9
    _, solved, counts = row(text, "no memory")
    assert solved == [0, 10]
    assert counts == [7, 8, 10]
    assert "without memory: 7/8" in text
    (alone,) = re.findall(r"the reference's network: (\d) of 8", text)
    assert f"among the trials: {alone} of 8" in text


def memory_extensions(text):
    """All six parts; the long sequence is learned, and unseen middles are answered."""
    for number in range(1, 7):
        assert re.search(rf"^{number}\. ", text, re.MULTILINE)
    assert row(text, "20 steps: 8, -6")[1] == [5, 5]
    assert row(text, "drawn anew for each update")[1][0] > 99


def hochreiter(text):
    """Every trial is solved, 2c in fewer sequences than the paper's."""
    assert row(text, "2a")[2] == [4, 4]
    _, _, solved, mean, _, paper = row(text, "2c")
    assert solved == [4, 4]
    assert mean < paper


def airline(text):
    """All four ways are there; online, many streams in one batch are learned."""
    for way in ("many to one  ", "many to one, stateful", "many to many  "):
        assert row(text, way)
    assert row(text, "many to many, stateful")
    first, last = row(text, "one network, stateful")
    assert last[0] < first[0]


def sine(text):
    """With short windows the state must be kept: one step ahead, and by itself."""
    kept, thrown = (row(text, f"windows of 5, in order, state {way}") for way in ("kept", "thrown"))
    assert 0.1 < kept[0][0] < 0.9 * thrown[0][0]
    assert kept[2][0] < 0.7 * thrown[2][0]


def characters(text):
    """The network is better than frequencies of pairs, and no better than the rule."""
    ours, pairs, rule = (
        row(text, name)[0][0] for name in ("the LSTM", "frequencies of pairs", "the rule")
    )
    assert rule < ours < pairs


def reverse_strings(text):
    """Unseen strings come out backwards."""
    assert row(text, "3 letters")[1][0] > 80
    assert re.search(r"^(\w)(\w)(\w) -> \3\2\1$", text, re.MULTILINE)


SHOWS = (
    memory_demo,
    memory_extensions,
    hochreiter,
    airline,
    sine,
    characters,
    reverse_strings,
)


@pytest.mark.parametrize("shows", SHOWS, ids=lambda shows: shows.__name__)
def test_quick_form(shows):
    shows(quick(shows.__name__))


def test_every_program_is_tried_and_made():
    assert sorted(shows.__name__ for shows in SHOWS) == PROGRAMS
    (listed,) = re.findall(r"^PROGRAMS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(listed.split()) == PROGRAMS

"""Every example runs in its quick form, and shows what it is there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(
    path.stem
    for path in EXAMPLES.glob("[a-z]*.py")
    if "is_quick(" in path.read_text() or "quick_and_parts(__doc__" in path.read_text()
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
    return [
        [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e[+-]\d+)?", cell)]
        for cell in cells
    ]


def rows(text, *cells):
    """The figures of the rows of a table whose cells begin so, one list of numbers per column."""
    found = []
    for line in text.splitlines():
        parts = [cell.strip() for cell in line.strip("│").split("│")]
        if line.startswith("│") and all(
            part.startswith(cell) for cell, part in zip(cells, parts, strict=False)
        ):
            numbers = [re.findall(r"\d+(?:\.\d+)?", part.replace(",", "")) for part in parts]
            found.append([[float(one) for one in each] for each in numbers])
    return found


def memory_demo(text):
    """Gradient through time solves the task by both criteria, the tutorial's way by one at most."""
    for loss in ("sigmoid", "softmax"):
        (through,) = rows(text, "gradient back to the", loss)
        assert through[3][0] >= 9
        assert through[4][0] >= 8
        (carried,) = rows(text, "the tutorial: state", loss)
        assert carried[4][0] <= 2
        (cut,) = rows(text, "no memory", loss)
        assert (cut[3][:2], cut[4][:2]) == ([0, 10], [0, 10])
    (sigmoid,), (softmax,) = (
        rows(text, "the tutorial: state", loss) for loss in ("sigmoid", "softmax")
    )
    assert sigmoid[3][0] < softmax[3][0]
    assert "without memory: 7/8" in text
    assert "2 ln 2 / 20: 0.0693" in text  # 2·0.693147/20
    one, other = re.findall(r"among the trials: ([\d.]+); here: ([\d.]+)", text)[0]
    assert one == other
    assert len(rows(text, "sequence 1")) == len(rows(text, "sequence 2")) == 4
    assert rows(text, "no recurrence")[0][2][:2] == [10, 10]
    assert "of 20,000 networks with random weights, 0 give 8 of 8" in text


def memory_extensions(text):
    """All six parts; the long sequence is learned, and unseen middles are answered."""
    for number in range(1, 7):
        assert re.search(rf"^{number}\. ", text, re.MULTILINE)
    assert row(text, "20 steps; biases 8")[1][:2] == [5, 5]
    assert row(text, "20 steps; Keras")[1][0] == 0
    assert row(text, "drawn anew for each update")[1][0] > 99
    assert len(rows(text, "difference")) == 2


def hochreiter(text):
    """Every trial is solved, 2c in fewer sequences than the paper's; the ablation has five rows."""
    assert row(text, "2a")[2][:2] == [4, 4]
    _, _, solved, mean, _, paper = row(text, "2c")
    assert solved[:2] == [4, 4]
    assert mean < paper
    assert len(rows(text, "forget ")) == 4
    assert row(text, "Keras's initial weights")


def airline(text):
    """All four ways are there; online, many streams in one batch are learned."""
    for way in ("many to one  ", "many to one, stateful", "many to many  "):
        assert row(text, way)
    many = row(text, "many to many, stateful")
    naive = row(text, "naive: the last value    │  23.5")
    assert many[1][0] > naive[1][0] == 48.0
    first, last = row(text, "one network, stateful")
    assert last[0] < first[0]


def offsets(text):
    """The counts of one epoch, by hand: rows of 100 steps begin 99 apart, so 9 overlaps."""
    (one,) = rows(text, "1,000 symbols", "20", "1", "-")
    assert one[4:] == [[9], [9], [0], [0]]
    (carried,) = rows(text, "1,000 symbols", "20", "10", "carried on")
    assert carried[4:] == [[0], [0], [9], [10]]
    (reset,) = rows(text, "1,000 symbols", "20", "10", "reset")
    assert reset[4:] == [[9], [9], [90], [0]]


def truncation(text):
    """What lies within the cut is learned, and what lies before it is not."""
    for name, solved in (("20 steps, cut", 4), ("60 steps, gradient", 4), ("60 steps, cut", 0)):
        assert row(text, name)[2][0] == solved, name

    through, cut = (row(text, f"LSTM, forget bias {bias} ")[2][0] for bias in (8, 1))
    assert through > 1e-3 > 1e-6 > cut  # the medians at lag 100
    (exploding,) = row(text, "simple recurrent layer, U doubled")[2:]
    assert exploding[0] > 1e2


def one_or_many(text):
    """Order is seen, names are written, and four features are better than one and than none."""
    for where in ("events in the first ten steps", "events anywhere"):
        for loss in ("last", "all"):
            right = row(text, f"{where}, loss of {'the last output' if loss == 'last' else 'all'}")
            assert right[1][0] > 75, where  # what counting the events gives
    assert row(text, "52 trained on")[0][0] > 90
    assert row(text, "20 never seen")[0][0] > 50
    one, four, naive = (
        row(text, name)[0][0]
        for name in ("temperature alone", "all four features", "naive: the last value")
    )
    assert 0.29 < four < 0.35 < one < naive


def sine(text):
    """With short windows the state must be kept: one step ahead, and by itself."""
    kept, thrown = (row(text, f"windows of 5, in order, state {way}") for way in ("kept", "thrown"))
    assert 0.1 < kept[0][0] < 0.9 * thrown[0][0]
    assert kept[2][0] < 0.7 * thrown[2][0]


def characters(text):
    """The network is better than frequencies of pairs, and no better than the rule."""
    ours, pairs, rule = (
        row(text, name)[0][0]
        for name in ("the LSTM", "frequencies of pairs", "the rule that wrote the text")
    )
    assert rule < ours < pairs
    kept, thrown = (row(text, f"state {way}, 40 updates")[0][0] for way in ("kept", "thrown away"))
    assert abs(kept - thrown) < 0.5
    assert "sign-flip test, paired by seed" in text
    (drawn,) = re.findall(r"words in a drawn order: (\d+) of 50", text)
    assert int(drawn) > 45


def reverse_strings(text):
    """Unseen strings come out backwards."""
    assert row(text, "3 letters")[1][0] > 80
    assert re.search(r"^(\w)(\w)(\w) -> \3\2\1$", text, re.MULTILINE)


SHOWS = (
    memory_demo,
    memory_extensions,
    hochreiter,
    airline,
    offsets,
    truncation,
    sine,
    characters,
    reverse_strings,
    one_or_many,
)


@pytest.mark.parametrize("shows", SHOWS, ids=lambda shows: shows.__name__)
def test_quick_form(shows):
    shows(quick(shows.__name__))


def test_every_program_is_tried_and_made():
    assert sorted(shows.__name__ for shows in SHOWS) == PROGRAMS
    (listed,) = re.findall(r"^PROGRAMS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(listed.split()) == PROGRAMS

"""lstm-checks bench: what it prints and writes, its exit codes, and its pytest items."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_checks.bench import extra
from lstm_checks.cli import main

PERF = Path(__file__).parent / "perf"
REFERENCE = "lstm_reference.cells.lstm:LSTM"
WRONG = """
from lstm_reference.cells.lstm import LSTM as Right

class LSTM(Right):
    def forward(self, x, state=None):
        y, (h, c) = super().forward(x, state)
        return 1.01 * y, (h, c)
"""
SIZE_DEPENDENT = WRONG.replace("1.01 * y", "y if x.shape[2] != 97 else 1.01 * y")


@pytest.fixture
def shapes(tmp_path):
    file = tmp_path / "shapes.txt"
    file.write_text("2 20 6 8\n")
    return str(file)


def bench(*arguments):
    done = CliRunner().invoke(main, ["bench", *arguments])
    return done.exit_code, " ".join(done.output.split())


def test_a_run_prints_writes_and_draws(tmp_path, shapes):
    written, figure = tmp_path / "out.json", tmp_path / "out.png"
    code, output = bench(
        REFERENCE, "--against", "plain", "--shapes", shapes, "--pass", "forward", "--no-growth",
        "--json", str(written), "--plot", str(figure),
    )  # fmt: skip
    assert code == 0, output
    assert f"{REFERENCE}: it passed the ladder" in output
    assert "× plain" in output
    assert "× floor" in output
    assert figure.read_bytes()[:4] == b"\x89PNG"
    found = json.loads(written.read_text())
    assert (found["schema"], found["verdict"], found["findings"]) == (2, "passed", [])
    [one] = found["comparisons"]
    assert one["shape"] == {"N": 2, "T": 20, "D": 6, "H": 8}
    assert (
        set(one["ratio"]) == {"plain", "floor"} == set(found["geometric_mean_of_ratios"]["forward"])
    )
    mine, theirs = (one["contenders"][name]["seconds"] for name in ("subject", "plain"))
    assert len(mine) == len(theirs) == found["settings"]["turns"]
    ratios = sorted(a / b for a, b in zip(mine, theirs, strict=True))
    assert one["ratio"]["plain"]["median"] == pytest.approx(ratios[len(ratios) // 2])
    median = one["seconds"]["median"]
    assert one["seconds_per_step"] == pytest.approx(median / 20)
    assert one["gflops"] == pytest.approx(8 * 2 * 20 * 8 * (6 + 8) / median / 1e9)
    assert found["machine"]["threads"] == 1
    assert {library["internal_api"] for library in found["contenders"]["subject"]["blas"]}

    slower = tmp_path / "slower.json"
    one["ratio"]["plain"]["median"] *= 1.25
    one["noisy"] = True
    slower.write_text(json.dumps(found))
    assert "| 2×20×6×8 | forward | 1.250 | 1.000 |" in compared(written, slower)
    one["noisy"] = False
    slower.write_text(json.dumps(found))
    assert "1.000 | neither |" in compared(slower, slower)


def compared(one, other):
    """What the comparison of two runs prints."""
    command = [sys.executable, PERF / "compare_runs.py", one, other]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_where_nothing_can_be_written_is_said_before_measuring(tmp_path):
    out = tmp_path / "nowhere" / "own.json"
    command = [sys.executable, PERF / "kit_speed.py", "--json", out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


@pytest.mark.torch
def test_agreement_with_another_clock_is_printed():
    command = [sys.executable, PERF / "compare_clocks.py", "--turns", "1", "--shapes", "1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|")[1:3] for line in printed.splitlines() if line.startswith("| 1×50")]
    assert rows == [[" 1×50×16×16 ", f" {name} "] for name in ("forward", "both")]
    (means,) = [line for line in printed.splitlines() if line.startswith("| geometric mean")]
    assert all(float(mean) > 0 for mean in means.split("|")[3:5])


def test_a_wrong_subject_is_not_timed_unless_asked_compared(tmp_path, shapes):
    file = tmp_path / "wrong.py"
    file.write_text(WRONG)
    call = [str(file), "--against", "", "--shapes", shapes, "--pass", "forward", "--no-growth"]
    code, output = bench(*call)
    assert code == 1
    assert "FAILED" in output
    assert "It is not timed" in output
    code, output = bench(*call, "--even-if-wrong")
    assert code == 1
    assert "it did NOT pass the ladder at level quick and is timed all the same" in output
    assert "DETECTED subject: a timed call's result is wrong" in output


def test_one_that_is_wrong_only_when_it_is_timed(tmp_path):
    """None of the ladder's cases has 97 inputs: only the timed calls show it."""
    shapes, file = tmp_path / "shapes.txt", tmp_path / "sly.py"
    shapes.write_text("2 20 97 8\n")
    file.write_text(SIZE_DEPENDENT)
    code, output = bench(
        str(file), "--against", "", "--shapes", str(shapes), "--pass", "forward", "--no-growth"
    )
    assert code == 1
    assert "it passed the ladder" in output
    assert "DETECTED subject: a timed call's result is wrong" in output


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.py"], "there is no file 'nowhere.py'"),
        ([REFERENCE, "--shapes", "huge"], "there is no set of shapes 'huge'"),
        ([REFERENCE, "--against", "keras3x"], "--against keras3x: there is no file 'keras3x'"),
        ([REFERENCE, "--against", "plain,plain"], "--against names plain twice"),
        ([REFERENCE, "--threads", "100000"], "there are only"),
        ([REFERENCE, "--threads", "0"], "--threads"),
        ([REFERENCE, "--json", "/nowhere/out.json"], "/nowhere/out.json cannot be written"),
        ([REFERENCE, "--plot", "/nowhere/out.png"], "/nowhere/out.png cannot be written"),
        (
            [REFERENCE, "--plot", "out.xyz"],
            "out.xyz is to be a picture; give it the suffix .png, .svg or .pdf",
        ),
        ([REFERENCE, "--pass", "backward"], "--pass"),
        ([REFERENCE, "--device", "cuda", "--against", "plain"], "leave --against out"),
        ([REFERENCE, "--dtype", "bfloat16"], "--dtype bfloat16 needs --device cuda"),
    ],
)
def test_an_unusable_call(arguments, says):
    """Said before anything is measured."""
    code, output = bench(*arguments)
    assert code == 2
    assert says in output


@pytest.mark.torch
def test_what_is_no_single_lstm_is_refused(shapes):
    for asked in ((), ("--even-if-wrong",)):
        code, output = bench("torch.nn:GRU", "--shapes", shapes, *asked)
        assert code == 2
        assert "OUT OF SCOPE" in output
        assert "It is not timed" in output


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(extra, "PACKAGES", ("matplotlib", "not_there"))
    code, output = bench(REFERENCE)
    assert code == 2
    assert output.endswith("Error: timing needs not-there: pip install 'lstm-checks[bench]'")


def test_a_check_does_not_import_bench():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from lstm_checks.cli import main\n"
        "assert 'numpy' not in sys.modules\n"
        f"assert CliRunner().invoke(main, ['check', {REFERENCE!r}, '--level', 'quick'])"
        ".exit_code == 0\n"
        "assert not [m for m in sys.modules if m.startswith('lstm_checks.bench')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_help_names_the_command():
    assert "bench" in CliRunner().invoke(main, ["--help"]).output
    assert "--even-if-wrong" in bench("--help")[1]


def pytest_items(*arguments, folder):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    # A test run in parallel must not look like one to the run within it: no timings are taken then.
    alone = {key: value for key, value in os.environ.items() if "XDIST" not in key}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=120, env=alone
    )


def test_timings_as_pytest_items(tmp_path):
    done = pytest_items(
        "--pyargs", "lstm_checks.bench", "--lstm", REFERENCE, "-k", "D16 and forward",
        "--benchmark-json", "out.json", folder=tmp_path,
    )  # fmt: skip
    assert "1 passed, 11 deselected" in done.stdout, done.stdout
    [one] = json.loads((tmp_path / "out.json").read_text())["benchmarks"]
    assert one["group"] == "N1 T50 D16 H16 forward"
    assert 0 < one["stats"]["min"] < 0.1, "a call, not a block"


def test_a_wrong_subject_has_no_timings(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    done = pytest_items(
        "--pyargs", "lstm_checks.bench", "--lstm", "wrong.py", "-k", "D16 and forward",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "it is not timed: " in done.stdout


@pytest.mark.parametrize("asked", [["--pyargs", "lstm_checks"], ["checks"]])
def test_the_laws_alone_are_run_where_timings_are_not_asked_for(asked):
    root = Path(__file__).parent.parent
    done = pytest_items(*asked, "--collect-only", "-q", folder=root)
    assert "test_laws.py" in done.stdout
    assert "test_bench" not in done.stdout

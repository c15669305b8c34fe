"""What users type, in pytest and in Python; Ctrl-C, and the kit's own failure."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

import lstm_checks
from lstm_checks import Limits, check
from lstm_checks.cli import main
from lstm_checks.engine.ladder import Ladder
from lstm_checks.laws.registry import EVERY

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
RIGHT, WRONG = EXAMPLES / "right_lstm.py", EXAMPLES / "wrong_lstm.py"
PLAIN = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
# The plain class without backward and stateful mode, so that fewer laws are tried.
SMALL = PLAIN.partition("    def backward")[0].replace("hidden_size, stateful=False", "hidden_size")
SMALL = SMALL.replace("self.stateful = stateful", "self.stateful = False")
COMMAND = str(Path(sys.executable).with_name("lstm-checks"))
COUNT = len([law for law in EVERY if law.examples_at("quick")])


def pytest_run(*arguments: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Pytest in a process of its own, without what an outer run of pytest-xdist sets."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if "XDIST" not in key} | more
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=300, env=environment, check=False
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small right subject."""
    path = tmp_path / "my_lstm.py"
    path.write_text(SMALL)
    return path


# pytest ------------------------------------------------------------------------------------------

CONFTEST = """\
import pytest

def pytest_addoption(parser):
    for name in ("--level", "--seed", "--adapter", "--file", "--json"):
        parser.addoption(name, default="its own")

@pytest.fixture
def level(request):
    return request.config.getoption("--level")
"""


def test_a_projects_own_options_do_not_clash(tmp_path: Path, file: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(
        "import lstm_checks\n\n"
        "def test_level(level):\n    assert level == 'high'\n\n"
        "@lstm_checks.parametrize('my_lstm.py', level='quick')\n"
        "def test_lstm(law, level):\n    assert level == 'high'\n    law()\n"
    )
    ran = pytest_run("--level", "high", "--seed", "x", "-q", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "error" not in ran.stdout.lower()


def test_two_subjects_are_told(tmp_path: Path) -> None:
    ran = pytest_run("--pyargs", "lstm_checks", "--lstm", RIGHT, "--lstm", WRONG, cwd=tmp_path)
    assert ran.returncode == 4
    assert "--lstm is given 2 times; check one subject per run of pytest" in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--lstm-seed", "-1"), "--lstm-seed must be an integer from 0"),
        (("--lstm-seed", "one"), "invalid int value"),
        (("--lstm-level", "slow"), "invalid choice: 'slow'"),
        (("--lstm-adapter", "nonsense"), "there is no adapter 'nonsense'"),
        (("--lstm", "nowhere.py"), "there is no file 'nowhere.py'"),
        (("--lstm", "."), "is a directory"),
        (("--lstm", str(RIGHT), "--lstm-adapter", "no.py"), "there is no adapter file"),
    ],
)
def test_an_unusable_option_is_told(options: tuple[str, ...], phrase: str, tmp_path: Path) -> None:
    """With and without a subject, in a line."""
    ran = pytest_run("--pyargs", "lstm_checks", *options, cwd=tmp_path)
    assert ran.returncode == 4, ran.stdout
    assert phrase in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "INTERNALERROR" not in ran.stdout + ran.stderr


def header(ran: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in ran.stdout.splitlines() if line.startswith("lstm-checks: ")]


def test_the_header_names_subject_adapter_level_and_seed(tmp_path: Path, file: Path) -> None:
    options = ("--lstm-adapter", "native", "--lstm-level", "quick", "--lstm-seed", "7")
    ran = pytest_run(
        "--pyargs", "lstm_checks", "--lstm", "my_lstm.py", *options, "--co", "-v", cwd=tmp_path
    )
    assert header(ran) == ["lstm-checks: my_lstm.py, adapter native, level quick, seed 7"]
    assert f"{COUNT} tests collected" in ran.stdout


@pytest.mark.parametrize(
    "arguments", [("--pyargs", "lstm_checks"), ("checks",), ("checks/lstm_checks/test_laws.py",)]
)
def test_the_header_tells_that_no_subject_is_named(arguments: tuple[str, ...]) -> None:
    ran = pytest_run(*arguments, "--co", "-v", cwd=ROOT)
    (line,) = header(ran)
    assert "lstm_reference" in line
    assert "(no --lstm is given)" in line
    assert "adapter detected, level standard, seed 0" in line


def test_other_projects_get_no_header(tmp_path: Path) -> None:
    folder = tmp_path / "lstm_checks_of_mine"
    folder.mkdir()
    (folder / "test_mine.py").write_text("def test_mine(): pass\n")
    for arguments in ((), ("lstm_checks_of_mine",)):
        ran = pytest_run(*arguments, "-v", cwd=tmp_path)
        assert ran.returncode == 0
        assert header(ran) == []


def test_parametrize_resolves_paths_against_the_test_file(tmp_path: Path, file: Path) -> None:
    tests = tmp_path / "some" / "tests"
    tests.mkdir(parents=True)
    (tests / "adapter.py").write_text("def adapt(target):\n    return target\n")
    (tests / "test_mine.py").write_text(
        "import lstm_checks\n\n"
        "@lstm_checks.parametrize('../../my_lstm.py:LSTM', adapter='./adapter.py', level='quick')\n"
        "def test_lstm(law):\n    law()\n"
    )
    ran = pytest_run("some", "-vv", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "test_lstm[sequence.outputs] PASSED" in ran.stdout


COUNTED = "import os\nwith open({!r}, 'a') as file: file.write(f'{{os.getpid()}}\\n')\n"


@pytest.mark.parametrize("how", ["file", "path", "class"])
def test_pytest_xdist_runs_the_ladder_once(how: str, tmp_path: Path) -> None:
    """However many processes share the items: one process of the subject's, and nothing is left."""
    begun, shared = tmp_path / "begun", tmp_path / "tmp"
    shared.mkdir()
    (tmp_path / "my_lstm.py").write_text(COUNTED.format(str(begun)) + SMALL)
    arguments: tuple[str, ...] = (
        "--pyargs",
        "lstm_checks",
        "--lstm",
        "my_lstm.py",
        "--lstm-level",
        "quick",
    )
    if how != "file":
        arguments = ("test_mine.py",)
        subject = {"path": "'my_lstm.py'", "class": "my_lstm.LSTM"}[how]
        (tmp_path / "test_mine.py").write_text(
            "import my_lstm, lstm_checks\n" if how == "class" else "import lstm_checks\n"
        )
        with (tmp_path / "test_mine.py").open("a") as test:
            test.write(f"@lstm_checks.parametrize({subject}, level='quick')\n")
            test.write("def test_lstm(law):\n    law()\n")
    ran = pytest_run(*arguments, "-n", "2", cwd=tmp_path, TMPDIR=str(shared))
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
    count = len(begun.read_text().split())
    # A class is imported by each of the two processes of tests, and each tries whether it can be
    # loaded in a process of its own.
    assert count == (1 if how != "class" else 5)
    assert list(shared.glob("lstm-checks*")) == []


def test_classes_of_one_name_are_told_apart_under_pytest_xdist(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        f"import lstm_checks\n\ndef made(wrong):\n    space = {{'__name__': 'made'}}\n"
        f"    source = {SMALL!r}\n"
        "    exec(source.replace('f * c', 'f + c') if wrong else source, space)\n"
        "    return space['LSTM']\n\n"
        "@lstm_checks.parametrize(made(False), level='quick')\ndef test_right(law):\n    law()\n\n"
        "@lstm_checks.parametrize(made(True), level='quick')\ndef test_wrong(law):\n    law()\n"
    )
    ran = pytest_run("-n", "2", "-v", cwd=tmp_path)
    assert "FAILED test_mine.py::test_wrong[" in ran.stdout
    assert "FAILED test_mine.py::test_right[" not in ran.stdout
    assert "1 failed" in ran.stdout


# Python ------------------------------------------------------------------------------------------


def loaded(file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that a file holds, imported by its name."""
    monkeypatch.syspath_prepend(str(file.parent))
    monkeypatch.delitem(sys.modules, file.stem, raising=False)
    return __import__(file.stem)


def test_check_takes_a_module_a_path_and_a_class(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = loaded(file, monkeypatch)
    for subject in (
        module,
        file,
        str(file),
        f"{file}:LSTM",
        module.LSTM,
        "my_lstm",
        "my_lstm:LSTM",
    ):
        monkeypatch.chdir(file.parent)
        report = check(subject, level="quick")
        assert report.passed, str(report)
        assert "my_lstm" in report.subject


def test_a_class_of_a_file_runs_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    path = tmp_path / "tells.py"
    path.write_text(
        SMALL.replace(
            "self.grads = {}", f"import os; open({str(told)!r}, 'a').write(f'{{os.getpid()}} ')"
        )
    )
    module = loaded(path, monkeypatch)
    assert check(module.LSTM, level="quick").passed
    assert str(os.getpid()) not in told.read_text().split()
    told.unlink()
    assert check(module.LSTM, level="quick", in_process=True).passed
    assert set(told.read_text().split()) == {str(os.getpid())}


def test_a_class_that_is_here_alone_runs_in_this_process() -> None:
    space: dict[str, Any] = {"__name__": "somewhere"}
    exec(SMALL, space)
    report = check(space["LSTM"], level="quick")
    assert report.passed
    assert report.subject == "LSTM"


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"level": "nope"},
        ValueError,
        "there is no level 'nope'; the levels are quick, standard, deep",
    ),
    ({"level": None}, ValueError, "there is no level None"),
    ({"level": ["quick"]}, ValueError, "there is no level"),
    ({"adapter": "nope"}, lstm_checks.subjects.source.Unusable, "there is no adapter 'nope'"),
    (
        {"adapter": "nope.py"},
        lstm_checks.subjects.source.Unusable,
        "there is no adapter file 'nope.py'",
    ),
    ({"adapter": 3}, TypeError, "adapter must be a name or a file, not an int"),
    ({"seed": -1}, ValueError, "the seed is -1; it must be an integer from 0"),
    ({"seed": True}, ValueError, "the seed is True"),
    ({"seed": 1.0}, ValueError, "the seed is 1.0"),
    ({"seed": "1"}, ValueError, "the seed is '1'"),
    ({"limits": 3}, TypeError, "limits is 3; it must be a lstm_checks.Limits"),
    ({"limits": None}, TypeError, "limits is None"),
    ({"skip": ("nope",)}, ValueError, "there is no law 'nope'"),
]


@pytest.mark.parametrize(("arguments", "error", "phrase"), BAD)
@pytest.mark.parametrize("function", [check, lstm_checks.parametrize])
def test_an_argument_that_cannot_be_used_raises_at_once(
    function: Any, arguments: dict[str, Any], error: type[Exception], phrase: str, tmp_path: Path
) -> None:
    """Before anything of the subject runs."""
    begun = tmp_path / "begun"
    path = tmp_path / "my_lstm.py"
    path.write_text(COUNTED.format(str(begun)) + SMALL)
    with pytest.raises(error) as raised:
        function(path, **arguments)
    assert phrase in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not begun.exists()


@pytest.mark.parametrize("subject", [3, None, [], lambda: None, object(), b"file.py"])
def test_a_subject_that_is_none_raises_at_once(subject: Any) -> None:
    with pytest.raises(TypeError, match=r"give a class, a module, a path or a name, not an? "):
        check(subject)


@pytest.mark.parametrize(
    "limit",
    [
        {"call": 0},
        {"call": -1},
        {"run": float("nan")},
        {"load": float("inf")},
        {"run": "10"},
        {"memory": 0},
        {"memory": 1.5},
        {"memory": "1 GB"},
        {"call": None},
        {"call": 1e9},
    ],
)
def test_a_limit_that_is_none_raises_at_once(limit: dict[str, Any]) -> None:
    ((name, value),) = limit.items()
    with pytest.raises(ValueError, match=re.escape(f"the limit '{name}' is {value!r}; it")):
        Limits(**limit)


def test_limits_are_frozen_and_small() -> None:
    assert Limits(memory=None).memory is None
    with pytest.raises(AttributeError):
        Limits().call = 3.0


def test_the_repr_is_short() -> None:
    for path in (RIGHT, WRONG):
        report = check(path, level="quick")
        assert "\n" not in repr(report)
        assert len(repr(report)) < 300
        assert repr(report).startswith("<Report ")
        assert len(str(report)) > 300


LOOP = "        while True:\n            pass\n"


def in_thread(function: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
    thread.start()
    thread.join(120)
    assert found, "it goes on for ever"
    return found[0]


@pytest.mark.parametrize("thread", [False, True])
def test_an_endless_loop_in_a_class_of_this_process_ends(thread: bool) -> None:
    space: dict[str, Any] = {"__name__": "somewhere"}
    exec(SMALL.replace("        self.cache = []\n        for", LOOP + "        for"), space)

    def run() -> lstm_checks.Report:
        return check(space["LSTM"], level="quick", limits=Limits(call=0.3, run=5.0))

    report = in_thread(run) if thread else run()
    assert report.cause.status == "timeout"
    assert "forward did not return within 0.3 s" in report.cause.message


# The command -------------------------------------------------------------------------------------


def interrupted(file: Path, begun: Path) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a check that is interrupted as soon as it has begun."""
    with subprocess.Popen(
        [COMMAND, "check", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 60.0
            while not begun.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=20)  # the check would take 30
        finally:
            process.kill()
    return process.returncode, stdout, stderr


@pytest.mark.parametrize("where", ["import", "init", "forward"])
def test_ctrl_c_ends_a_check(where: str, tmp_path: Path) -> None:
    """With exit status 130 and a line, and nothing is left behind."""
    begun, file = tmp_path / "begun", tmp_path / "my_lstm.py"
    waits = COUNTED.format(str(begun)) + "import time; time.sleep(1000)\n"
    inside = "\n".join(f"        {line}" for line in waits.splitlines())
    file.write_text(
        {
            "import": waits + SMALL,
            "init": SMALL.replace("        self.grads = {}", inside),
            "forward": SMALL.replace(
                "        self.cache = []\n        for", f"{inside}\n        for"
            ),
        }[where]
    )
    code, stdout, stderr = interrupted(file, begun)
    assert code == 130
    assert stderr == "lstm-checks was interrupted.\n"
    assert stdout == ""
    (pid,) = begun.read_text().split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_failure_of_the_kit_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit status 3. It is not taken for the subject's fault or for the user's."""
    for error in (
        RuntimeError("a\nfault"),
        ValueError("of a value"),
        KeyError("key"),
        AssertionError(),
    ):

        def fails(self: Ladder, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(Ladder, "outcome", fails)
        result = CliRunner().invoke(main, ["check", str(RIGHT), "--level", "quick"])
        assert result.exit_code == 3
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert "lstm-checks failed itself, not your LSTM" in result.stderr
        assert type(error).__name__ in result.stderr


def test_a_failure_of_the_kit_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(self: Ladder) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Ladder, "outcome", fails)
    monkeypatch.setenv("LSTM_CHECKS_TRACEBACK", "1")
    result = CliRunner().invoke(main, ["check", str(RIGHT), "--level", "quick"])
    assert isinstance(result.exception, RuntimeError)


def test_a_reader_that_stops_reading_is_no_failure() -> None:
    """As head does."""
    line = f"{COMMAND} laws | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "load\n"


def test_a_module_object_of_no_file() -> None:
    module = ModuleType("of_no_file")
    exec(SMALL, vars(module))
    report = check(module, level="quick")
    assert report.passed
    assert report.subject == "a module of no file"

"""What the subject sees of its surroundings, and what the kit needs of its own.

The subject's environment is clean, its process holds nothing of the judge, and a terminal that
knows few characters still gets a readable report.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_checks
from lstm_checks.cli import IN_ASCII
from lstm_checks.launch import environment

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PLAIN = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
COMMAND = str(Path(sys.executable).with_name("lstm-checks"))
SEED = "918273645"


def command(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """The real command, with further environment variables."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env=os.environ | more,
        check=False,
    )


def told(tmp_path: Path, code: str, *arguments: object, **more: str) -> dict[str, object]:
    """What a subject writes of itself into a file as it is imported: the dict `told`."""
    out = tmp_path / "told.json"
    subject = tmp_path / "lstm.py"
    write = f"import json\nwith open({str(out)!r}, 'w') as file: json.dump(told, file)\n"
    subject.write_text(f"{code}\n{write}")
    done = command("check", subject, "--level", "quick", *arguments, **more)
    assert "Traceback" not in done.stdout + done.stderr
    assert out.exists(), done.stdout + done.stderr
    found: dict[str, object] = json.loads(out.read_text())
    return found


# What the subject sees ---------------------------------------------------------------------------


def test_the_environment_is_clean(tmp_path: Path) -> None:
    mine = {
        "SECRET_MARK": "1",
        "PYTHONPATH": "/nowhere",
        "PYTHONHASHSEED": "1",
        "LSTM_CHECKS_X": "1",
        "PYTEST_CURRENT_TEST": "test",
        "AWS_SECRET_ACCESS_KEY": "1",
        "HTTP_PROXY": "http://nowhere",
        "KERAS_BACKEND": "numpy",
        "LC_TIME": "C",
        "OMP_NUM_THREADS": "7",
    }
    found = told(tmp_path, "import os\ntold = dict(os.environ)", **mine)
    libraries = {f"{name}_NUM_THREADS" for name in environment.LIBRARIES}
    allowed = {*environment.SYSTEM, *environment.LOADER, *libraries}
    assert [
        name for name in found if name not in allowed and not name.startswith(environment.PREFIXES)
    ] == []
    assert (found["KERAS_BACKEND"], found["LC_TIME"]) == ("numpy", "C")
    assert found["OMP_NUM_THREADS"] == "1"  # the kit's


ABOUT = """
import os, sys
def lines(pid):
    found = []
    while pid > 1:
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    found.append(file.read().decode(errors="replace"))
            except OSError:
                pass
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
        if len(found) >= 6:  # this process, its keeper, and the command
            break
    return found
told = {"argv": sys.argv, "orig_argv": sys.orig_argv, "environ": dict(os.environ),
        "seen": lines(os.getpid()), "main": sorted(vars(sys.modules["__main__"]))}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_the_seed_and_the_level_are_not_visible(tmp_path: Path) -> None:
    """Neither in the subject's arguments and environment nor in those of its parents."""
    found = told(
        tmp_path, ABOUT, "--seed", SEED, "--json", tmp_path / "report-mark.json", MARK_OF_MINE=SEED
    )
    assert found["argv"] == ["lstm"]
    assert len(found["seen"]) == 6
    assert "lstm-checks" in found["seen"][4]
    shown = json.dumps(found)
    assert SEED not in shown
    assert "report-mark" not in shown
    assert "quick" not in shown


REACHED = """
import sys, gc, importlib
told = {"modules": sorted(sys.modules)}
for name in ("_lstm_worker", "_lstm_worker.wire", "lstm_checks.worker", "__main__"):
    try:
        told[name] = sorted(vars(importlib.import_module(name)))
    except ImportError as error:
        told[name] = str(error)
names, held = [], []
frame = sys._getframe()
while frame:
    names.append(frame.f_code.co_filename + ":" + frame.f_code.co_name)
    for space in (frame.f_locals, frame.f_globals):
        for value in list(space.values()):
            held += [type(value).__name__, type(getattr(value, "__self__", None)).__name__]
    frame = frame.f_back
told["frames"], told["held"] = names, held
"""


def test_what_a_subject_reaches_by_its_frames_and_modules(tmp_path: Path) -> None:
    """As the docstring of worker/serve.py says: the host, and neither the channel nor a queue."""
    found = told(tmp_path, REACHED, "--seed", SEED)
    loaded = {name.partition(".")[0] for name in found["modules"]}
    assert not loaded & {
        "_lstm_worker",
        "lstm_checks",
        "lstm_reference",
        "hypothesis",
        "pytest",
        "rich",
        "click",
    }
    assert "No module named '_lstm_worker'" in found["_lstm_worker"]
    assert "No module named" in found["_lstm_worker.wire"]
    own = [name for name in found["frames"] if "/worker/" in name]
    assert {Path(name.partition(":")[0]).name for name in own} <= {
        "modules.py",
        "host.py",
        "serve.py",
        "__main__.py",
    }
    assert [name for name in own if name.endswith(("talk", "read", "start"))] == []
    assert "Host" in found["held"]
    assert not {"socket", "SimpleQueue", "Thread"} & set(found["held"])


SEARCHED = """
import gc, inspect
texts = []
def search(value, depth=0):
    if depth < 6 and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, (str, int)):
            texts.append(str(value)[:200])
        elif not inspect.ismodule(value):
            for one in gc.get_referents(value):
                search(one, depth + 1)
seen = set()
for value in gc.get_objects():
    if not inspect.ismodule(value):
        search(value)
what = [word[::-1] for word in ("546372819", "kciuq", "dellornu")]
told = {"found": [text for text in texts if text in what or what[0] in text], "count": len(texts)}
"""


def test_a_search_of_all_objects_meets_no_seed(tmp_path: Path) -> None:
    """Nothing of what is right is in the process, however a subject searches it."""
    found = told(tmp_path, SEARCHED, "--seed", SEED)
    assert found["count"] > 1000
    assert found["found"] == []


# A terminal of few characters --------------------------------------------------------------------


def signs(folder: Path) -> set[str]:
    """The characters beyond ASCII in the texts and laws of the kit."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if "bench" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= {one for one in node.value if ord(one) > 127}
    return found


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
@pytest.mark.parametrize("file", ["right_lstm.py", "wrong_lstm.py"])
def test_a_terminal_of_few_characters(encoding: str, file: str) -> None:
    """Marks and frames are told in ASCII, and no character of the kit's becomes a "?"."""
    arguments = [COMMAND, "check", EXAMPLES / file, "--level", "quick", "--all"]
    done = subprocess.run(
        arguments,
        capture_output=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "80"},
    )
    assert done.returncode == (0 if file == "right_lstm.py" else 1)
    output = done.stdout.decode(encoding)
    assert done.stderr == b""
    assert "?" not in output
    passed, failed = ("✓", "✗") if encoding == "utf-8" else ("+", "x")
    assert re.search(rf"^{re.escape(passed)} +load\.imports", output, re.MULTILINE)
    assert file == "right_lstm.py" or re.search(
        rf"^{re.escape(failed)} +gradients\.through_time", output, re.MULTILINE
    )
    if file == "wrong_lstm.py":
        assert "the tolerance" in output
        assert "+-" in output or "╭" in output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_laws_and_explanations_on_a_terminal_of_few_characters(encoding: str) -> None:
    for arguments in (["laws"], ["explain", "step.cell_state"], ["explain", "gradients.dW"]):
        done = subprocess.run(
            [COMMAND, *arguments],
            capture_output=True,
            timeout=300,
            check=False,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0
        assert b"?" not in done.stdout


def test_every_sign_of_the_kit_can_be_spelled() -> None:
    marks = set("✓✗⧖·–\ufffd")  # the table of `report.terminal` has these twice
    assert signs(ROOT / "checks" / "lstm_checks") - marks <= set(IN_ASCII)
    assert all(text.isascii() for text in IN_ASCII.values())


# Without torch -----------------------------------------------------------------------------------

NO_TORCH = """\
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "torch" and hasattr(self.finder, "find_spec"):
            return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
from lstm_checks.cli import main
main()
"""


@pytest.fixture
def without_torch(tmp_path: Path) -> list[str]:
    """The command, in an interpreter that finds no torch."""
    file = tmp_path / "without_torch.py"
    file.write_text(NO_TORCH)
    return [sys.executable, str(file)]


@pytest.mark.parametrize("subject", ["torch.nn:LSTM", "torch.nn:LSTMCell", "torch.nn", "torch"])
def test_torch_is_not_installed(subject: str, without_torch: list[str]) -> None:
    """One line says so, and what to install."""
    done = subprocess.run(
        [*without_torch, "check", subject], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1
    assert "no module 'torch' is installed: pip install torch" in said[0]
    assert done.stdout == ""


def test_a_file_that_needs_a_package_that_is_not_installed(tmp_path: Path) -> None:
    file = tmp_path / "lstm.py"
    file.write_text("import a_package_of_nobody\n")
    done = command("check", file, "--level", "quick")
    assert done.returncode == 1
    assert "Install that package" in done.stdout


def test_the_kit_itself_needs_no_torch(without_torch: list[str]) -> None:
    for arguments in (["check", str(EXAMPLES / "right_lstm.py"), "--level", "quick"], ["laws"]):
        done = subprocess.run(
            [*without_torch, *arguments], capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    [
        ("--time-limit", "inf"),
        ("--time-limit", "nan"),
        ("--time-limit", "1e300"),
        ("--time-limit", "0"),
        ("--call-limit", "-1"),
        ("--call-limit", "1e9"),
        ("--memory-limit", "nan"),
        ("--memory-limit", "inf"),
        ("--memory-limit", "1e-10"),
        ("--memory-limit", "0"),
        ("--memory-limit", "1e300"),
        ("--seed", "1e3"),
    ],
)
def test_a_limit_that_is_none(option: tuple[str, str]) -> None:
    """It is told in one line as an unusable call, or means what it says."""
    done = command("check", EXAMPLES / "right_lstm.py", "--level", "quick", *option)
    if option[0] == "--memory-limit" and option[1] in ("inf", "1e300"):
        assert done.returncode == 0, done.stdout  # as good as none
        return
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error: ")]) == 1


def test_a_machine_that_allows_less_memory(tmp_path: Path) -> None:
    """The limit of the system holds where it is the lower one."""
    subject = tmp_path / "lstm.py"
    subject.write_text(PLAIN)
    line = f"ulimit -d 2000000; exec {COMMAND} check {subject} --level quick --memory-limit 64"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_memory_is_limited(tmp_path: Path) -> None:
    subject = tmp_path / "lstm.py"
    subject.write_text("import numpy\nnumpy.ones(1 << 28)\n")
    done = command("check", subject, "--level", "quick", "--memory-limit", "1")
    assert done.returncode == 1
    assert "MemoryError" in done.stdout
    assert "--memory-limit" in done.stdout


def test_the_kits_adapters_take_no_packages_place() -> None:
    """The adapter torch.py must not be what a subject gets that imports torch."""
    assert lstm_checks.check(
        ROOT / "examples" / "cs231n_lstm.py", level="quick", in_process=True
    ).passed
    assert not [path for path in sys.path if Path(path).name == "adapters"]

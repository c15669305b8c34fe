"""The report's files: what JSON says follows its schema, and writing leaves nothing half done."""

import functools
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, ValidationError

import lstm_checks
import lstm_checks.report
from lstm_checks.cli import main
from lstm_checks.report import files
from lstm_checks.report.files import Unwritable, check_writable, write

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
RIGHT, WRONG = EXAMPLES / "right_lstm.py", EXAMPLES / "wrong_lstm.py"
SCHEMA = json.loads((Path(lstm_checks.report.__file__).parent / "schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
OUTPUTS = ("--json", "--html", "--reproduce")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


# The schema --------------------------------------------------------------------------------------

SUBJECTS = {
    "right": (RIGHT.read_text(), "passed"),
    "wrong": (WRONG.read_text(), "failed"),
    "crashing": ("import os\nos.abort()\n", "error"),
    "crashing_in_forward": (
        RIGHT.read_text().replace(
            "    def forward(",
            ("    def forward(self, *_):\n        import os; os._exit(3)\n\n    def old("),
            1,
        ),
        "error",
    ),
    "looping": ("while True: pass\n", "error"),
    "unloadable": ("class LSTM(:\n", "failed"),
    "no_lstm": ("x = 1\n", "failed"),
    "not_a_number": (RIGHT.read_text().replace("return ", "return np.nan * ", 1), "failed"),
    "odd_words": ("raise ValueError('\\x1b[31m\\ud800\\u202e\\n' * 99)\n", "failed"),
    "noted": (
        RIGHT.read_text().replace("class LSTM:", "class LSTM:\n    weights = 'heavy'\n", 1),
        "passed",
    ),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_report_follows_the_schema(name: str, tmp_path: Path) -> None:
    source, verdict = SUBJECTS[name]
    file = tmp_path / "lstm.py"
    file.write_text(source)
    out = tmp_path / "report.json"
    limit = ("--time-limit", 2) if name == "looping" else ()
    code, output = run("check", file, "--level", "quick", *limit, "--json", out)
    told = json.loads(out.read_text())
    VALIDATOR.validate(told)
    assert told["verdict"] == verdict, output
    assert code == (0 if verdict == "passed" else 1)
    assert told["subject"] == str(file)
    assert (told["cause"] is None) == (verdict == "passed")
    found = {law["id"]: law for law in told["laws"]}
    if told["cause"] is not None:
        assert found[told["cause"]]["finding"]["what"]
        assert found[told["cause"]]["status"] in ("failed", "error", "timeout")
    assert bool(told["notes"]) == (name == "noted")


def test_report_as_dict_is_what_the_file_holds(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    run("check", WRONG, "--level", "quick", "--json", out)
    mine = wrong().as_dict()
    assert mine | {"seconds": 0} == json.loads(out.read_text()) | {"seconds": 0}


def test_the_schema_is_one_and_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    objects = [
        node
        for node in nodes(SCHEMA)
        if node.get("type") == "object" and "properties" in node and "required" in node
    ]
    assert len(objects) == 5
    for node in objects:
        assert node["additionalProperties"] is False
        assert set(node["required"]) == set(node["properties"])


def nodes(value: object) -> list[dict[str, object]]:
    """Every object within a schema."""
    if isinstance(value, dict):
        return [value, *(node for item in value.values() for node in nodes(item))]
    return [node for item in value for node in nodes(item)] if isinstance(value, list) else []


CHANGES = {
    "another_verdict": lambda told: told.update(verdict="good"),
    "another_key": lambda told: told.update(remark="good"),
    "no_cause": lambda told: told.pop("cause"),
    "a_failure_without_cause": lambda told: told.update(cause=None),
    "a_success_with_cause": lambda told: told.update(verdict="passed"),
    "an_unknown_rung": lambda told: told["laws"][0].update(id="top.imports", rung="top"),
    "another_status": lambda told: told["laws"][0].update(status="good"),
    "a_failed_law_without_finding": lambda told: told["laws"][0].update(status="failed"),
    "no_laws": lambda told: told.update(laws=[]),
    "a_control_character": lambda told: told.update(notes=["\x1b[31m"]),
    "a_surrogate": lambda told: told.update(notes=["\ud800"]),
    "two_lines": lambda told: told.update(subject="a\nb"),
    "a_negative_seed": lambda told: told.update(seed=-1),
    "another_schema": lambda told: told.update(schema=2),
    "half_a_fault": lambda told: told.update(diagnosis=[{"fault": "f"}]),
    "another_key_of_a_law": lambda told: told["laws"][0].update(extra=1),
    "another_size": lambda told: told["laws"][0]["case"].update(X=1),
}


@functools.cache
def wrong() -> lstm_checks.Report:
    return lstm_checks.check(WRONG, level="quick")


@pytest.mark.parametrize("name", CHANGES)
def test_the_schema_refuses(name: str) -> None:
    told = wrong().as_dict()
    VALIDATOR.validate(told)
    CHANGES[name](told)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(told)


def test_the_schema_takes_a_diagnosis() -> None:
    told = wrong().as_dict()
    told["diagnosis"] = [{"fault": "no_time", "says": "It says so.", "mend": "Mend it."}]
    VALIDATOR.validate(told)


# Where a file may be written ---------------------------------------------------------------------

MARKER = "import pathlib\npathlib.Path({!r}).touch()\n"


@pytest.mark.parametrize("option", OUTPUTS)
@pytest.mark.parametrize(
    "place",
    ["pipe", "link", "dangling", "folder", "null", "nowhere", "under_a_file", "slash", "", "long"],
)
def test_is_refused_before_the_check(option: str, place: str, tmp_path: Path) -> None:
    """In one line with exit status 2, and what is there stays as it is."""
    target = tmp_path / "kept.txt"
    target.write_text("kept")
    paths = {
        "pipe": tmp_path / "pipe",
        "link": tmp_path / "link",
        "dangling": tmp_path / "dangling",
        "folder": tmp_path,
        "null": "/dev/null",
        "nowhere": tmp_path / "nowhere" / "report",
        "under_a_file": target / "report",
        "slash": f"{tmp_path}/report/",
        "": "",
        "long": tmp_path / ("a" * 300),
    }
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "not-there")
    begun = tmp_path / "begun"
    subject = tmp_path / "lstm.py"
    subject.write_text(MARKER.format(str(begun)) + RIGHT.read_text())
    before = sorted(tmp_path.iterdir())
    code, output = run("check", subject, "--level", "quick", option, paths[place])
    assert code == 2
    said = [line for line in output.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1
    assert "cannot be written" in said[0]
    assert not begun.exists()
    assert sorted(tmp_path.iterdir()) == before
    assert target.read_text() == "kept"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert run("check", RIGHT, "--json", tmp_path / "report.json")[0] == 2


def test_what_appears_during_the_check_is_not_followed(tmp_path: Path) -> None:
    """A link that the subject puts in the report's place: the report is not written through it."""
    target, out = tmp_path / "kept.txt", tmp_path / "report.json"
    target.write_text("kept")
    subject = tmp_path / "lstm.py"
    links = (
        "import os\n"
        f"if not os.path.islink({str(out)!r}): os.symlink({str(target)!r}, "
        f"{str(out)!r})\n"
    )
    subject.write_text(links + RIGHT.read_text())
    code, output = run("check", subject, "--level", "quick", "--json", out)
    assert code == 2
    assert "it is a symbolic link" in output
    assert target.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "kept.txt",
        "lstm.py",
        "report.json",
    ]


# How a file is written ---------------------------------------------------------------------------


def test_an_existing_report_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    out.write_text("x" * 100_000)
    other = out.open()
    write(str(out), "new")
    assert out.read_text() == "new"
    assert other.read() == "x" * 100_000  # who reads the old one reads it to its end
    other.close()
    assert list(tmp_path.iterdir()) == [out]


def test_a_name_of_the_longest_kind(tmp_path: Path) -> None:
    out = tmp_path / ("a" * 255)
    check_writable(str(out))
    write(str(out), "new")
    assert out.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(str(tmp_path / "report"), "new")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o640


@pytest.mark.parametrize("when", ["write", "chmod", "replace", "interrupt"])
def test_an_existing_report_stays_where_writing_fails(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.json"
    out.write_text("old")

    def fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt if when == "interrupt" else OSError(28, "No space left on device")

    home = {"write": files.os, "chmod": Path, "replace": Path, "interrupt": files.os}[when]
    monkeypatch.setattr(home, {"write": "fdopen", "interrupt": "fdopen"}.get(when, when), fails)
    expected = KeyboardInterrupt if when == "interrupt" else Unwritable
    with pytest.raises(expected):
        write(str(out), "new")
    monkeypatch.undo()
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_an_existing_report_stays_where_the_disk_is_full(tmp_path: Path) -> None:
    """Of a process that may write files of 1 KB at most, as the system itself refuses."""
    out = tmp_path / "report.json"
    out.write_text("old")

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    command = [Path(sys.executable).with_name("lstm-checks"), "check", WRONG, "--json", out]
    done = subprocess.run(
        [*command, "--level", "quick"],
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "report.json cannot be written: File too large" in " ".join(done.stderr.split())
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_folder_goes_during_the_check(tmp_path: Path) -> None:
    """A subject that takes away the folder that the report is to be written to."""
    folder = tmp_path / "reports"
    folder.mkdir()
    subject = tmp_path / "lstm.py"
    subject.write_text(f"import shutil\nshutil.rmtree({str(folder)!r}, True)\n{RIGHT.read_text()}")
    code, output = run("check", subject, "--level", "quick", "--json", folder / "report.json")
    assert code == 2
    assert "PASSED" in output
    assert "cannot be written" in output


def test_the_working_folder_goes_during_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative name of the subject is still shown, and its script still written."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "lstm.py").write_text(
        f"import shutil\nshutil.rmtree({str(here)!r}, True)\n{WRONG.read_text()}"
    )
    monkeypatch.chdir(here)
    out = tmp_path / "report.json"
    code, output = run("check", "lstm.py", "--level", "quick", "--json", out)
    assert code == 1, output
    VALIDATOR.validate(json.loads(out.read_text()))

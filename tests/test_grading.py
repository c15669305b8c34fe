"""A class is graded: statuses, scores, reports, resuming, and what is no submission."""

import csv
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from click.testing import CliRunner

from class_of_submissions import (
    BOMBS,
    BROKEN,
    HOSTILE,
    LOOPS,
    OLD_NAMES,
    PLAIN,
    PYTHON_2,
    RIGHT,
    UNFINISHED,
    mistaken,
    notebook,
    zipped,
)
from lstm_checks.cli import main
from lstm_checks.grading import feedback, results, rubric, submissions
from lstm_checks.grading.compare import changes
from lstm_checks.grading.exchange import as_gradescope, as_junit
from lstm_checks.grading.judge import JUDGE_MEMORY
from lstm_checks.grading.run import local, seed_of
from lstm_checks.grading.score import score
from lstm_checks.report import data

RUBRIC = """title = "Test"
adapter = "cs231n"
required = ["backward", "initial_h", "final_h", "step", "step_backward", "dx", "dh0", "bias"]
[limits]
call = 1
load = 2
[points]
load = 5
shapes = 10
step = 25
sequence = 15
state = 5
gradients = 30
numerics = 10
"""
# Each submission: its content, its name's end, and the status that it should get.
SUBMITTED = {
    "right1": (RIGHT[0], ".py", "passed"),
    "right2": (notebook(RIGHT[1]), ".ipynb", "passed"),
    "right3": (zipped(cs231n__rnn_layers_dot_py=RIGHT[2], notes_dot_md="x"), ".zip", "passed"),
    "wrong": (mistaken("db_is_the_mean"), ".py", "failed"),
    "unfinished": (UNFINISHED[1], ".py", "unfinished"),
    "python2": (PYTHON_2, ".py", "not_loaded"),
    "oldnames": (OLD_NAMES, ".py", "failed"),
    "syntax": (BROKEN[0], ".py", "not_loaded"),
    "loop": (LOOPS[2], ".py", "timeout"),
    "bomb": (BOMBS[0], ".py", "out_of_memory"),
    "exits": (HOSTILE["exits"][0], ".py", "crashed"),
    "=1+1": (UNFINISHED[3], ".py", "unfinished"),
    "corrupt": (b"PK\x03\x04 this is no zip", ".zip", "unusable"),
    "photo": (b"\xff\xd8\xff\xe0", ".jpg", "unusable"),
}


def grade(*arguments):
    return CliRunner().invoke(main, ["grade", *map(str, arguments)], catch_exceptions=False)


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name.replace("_dot_", ".")).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("grading")


@pytest.fixture(scope="module")
def graded(home):
    """A small class, graded once by two judges at a time."""
    folder = home / "submitted"
    put(folder, **{name + end: content for name, (content, end, _) in SUBMITTED.items()})
    (folder / "linked.py").symlink_to("/etc/passwd")
    (folder / ".DS_Store").write_text("")
    (home / "rubric.toml").write_text(RUBRIC)
    (home / "key").write_text("the key of the course, 32 bytes!\n")
    out = home / "out"
    result = grade(
        folder, "--rubric", home / "rubric.toml", "--out", out, "-j", 2, "--key-file", home / "key"
    )
    assert result.exit_code == 0, result.output
    return out, result.output


@pytest.fixture(scope="module")
def rows(graded):
    with (graded[0] / "grades.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def record(graded, student):
    return results.saved(graded[0])[student]


# What came of a class -----------------------------------------------------------------------------


@pytest.mark.parametrize("student", SUBMITTED)
def test_each_status_is_right(rows, student):
    row = rows["'" + student if student.startswith("=") else student]
    assert row["status"] == SUBMITTED[student][2], row


def test_every_entry_is_accounted_for(graded, rows):
    assert len(rows) == len(SUBMITTED) + 1
    assert rows["linked"]["diagnosis"] == "it is a symbolic link, which is not followed"
    assert ".DS_Store" in graded[1]


def test_right_submissions_get_all_points(rows):
    assert [rows[name]["score"] for name in ("right1", "right2", "right3")] == ["100.0"] * 3


def test_what_cannot_be_graded_has_no_score_and_not_zero(rows):
    assert [rows[name]["score"] for name in ("corrupt", "photo", "linked")] == [""] * 3


def test_an_unfinished_submission_loses_what_it_lacks(rows):
    lost = {key[6:]: float(value) for key, value in rows["unfinished"].items() if "lost" in key}
    assert lost["gradients"] == 30
    assert lost["step"] == lost["sequence"] == lost["load"] == 0


def test_the_report_names_the_mistake(graded):
    told = (graded[0] / "feedback" / "wrong.md").read_text()
    assert "gradients" in told
    assert "grads\\['b'\\]" in told


def test_points_lost_and_score_add_up_to_all_points(rows):
    for row in rows.values():
        if row["score"]:
            lost = sum(float(value) for key, value in row.items() if key.startswith("lost"))
            assert float(row["score"]) + lost == pytest.approx(100, abs=0.05)


def test_the_table_is_safe_against_formulas(graded):
    with (graded[0] / "grades.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t")]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n@x"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(cell):
    assert results.harmless(cell).startswith("'")


def test_numbers_in_the_table_stay_numbers():
    assert results.harmless(-1.5) == -1.5


def test_imports_and_what_was_left_out_are_part_of_the_result(graded):
    assert record(graded, "right1")["imports"] == ["numpy"]
    assert record(graded, "exits")["remarkable"] == ["os"]
    assert "notes.md" in record(graded, "right3")["left_out"][0]
    assert "cell 1: 1 statement" not in " ".join(record(graded, "right2")["left_out"])
    assert "cell 3: 1 statement(s)" in record(graded, "right2")["left_out"]


def test_the_sandbox_is_printed(graded):
    assert re.search(r"Sandbox: (namespaces|landlock|process) \(", graded[1])


def test_the_line_that_replays_a_submission_gives_the_same_cases(graded, home, tmp_path):
    line = re.search(r"lstm-checks (check FILE .*)", graded[1])[1]
    arguments = line.replace("FILE", str(home / "submitted" / "wrong.py")).split()
    out = tmp_path / "replayed.json"
    CliRunner().invoke(main, [*arguments, "--json", str(out)])
    replayed, report = json.loads(out.read_text()), record(graded, "wrong")["report"]
    assert replayed["cause"] == report["cause"]
    assert [law["case"] for law in replayed["laws"]] == [law["case"] for law in report["laws"]]


def test_the_stored_report_fits_the_schema_of_reports(graded):
    schema = json.loads((Path(data.__file__).parent / "schema.json").read_text())
    for one in results.saved(graded[0]).values():
        if one["report"]:
            jsonschema.validate(one["report"], schema)


def test_no_student_is_told_the_seed(graded):
    seed = str(record(graded, "right1")["report"]["seed"])
    for file in [*(graded[0] / "feedback").iterdir(), *(graded[0] / "gradescope").iterdir()]:
        assert seed not in file.read_text()


def test_junit_has_a_case_per_student(graded, rows):
    suite = ElementTree.parse(graded[0] / "junit.xml").getroot()
    assert len(suite) == len(rows) == int(suite.get("tests"))
    assert suite.get("errors") == "3"
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) == 9


def test_gradescope_files_have_the_fields_that_it_reads(graded):
    made = json.loads((graded[0] / "gradescope" / "wrong.json").read_text())
    assert made["score"] == pytest.approx(sum(test["score"] for test in made["tests"]), abs=0.05)
    assert sum(test["max_score"] for test in made["tests"]) == 100
    assert {test["status"] for test in made["tests"]} == {"passed", "failed"}
    assert {test["visibility"] for test in made["tests"]} == {"visible"}
    assert not (graded[0] / "gradescope" / "photo.json").exists()


def test_the_page_of_the_class_links_to_each_student(graded, rows):
    page = (graded[0] / "class.html").read_text()
    links = re.findall(r'href="(feedback/[^"]+)"', page)
    assert len(links) == len(rows)
    from urllib.parse import unquote

    assert all((graded[0] / unquote(link)).is_file() for link in links)
    assert "not attempted" not in page
    assert "is not written yet; it raises NotImplementedError.<" in page
    assert "<td>not loaded</td>" in page


def test_pages_are_for_phones_and_for_light_and_dark(graded):
    for name in ("class.html", "feedback/wrong.html"):
        page = (graded[0] / name).read_text()
        assert 'name="viewport"' in page
        assert "color-scheme: light dark" in page


# Resuming, comparing, failures of the grader ------------------------------------------------------


def test_a_second_run_needs_resume(graded, home):
    result = grade(home / "submitted", "--out", graded[0])
    assert result.exit_code == 2
    assert "--resume" in result.output


def test_resume_keeps_what_is_the_same_and_grades_what_is_not(graded, home, tmp_path):
    folder = put(tmp_path / "two", right1_dot_py=RIGHT[0], wrong_dot_py=RIGHT[0])
    out = tmp_path / "out"
    (out / "students").mkdir(parents=True)
    for name in ("right1", "wrong"):
        text = (graded[0] / "students" / f"{name}.json").read_text()
        (out / "students" / f"{name}.json").write_text(text)
    common = ("--rubric", home / "rubric.toml", "--key-file", home / "key", "-j", 1)
    before = record(graded, "right1")
    result = grade(folder, *common, "--out", out, "--resume", "--compare", graded[0])
    assert result.exit_code == 0, result.output
    now = results.saved(out)
    assert now["right1"] == before
    assert now["wrong"]["status"] == "passed"
    assert now["wrong"]["score"] == 100
    assert "gradients.db" in result.output  # --compare says why


def test_another_key_rubric_or_kit_is_another_fingerprint(home, monkeypatch):
    one = submissions.Submission("a", "a.py", "", {"a.py": b"x"}, "a.py")
    given = rubric.load(home / "rubric.toml")
    marks = {
        results.fingerprint(one, given, 1, None),
        results.fingerprint(one, given, 2, None),
        results.fingerprint(one, replace(given, digest="other"), 1, None),
        results.fingerprint(one, given, 1, b"adapter"),
        results.fingerprint(replace(one, files={"a.py": b"y"}), given, 1, None),
        results.fingerprint(replace(one, main="b.py"), given, 1, None),
    }
    monkeypatch.setattr(results, "kit", lambda: "other")
    marks.add(results.fingerprint(one, given, 1, None))
    assert len(marks) == 7


def test_killed_at_any_moment_and_resumed_gives_the_same_grades(graded, home, tmp_path):
    names = ("right1", "right2", "wrong", "syntax", "unfinished", "oldnames")
    folder = tmp_path / "some"
    put(folder, **{name + SUBMITTED[name][1]: SUBMITTED[name][0] for name in names})
    out = tmp_path / "out"
    command = [sys.executable, "-c", "from lstm_checks.cli import main; main()", "grade"]
    command += [str(folder), "--rubric", str(home / "rubric.toml"), "--out", str(out), "-j", "1"]
    command += ["--key-file", str(home / "key"), "--resume"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list((out / "students").glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = results.saved(out)
    assert 2 <= len(kept) < len(names)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    now = results.saved(out)
    assert {name: now[name] for name in kept} == kept
    for name in names:
        was = record(graded, name)
        assert (now[name]["score"], now[name]["says"]) == (was["score"], was["says"])


@pytest.mark.skipif(sys.platform != "linux", reason="who a process's parent is, is told by /proc")
def test_a_killed_grader_leaves_no_process(home, tmp_path):
    folder = put(tmp_path / "some", loop_dot_py=LOOPS[1], other_dot_py=LOOPS[1])
    command = [sys.executable, "-c", "from lstm_checks.cli import main; main()", "grade"]
    command += [str(folder), "--adapter", "cs231n", "--out", str(tmp_path / "out"), "-j", "2"]
    marked = os.environ | {"LSTM_MARK": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=marked)
    deadline = time.monotonic() + 30
    while len(_with(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while _with(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _with(tmp_path) == []


def _with(mark):
    """The processes whose environment holds a mark: the grader and its judges."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"LSTM_MARK={mark}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def test_a_grader_without_a_worker_is_no_zero(home, tmp_path, monkeypatch):
    import lstm_checks.grading.judge as judging

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(judging, "Process", fails)
    task = judging.Task(
        "a", {"a.py": b""}, "a.py", "cs231n", None, "quick", 0, rubric.default("cs231n").limits
    )
    judged = judging.judge(task)
    assert "a worker could not be started" in judged["infra"]
    one = submissions.Submission("a", "a.py", "", {"a.py": b""}, "a.py")
    made = results.record(one, judged, rubric.default("cs231n"), "mark")
    assert (made["status"], made["score"]) == ("infra", None)


def test_a_full_disk_is_the_graders_failure(home, tmp_path, monkeypatch):
    folder = put(tmp_path / "one", photo_dot_jpg=b"")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lstm_checks.grading.results.save", full)
    result = grade(folder, "--adapter", "cs231n", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "No space left on device" in result.output
    assert "--resume" in result.output


def test_without_the_sandbox_that_is_required_nothing_is_graded(tmp_path, monkeypatch):
    from lstm_checks.launch.sandbox import sandbox

    monkeypatch.setattr(sandbox, "attempt", lambda *_: (None, "it is switched off"))
    folder = put(tmp_path / "one", a_dot_py=PLAIN)
    result = grade(folder, "--out", tmp_path / "out", "--require-sandbox", "namespaces")
    assert result.exit_code == 3
    assert "it is switched off" in result.output


# What cannot be used: one clear line each ---------------------------------------------------------


def refused(*arguments):
    result = grade(*arguments)
    assert result.exit_code == 2, result.output
    errors = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert len(errors) == 1, result.output
    return result.output


def test_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "is empty" in refused(tmp_path / "empty", "--out", tmp_path / "out")


def test_no_folder(tmp_path):
    assert "there is no folder" in refused(tmp_path / "none", "--out", tmp_path / "out")


def test_an_unknown_adapter(tmp_path):
    put(tmp_path / "s", a_dot_py=PLAIN)
    assert "no adapter 'kerass'" in refused(tmp_path / "s", "--adapter", "kerass")


def test_a_short_key(tmp_path):
    put(tmp_path / "s", a_dot_py=PLAIN)
    (tmp_path / "key").write_text("short")
    told = refused(tmp_path / "s", "--key-file", tmp_path / "key", "--out", tmp_path / "out")
    assert "at least 16" in told


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("call = 1", "cal = 1", "line 5: there is no setting 'cal'; do you mean 'call'?"),
        ("gradients = 30", "gradiants = 30", "line 13: there is no rung and no law 'gradiants'; "),
        ("step = 25", 'step = "25"', "line 10: points.step: '25' is not of type 'number'"),
        ('"backward", ', '"backwards", ', "line 3: there is no capability 'backwards'; do you "),
        ("[points]", "[points", "is not valid TOML: "),
        ('title = "Test"', "", "line 1: 'title' is missing"),
        ("call = 1", "call = 0", "line 5: limits.call: 0 is less than or equal to the minimum"),
        ('"backward", ', "", "line 13: no law of the rung 'gradients' runs at the level 'quick'"),
        ("[points]", 'hidden = ["x.*"]\n[points]', "line 7: "),
    ],
)
def test_a_rubric_with_a_mistake_is_one_line_with_its_number(tmp_path, old, new, says):
    assert old in RUBRIC
    file = tmp_path / "rubric.toml"
    file.write_text(RUBRIC.replace(old, new, 1))
    put(tmp_path / "s", a_dot_py=PLAIN)
    told = refused(tmp_path / "s", "--rubric", file, "--out", tmp_path / "out")
    assert says in " ".join(told.split()), told


# Submissions --------------------------------------------------------------------------------------


def read(tmp_path, name, content, file=None):
    put(tmp_path / "s", **{name: content})
    return submissions.read(tmp_path / "s", "x", (name,), "", file, None)


def test_a_zip_bomb_is_refused_without_being_unpacked(tmp_path):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(20):
            archive.writestr(f"{k}.txt", bytes(submissions.LARGEST))
        archive.writestr("big.txt", bytes(50 << 20))
    begun = time.process_time()
    found = read(tmp_path, "bomb.zip", target.getvalue())
    assert "larger than 8 MiB together" in found.trouble
    assert time.process_time() - begun < 5


def test_members_of_a_zip_that_lead_out_are_left_out(tmp_path):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("../out.py", "/etc/out.py", "a/../../out.py", "ok.py", ".hidden.py"):
            archive.writestr(name, PLAIN)
        link = zipfile.ZipInfo("link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__pycache__/ok.pyc", b"")
    found = read(tmp_path, "x.zip", target.getvalue())
    assert list(found.files) == ["ok.py"]
    assert len(found.left_out) == 6


def test_two_files_of_one_name_in_a_zip(tmp_path):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.py", PLAIN)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.py", PLAIN)
    assert "two files of the name a.py" in read(tmp_path, "x.zip", target.getvalue()).trouble


def test_links_fifos_and_byte_code_in_a_folder_are_left_out(tmp_path):
    folder = put(tmp_path / "s" / "ann", lstm_dot_py=PLAIN, x_dot_pth="import os", m_dot_so="")
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("/")
    os.mkfifo(folder / "pipe.py")
    (folder / "__pycache__").mkdir()
    found = submissions.read(tmp_path / "s", "ann", ("ann",), "", None, None)
    assert list(found.files) == ["lstm.py"]
    assert len(found.left_out) == 6


def test_several_files_that_may_hold_the_lstm_are_no_guess(tmp_path):
    put(tmp_path / "s" / "ann", a_dot_py=PLAIN, b_dot_py=PLAIN, c_dot_py="x = 1\n")
    found = submissions.read(tmp_path / "s", "ann", ("ann",), "", None, None)
    assert "2 files may hold the LSTM (a.py, b.py)" in found.trouble
    found = submissions.read(tmp_path / "s", "ann", ("ann",), "", "b.*", None)
    assert found.main == "b.py"


def test_two_students_with_one_id_are_both_told(tmp_path):
    put(tmp_path / "s", ann_dot_py=PLAIN, ann_dot_zip=b"", bob_dot_py=PLAIN)
    folder = submissions.look(tmp_path / "s", None)
    assert folder.entries == (
        ("ann.py", ("ann.py",), "ann.zip has the same id, ann"),
        ("ann.zip", ("ann.zip",), "ann.py has the same id, ann"),
        ("bob", ("bob.py",), ""),
    )


def test_names_of_canvas_moodle_and_gradescope_map_to_ids(tmp_path):
    put(tmp_path / "c", doejane_LATE_12_345_rnn_dot_py=PLAIN, doejane_12_346_notes_dot_txt="x")
    put(tmp_path / "c", roeric_77_99_rnn_dot_py=PLAIN)
    folder = submissions.look(tmp_path / "c", "canvas")
    assert [student for student, *_ in folder.entries] == ["12", "77"]
    found = {one.id: one for one in folder.submissions(None, "canvas")}
    assert sorted(found["12"].files) == ["notes.txt", "rnn.py"]
    (tmp_path / "m" / "Jane Doe_4711_assignsubmission_file").mkdir(parents=True)
    (tmp_path / "m" / "odd").mkdir()
    entries = submissions.look(tmp_path / "m", "moodle").entries
    assert [(student, trouble[:14]) for student, _, trouble in entries] == [
        ("Jane Doe_4711", ""),
        ("odd", "its name does "),
    ]
    (tmp_path / "g" / "submission_123").mkdir(parents=True)
    put(tmp_path / "g", submission_metadata_dot_yml="")
    folder = submissions.look(tmp_path / "g", "gradescope")
    assert (folder.entries[0][0], folder.beside) == ("123", ("submission_metadata.yml",))


def test_a_folder_of_photographs(tmp_path):
    put(tmp_path / "s", one_dot_jpg=b"\xff\xd8", two_dot_png=b"\x89PNG")
    result = grade(tmp_path / "s", "--adapter", "cs231n", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.output.count("there is no .py or .ipynb file in it") == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 3}', '{"cells": [1]}', "[" * 100000])
def test_what_is_no_notebook(tmp_path, text):
    assert "not a notebook" in read(tmp_path, "a.ipynb", text).trouble


def test_a_name_becomes_a_harmless_file_name():
    names = ["ann", "../../etc/passwd", "a/b", "a b", "a:b", "ü", "", "." * 300, "x" * 300]
    made = [results.file_name(name) for name in names]
    assert made[0] == "ann"
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_@][A-Za-z0-9._@-]*", name) for name in made)


# The score ----------------------------------------------------------------------------------------


def judged(**statuses):
    """A report in which laws have these statuses ("rung__law"), and all others passed."""
    given = rubric.default("cs231n")
    laws = []
    for law in given.shares():
        status = statuses.get(law.replace(".", "__"), "passed")
        finding = {"what": "w", "fix": "", "said": "", "code": "", "place": None}
        finding |= {"expected": None, "got": None}
        if status == "not_attempted":
            status, finding["what"] = "failed", "not attempted: backward returns None"
        blank = status in ("passed", "blocked", "not_offered")
        laws.append({"id": law, "rung": law.partition(".")[0], "status": status, "message": "m"})
        laws[-1]["finding"] = None if blank else finding
    cause = next((law["id"] for law in laws if law["status"] == "failed"), None)
    report = {"laws": laws, "cause": cause, "diagnosis": [], "seed": 0}
    report["verdict"] = "passed" if cause is None else "failed"
    return {"report": report, "out_of_scope": False}


def test_shares_add_up_to_all_points():
    for name in ("cs231n", "native", "torch"):
        given = rubric.default(name)
        assert sum(given.shares().values()) == pytest.approx(given.total) == pytest.approx(100)


def test_a_law_with_points_of_its_own_takes_none_of_its_rungs():
    given = rubric.default("cs231n")
    given = replace(given, points={"gradients": 10, "gradients.db": 7})
    shares = given.shares()
    assert shares["gradients.db"] == 7
    assert sum(shares.values()) == pytest.approx(17)


def test_one_named_fault_costs_in_one_rung_only():
    given = rubric.default("cs231n")
    blocked = {law.replace(".", "__"): "blocked" for law in given.shares() if "grad" in law}
    found = judged(step__cell_state="failed", step__whole="blocked", **blocked)
    unnamed = score(found, given, "x")
    found["report"]["diagnosis"] = [{"fault": "update.f", "says": "The forget gate is left out."}]
    assert score(found, given, "x").lost() == unnamed.lost()  # it may not explain everything
    found["explained"] = ["forward"]
    assert set(score(found, given, "x").lost()) == {"step", "gradients", "numerics"}
    found["explained"] = ["forward", "backward"]
    named = score(found, given, "x")
    assert list(named.lost()) == ["step"]
    assert named.says == "The forget gate is left out."
    assert named.undecided == 0
    assert set(unnamed.lost()) > {"step", "gradients"}
    decided = given.shares()["step.cell_state"]
    assert unnamed.undecided == pytest.approx(sum(unnamed.lost().values()) - decided, abs=0.03)


def test_two_named_faults_cost_in_two_rungs():
    given = rubric.default("cs231n")
    blocked = {
        law.replace(".", "__"): "blocked"
        for law in given.shares()
        if law.startswith(("sequence", "gradients", "numerics.any"))
    }
    found = judged(step__cell_state="failed", **blocked) | {"explained": ["forward", "backward"]}
    faults = [{"fault": "update.f", "says": "s"}, {"fault": "backward.db", "says": "s"}]
    found["report"]["diagnosis"] = faults
    assert list(score(found, given, "x").lost()) == ["step", "gradients"]


def test_a_named_fault_earns_nothing_for_what_is_not_written():
    given = rubric.default("cs231n")
    found = judged(step__cell_state="failed", shapes__backward="not_attempted")
    for law in found["report"]["laws"]:
        if law["id"].startswith("gradients"):
            law["status"] = "blocked"
    found["report"]["diagnosis"] = [{"fault": "update.f", "says": "s"}]
    found["explained"] = ["forward", "backward"]
    assert score(found, given, "x").lost()["gradients"] == 30


def test_what_is_required_and_not_offered_earns_nothing():
    given = rubric.default("cs231n")
    found = score(judged(gradients__dx="not_offered"), given, "x")
    assert found.status == "unfinished"
    assert found.score == pytest.approx(100 - given.shares()["gradients.dx"], abs=0.01)
    lenient = replace(given, worth=rubric.Worth(not_offered=1.0))
    assert score(judged(gradients__dx="not_offered"), lenient, "x").score == 100


def test_a_remark_is_worth_what_the_rubric_says():
    given = replace(rubric.default("cs231n"), worth=rubric.Worth(remark=0.5))
    found = score(judged(numerics__float32_stays="remark"), given, "x")
    assert found.status == "passed"
    assert found.score == pytest.approx(
        100 - given.shares()["numerics.float32_stays"] / 2, abs=0.01
    )


def test_lateness_comes_from_a_column(tmp_path):
    (tmp_path / "late.csv").write_text("student,days\nann,2\nbob,\ncy,90\n")
    text = RUBRIC + '[late]\nfile = "late.csv"\nid = "student"\ncolumn = "days"\n'
    (tmp_path / "r.toml").write_text(text + "points_per_unit = 10\nat_most = 50\n")
    given = rubric.load(tmp_path / "r.toml")
    scores = [score(judged(), given, student).score for student in ("ann", "bob", "cy", "dee")]
    assert scores == [80, 100, 50, 100]
    (tmp_path / "late.csv").write_text("student,hours\nann,2\n")
    with pytest.raises(rubric.BadRubric, match="no column 'days'"):
        rubric.load(tmp_path / "r.toml")


def test_the_seed_is_an_hmac_of_key_and_assignment():
    """Expected value: printf 'lstm-checks grade\\0LSTM' | openssl dgst -sha256 -hmac KEY."""
    import hashlib

    key, block = b"k" * 32, b"\0" * 32
    inner = hashlib.sha256(bytes(a ^ 0x36 for a in key + block) + b"lstm-checks grade\0LSTM")
    outer = hashlib.sha256(bytes(a ^ 0x5C for a in key + block) + inner.digest())
    assert seed_of(key, "LSTM") == int.from_bytes(outer.digest()[:8], "big") >> 1
    assert seed_of(key, "LSTM") != seed_of(key, "GRU") != seed_of(b"K" * 32, "GRU")


# What students are told ---------------------------------------------------------------------------


def seen(graded, home, student, **changes):
    given = replace(rubric.load(home / "rubric.toml"), **changes)
    return feedback.view(record(graded, student), given)


def test_each_way_of_disclosing_tells_more(graded, home):
    told = [
        feedback.as_markdown(seen(graded, home, "wrong", disclose=what))
        for what in rubric.DISCLOSES
    ]
    assert ["First wrong" in text for text in told] == [False, True, True, True]
    assert ["How to fix" in text for text in told] == [False, False, True, True]
    assert [", got " in text for text in told] == [False, False, False, True]


def test_a_hidden_law_is_not_named_anywhere(graded, home):
    cause = record(graded, "wrong")["report"]["cause"]
    hidden = seen(graded, home, "wrong", hidden=("gradients.*",), disclose="expected")
    page = feedback.as_page(hidden)
    for text in (feedback.as_markdown(hidden), page, as_gradescope(hidden)):
        assert cause not in text.replace("\\", "")
        assert "a hidden law" in text


NASTY = "<script>alert(1)</script> [x](javascript:y) **b** `c` \x1b[31m | #"


def test_text_of_a_submission_shows_as_text_everywhere(graded, home):
    given = rubric.load(home / "rubric.toml")
    one = json.loads(json.dumps(record(graded, "wrong")))
    one["id"] = one["says"] = one["entry"] = one["main"] = NASTY
    one["left_out"] = one["imports"] = [NASTY]
    for law in one["report"]["laws"]:
        if law["finding"]:
            law["finding"]["said"] = law["finding"]["what"] = NASTY
    view = feedback.view(one, given)
    markdown, page = feedback.as_markdown(view), feedback.as_page(view)
    board = feedback.class_page([one], given, {NASTY: "feedback/x.html"})
    assert not re.search(r"<script|(?<!\\)\[x|(?<!\\)\*\*b|(?<!\\)`c", markdown)
    assert "<script" not in page + board
    ElementTree.fromstring(as_junit(NASTY, [one]))
    assert all(test["output_format"] == "text" for test in json.loads(as_gradescope(view))["tests"])


def test_compare_tells_whose_grade_changes_and_why(graded):
    before = results.saved(graded[0])
    after = json.loads(json.dumps(list(before.values())))
    for one in after:
        if one["id"] == "right1":
            one["score"], one["rubric"] = 90.0, "other"
    found = changes(before, after[:-1])
    assert [row[0] for row in found] == sorted(["right1", after[-1]["id"]])
    assert [row[3] for row in found if row[0] == "right1"] == ["another rubric"]


def test_ctrl_c_keeps_what_is_there(home, tmp_path):
    folder = put(tmp_path / "s", a_dot_py=RIGHT[0], b_dot_py=RIGHT[1], c_dot_py=LOOPS[1])
    command = [sys.executable, "-c", "from lstm_checks.cli import main; main()", "grade"]
    command += [str(folder), "--rubric", str(home / "rubric.toml"), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [*command, "-j", "1"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob("students/*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert "--resume goes on from here" in told
    assert results.saved(tmp_path / "out")


@pytest.mark.torch
def test_a_pytorch_module_in_the_sandbox(home, tmp_path):
    source = "import torch\nclass LSTM(torch.nn.LSTM):\n    pass\n"
    folder = put(tmp_path / "s", ann_dot_py=source)
    key = home / "torch_key"
    key.write_text("the key of a course with PyTorch")
    grade(folder, "--adapter", "torch", "--out", tmp_path / "out", "-j", 1, "--key-file", key)
    one = results.saved(tmp_path / "out")["ann"]
    assert one["status"] == "passed", (one["report"]["seed"], one["says"])


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on address space is Linux's")
def test_a_judge_has_a_memory_limit_that_its_submissions_do_not_inherit():
    with local(1) as executor:
        soft, hard = executor().submit(resource.getrlimit, resource.RLIMIT_AS).result()
    assert (soft, hard) == (JUDGE_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1])

"""The report as a page: one file, all text escaped, the wrong part marked, no request made."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lstm_checks import check
from lstm_checks.engine.compare import agree
from lstm_checks.findings import Breach
from lstm_checks.museum.catalogue import BY_ID, NAMED
from lstm_checks.report.cell_drawing import PARTS
from lstm_checks.report.grid import MOST, grid_of
from lstm_checks.report.page import TEMPLATES, as_notebook, as_page

EXAMPLES = Path(__file__).parent.parent / "examples"
NASTY = "<script>alert(1)</script>&\"'<img src=//x.invalid>"
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def wrong():
    return check(EXAMPLES / "wrong_lstm.py", level="quick")


class Seen(HTMLParser):
    """The tags of a page, and whether each is closed in turn."""

    void = frozenset(("meta", "link", "br", "img"))

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_is_whole_and_asks_for_nothing(wrong):
    page = as_page(wrong)
    seen = Seen(page)
    assert page.startswith("<!DOCTYPE html>")
    assert seen.open == []
    targets = [a for _, attrs in seen.tags for k, a in attrs.items() if k in ("src", "href")]
    assert targets == ["data:,"]
    assert not re.search(r"url\(|@import|https?://", page)


def test_the_diagnosis_comes_before_the_law(wrong):
    page = as_page(wrong)
    says = wrong.diagnosis[0].says
    body = page[page.index("<main") :]
    assert 0 < body.index("<h1") < body.index(says) < body.index(wrong.cause.id)
    assert 'id="copy"' in page
    assert "color-scheme: light dark" in page
    assert "@media print" in page


def test_the_wrong_part_of_the_cell_is_marked(wrong):
    page = as_page(wrong)
    assert "<p>Wrong in the backward pass: f ⊙ c.</p>" in page
    assert page.count('class="part wrong"') == 1
    assert set(re.findall(r'part\("(\w+)"', (TEMPLATES / "cell.svg").read_text())) == set(PARTS)


def caused_by(outcome, law):
    """The same outcome, as if it had the same finding by another law."""
    other = replace(outcome.cause, id=law)
    return replace(
        outcome, laws=tuple(other if one is outcome.cause else one for one in outcome.laws)
    )


def test_a_wrong_forward_pass_is_not_said_to_be_the_backward_pass(wrong):
    assert "<p>Wrong: f ⊙ c.</p>" in as_page(caused_by(wrong, "step.cell_state"))


def test_what_lies_between_layers_is_marked_in_no_cell(wrong):
    assert "<svg" not in as_page(caused_by(wrong, "composition.stack"))


def test_the_first_line_is_the_verdict_and_the_subject_alone(wrong):
    page = as_page(wrong)
    body = page[page.index("<main") :]
    assert f'FAILED <span class="subject">{wrong.subject}</span></h1>' in body
    assert body.count(wrong.diagnosis[0].says) == 1


def test_nothing_is_marked_where_all_is_right():
    page = as_page(check(EXAMPLES / "right_lstm.py", level="quick"))
    assert "PASSED" in page
    assert "<svg" not in page
    assert "first wrong" not in page


def test_all_text_is_escaped(wrong):
    cause = wrong.cause
    finding = replace(cause.finding, what=NASTY, fix=NASTY, said=NASTY, code=NASTY)
    laws = tuple(replace(one, finding=finding) if one is cause else one for one in wrong.laws)
    diagnosis = (replace(wrong.diagnosis[0], says=NASTY, fix=NASTY, seen=NASTY, code=NASTY),)
    nasty = replace(wrong, laws=laws, diagnosis=diagnosis, notes=(NASTY,))
    for shown in (as_page(nasty), as_notebook(nasty)):
        assert "<script>alert" not in shown
        assert "<img" not in shown
        assert "&lt;script&gt;alert" in shown


def finding(name, got, want):
    with pytest.raises(Breach) as caught:
        agree(name, got, want, 1e-9, "wrong")
    return caught.value.finding


def test_the_first_wrong_entry_is_outlined_and_the_errors_are_those_of_the_steps():
    want = np.arange(12.0).reshape(2, 3, 2)
    got = want.copy()
    got[1, 1, 0], got[0, 2, 1], got[1, 2, 0] = 0, -5, np.nan
    grid = grid_of(finding("y", got, want))
    assert grid.caption == "y of batch row 1, over time and unit"
    expected, seen = grid.pictures
    outlined = [(r, k) for r, row in enumerate(seen.rows) for k, one in enumerate(row) if one.first]
    assert outlined == [(1, 0)]
    assert (expected.rows[1][0].text, seen.rows[1][0].text, seen.rows[2][0].text) == (
        "8",
        "0",
        "nan",
    )
    assert [bar.text for bar in grid.bars] == ["0", "8", "inf"]
    assert [bar.share for bar in grid.bars] == [0, 1, 1]


@pytest.mark.parametrize(("name", "shape"), [("db", (8,)), ("dW", (3, 8)), ("h", (2, 3))])
def test_other_arrays_have_pictures_too(name, shape):
    want = np.zeros(shape)
    got = want.copy()
    got.ravel()[-1] = 1
    grid = grid_of(finding(name, got, want))
    assert grid.pictures[1].rows[-1][-1].first
    assert grid.bars == ()
    assert len(grid.column_names) == shape[-1]
    assert len(grid.row_names) == len(grid.pictures[0].rows)


def test_what_is_too_large_for_a_picture_has_none():
    assert grid_of(finding("h", np.ones((1, MOST + 1)), np.zeros((1, MOST + 1)))) is None


def in_browser(text, tmp_path):
    """The page as a browser makes it, and what the browser says."""
    file = tmp_path / "report.html"
    file.write_text(text)
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    return done.stdout, done.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_the_page_without_an_error(wrong, tmp_path):
    shown, said = in_browser(as_page(wrong), tmp_path)
    assert "CONSOLE" not in said
    assert wrong.cause.id in shown


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize(
    ("switch", "paper"),
    [
        ('data-theme="light"', "rgb(255, 255, 255)"),
        ('data-theme="dark"', "rgb(15, 19, 24)"),
        ('data-jp-theme-light="true"', "rgb(255, 255, 255)"),
        ('data-jp-theme-light="false"', "rgb(15, 19, 24)"),
    ],
)
def test_a_report_in_a_page_follows_its_switch(wrong, tmp_path, switch, paper):
    told = "getComputedStyle(document.querySelector('.lstm-report')).backgroundColor"
    script = f"<script>document.body.append('paper ' + {told})</script>"
    shown, _ = in_browser(f"<body {switch}>{as_notebook(wrong)}{script}</body>", tmp_path)
    assert f"paper {paper}" in shown


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ("update.forget_left_out", ("forget",)),
        ("update.input_left_out", ("write",)),
        ("hidden.without_tanh", ("out",)),
        ("gates.output.input_twice", ("o",)),
        ("carry.h_stays", ("h",)),
        ("order.iofg", ("f", "g", "o")),
        ("begin.c0_ignored", ("c",)),
        ("own.writes_into_x", ()),
        ("rows.h_summed", ("h",)),
        ("gates.every.bias_of_input", ("f", "g", "o")),
    ],
)
def test_a_fault_says_which_part_of_the_cell_is_wrong(fault, parts):
    assert set(BY_ID[fault].parts) == set(parts)


def test_every_named_fault_has_a_part_that_is_drawn():
    assert [fault.id for fault in NAMED if not fault.parts] == []
    assert {part for fault in NAMED for part in fault.parts} <= set(PARTS)


def test_the_parts_of_the_diagnosis_are_marked(wrong):
    told = replace(wrong.diagnosis[0], fault="unknown", parts=("tanh", "x"))
    page = as_page(replace(wrong, diagnosis=()))
    assert "The first wrong number is in: input." in page  # it is in dx
    page = as_page(replace(wrong, diagnosis=(told,)))
    assert "Wrong in the backward pass: tanh(c&#39;), input." in page

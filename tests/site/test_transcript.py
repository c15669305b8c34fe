"""The first LSTM: the outputs on the page are those that come."""

import re
import sys
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "site"


@pytest.fixture
def transcript(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    yield __import__("transcript")
    sys.modules.pop("transcript", None)


def untimed(text):
    return re.sub(r"\d+\.\d s$", "… s", text, flags=re.MULTILINE)


def test_the_outputs_are_those_that_come(transcript):
    page = transcript.PAGE.read_text(encoding="utf-8")
    assert untimed(transcript.replayed(page)) == untimed(page), (
        "python docs/site/transcript.py writes the outputs anew; read the page then"
    )


def test_it_goes_from_an_empty_file_to_a_passed_verdict(transcript):
    page = transcript.PAGE.read_text(encoding="utf-8")
    told = [found[2].splitlines() for found in transcript.BLOCK.finditer(page)]
    outputs = [lines[1] for lines in told if lines[0].startswith("$")]
    assert "has the parts to write" in outputs[0]
    assert outputs[1].startswith("UNFINISHED")
    assert outputs[-1].startswith("PASSED")

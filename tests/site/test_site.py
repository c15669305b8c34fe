"""The built site: all pages are there, all links lead somewhere, nothing is asked of a network.

`make docs` makes it in build/docs/html before these tests.
"""

import re
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from lstm_checks.laws.registry import EVERY as LAWS
from lstm_checks.museum.catalogue import ALL as FAULTS

HTML = Path(__file__).parents[2] / "build" / "docs" / "html"
PAGES = sorted(HTML.rglob("*.html"))
CHROMIUM = shutil.which("chromium")
# Attributes that make a browser load something.
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    """What a page loads, where it leads, and its anchors."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.anchors, self.pictures = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors.add(attributes.get("id"))
        if tag == "img":
            self.pictures.append(attributes.get("alt", ""))
        for name, value in attributes.items():
            if (tag, name) in LOADS:
                self.loads.append(value)
            if (tag, name) == ("a", "href"):
                self.links.append(value)


@cache
def parsed(path):
    return Page(path.read_text(encoding="utf-8"))


def test_it_is_built():
    assert PAGES, "there is no site; make docs makes it"


def test_every_law_and_every_family_has_a_page():
    for law in LAWS:
        text = (HTML / "laws" / f"{law.id.replace('.', '/')}.html").read_text(encoding="utf-8")
        assert law.id in text
        assert "highlight-diff" in text
        assert re.search(r"(FAILED|OUT OF SCOPE) <span[^>]*>my_lstm\.py", text), law.id
    assert {path.stem for path in (HTML / "museum").glob("*.html")} == {
        fault.family for fault in FAULTS
    }


def test_every_picture_is_told_in_words():
    told = [alt for page in PAGES for alt in parsed(page).pictures]
    assert len(told) > 10
    assert [alt for alt in told if not alt.endswith(".")] == []


def test_nothing_is_loaded_from_a_network():
    for page in PAGES:
        for target in parsed(page).loads:
            assert urlsplit(target).scheme in ("", "data"), f"{page.name}: {target}"
            assert not target.startswith("//"), f"{page.name}: {target}"
    for style in HTML.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"""(url\(|@import)\s*["']?(https?:)?//""", text), style.name


def test_every_link_inside_leads_somewhere():
    for page in PAGES:
        for link in (*parsed(page).links, *parsed(page).loads):
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name}: {link}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in parsed(target).anchors, f"{page.name}: {link}"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
@pytest.mark.parametrize(
    "name",
    ["index.html", "laws/step/cell_state.html", "museum.html", "course/5-gradients.html"],
)
def test_a_browser_has_nothing_to_complain_of(name, tmp_path):
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    done = subprocess.run(
        [
            CHROMIUM,
            *quiet.split(),
            "--disable-background-networking",
            "--disable-component-update",
            "--enable-logging=stderr",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path}",
            "--dump-dom",
            (HTML / name).as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "</html>" in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []

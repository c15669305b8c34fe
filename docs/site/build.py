"""Make the site: python docs/site/build.py [OUT]

The sources are the pages of docs/ as they are, CONTRIBUTING.md, and pages on laws and faults that
are made from the code. They are gathered in build/docs/source, and Sphinx makes build/docs/html.
Any warning is an error: a link that leads nowhere, a page that no contents list.
"""

import shutil
import sys
import time
from pathlib import Path

from sphinx.cmd.build import main as sphinx

import law_pages
import museum_pages

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# The pages in their order, by the caption under which they stand in the sidebar.
CONTENTS = {
    "Begin": ["start"],
    "For whom": ["your-own-lstm", "teaching", "Benchmarks <benchmarks>"],
    "Learn": ["course/README", "Three tutorials <seeds>"],
    "Laws and faults": ["laws", "The museum <museum>"],
    "Reference": ["conventions", "formats/README", "grading", "sandbox"],
    "Inside": ["how-it-works", "The reference's speed <performance>", "CONTRIBUTING"],
}


def gather(source: Path) -> None:
    """Write all sources into a new folder."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("site", "__pycache__"))
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source / "CONTRIBUTING.md").write_text(contributing.replace("](docs/", "]("), encoding="utf-8")
    made = law_pages.pages() | museum_pages.pages()
    for name, text in made.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for caption, names in CONTENTS.items():
        append(source / "index.md", names, f":hidden:\n:caption: {caption}")
    lessons = sorted(path.stem for path in (source / "course").glob("[0-9]*.md"))
    append(source / "course" / "README.md", lessons)
    formats = {path.stem for path in (source / "formats").glob("*.md")} - {"README"}
    if formats:
        append(source / "formats" / "README.md", sorted(formats))
    append(source / "laws.md", [f"laws/{rung}" for rung in law_pages.ALL_RUNGS])
    families = [Path(name).stem for name in made if name.startswith("museum/")]
    append(source / "museum.md", [f"{family} <museum/{family}>" for family in families])


def append(path: Path, names: list[str], options: str = ":hidden:") -> None:
    """Add a table of contents to a page."""
    with path.open("a", encoding="utf-8") as page:
        page.write("\n" + law_pages.contents(names, options))


def main(out: Path) -> int:
    """Gather, and run Sphinx. Returns its exit status."""
    began = time.monotonic()
    gather(out / "source")
    print(f"the pages are gathered after {time.monotonic() - began:.0f} s", flush=True)
    for made in ("html", "trees"):  # what the notebooks show depends on the code as well
        shutil.rmtree(out / made, ignore_errors=True)
    options = ["-b", "html", "-W", "--keep-going", "-q", "-c", str(HERE), "-d", str(out / "trees")]
    return sphinx([*options, str(out / "source"), str(out / "html")])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"))

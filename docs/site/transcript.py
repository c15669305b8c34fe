"""Run docs/start.md: write what its blocks of Python say, and type its commands.

    python docs/site/transcript.py

writes the outputs that came into the page. `tests/site/test_transcript.py` tests that they are
there already. A block of Python is a method of the class, or a function above it; it takes the
place of the one that has its name. A block of `console` is a line with $ and a command, and its
output.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

PAGE = Path(__file__).parents[1] / "start.md"
FILE = "my_lstm.py"
BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)
LSTM_CHECKS = [sys.executable, "-c", "from lstm_checks.cli import main; main()"]


def replayed(page: str) -> str:
    """The page with the outputs that come now, of commands that run in a new folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def block(found: re.Match[str]) -> str:
            if found[1] == "python":
                written(folder / FILE, found[2])
                return found[0]
            command = found[2].splitlines()[0]
            return f"```console\n{command}\n{output(command, folder)}```"

        return BLOCK.sub(block, page)


def written(path: Path, code: str) -> None:
    """Put a function into a file, in the place of the one of its name."""
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    lines = path.read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    (made,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    for node in (*made.body, *tree.body):
        if isinstance(node, ast.FunctionDef) and node.name == function.name:
            indented = textwrap.indent(code.rstrip(), " " * node.col_offset)
            lines[node.lineno - 1 : node.end_lineno] = [indented]
            break
    else:
        lines[made.lineno - 1 : made.lineno - 1] = [code.rstrip(), "", ""]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def output(command: str, folder: Path) -> str:
    """What a command prints, at 80 columns."""
    dollar, program, *words = shlex.split(command)
    assert (dollar, program) == ("$", "lstm-checks"), command
    environment = os.environ | {"COLUMNS": "80", "HOME": str(folder), "XDG_CONFIG_HOME": ""}
    done = subprocess.run(
        [*LSTM_CHECKS, *words],
        cwd=folder,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.stderr, done.stderr
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.rstrip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(replayed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

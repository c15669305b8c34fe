"""Takes from a notebook what defines things, and leaves out what trains, plots or downloads.

A notebook is known by its form, JSON with cells, whatever its file is called. Taken are imports,
functions, classes and constants, and what these need by their names; not the rest. Lines that are
IPython's (magics, `!` commands, `get_ipython()`) are left out.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from typing import Any

CELL = "in code cell "  # the note of a syntax error that says where it is
IPYTHON = re.compile(r"^\s*(%|!|\?|.*\?\s*$)")
CODE_MAGICS = ("%%time", "%%timeit", "%%capture", "%%writefile", "%%prun")
DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# What an expression of a constant may hold: no calls.
CONSTANT = (
    ast.Constant, ast.Name, ast.Load, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp,
    ast.BinOp, ast.Attribute, ast.Lambda, ast.Subscript, ast.Slice, ast.operator, ast.unaryop,
)  # fmt: skip


@dataclass
class Notebook:
    """What was taken from a notebook.

    Attributes:
        tree: the statements taken, with the line numbers of `text`.
        text: all code cells, one after the other.
        starts: the line of `text` at which each code cell begins, and the cell's number among the
            code cells, from 1.
        taken, left: the numbers of the cells of which something, or nothing, was taken.
    """

    tree: ast.Module
    text: str
    starts: list[tuple[int, int]]
    taken: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    def place(self, line: int) -> tuple[int, int]:
        """The cell, and the line in it, of a line of `text`."""
        start, cell = [one for one in self.starts if one[0] <= line][-1]
        return cell, line - start + 1

    @property
    def said(self) -> str:
        """What was taken, in words."""
        if not self.taken:
            return (
                f"Notebook: none of its {len(self.starts)} code cells defines an import, a "
                "function, a class or a constant."
            )
        left = f"; {_cells(self.left)} left out" if self.left else ""
        return f"Notebook: taken from {_cells(self.taken)}{left} (counting code cells)."


def _cells(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:20])) + (", …" if len(numbers) > 20 else "")
    return f"cell{'' if len(numbers) == 1 else 's'} {listed or 'none'}"


def cells_of(data: bytes) -> list[str] | None:
    """The code cells of a notebook; None for a file of another form."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    sheets = found.get("worksheets")
    cells = found.get("cells")
    if isinstance(sheets, list):  # the form before version 4
        cells = [
            one for sheet in sheets if isinstance(sheet, dict) for one in sheet.get("cells", [])
        ]
    if not isinstance(cells, list):
        return None
    return [
        _text(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def read(data: bytes) -> Notebook | None:
    """What a notebook defines; None for a file of another form.

    Raises:
        SyntaxError: a cell that defines something is not valid Python; its line is that in the
            cell, whose number stands in a note.
    """
    cells = cells_of(data)
    if cells is None:
        return None
    lines: list[str] = []
    starts, bodies = [], []
    for number, cell in enumerate(cells, 1):
        start = len(lines) + 1
        starts.append((start, number))
        own = without_ipython(cell).split("\n")
        lines += own
        bodies.append((number, start, "\n".join(own)))
    notebook = Notebook(ast.Module([], []), "\n".join(lines) + "\n", starts)
    statements: list[tuple[int, ast.stmt]] = []
    for number, start, text in bodies:
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            if not re.search(r"^\s*(class|def|import|from)\s", text, re.MULTILINE):
                continue
            error.add_note(f"{CELL}{number}")
            raise
        ast.increment_lineno(tree, start - 1)
        statements += [(number, one) for one in tree.body]
    kept = _kept([one for _, one in statements])
    notebook.tree.body = [_guarded(one) for _, one in statements if id(one) in kept]
    notebook.taken = sorted({number for number, one in statements if id(one) in kept})
    notebook.left = [n for _, n in starts if n not in notebook.taken]
    return notebook


def without_ipython(cell: str) -> str:
    """The cell with the lines that are IPython's left empty."""
    lines = cell.replace("\r\n", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(CODE_MAGICS):
        return "\n" * (len(lines) - 1)
    if not any(IPYTHON.match(line) for line in lines):
        return cell.replace("\r\n", "\n")
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return "\n".join("" if IPYTHON.match(line) else line for line in lines)
    return "\n".join(lines)


def without_get_ipython(tree: ast.Module) -> ast.Module:
    """A script that nbconvert made, without the statements that call IPython."""
    tree.body = [one for one in tree.body if "get_ipython" not in _names(one)]
    return tree


def _kept(statements: list[ast.stmt]) -> set[int]:
    """The statements that define, and those that the kept ones need by name."""
    kept = [one for one in statements if _defines(one)]
    needed = set().union(*map(_names, kept)) if kept else set()
    for one in reversed(statements):
        targets = _targets(one)
        if one not in kept and targets and targets & needed:
            kept.append(one)
            needed |= _names(one)
    return {id(one) for one in kept}


def _defines(one: ast.stmt) -> bool:
    if isinstance(one, DEFINES):
        return True
    if isinstance(one, (ast.Assign, ast.AnnAssign)):
        value = one.value
        return value is not None and all(
            isinstance(part, CONSTANT) for part in _outside_lambdas(value)
        )
    if isinstance(one, ast.Try):
        return all(isinstance(part, DEFINES) for part in one.body)
    if isinstance(one, ast.If):
        return all(map(_defines, [*one.body, *one.orelse])) and "__name__" not in _names(one)
    return False


def _outside_lambdas(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Lambda):
        return [node]
    return [
        node,
        *(part for child in ast.iter_child_nodes(node) for part in _outside_lambdas(child)),
    ]


def _names(one: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(one) if isinstance(part, ast.Name)}


def _targets(one: ast.stmt) -> set[str]:
    if not isinstance(one, (ast.Assign, ast.AnnAssign)):
        return set()
    targets = one.targets if isinstance(one, ast.Assign) else [one.target]
    return {
        part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
    }


def _guarded(one: ast.stmt) -> ast.stmt:
    """A constant that is computed may fail where data is missing; what needs it then says so."""
    if _defines(one):
        return one
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    guarded = ast.copy_location(ast.Try([one], [handler], [], []), one)
    return ast.fix_missing_locations(guarded)

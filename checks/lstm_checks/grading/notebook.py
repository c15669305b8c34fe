"""A notebook's code as a module: its imports, functions, classes and constants."""

import ast
import json


class BadNotebook(Exception):
    """It is no notebook; the message says why."""


def as_module(text: str) -> tuple[str, list[str]]:
    """The source, and what was left out of it.

    A notebook's other statements train, plot and test; they are left out, as are magics. A cell
    that is not valid Python is kept as it is, so that what is wrong with it is reported.

    Raises:
        BadNotebook: the text is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
        sources = [
            cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadNotebook("it is not a notebook: it holds no cells") from None
    parts, left_out = [], []
    for number, source in enumerate(sources, 1):
        if source.lstrip().startswith("%%"):
            left_out.append(f"cell {number}: {source.split(maxsplit=1)[0][:20]}")
            continue
        code = "\n".join(
            "" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()
        )
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            parts.append(f"# cell {number}\n{code}")
            continue
        kept = [node for node in tree.body if _defines(node)]
        if len(kept) < len(tree.body):
            left_out.append(f"cell {number}: {len(tree.body) - len(kept)} statement(s)")
        parts += [f"# cell {number}"] if kept else []
        parts += [_text(code, node) for node in kept]
    return "\n".join(parts) + "\n", left_out


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        value = node.value
        return isinstance(value, ast.Lambda) or (
            value is not None and not any(isinstance(one, ast.Call) for one in ast.walk(value))
        )
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return isinstance(node, definitions)


def _text(code: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(code.splitlines()[first - 1 : node.end_lineno])

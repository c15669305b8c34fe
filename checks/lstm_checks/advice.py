"""Puts what went wrong in a subject's code into words, with what to do about it."""

import re
from typing import Any

# What only Python 2 has: its syntax, told by the line or the message, and its names.
_OLD_SYNTAX = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer|^raise [\w.]+\s*,|`.+`|<>|^except [\w.]+\s*,|^(print|exec) "
)
_OLD_NAMES = re.compile(
    r"name '(xrange|unicode|raw_input|basestring|long|reduce|unichr)' is not defined"
    r"|has no attribute '(iteritems|itervalues|iterkeys|has_key)'"
    r"|for >>: 'builtin_function_or_method'"
)
_PYTHON_3 = (
    "Give the Python 3 form: print(...), range, items(), raise E(...); 2to3 converts a file."
)


def advise(error: dict[str, Any], called: str) -> tuple[str, str]:
    """What happened, and what to do, for an error that the worker's host describes."""
    kind, message = error["kind"], error["message"]
    if kind == "no_subject":
        return message, ""
    if kind == "syntax":
        return _syntax(error)
    place = ""
    if error.get("line"):
        place = f" (line {error['line']}, in {error['function']}: {error['code']})"
    if kind == "not_written":
        return (
            f"not attempted: {called} is not written yet, it raises NotImplementedError{place}",
            f"Write {called}.",
        )
    if (
        called == "load"
        and "name 'null' is not defined" in message
        and '"' in error.get("code", "")
    ):
        return (
            "it is a notebook or other JSON, not Python source",
            "Export the notebook as a .py file: jupyter nbconvert --to script.",
        )
    did = "importing it raised" if called == "load" else f"{called} raised"
    what = (
        f"{did} {error['type']}: {message}{place}" if message else f"{did} {error['type']}{place}"
    )
    return what, _mend(error["type"], message, called)


def _syntax(error: dict[str, Any]) -> tuple[str, str]:
    message, code = error["message"], error.get("code") or ""
    line = f"line {error['line']}" + (f": {code}" if code else "")
    if _OLD_SYNTAX.search(message) or _OLD_SYNTAX.search(code):
        return f"it is written in Python 2 ({line})", _PYTHON_3
    if "null bytes" in message:
        return "it is no Python source: it holds binary data", "Give the .py file."
    if "codec can't decode" in message:
        return (
            f"it is not UTF-8 text: {message}",
            "Save it as UTF-8, or declare its encoding in the first line; a binary file is no "
            "Python source.",
        )
    return f"it is no valid Python: {message} ({line})", "Mend the syntax error."


def _mend(kind: str, message: str, called: str) -> str:
    if "inhomogeneous" in message or "setting an array element with a sequence" in message:
        return (
            "An array is built from rows of different lengths, which NumPy refuses since 1.24: "
            "make the rows equally long, or keep a list."
        )
    if kind == "AttributeError" and message.startswith("module 'numpy' has no attribute"):
        return "NumPy took this name out: use the built-in float, int or bool, or today's name."
    if _OLD_NAMES.search(message):
        return f"This is Python 2. {_PYTHON_3}"
    if kind == "ModuleNotFoundError":
        return "Install that package, or take the import out."
    if kind == "ImportError" and "relative import" in message:
        return "The file belongs to a package: give its importable name, as package.module:LSTM."
    if kind == "SystemExit":
        guard = ", or put it under if __name__ == '__main__'" if called == "load" else ""
        return f"Take the exit out of the code{guard}."
    if kind == "EOFError" or (kind == "IndexError" and called == "load"):
        return "A subject is given no input and no arguments: put such code under a main guard."
    if kind == "NameError" and "'np'" in message:
        return "Write import numpy as np at the top."
    if kind == "AttributeError" and "'grads'" in message:
        return "After backward, keep the weights' gradients in self.grads, with the keys of params."
    if kind == "RecursionError":
        return "A function calls itself without end."
    if kind == "TypeError" and "argument" in message:
        return {
            "__init__": "The contract is __init__(self, input_size, hidden_size, stateful=False).",
            "forward": "The contract is forward(self, x, state=None).",
            "backward": "The contract is backward(self, dy, dstate=None).",
        }.get(called, "")
    return ""

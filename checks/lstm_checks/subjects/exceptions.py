"""Puts an exception of the subject's into words, with how to fix it."""

import re

from lstm_checks.findings import UNWRITTEN, Finding, quoted
from lstm_checks.subjects.contract import BACKWARD, FORWARD, INIT
from lstm_checks.subjects.replies import Failure
from lstm_checks.subjects.scope import ONE_LAYER

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
    "Use the Python 3 form: print(...), range, items(), raise E(...). The tool 2to3 converts a "
    "file."
)
_CONTRACTS = {"__init__": INIT, "forward": FORWARD, "backward": BACKWARD}


def finding_of(failure: Failure, called: str) -> Finding:
    """What happened and how to fix it.

    Args:
        failure: the exception as the worker's host describes it.
        called: the method that was called, or "load".
    """
    if failure.kind == "no_subject":
        return Finding(failure.message)
    if failure.kind == "unfit":
        return Finding(failure.message, ONE_LAYER, out_of_scope=True)
    if failure.kind == "syntax" and called == "load":
        return _syntax(failure)
    code = ""
    if failure.line is not None:
        code = f"{_cell(failure)}line {failure.line}, in {failure.function}: {failure.code}"
    if failure.kind == "not_written":
        part = failure.function if failure.function.isidentifier() else called
        what = f"{UNWRITTEN}{part} is not written yet; it raises NotImplementedError"
        return Finding(what, f"Write {part}.", said=failure.message, code=code)
    if called == "load" and "name 'null' is not defined" in failure.message and '"' in failure.code:
        return Finding(
            "the file is JSON without the cells of a notebook, not Python source",
            "Name a .py file or a notebook.",
        )
    kind = failure.type if failure.type.isidentifier() else quoted(failure.type)
    if kind == "SystemExit":
        who = "importing it" if called == "load" else called
        what = f"{who} ends the program: it raised SystemExit"
        said = "" if failure.message.isdigit() else failure.message
        return Finding(what, _fix(kind, "", called), said, code)
    what = f"importing it raised {kind}" if called == "load" else f"{called} raised {kind}"
    return Finding(what, _fix(failure.type, failure.message, called), failure.message, code)


def _cell(failure: Failure) -> str:
    return "" if failure.cell is None else f"code cell {failure.cell}, "


def _syntax(failure: Failure) -> Finding:
    code = "" if failure.line is None else f"{_cell(failure)}line {failure.line}: {failure.code}"
    if _OLD_SYNTAX.search(failure.message) or _OLD_SYNTAX.search(failure.code):
        return Finding("the file is written in Python 2", _PYTHON_3, failure.message, code)
    if "null bytes" in failure.message:
        return Finding(
            "the file is not Python source: it holds null bytes",
            "Name the .py file. If this is it, save it as UTF-8; it may be UTF-16 now.",
        )
    if "codec can't decode" in failure.message or "Non-UTF-8 code" in failure.message:
        return Finding(
            "the file is not UTF-8 text",
            "Save it as UTF-8, or declare its encoding in its first line. A binary file is not "
            "Python source.",
            failure.message,
        )
    return Finding(
        "the file is not valid Python", "Correct the syntax error.", failure.message, code
    )


def _fix(kind: str, message: str, called: str) -> str:
    if "inhomogeneous" in message or "setting an array element with a sequence" in message:
        return (
            "An array is made of rows of different lengths, which NumPy refuses since 1.24. Make "
            "the rows equally long, or keep a list."
        )
    if kind == "AttributeError" and message.startswith("module 'numpy' has no attribute"):
        return (
            "NumPy has removed this name. Use the built-in float, int or bool, or the name that "
            "NumPy's message suggests."
        )
    if _OLD_NAMES.search(message):
        return f"This is Python 2. {_PYTHON_3}"
    if kind == "ModuleNotFoundError":
        return "Install that package, or remove the import."
    if kind == "ImportError" and "relative import" in message:
        return "The file belongs to a package. Give its importable name, as package.module:LSTM."
    if kind == "SystemExit":
        guard = ", or put it under if __name__ == '__main__'" if called == "load" else ""
        return f"Remove the exit from the code{guard}."
    if kind == "EOFError" or (kind == "IndexError" and called == "load"):
        return (
            "A subject gets no input and no arguments. Put code that reads them under "
            "if __name__ == '__main__'."
        )
    if kind == "NameError" and "'np'" in message:
        return "Write import numpy as np at the top."
    if kind == "AttributeError" and "'grads'" in message:
        return "After backward, keep the weights' gradients in self.grads, with the keys of params."
    if kind == "RecursionError":
        return "A function calls itself without end."
    if kind == "MemoryError":
        return "It asked for more memory than --memory-limit allows."
    if kind == "TypeError" and "argument" in message:
        return _CONTRACTS.get(called, "")
    return ""

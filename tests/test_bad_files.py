"""Nothing that a file may do ends in a traceback of the kit's: each gets a verdict in words.

Exit codes: 0 passed, 1 not passed, 2 the call cannot be used.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_checks import Limits, Report, check
from lstm_checks.cli import main

PLAIN = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
SHORT = Limits(load=3.0, call=1.0, run=60.0)
QUICK = ("--level", "quick")


def words(output: str) -> str:
    """The output without boxes and line breaks, so that phrases can be looked for."""
    return re.sub(r"\s+", " ", re.sub("[│╭╮╰╯─]", " ", output))


def checked(*arguments: str) -> tuple[int, str]:
    """Exit code and words of `lstm-checks check`, in this process; the subject has its own."""
    result = CliRunner().invoke(main, ["check", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, words(result.output)


def holds(phrase: str, output: str) -> bool:
    """Whether the first lines hold a phrase; a sentence may begin with it, in a capital.

    Where there is an ellipsis in it, its parts stand there one after the other.
    """
    position, text = 0, output[:900].lower()
    for part in phrase.lower().split(" … "):
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


def failing(file: Path, *arguments: str) -> str:
    code, output = checked(str(file), *QUICK, *arguments)
    assert code == 1, output
    assert "passed" not in output[:60].lower()
    return output


def within_short_limits(file: Path) -> Report:
    """The report under limits that are shorter than the command line's."""
    report = check(str(file), level="quick", limits=SHORT)
    assert not report.passed
    assert "Traceback" not in str(report)
    return report


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A name without its folder, whose own words could be taken for the kit's."""
    monkeypatch.chdir(tmp_path)
    return Path("lstm.py")


def changed(old: str, new: str) -> str:
    """The plain LSTM with a change."""
    assert PLAIN.count(old) == 1, old
    return PLAIN.replace(old, new)


def with_attribute(attribute: str) -> str:
    """The plain LSTM with a class attribute."""
    return changed("class LSTM:", f"class LSTM:\n    {attribute}")


def declaring(key: str, value: str) -> str:
    """The plain LSTM with a convention in its `__lstm__`."""
    return with_attribute(f"__lstm__ = {{'{key}': {value}}}")


# Calls that cannot be used -----------------------------------------------------------------------


def test_no_such_file() -> None:
    code, output = checked("no_such_lstm.py")
    assert code == 2
    assert "there is no file 'no_such_lstm.py'" in output


def test_directory(tmp_path: Path) -> None:
    code, output = checked(str(tmp_path))
    assert code == 2
    assert "is a directory" in output


@pytest.mark.parametrize("name", ["no_such_module", "no such module", "no.such.module:LSTM"])
def test_no_such_module(name: str) -> None:
    code, output = checked(name)
    assert code == 2
    assert "there is no" in output


def test_no_such_adapter(file: Path) -> None:
    file.write_text(PLAIN)
    code, output = checked(str(file), "--adapter", "nonsense")
    assert code == 2
    assert "there is no adapter 'nonsense'" in output
    assert "native, torch, cs231n" in output


def test_no_such_adapter_file(file: Path) -> None:
    file.write_text(PLAIN)
    code, output = checked(str(file), "--adapter", "nowhere/adapter.py")
    assert code == 2
    assert "there is no adapter file" in output


@pytest.mark.parametrize("option", [("--level", "slow"), ("--seed", "-1"), ("--seed", "one")])
def test_unusable_option(file: Path, option: tuple[str, str]) -> None:
    file.write_text(PLAIN)
    assert checked(str(file), *option)[0] == 2


def test_report_that_cannot_be_written(file: Path, tmp_path: Path) -> None:
    file.write_text(PLAIN)
    code, output = checked(str(file), *QUICK, "--json", str(tmp_path / "no" / "report.json"))
    assert code == 2
    assert "cannot be written" in output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file(file: Path) -> None:
    file.write_text(PLAIN)
    file.chmod(0)
    assert "cannot be read" in checked(str(file))[1]


# Files that are no module ------------------------------------------------------------------------

SOURCES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "there is no LSTM in it"),
    "comment": (b"# my lstm\n", "there is no LSTM in it"),
    "binary": (bytes(range(256)), "the file is not Python source"),
    "null_bytes": (b"import numpy\0\n", "the file is not Python source"),
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0", "the file is not Python source"),
    "latin_1": ("name = 'René'\n".encode("latin-1") + PLAIN.encode(), "the file is not UTF-8 text"),
    "utf_16": (PLAIN.encode("utf-16"), "the file is not Python source"),
    "unknown_encoding": (b"# -*- coding: klingon -*-\n", "the file is not valid Python … klingon"),
    "notebook": (b'{"cells": [{"outputs": [], "x": null}], "nbformat": 4}', "notebook"),
    "python_2_print": (
        b"import numpy\nprint 'hello'\n",
        "written in Python 2. … line 2: print 'hello'",
    ),
    "python_2_print_to": (b"import sys\nprint >>sys.stderr, 'hello'\n", "Python 2"),
    "python_2_raise": (b"raise ValueError, 'wrong'\n", "Python 2"),
    "python_2_backticks": (b"x = `1`\n", "Python 2"),
    "python_2_unequal": (b"x = 1 <> 2\n", "Python 2"),
    "python_2_octal": (b"x = 0777\n", "Python 2"),
    "python_2_exec": (b"exec 'x = 1'\n", "Python 2"),
    "python_2_xrange": (b"for t in xrange(3):\n    pass\n", "Python 2"),
    "python_2_iteritems": (b"for k, v in {}.iteritems():\n    pass\n", "Python 2"),
    "syntax": (b"class LSTM(:\n    pass\n", "the file is not valid Python … line 1: class LSTM(:"),
    "indentation": (b"class LSTM:\npass\n", "line 2"),
    "tabs": (b"if True:\n\tx = 1\n        y = 2\n", "line 3"),
    "unfinished": (
        b"class LSTM:\n    def forward(self, x, state=None):\n",
        "the file is not valid Python",
    ),
    "merge_conflict": (b"<<<<<<< HEAD\nx = 1\n=======\n", "line 1"),
    "raises": (
        b"import os\nraise ValueError('boom')\n",
        "raised ValueError. … says: “boom”. … line 2",
    ),
    "assertion": (b"assert 1 == 2\n", "raised AssertionError. … line 1"),
    "raises_in_function": (b"def f():\n    1 / 0\nf()\n", "line 2, in f: 1 / 0."),
    "interrupt": (b"raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "no_text": (
        b"class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E()\n",
        "importing it raised E",
    ),
    "long_text": (b"raise ValueError('a' * 10**7)\n", "raised ValueError. … says: “aaa"),
    "sys_exit": (b"import sys\nsys.exit(0)\n", "SystemExit"),
    "exit_with_text": (b"raise SystemExit('usage: lstm FILE')\n", "usage: lstm FILE"),
    "os_exit": (b"import os\nos._exit(0)\n", "ended its process (exit code 0)"),
    "killed": (b"import os\nos.kill(os.getpid(), 9)\n", "SIGKILL"),
    "abort": (b"import os\nos.abort()\n", "SIGABRT"),
    "segfault": (b"import ctypes\nctypes.string_at(0)\n", "SIGSEGV"),
    "input": (b"n = input('How many? ')\n", "EOFError"),
    "arguments": (b"import sys\nn = int(sys.argv[1])\n", "IndexError"),
    "parse_arguments": (
        b"import argparse\np = argparse.ArgumentParser()\np.add_argument('n')\np.parse_args()\n",
        "SystemExit",
    ),
    "recursion": (b"def f():\n    f()\nf()\n", "calls itself without end"),
    "missing_package": (b"import no_such_package\n", "Install that package"),
    "missing_name": (b"from math import no_such_name\n", "no_such_name"),
    "relative_import": (b"from .layers import LSTM\n", "The file belongs to a package"),
    "no_numpy_import": (b"x = np.zeros(3)\n", "name 'np' is not defined"),
    "float_alias": (
        b"import numpy as np\nx = np.zeros(3, np.float)\n",
        "NumPy has removed this name",
    ),
    "ragged": (b"import numpy as np\nx = np.array([[1, 2], [3]])\n", "rows of different lengths"),
    "missing_data": (b"open('data.txt')\n", "No such file or directory: 'data.txt'"),
    "closes_everything": (b"import os\nos.closerange(0, 256)\n", "importing it ended its process"),
    "writes_everywhere": (
        b"import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'garbage ' * 9)\n"
        b"    except OSError:\n        pass\n",
        "wrote into the kit's channel",
    ),
    "floods": (b"print('x' * 10**8)\n", "printed more than 16 MB"),
    "floods_slowly": (
        b"for _ in range(1000):\n    print('x' * 10**6)\n",
        "printed more than 16 MB",
    ),
    "floods_stderr": (
        b"import sys\nfor _ in range(100):\n    sys.stderr.write('x' * 10**6)\n",
        "printed more than 16 MB",
    ),
    "numpy_spoilt": (b"import numpy\nnumpy.array = None\n" + PLAIN.encode(), "NoneType"),
    "kit_spoilt": (b"import json\njson.dumps = None\n" + PLAIN.encode(), "ended its process"),
}
if sys.version_info < (3, 14):  # from there on it means `except (ValueError, e):`
    SOURCES["python_2_except"] = (
        b"try:\n    pass\nexcept ValueError, e:\n    pass\n",
        "written in Python 2. … line 3: except ValueError, e:",
    )


@pytest.mark.parametrize("name", SOURCES)
def test_source(name: str, file: Path) -> None:
    source, phrase = SOURCES[name]
    file.write_bytes(source)
    output = failing(file)
    assert holds(phrase, output), output


# Files with the wrong things in them -------------------------------------------------------------

CLASSES: dict[str, tuple[str, str]] = {
    "no_forward": ("class LSTM:\n    pass\n", "its class LSTM has no forward method"),
    "two_classes": (
        "class A:\n    def forward(self, x): pass\nclass B:\n    def forward(self, x): pass\n",
        "say which with FILE:NAME",
    ),
    "forward_of_x_alone": (
        changed("def forward(self, x, state=None):", "def forward(self, x):\n        state = None"),
        "can be given no initial state",
    ),
    "forward_of_h_and_c": (
        changed("x, state=None):", "x, h0, c0):\n        state = h0, c0"),
        "The contract is forward(self, x, state=None)",
    ),
    "init_of_nothing": (
        changed("(self, input_size, hidden_size, stateful=False):",
                "(self):\n        input_size, hidden_size, stateful = 3, 2, False"),
        "The contract is __init__(self, input_size, hidden_size, stateful=False)",
    ),
    "init_of_three": (
        changed("(self, input_size, hidden_size, stateful=False):",
                "(self, input_size, hidden_size, output_size):\n        stateful = False"),
        "The contract is __init__(self, input_size, hidden_size, stateful=False)",
    ),
    "init_exchanged": (
        changed("(self, input_size, hidden_size,", "(self, hidden_size, input_size,"),
        "__init__(self, input_size, hidden_size",
    ),
    "init_raises": (
        changed("self.grads = {}\n", "raise ValueError('no')\n"),
        "__init__ raised ValueError. … says: “no”",
    ),
    "unwritten": (
        "class LSTM:\n    def __init__(self, a, b):\n        pass\n"
        "    def forward(self, x, state=None):\n        pass\n",
        "not attempted: forward",
    ),
    "no_params": (changed("self.params = {", "self.weights_ = {"), "no attribute 'params'"),
    "params_is_a_list": (changed("self.grads = {}\n", "self.params = [1]\n"), "params is a list"),
    "other_names": (PLAIN.replace('"W"', '"Wx"'), "it has no weight 'W'"),
    "bias_as_one_number": (changed("np.zeros(4 * hidden_size)", "np.zeros(1)"), "'b'"),
    "weights_of_lists": (
        changed('"b": np.zeros(4 * hidden_size)', '"b": [0.0] * 4 * hidden_size'), "'b'"
    ),
    "instance": (PLAIN + "\nLSTM = LSTM(3, 2)\n", "there is no LSTM in it"),
    "gate_order": (declaring("gate_order", "'xyz'"), "gate_order is 'xyz'"),
    "weights": (declaring("weights", "'columns'"), "weights is 'columns'"),
    "biases": (declaring("biases", "3"), "biases is 3"),
    "state_order": (declaring("state_order", "'cc'"), "state_order is 'cc'"),
    "batch_first": (declaring("batch_first", "'yes'"), "batch_first is 'yes'"),
    "names_a_list": (declaring("names", "['W']"), "names is ['W']"),
    "names_of_two": (declaring("names", "{'W': ['a', 'b']}"), "names['W']"),
    "names_unknown": (declaring("names", "{'W': 'kernel'}"), "no weight 'kernel'"),
    "names_unknown_attribute": (
        with_attribute("names = {'W': 'kernel'}"), "no weight 'kernel'"
    ),
    "forget_bias": (declaring("forget_bias", "'one'"), "forget_bias is 'one'"),
    "no_such_convention": (declaring("gates", "'ifgo'"), "__lstm__ has the key 'gates'"),
    "lstm_is_a_list": (with_attribute("__lstm__ = ['ifgo']"), "__lstm__ is ['ifgo']"),
    "conventions_raise": (
        with_attribute("gate_order = Raises()").replace(
            "class LSTM:",
            "class Raises:\n    def __get__(self, *_): raise ValueError('x')\n\nclass LSTM:",
        ),
        "raised ValueError. … says: “x”",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str, file: Path) -> None:
    source, phrase = CLASSES[name]
    file.write_text(source)
    output = failing(file)
    assert holds(phrase, output), output


@pytest.mark.parametrize(
    "attribute", ["gate_order = 'xyz'", "biases = 3", "names = ['W']", "weights = 'columns'"]
)
def test_an_attribute_that_is_no_convention_is_left_alone_and_told(
    attribute: str, file: Path
) -> None:
    file.write_text(with_attribute(attribute))
    code, output = checked(str(file), *QUICK)
    assert code == 0
    name, _, value = attribute.partition(" = ")
    assert f"The class attribute {name} was not taken for a convention" in output
    assert f"{name} is {value}" in output


RETURNS = {
    "None": "forward returns None",
    "y": "forward returned one array",
    "(y, h, c)": "forward returned 3 values",
    "(y, h)": "forward returned 2 values",
    "(y, (h, c, c))": "forward returned 2 values",
    "{'y': y, 'h': h, 'c': c}": "a dict with the keys 'y', 'h', 'c'",
    "'done'": "an object of type str",
    "(part for part in (y, (h, c)))": "an object of type generator",
    "iter([])": "an object of type",
    "3.5": "an object of type float",
    "NotImplemented": "NotImplementedType",
    "object()": "an object of type object",
    "LSTM": "an object of type type",
    "[y] * 1000": "an object of type list",
    "(y.tolist(), (h, c))": "y is",
    "(y, (h.tolist(), c))": "the final hidden state h is",
    "(None, (h, c))": "y is None",
    "(y, (None, c))": "the final hidden state h is None",
    "(y, None)": "forward returned 2 values (one array",
    "(np.float64(1), (h, c))": "y is",
    "(np.array(1.0), (h, c))": "y has the shape ()",
    "(y[0], (h, c))": "y has the shape",
    "(y[:, :1], (h, c))": "y has the shape",
    "(y[:, -1], (h, c))": "y has the shape",
    "(y[None], (h, c))": "y has the shape (1, ",
    "(y.swapaxes(0, 1), (h, c))": "The batch and time axes are exchanged",
    "(y, (h[None], c[None]))": "the final hidden state h has the shape (1, ",
    "(y, (h[0], c[0]))": "the final hidden state h has the shape",
    "(y, (h.T, c.T))": "transposed",
    "(y, (h, c[:, :1]))": "the final cell state c has the shape",
    "(y.astype(object), (h, c))": "dtype object",
    "(y.astype(str), (h, c))": "dtype <U",
    "(y.astype(complex), (h, c))": "dtype complex128",
    "(y.astype(int), (h, c))": "dtype int64",
    "(y > 0, (h, c))": "dtype bool",
    "(y.astype('datetime64[s]'), (h, c))": "dtype datetime64",
    "(np.full_like(y, np.nan), (h, c))": "nan",
    "(y, (h, c * np.inf))": "inf",
    "(np.broadcast_to(y[:1, :1, :1], (10**6, 10**6, 8)), (h, c))": "y has the shape",
    "(np.zeros((100, 400, 1000)), (h, c))": "y has the shape (100, 400, 1000)",
    "(y.view(Liar), (h.view(Liar) * 2, c))": "last_output_is_h does not hold",
    "(np.ma.masked_array(y * 2, True), (h, c))": "y is an object of type MaskedArray",
}
LIAR = """
class Liar(np.ndarray):
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    def __bool__(self):
        return True
"""


@pytest.mark.parametrize("value", RETURNS)
def test_return_of_forward(value: str, file: Path) -> None:
    file.write_text(changed("return y, (h, c)", f"return {value}") + LIAR)
    output = failing(file)
    assert holds(RETURNS[value], output), output


@pytest.mark.parametrize("value", ["(y, h, c)", "(y.swapaxes(0, 1), (h, c))", "(y[0], c)"])
def test_a_wrong_form_is_named_by_the_law_on_form(value: str, file: Path) -> None:
    file.write_text(changed("return y, (h, c)", f"return {value}"))
    assert "shapes.forward does not hold" in failing(file)


def test_a_forward_that_returns_nothing_is_unfinished(file: Path) -> None:
    file.write_text(changed("return y, (h, c)", "return None"))
    output = failing(file)
    assert "UNFINISHED" in output
    assert "explain shapes.forward states" in output


def test_what_forward_raises_is_named_by_the_law_on_form(file: Path) -> None:
    file.write_text(changed("self.cache = []\n        for", "1 / 0\n        for"))
    output = failing(file)
    assert "shapes.forward does not hold" in output
    assert "forward raised ZeroDivisionError. The subject says: “division by zero”." in output
    assert "line 45, in forward: 1 / 0." in output


def test_names_keep_their_case(file: Path) -> None:
    """A sentence may begin with a name, which is then no word to be put in a capital."""
    file.write_text(changed("return y, (h, c)", "return y[0], (h, c)"))
    assert "y has the shape" in failing(file)
    file.write_text(changed("dx[:, t] = dz @ W.T", "dx[:, t] = -dz @ W.T"))
    assert "dx is wrong" in failing(file)


def test_exchanged_axes_are_seen_at_the_first_sizes(file: Path) -> None:
    """No two sizes may be equal where a law asks for a shape, or N and T pass for each other."""
    file.write_text(changed("return dx, (dh, dc)", "return dx.swapaxes(0, 1), (dh, dc)"))
    assert "shapes.backward does not hold" in failing(file)


@pytest.mark.parametrize("error", ["ValueError('no')", "SystemExit", "NotImplementedError"])
def test_an_init_that_raises(error: str, file: Path) -> None:
    file.write_text(changed("self.grads = {}\n", f"raise {error}\n"))
    unfinished = error == "NotImplementedError"
    told = "__init__ is not written yet" if unfinished else "load.constructs does not hold"
    assert told in failing(file)


GRADIENTS = {
    "return None": "not attempted: backward returns None",
    "return dx": "backward returned one array",
    "return dx, dh, dc": "backward returned 3 values",
    "return dx.swapaxes(0, 1), (dh, dc)": "The batch and time axes are exchanged",
    "return dx[:, :1], (dh, dc)": "dx has the shape",
    "return dx, (dh[:1], dc)": "dh0 has the shape",
    "self.grads = {}; return dx, (dh, dc)": "grads has no 'W'",
    "self.grads = None; return dx, (dh, dc)": "grads is None",
    "self.grads = [dW, dU, db]; return dx, (dh, dc)": "grads is 3 values",
    "self.grads['W'] = dW.T; return dx, (dh, dc)": "grads['W'] has the shape",
    "self.grads['b'] = db.sum(); return dx, (dh, dc)": "grads['b'] is",
    "self.grads['b'] = db[None]; return dx, (dh, dc)": "grads['b'] has the shape (1, ",
    "del self.grads; return dx, (dh, dc)": "no attribute 'grads'",
    "raise NotImplementedError": "not attempted: backward is not written yet",
    "return dx / 0.0, (dh, dc)": "inf",
}


@pytest.mark.parametrize("end", GRADIENTS)
def test_end_of_backward(end: str, file: Path) -> None:
    file.write_text(changed("return dx, (dh, dc)", end))
    output = failing(file)
    assert holds(GRADIENTS[end], output), output


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("GRU", "there is no 'GRU' in it; its classes are LSTM"),
        ("LSTM.cell", "there is no 'LSTM.cell' in it"),
        ("sigmoid", "it is a function, not a class"),
        ("np", "have no forward method"),
    ],
)
def test_name(name: str, phrase: str, file: Path) -> None:
    file.write_text(PLAIN)
    assert holds(phrase, failing(Path(f"{file}:{name}")))


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("x = 1\n", "has no function adapt(target)"),
        ("def adapt(target):\n    return 3\n", "adapter"),
        ("def adapt(target):\n    return None\n", "adapter"),
        ("def adapt(target):\n    1 / 0\n", "adapter"),
        ("def adapt(target:\n", "adapter"),
        ("def adapt():\n    return 3\n", "adapter"),
    ],
    ids=["without_adapt", "a_number", "nothing", "raises", "syntax", "takes_nothing"],
)
def test_adapter_file(source: str, phrase: str, file: Path) -> None:
    """What an adapter does wrong is not laid at the subject's door."""
    file.write_text(PLAIN)
    Path("mine.py").write_text(source)
    assert holds(phrase, failing(file, "--adapter", "mine.py"))


def test_terminal_is_not_taken_over(file: Path) -> None:
    """What a subject says is shown as text: no control sequences, no markup."""
    file.write_text("raise ValueError('\\x1b[2J\\x1b[1;32mPASSED[/bold] all laws hold\\x07')\n")
    result = CliRunner().invoke(main, ["check", str(file)], color=True)
    assert result.exit_code == 1
    assert "\x1b[2J" not in result.output
    assert "\x07" not in result.output
    assert "PASSED[/bold]" in result.output


def test_printed_control_sequences_are_not_passed_on(file: Path) -> None:
    file.write_text(PLAIN + "\nprint('\\x1b[2J\\x07')\n")
    result = CliRunner().invoke(main, ["check", str(file), *QUICK, "--show-output"], color=True)
    assert result.exit_code == 0
    assert "\x1b[2J" not in result.output
    assert "\x07" not in result.output


# Files that do not come back ---------------------------------------------------------------------

LOOPS = {
    "on_import": ("while True:\n    pass\n", "Importing it did not return within 3 s"),
    "asleep": ("import time\ntime.sleep(1000)\n", "Importing it did not return within 3 s"),
    "in_init": (
        changed("self.grads = {}\n", "while True: pass\n"), "__init__ did not return within 1 s"
    ),
    "in_forward": (
        changed("self.cache = []\n        for", "while True: pass\n        for"),
        "forward did not return within 1 s",
    ),
    "in_backward": (
        changed("tanh_c = np.tanh(c_next)", "import time; time.sleep(1000)"),
        "backward did not return within 1 s",
    ),
    "in_reset": (
        changed("def reset_state(self):\n", "def reset_state(self):\n        while True: pass\n"),
        "reset_state did not return within 1 s",
    ),
    "floods_in_forward": (
        changed("self.cache = []\n        for", "while True: print('x' * 10**6)\n        for"),
        "printed more than 16 MB",
    ),
    "segfault_in_forward": (
        changed("self.cache = []\n        for", "import ctypes; ctypes.string_at(0)\n        for"),
        "forward crashed its process (SIGSEGV)",
    ),
    "exit_in_forward": (
        changed("self.cache = []\n        for", "import os; os._exit(0)\n        for"),
        "forward ended its process (exit code 0)",
    ),
    "exit_in_backward": (
        changed("tanh_c = np.tanh(c_next)", "import os; os._exit(0)"),
        "backward ended its process (exit code 0)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_does_not_come_back(name: str, file: Path) -> None:
    source, phrase = LOOPS[name]
    file.write_text(source)
    report = within_short_limits(file)
    assert report.verdict == "error"
    assert report.cause is not None
    assert report.cause.status == ("timeout" if "did not return" in phrase else "error"), (
        report.cause.message
    )
    assert phrase in report.cause.message
    ended = [law.id for law in report.laws if law.status in ("failed", "error", "timeout")]
    assert ended == [report.cause.id]


def test_what_does_not_hang_is_still_judged(file: Path) -> None:
    """A backward that hangs leaves forward and the stateful mode with their verdicts."""
    file.write_text(LOOPS["in_backward"][0])
    report = within_short_limits(file)
    assert report["sequence.outputs"].status == "passed"
    assert report["state.any_order"].status == "passed"


def test_children_left_behind_do_not_hold_it_up(file: Path) -> None:
    child = "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\n"
    file.write_text("raise ValueError('boom')\n".join([child, ""]))
    report = within_short_limits(file)
    assert report.seconds < 6
    assert report.cause is not None
    assert "boom" in report.cause.message


# The real command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "code", "phrase"),
    [
        (PLAIN, 0, "PASSED"),
        (changed("f * c + i * g", "f * c + i + g"), 1, "step.cell_state"),
        ("import os\nos._exit(0)\n", 1, "ended its process"),
    ],
)
def test_command(source: str, code: int, phrase: str, file: Path) -> None:
    file.write_text(source)
    command = [str(Path(sys.executable).with_name("lstm-checks")), "check", str(file), *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert phrase in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_command_without_a_file() -> None:
    command = [str(Path(sys.executable).with_name("lstm-checks")), "check", "nowhere.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "there is no file 'nowhere.py'" in done.stderr

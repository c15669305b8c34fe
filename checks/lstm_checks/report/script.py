"""Writes the script that reproduces a finding with NumPy and the subject alone, without the kit.

Whatever comes from the subject (its name, its weights' names, what it said) stands in the script as
a Python literal or as an identifier, never as code.
"""

import ast
import keyword
import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np

import lstm_checks.adapters
from lstm_checks.engine.outcome import Loaded, Outcome, Result
from lstm_checks.findings import Array, Call, Finding
from lstm_checks.subjects.conventions import GATES, Conventions
from lstm_checks.subjects.source import Source
from lstm_checks.words import figures, sentence
from lstm_checks.worker.notebook import read, without_get_ipython

HEAD = '''\
"""Reproduces one finding of lstm-checks; it needs NumPy and the subject alone."""

import sys

import numpy as np
'''
FROM_FILE = """\
import importlib.util

spec = importlib.util.spec_from_file_location("lstm_subject", {source})
module = importlib.util.module_from_spec(spec)
sys.modules["lstm_subject"] = module
sys.path.append({folder})
spec.loader.exec_module(module)
"""
FROM_NOTEBOOK = """\
import types

module = sys.modules["lstm_subject"] = types.ModuleType("lstm_subject")
exec({code}, vars(module))
"""
BRIDGE = """
}.items():
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = []
    package.__package__ = "lstm_bridge"
    exec(code, vars(package))
"""
FROM_NAME = """\
import importlib

module = importlib.import_module({source})
"""
AGAIN = ("own_state", "own_y", "same_x")  # a call is given what an earlier one got or returned
USED_UP = ["    array[...] = 7.0  # as a caller may"]


def script(outcome: Outcome, result: Result) -> str:
    """A Python script that makes the calls which led to a finding, and shows what came of them.

    It is "" where there is nothing to reproduce: the law holds, no call was made, or the files are
    gone by now.
    """
    finding, loaded = result.finding, outcome.loaded
    if finding is None or loaded is None or not finding.calls:
        return ""
    try:
        lines = [HEAD, _loading(outcome.source, loaded)]
    except OSError:  # the adapter's file, or the working directory
        return ""
    keys = list(dict.fromkeys(call.instance for call in finding.calls))
    names = {key: f"lstm{k}" if len(keys) > 1 else "lstm" for k, key in enumerate(keys)}
    again = any(call.given.get(key) for call in finding.calls for key in AGAIN)
    for call in finding.calls:
        lines += _call(call, names[call.instance], loaded.conventions)
        if again and call.do == "forward":
            lines += _kept(names[call.instance], loaded.conventions.state_order)
        elif again and call.do == "create":
            lines += [f"x_{names[call.instance]} = None"]
    lines += ["", f"print({sentence(finding.what)!a})"]
    lines += _comparison(loaded.conventions, finding)
    return "\n".join(lines) + "\n"


def _loading(source: Source, loaded: Loaded) -> str:
    if source.is_file:
        path = Path(source.source).resolve()
        text = FROM_FILE.format(source=ascii(str(path)), folder=ascii(str(path.parent)))
        data = path.read_bytes()
        notebook = read(data)
        if notebook is not None:
            text = FROM_NOTEBOOK.format(code=ascii(ast.unparse(notebook.tree)))
        elif b"get_ipython" in data:
            code = ast.unparse(without_get_ipython(ast.parse(data)))
            text = FROM_NOTEBOOK.format(code=ascii(code))
    elif source.source:
        text = FROM_NAME.format(source=ascii(source.source))
    else:
        return "LSTM = ...  # put your class here\n"
    target = "module"
    for part in loaded.name.split(".") if loaded.name else []:
        target = _attribute(target, part)
    if source.names:
        home = f"sys.modules[getattr({target}, '__module__', 'lstm_subject')]"
        home = f"{target} if isinstance({target}, (type, type(sys))) else {home}"
        text += f"home = {home}\nhome.names = getattr(home, 'names', {{}}) | {source.names!a}\n"
    if loaded.adapter == "native":
        return text + f"LSTM = {target}\n"
    folder = Path(lstm_checks.adapters.__file__).parent
    adapter = Path(loaded.adapter) if source.adapter_is_file else folder / f"{loaded.adapter}.py"
    code = adapter.read_text(encoding="utf-8")
    shared = _bridge(folder) if "lstm_bridge" in code else ""
    return f"{text}\n{shared}{code}\n\nLSTM = adapt({target})\n"


def _bridge(folder: Path) -> str:
    """What adapters share, as a package that the script itself holds."""
    texts = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted((folder / "lstm_bridge").glob("*.py"))
    }
    lines = ["import types", "", "for name, code in {"]
    needs = {stem: re.findall(r"^from \.(\w+) ", texts[stem], re.MULTILINE) for stem in texts}
    for stem in TopologicalSorter(needs).static_order():
        module = "lstm_bridge" if stem == "__init__" else f"lstm_bridge.{stem}"
        lines += [f"    {module!r}: {texts[stem]!a},"]
    return "\n".join(lines) + BRIDGE


def _attribute(of: str, name: str) -> str:
    """Python for an attribute, whatever its name."""
    if name.isascii() and name.isidentifier() and not keyword.iskeyword(name):
        return f"{of}.{name}"
    return f"getattr({of}, {name!a})"


def _call(call: Call, instance: str, conventions: Conventions) -> list[str]:
    given = call.given
    hc = conventions.state_order
    if call.do == "create":
        options = ", stateful=True" if given["stateful"] else ""
        options += "".join(f", {name}={count}" for name, count in given.get("parts", {}).items())
        made = f"{instance} = LSTM({given['input_size']}, {given['hidden_size']}{options})"
        return [made, *_writes(instance, given)]
    if call.do == "write":
        return _writes(instance, given)
    if call.do == "reset":
        return [f"{instance}.reset_state()"]
    if call.do == "forward":
        return _forward(given, instance, hc)
    if call.do == "backward":
        return _backward(given, instance, hc)
    if call.do == "step":
        arrays = {"x": given["x"], "h0": given["h"], "c0": given["c"]}
        return [*_named(arrays, given), f"h, c = {instance}.step(x, h0, c0)"]
    if call.do == "step_backward":
        arrays = {"dh": given["dh"], "dc": given["dc"]}
        result = f"dx, dh0, dc0 = {instance}.step_backward(dh, dc)"
        return [*_named(arrays, given), result, f"grads = {instance}.grads"]
    return []  # reading weights or earlier results: nothing that the subject does


def _forward(given: Mapping[str, Any], instance: str, hc: str) -> list[str]:
    state = [f"{letter}0" for letter in hc]
    own = given.get("own_state")
    lines = _writes(instance, given) if given.get("weights") else []
    if given.get("same_x"):  # into the caller's array, where it fits
        lines += [f"x = {_literal(given['x'])}", f"if np.shape(x_{instance}) == x.shape:"]
        lines += [f"    x_{instance}[...] = x", f"    x = x_{instance}"]
    else:
        lines += _named({"x": given["x"]}, given)
    lines += [] if own else _named(_pair(given["state"], state), given)
    lines += [f"{state[1]} = {state[0]}"] if given.get("one_array") else []
    arguments = _arguments("x", "state", given, hc if own else state)
    if given.get("lengths") is not None:
        arguments += f", lengths={given['lengths']}"
    if own:
        lines.append(f"{hc[0]}, {hc[1]} = state_{instance}")
    lines.append(f"y, ({', '.join(hc)}) = {instance}.forward({arguments})")
    if given.get("used_up"):
        lines += [f"for array in (y, {', '.join(hc)}):", *USED_UP]
    if given.get("y_used_up"):
        lines += ["for array in (y,):", *USED_UP]
    return lines


def _kept(instance: str, hc: str) -> list[str]:
    """What a forward was given and returned, by the instance's name, for a call that uses it."""
    return [f"x_{instance}, y_{instance}, state_{instance} = x, y, ({', '.join(hc)})"]


def _backward(given: Mapping[str, Any], instance: str, hc: str) -> list[str]:
    upstream = [f"d{letter}" for letter in hc]
    results = ", ".join(f"d{letter}0" for letter in hc)
    lines = [f"dy = y_{instance}"] if given.get("own_y") else _named({"dy": given["dy"]}, given)
    lines += _named(_pair(given["dstate"], upstream), given)
    lines += [f"{upstream[1]} = {upstream[0]}"] if given.get("one_array") else []
    arguments = _arguments("dy", "dstate", given, upstream)
    lines.append(f"dx, ({results}) = {instance}.backward({arguments})")
    lines.append(f"grads = {instance}.grads")
    if given.get("used_up"):
        lines += [f"for array in (dx, {results}, *grads.values()):", *USED_UP]
    return lines


def _pair(pair: list[Any] | None, names: list[str]) -> dict[str, Any]:
    return {} if pair is None else dict(zip(names, pair, strict=True))


def _arguments(first: str, name: str, given: Mapping[str, Any], names: Iterable[str]) -> str:
    """The arguments of a call: the second left out where it is None, or given by its keyword."""
    by_keyword = f"{name}=" if given.get("keyword") else ""
    if given[name] is None:
        return f"{first}, {by_keyword}None" if by_keyword else first
    return f"{first}, {by_keyword}({', '.join(names)})"


def _named(arrays: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} = {'None' if array is None else _laid_out(array, given)}"
        for name, array in arrays.items()
    ]


def _writes(instance: str, given: Mapping[str, Any]) -> list[str]:
    form = "{}.params[{}] = {}" if given.get("has_params", True) else "setattr({}, {}, {})"
    if given.get("in_place") and given.get("has_params", True):
        form = "{}.params[{}][...] = {}"
    weights = given["weights"].items()
    return [form.format(instance, ascii(name), _literal(array)) for name, array in weights]


def _laid_out(array: Array, given: Mapping[str, Any]) -> str:
    literal, layout = _literal(array), given.get("layout", "C")
    if layout == "F":
        return f"np.asfortranarray({literal})"
    if layout == "strided":
        return f"np.repeat({literal}, 2, axis=-1)[..., ::2]"
    if layout == "window":
        around = [(0, 0)] * (array.ndim - 2) + [(1, 1), (0, 0)]
        return f"np.pad({literal}, {around})[..., 1:-1, :]"
    if layout == "read-only":
        return f"np.broadcast_to({literal}, {array.shape})"
    return literal


def _literal(array: Array) -> str:
    dtype = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype}"
    if not array.any():
        return f"np.zeros({array.shape}{dtype})"
    return f"np.array({array.tolist()}{dtype})"


def _comparison(conventions: Conventions, finding: Finding) -> list[str]:
    """The lines that show the first wrong element, where the last call gave it."""
    place = finding.place
    if place is None or finding.expected is None or finding.got is None:
        return []
    array = finding.returned.get(place.array)
    inside = array is not None and all(k < n for k, n in zip(place.index, array.shape, strict=True))
    if array is None or not inside or float(array[place.index]) != finding.got:
        return [f"print({figures(finding)!a})"]
    got = _element(conventions, place.array, place.index, array.shape)
    expected = f"'expected', {finding.expected!r}, 'got', {got}"
    return [f"print({place.words!a}, {expected})"]


def _element(
    conventions: Conventions, name: str, index: tuple[int, ...], shape: tuple[int, ...]
) -> str:
    """An element of a native array, as Python in the subject's layout."""
    if name in ("y", "dx"):
        n, t, k = index
        return f"{name}[{n}, {t}, {k}]" if conventions.batch_first else f"{name}[{t}, {n}, {k}]"
    if name in ("h", "c", "dh0", "dc0"):
        return f"{name}[{index[0]}, {index[1]}]"
    which = {"dW": "W", "dU": "U"}.get(name, "b")
    hidden = shape[-1] // 4
    gate, unit = divmod(index[-1], hidden)
    block = conventions.gate_order.index(GATES[gate])
    names = conventions.weight_names(which)
    own = f"grads[{names[0]!a}]" if which != "b" else name
    column = block * hidden + unit
    if len(names) == 4:
        own, column = f"grads[{names[block]!a}]", unit
    if which == "b":
        return f"np.ravel({own})[{column}]"
    row = index[0]
    inner = f"{row}, {column}" if conventions.weights == "in_out" else f"{column}, {row}"
    return f"{own}[{inner}]"

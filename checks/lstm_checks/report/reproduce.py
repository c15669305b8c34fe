"""Writes the script that reproduces a failure with NumPy and the subject alone, without the kit."""

from pathlib import Path
from typing import Any

import numpy as np

import lstm_checks.adapters
from lstm_checks.broken import Broken
from lstm_checks.contract import Call
from lstm_checks.conventions import GATES, Array, Conventions
from lstm_checks.sources import Source
from lstm_checks.subject import Subject

FROM_FILE = """\
import importlib.util
spec = importlib.util.spec_from_file_location("lstm_subject", {source!r})
module = importlib.util.module_from_spec(spec)
sys.modules["lstm_subject"] = module
sys.path.append({folder!r})
spec.loader.exec_module(module)
"""
FROM_NAME = """\
import importlib
module = importlib.import_module({source!r})
"""


def script(source: Source, subject: Subject, broken: Broken) -> str:
    """A Python script that makes the calls which led to the failure, and shows what came."""
    lines = [f'"""{broken.what}"""', "", "import sys", "", "import numpy as np", ""]
    lines += [_loading(source, subject)]
    names = {key: f"lstm{k}" for k, key in enumerate(dict.fromkeys(c.layer for c in broken.trace))}
    names = dict.fromkeys(names, "lstm") if len(names) == 1 else names
    for call in broken.trace:
        lines += _call(call, names[call.layer], subject)
    lines += _comparison(subject.conventions, broken)
    return "\n".join(lines) + "\n"


def _loading(source: Source, subject: Subject) -> str:
    where = source.source
    if source.is_file:
        path = Path(where).resolve()
        text = FROM_FILE.format(source=str(path), folder=str(path.parent))
    elif where:
        text = FROM_NAME.format(source=where)
    else:
        return f"LSTM = {subject.name}  # put your class here\n"
    target = f"module.{subject.name}" if subject.name else "module"
    if subject.adapter == "native":
        return text + f"LSTM = {target}\n"
    adapter = (
        Path(subject.adapter)
        if source.adapter_is_file
        else Path(lstm_checks.adapters.__file__).with_name(f"{subject.adapter}.py")
    )
    return f"{text}\n{adapter.read_text()}\n\nLSTM = adapt({target})\n"


def _call(call: Call, layer: str, subject: Subject) -> list[str]:
    given = call.given
    hc = "hc" if subject.conventions.state_order == "hc" else "ch"
    if call.do == "create":
        options = ", stateful=True" if given["stateful"] else ""
        made = f"{layer} = LSTM({given['input_size']}, {given['hidden_size']}{options})"
        return [made, *_writes(layer, given["weights"], given.get("has_params", True))]
    if call.do == "write":
        return _writes(layer, given["weights"], given.get("has_params", True))
    if call.do == "reset":
        return [f"{layer}.reset_state()"]
    if call.do == "forward":
        arrays = {"x": given["x"], **_pair(given["state"], [f"{letter}0" for letter in hc])}
        arguments = _arguments("x", given["state"], [f"{letter}0" for letter in hc])
        result = f"y, ({', '.join(hc)})"
        return [*_named(arrays, given), f"{result} = {layer}.forward({arguments})"]
    if call.do == "backward":
        upstream = [f"d{letter}" for letter in hc]
        arrays = {"dy": given["dy"], **_pair(given["dstate"], upstream)}
        result = f"dx, ({', '.join(f'd{letter}0' for letter in hc)})"
        arguments = _arguments("dy", given["dstate"], upstream)
        return [
            *_named(arrays, given),
            f"{result} = {layer}.backward({arguments})",
            f"grads = {layer}.grads",
        ]
    if call.do == "step":
        arrays = {"x": given["x"], "h0": given["h"], "c0": given["c"]}
        return [*_named(arrays, given), f"h, c = {layer}.step(x, h0, c0)"]
    if call.do == "step_backward":
        arrays = {"dh": given["dh"], "dc": given["dc"]}
        result = f"dx, dh0, dc0 = {layer}.step_backward(dh, dc)"
        return [*_named(arrays, given), result, f"grads = {layer}.grads"]
    return []  # reading weights or earlier results: nothing that the subject does


def _pair(pair: list[Any] | None, names: list[str]) -> dict[str, Any]:
    return {} if pair is None else dict(zip(names, pair, strict=True))


def _arguments(first: str, pair: list[Any] | None, names: list[str]) -> str:
    return first if pair is None else f"{first}, ({', '.join(names)})"


def _named(arrays: dict[str, Any], given: dict[str, Any]) -> list[str]:
    return [
        f"{name} = {'None' if array is None else _laid_out(_literal(array), given)}"
        for name, array in arrays.items()
    ]


def _writes(layer: str, weights: dict[str, Array], has_params: bool) -> list[str]:
    form = "{}.params[{!r}] = {}" if has_params else "{}.{} = {}"
    return [form.format(layer, name, _literal(array)) for name, array in weights.items()]


def _laid_out(literal: str, given: dict[str, Any]) -> str:
    layout = given.get("layout", "C")
    if layout == "F":
        return f"np.asfortranarray({literal})"
    return f"np.repeat({literal}, 2, axis=-1)[..., ::2]" if layout == "strided" else literal


def _literal(array: Array) -> str:
    dtype = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype}"
    if not array.any():
        return f"np.zeros({array.shape}{dtype})"
    return f"np.array({array.tolist()}{dtype})"


def _comparison(conventions: Conventions, broken: Broken) -> list[str]:
    """The lines that show the first wrong element, where the last call gave it."""
    if broken.place is None or broken.expected is None or broken.got is None:
        return []
    name, index = broken.place
    array = broken.last.get(name)
    inside = array is not None and all(k < n for k, n in zip(index, array.shape, strict=True))
    if array is None or not inside or float(array[index]) != broken.got:
        said = f"{broken.where}: expected {broken.expected!r}, got {broken.got!r}"
        return ["", f"print({said!r})"]
    got = _element(conventions, name, index, array.shape)
    return [
        "",
        f"print({broken.where!r}, 'expected', {broken.expected!r}, 'got', {got})",
    ]


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
    own = f"grads[{names[0]!r}]" if which != "b" else name
    column = block * hidden + unit
    if len(names) == 4:
        own, column = f"grads[{names[block]!r}]", unit
    if which == "b":
        return f"np.ravel({own})[{column}]"
    row = index[0]
    inner = f"{row}, {column}" if conventions.weights == "in_out" else f"{column}, {row}"
    return f"{own}[{inner}]"

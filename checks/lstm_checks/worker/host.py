"""Holds the subject and does with it what it is asked: the side of the channel that runs its code.

Requests and replies are plain values of `wire.py`. A reply is {"ok": value} or {"error": {...}}.
The host knows nothing of what is right: no expected value ever reaches it.
"""

import contextlib
import functools
import inspect
import linecache
import sys
import traceback
from collections import deque
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .detect import NoSubject, detect, format_of
from .encode import Encoder, key_text, plain, text, type_name
from .lines import Lines
from .modules import NOTEBOOKS, adapted, declare, load_module
from .notebook import CELL

CONVENTIONS = (
    "gate_order",
    "batch_first",
    "weights",
    "biases",
    "state_order",
    "names",
    "forget_bias",
    "dtype",
    "returns",
    "backward_returns",
)
METHODS: tuple[str, ...] = ("forward", "backward", "reset_state")
STEP_METHODS = ("step", "step_backward")
MESSAGE = 600  # characters of an exception's message
RESULTS_KEPT = 8  # an instance's last results, so that a request can ask what became of them


class Host:
    """One subject and its instances, driven by requests.

    Args:
        target: a class or module at hand, which is then taken in place of what a file holds.
        passes_on: exceptions that are not the subject's, in the user's own process: Ctrl-C and
            the kit's time limit.
    """

    def __init__(self, target: Any = None, passes_on: tuple[type[BaseException], ...] = ()) -> None:
        self._target = target
        self._passes_on = passes_on
        self._adapted: Any = None
        self._source: str | None = None
        self._instances: dict[int, Any] = {}
        self._results: dict[int, deque[Any]] = {}
        self._inputs: dict[int, Any] = {}  # the x that an instance's last forward got
        self._outputs: dict[int, tuple[Any, Any]] = {}  # y and the state that it returned
        self._encoded = Encoder(0)

    @property
    def adapted(self) -> Any:
        """The subject's class in the native contract; None before it is loaded."""
        return self._adapted

    def instance(self, key: int) -> Any:
        """One of the subject's instances, by its number."""
        return self._instances[key]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request; whatever the subject raises is part of the reply.

        Raises:
            BaseException: one of `passes_on`.
        """
        before = np.geterr()
        self._encoded = Encoder(request["most"])
        try:
            return {"ok": getattr(self, "_" + request["do"])(**request["with"])}
        except NoSubject as error:
            return {"error": {"kind": "no_subject", "message": text(error, MESSAGE)}}
        except self._passes_on:
            raise
        except BaseException as error:
            return {"error": self._described(error)}
        finally:
            np.seterr(**before)

    # What can be asked -----------------------------------------------------------------------

    def _ready(self) -> None:
        """Nothing: that there is a reply says that the process is up."""

    def _load(
        self,
        source: str,
        is_file: bool,
        name: str | None,
        adapter: str | None,
        adapter_is_file: bool,
        adapters: str,
        names: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        self._source = str(Path(source).resolve()) if is_file else None
        module = self._target if issubclass(type(self._target), ModuleType) else None
        if is_file and self._target is None and (adapter == "onnx" or source.endswith(".onnx")):
            self._target, adapter = self._source, "onnx"  # a file that is no code
        if self._target is None:
            module = load_module(self._source or source, is_file)
            self._source = self._source or getattr(module, "__file__", None)
        notebook = NOTEBOOKS.get(str(self._source))
        if module is not None:
            try:
                target, name, adapter = detect(module, name, adapter)
            except NoSubject as error:
                raise NoSubject(f"{error}. {notebook.said}" if notebook else str(error)) from None
        else:
            target, name = self._target, name or ""
            adapter = adapter or format_of(target)
        if names:
            declare(target, names)
        self._adapted = made = adapted(adapter, adapter_is_file, adapters, target)
        methods = METHODS
        if getattr(made, "step_functions", False) is True:
            methods += STEP_METHODS
        not_offered = getattr(made, "not_offered", None)
        form = None if made is target else getattr(made, "lstm_form", None)
        form = text(form, 400) if issubclass(type(form), str) else ""
        if notebook is not None:
            form = f"{notebook.said} {form}".strip()
        return {
            "name": text(name),
            "adapter": text(adapter, 400),
            "form": form,
            "declared": conventions(made),
            "attributes": attributes(made),
            "not_offered": plain(not_offered) if issubclass(type(not_offered), dict) else {},
            "compiles": getattr(made, "compiles", None) is True,
            "compiles_calls": "numba" in sys.modules,
            "own": text(getattr(made, "framework_s_own", None) or "", 80),
            "composes": texts_of(getattr(made, "composes", None)),
            "methods": [key for key in methods if callable(getattr(made, key, None))],
            "signatures": {
                key: parameters(getattr(made, key, None))
                for key in ("__init__", "forward", "backward")
            },
        }

    def _create(
        self,
        key: int,
        fresh: bool,
        input_size: int,
        hidden_size: int,
        stateful: bool,
        weights: dict[str, Any],
        parts: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        if fresh:
            self._instances.clear()
            self._results.clear()
            self._inputs.clear()
            self._outputs.clear()
        options = (parts or {}) | ({"stateful": True} if stateful else {})
        instance = self._instances[key] = self._adapted(input_size, hidden_size, **options)
        params = getattr(instance, "params", None)
        if params is not None and not issubclass(type(params), Mapping):
            raise NoSubject(
                f"params is a {type_name(type(params))}; it must be a dict with the keys W, U, b"
            )
        names = weight_names(instance)
        found = {name: self._encoded(get_weight(instance, name)) for name in {*weights, *names}}
        for name, array in weights.items():
            set_weight(instance, name, array.copy())
        has_params = getattr(instance, "params", None) is not None
        return {"found": found, "names": names, "has_params": has_params}

    def _write(
        self, key: int, weights: dict[str, Any], in_place: bool = False, layout: str = "C"
    ) -> None:
        instance = self._instances[key]
        for name, array in weights.items():
            if not (in_place and wrote_in_place(instance, name, array)):
                set_weight(instance, name, laid_out(array, layout))

    def _read(self, key: int, names: list[str]) -> dict[str, Any]:
        return {name: self._encoded(get_weight(self._instances[key], name)) for name in names}

    def _forward(
        self,
        key: int,
        x: Any,
        state: Any,
        layout: str = "C",
        report_inputs: bool = False,
        keyword: bool = False,
        weights: dict[str, Any] | None = None,
        own_state: bool = False,
        same_x: bool = False,
        one_array: bool = False,
        lengths: list[int] | None = None,
        used_up: bool = False,
        y_used_up: bool = False,
    ) -> dict[str, Any]:
        self._write(key, weights or {})
        x, state = laid_out(x, layout), laid_out(state, layout, one_array)
        x = self._inputs[key] = rewritten(self._inputs.get(key), x) if same_x else x
        if own_state:
            state = self._outputs[key][1]
        forward = self._instances[key].forward
        if lengths is not None:
            forward = functools.partial(forward, lengths=lengths)
        result = call(forward, x, "state", state, keyword)
        pair = isinstance(result, (tuple, list)) and len(result) > 1
        self._outputs[key] = (result[0], result[1]) if pair else (result, None)
        inputs = {"x": x, "state": state}
        self._keep(key, result, inputs)
        given = self._encoded(inputs if report_inputs else None)
        reply = {"result": self._encoded(result), "inputs": given}
        if used_up or y_used_up:
            use_up(result if used_up else self._outputs[key][0])
        return reply

    def _backward(
        self,
        key: int,
        dy: Any,
        dstate: Any,
        layout: str = "C",
        report_inputs: bool = False,
        keyword: bool = False,
        own_y: bool = False,
        one_array: bool = False,
        used_up: bool = False,
    ) -> dict[str, Any]:
        dy, dstate = laid_out(dy, layout), laid_out(dstate, layout, one_array)
        instance = self._instances[key]
        if own_y:
            dy = self._outputs[key][0]
        result = call(instance.backward, dy, "dstate", dstate, keyword)
        grads = instance.grads
        inputs = {"dy": dy, "dstate": dstate}
        self._keep(key, result, inputs)
        reply = {
            "result": self._encoded(result),
            "grads": self._encoded(grads),
            "inputs": self._encoded(inputs if report_inputs else None),
        }
        if used_up:
            use_up(result)
            use_up(grads)
        return reply

    def _step(self, key: int, x: Any, h: Any, c: Any) -> dict[str, Any]:
        return {"result": self._encoded(self._instances[key].step(x, h, c))}

    def _step_backward(self, key: int, dh: Any, dc: Any) -> dict[str, Any]:
        instance = self._instances[key]
        result = instance.step_backward(dh, dc)
        return {"result": self._encoded(result), "grads": self._encoded(instance.grads)}

    def _reset(self, key: int) -> None:
        self._instances[key].reset_state()

    def _recall(self, key: int, back: int, with_grads: bool = False) -> dict[str, Any]:
        """The very objects that a call got and returned, as they are now; 0 is the last call."""
        result, inputs = self._results[key][-1 - back]
        grads = self._instances[key].grads if with_grads else None
        return {
            "result": self._encoded(result),
            "grads": self._encoded(grads),
            "inputs": self._encoded(inputs),
        }

    def _keep(self, key: int, result: Any, inputs: Any) -> None:
        self._results.setdefault(key, deque(maxlen=RESULTS_KEPT)).append((result, inputs))

    def _lines(self, key: int, x: Any, state: Any, dy: Any) -> list[Any]:
        """Which arrays each line of the source makes in forward, or in backward where dy is given.

        Each is [frame, line, its text, arrays by name]; [] where there is no source.
        """
        instance = self._instances[key]
        if self._source is None:
            return []
        x, state, dy = (laid_out(value, "C") for value in (x, state, dy))
        lines = Lines(self._source)
        if dy is None:
            lines.run(lambda: call(instance.forward, x, "state", state, False))
        else:
            call(instance.forward, x, "state", state, False)
            lines.run(lambda: instance.backward(dy))
        frames = {frame: number for number, frame in enumerate({m[0]: 0 for m in lines.made})}
        return [
            [frames[frame], line, text(lines.code(line), 200), arrays]
            for frame, line, arrays in lines.made
        ]

    # How an exception is told ------------------------------------------------------------------

    def _described(self, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = {
            "kind": "raised",
            "type": type_name(type(error)),
            "message": text(error, MESSAGE),
        }
        with contextlib.suppress(Exception):  # its class may have attributes that raise, too
            if getattr(error, "out_of_scope", None) is True:  # an adapter says so
                return told | {"kind": "unfit"}
            if getattr(error, "unclear", None) is True:  # an adapter asks
                return told | {"kind": "no_subject"}
            if isinstance(error, SyntaxError):
                code = text(error.text or "", 120).strip()
                told |= {"kind": "syntax", "message": text(error.msg, MESSAGE), "code": code}
                cells = [n for n in getattr(error, "__notes__", ()) if n.startswith(CELL)]
                told |= {"cell": int(cells[0].removeprefix(CELL))} if cells else {}
                return told | {"line": _line(error.lineno)}
            if isinstance(error, NotImplementedError):
                told["kind"] = "not_written"
            told |= self._place(error)
        return told

    def _place(self, error: BaseException) -> dict[str, Any]:
        """The innermost line of the subject's own source that an exception came through."""
        found: dict[str, Any] = {}
        for frame, number in traceback.walk_tb(error.__traceback__):
            code = frame.f_code
            if code.co_filename == self._source:
                found = {"line": _line(number), "function": text(code.co_name)}
        if found:
            line = linecache.getline(str(self._source), found["line"] or 0)
            found["code"] = text(line.strip(), 120)
            found |= self._in_cell(found["line"])
        return found

    def _in_cell(self, line: int | None) -> dict[str, Any]:
        """The cell of a notebook, and the line in it; nothing for a file without cells."""
        notebook = NOTEBOOKS.get(str(self._source))
        if notebook is None or line is None:
            return {}
        cell, line = notebook.place(line)
        return {"cell": cell, "line": line}


def _line(number: Any) -> int | None:
    return number if type(number) is int and 0 < number < 1 << 31 else None


def make() -> Host:
    """The host of a check, in the subject's own process."""
    make_memory_certain()
    return Host()


def make_memory_certain() -> None:
    """Let np.empty and np.empty_like give NaN, so that memory which is never filled shows."""

    def certain(make: Any) -> Any:
        @functools.wraps(make)
        def filled(*args: Any, **options: Any) -> Any:
            array = make(*args, **options)
            if type(array) is np.ndarray and array.dtype.kind in "fc":
                array.fill(np.nan)
            return array

        return filled

    vars(np).update(empty=certain(np.empty), empty_like=certain(np.empty_like))


def conventions(adapted: Any) -> Any:
    """What a class declares in `__lstm__`, as a plain value; None where it declares nothing."""
    declared = getattr(adapted, "__lstm__", None)
    return plain(declared)


def attributes(adapted: Any) -> dict[str, Any]:
    """The class attributes that could be conventions by their names, as plain values."""
    values = {key: getattr(adapted, key, None) for key in CONVENTIONS}
    kinds = (str, bool, int, float, dict, list, tuple)
    return {key: plain(value) for key, value in values.items() if issubclass(type(value), kinds)}


def texts_of(value: Any) -> list[str]:
    """The texts in a tuple or list; none where it is something else."""
    if not issubclass(type(value), (tuple, list)):
        return []
    return [text(one, 80) for one in islice(value, 8) if issubclass(type(one), str)]


def get_weight(instance: Any, name: str) -> Any:
    """A weight by its name, from params or from the attributes; None where there is none."""
    params = getattr(instance, "params", None)
    if params is None:
        return getattr(instance, name, None)
    return params.get(name)


def set_weight(instance: Any, name: str, array: Any) -> None:
    """Write a weight into params, or into an attribute where there is no params."""
    params = getattr(instance, "params", None)
    if params is None:
        setattr(instance, name, array)
    else:
        params[name] = array


def wrote_in_place(instance: Any, name: str, array: Any) -> bool:
    """Write into the array that is there; False where there is none, or a new one at each look."""
    there = get_weight(instance, name)
    if type(there) is not np.ndarray or not there.flags.writeable:
        return False
    if there.shape != array.shape or there.dtype != array.dtype:
        return False
    there[...] = array
    return np.array_equal(get_weight(instance, name), array)


def weight_names(instance: Any) -> list[str]:
    """The names in params, or, where there is none, of the attributes that are arrays."""
    params = getattr(instance, "params", None)
    if params is None:
        params = [
            name
            for name, value in getattr(instance, "__dict__", {}).items()
            if isinstance(value, np.ndarray)
        ]
    return [key_text(name) for name in islice(params, 64)]


def call(method: Any, first: Any, name: str, second: Any, keyword: bool) -> Any:
    """Call a method with one argument or two.

    With no second argument it is left out, as a user would; or given as None by its keyword.
    """
    known = parameters(method) or ()
    if keyword and (name in known or "*" in known):
        try:
            return method(first, **{name: second})
        except TypeError:
            if name in known:
                raise
    return method(first) if second is None else method(first, second)


def laid_out(value: Any, layout: str, one_array: bool = False) -> Any:
    """Copies of the arrays with the strides asked for.

    "C" and "F" (Fortran) are NumPy's orders; "strided" is every other number of a longer last axis;
    "window" is a part of a longer array, along time for a sequence, along the batch for a state;
    "read-only" is as "C", and nobody may write into it.
    With `one_array` all members of a pair are the first one.
    """
    if isinstance(value, list):
        made = tuple(laid_out(item, layout) for item in value)
        return made[:1] * len(made) if one_array else made
    if not isinstance(value, np.ndarray):
        return value
    if layout == "F":
        return np.array(value, order="F")
    if layout == "read-only":
        value = value.copy()
        value.flags.writeable = False
        return value
    if layout == "strided":
        wide = np.full((*value.shape[:-1], 2 * value.shape[-1]), 7.0, value.dtype)
        view = wide[..., ::2]
        view[...] = value
        return view
    if layout == "window" and value.ndim > 1:
        longer = np.full(
            (*value.shape[:-2], value.shape[-2] + 2, value.shape[-1]), 7.0, value.dtype
        )
        window = longer[..., 1:-1, :]
        window[...] = value
        return window
    return value.copy()


def use_up(value: Any) -> None:
    """Write into all arrays, as a caller may do with what a call gave him."""
    if isinstance(value, (tuple, list)):
        for item in value:
            use_up(item)
    elif isinstance(value, dict):
        for item in value.values():
            use_up(item)
    elif type(value) is np.ndarray and value.flags.writeable and value.dtype.kind == "f":
        value[...] = 7.0


def rewritten(array: Any, value: Any) -> Any:
    """The array, with the value written into it as a caller does who keeps one buffer.

    The value itself where the array has another shape, dtype or layout.
    """
    if not isinstance(array, np.ndarray) or array.strides != value.strides:
        return value
    if array.shape != value.shape or array.dtype != value.dtype:
        return value
    array[...] = value
    return array


def parameters(function: Any) -> list[str] | None:
    """The names of a function's parameters, without self; "*" marks one that takes any."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except Exception:  # not a function, or one whose signature is not known
        return None
    names = ["*" if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) else p.name for p in found]
    return [text(name) for name in (names[1:] if names[:1] == ["self"] else names)][:64]

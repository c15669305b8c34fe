"""Holds the subject and does with it what it is asked: the side of the channel that runs its code.

Requests and replies are plain values of `wire.py`. A reply is {"ok": value} or {"error": {...}}.
The host knows nothing of what is right: no expected value ever reaches it.
"""

import importlib
import inspect
import linecache
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lstm_checks.adapters.detect import NoSubject, detect, format_of
from lstm_checks.sources import ADAPTERS
from lstm_checks.worker.files import MODULE_NAME, load_module
from lstm_checks.worker.wire import NUMBERS

DECLARED = (
    "gate_order", "batch_first", "weights", "biases", "state_order", "names", "forget_bias",
)  # fmt: skip
PLAIN = (str, bool, int, float, dict, list, tuple)  # what a convention can be declared by
TEXT_LIMIT = 600
BYTES_LIMIT = 1 << 26  # of a returned array; a larger one has not the shape that was asked for


class Host:
    """One subject and its layers, driven by requests.

    Args:
        target: a class or module at hand, which is then taken in place of what a file holds.
    """

    def __init__(self, target: Any = None) -> None:
        self._target = target
        self._adapted: Any = None
        self._source: str | None = None
        self._layers: dict[int, Any] = {}
        self._results: dict[int, list[Any]] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request; whatever the subject raises is part of the reply."""
        before = np.geterr()
        try:
            return {"ok": getattr(self, "_" + request["do"])(**request.get("with", {}))}
        except NoSubject as error:
            return {"error": {"kind": "no_subject", "message": str(error)}}
        except BaseException as error:
            return {"error": self._described(error)}
        finally:
            np.seterr(**before)

    # What can be asked -----------------------------------------------------------------------

    def _load(
        self,
        source: str,
        is_file: bool,
        name: str | None,
        adapter: str | None,
        adapter_is_file: bool,
    ) -> dict[str, Any]:
        self._source = str(Path(source).resolve()) if is_file else None
        if self._target is None:
            module = load_module(self._source or source, is_file)
            self._source = self._source or getattr(module, "__file__", None)
            target, name, adapter = detect(module, name, adapter)
        else:
            target, name = self._target, name or ""
            adapter = adapter or format_of(target)
        self._adapted = adapted = _adapted(adapter, adapter_is_file, target)
        methods = ["forward", "backward", "reset_state"]
        if getattr(adapted, "step_functions", False) is True:
            methods += ["step", "step_backward"]
        return {
            "name": name,
            "adapter": adapter,
            "declared": declared(adapted),
            "not_offered": {
                str(key): str(why) for key, why in getattr(adapted, "not_offered", {}).items()
            },
            "methods": [key for key in methods if callable(getattr(adapted, key, None))],
            "signatures": {
                key: _parameters(getattr(adapted, key, None))
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
    ) -> dict[str, Any]:
        if fresh:
            self._layers.clear()
            self._results.clear()
        options = {"stateful": True} if stateful else {}
        layer = self._layers[key] = self._adapted(input_size, hidden_size, **options)
        params = getattr(layer, "params", {})
        if not isinstance(params, Mapping):
            raise NoSubject(
                f"params is a {type(params).__name__}; it should be a dict with the keys W, U, b"
            )
        names = _weight_names(layer)
        found = {name: _encoded(_get_weight(layer, name)) for name in {*weights, *names}}
        for name, array in weights.items():
            _set_weight(layer, name, array)
        has_params = getattr(layer, "params", None) is not None
        return {"found": found, "names": names, "has_params": has_params}

    def _write(self, key: int, weights: dict[str, Any]) -> None:
        for name, array in weights.items():
            _set_weight(self._layers[key], name, array)

    def _read(self, key: int, names: list[str]) -> dict[str, Any]:
        return {name: _encoded(_get_weight(self._layers[key], name)) for name in names}

    def _forward(
        self, key: int, x: Any, state: Any, layout: str = "C", report_inputs: bool = False
    ) -> dict[str, Any]:
        x, state = _laid_out(x, layout), _laid_out(state, layout)
        layer = self._layers[key]
        # With no state given the argument is left out, as a user would.
        result = layer.forward(x) if state is None else layer.forward(x, state)
        self._results.setdefault(key, []).append(result)
        reply = {"result": _encoded(result)}
        if report_inputs:
            reply["inputs"] = _encoded({"x": x, "state": state})
        return reply

    def _backward(
        self, key: int, dy: Any, dstate: Any, layout: str = "C", report_inputs: bool = False
    ) -> dict[str, Any]:
        dy, dstate = _laid_out(dy, layout), _laid_out(dstate, layout)
        layer = self._layers[key]
        result = layer.backward(dy) if dstate is None else layer.backward(dy, dstate)
        grads = layer.grads
        self._results.setdefault(key, []).append(result)
        reply = {"result": _encoded(result), "grads": _encoded(grads)}
        if report_inputs:
            reply["inputs"] = _encoded({"dy": dy, "dstate": dstate})
        return reply

    def _step(self, key: int, x: Any, h: Any, c: Any) -> Any:
        return _encoded(self._layers[key].step(x, h, c))

    def _step_backward(self, key: int, dh: Any, dc: Any) -> dict[str, Any]:
        layer = self._layers[key]
        result = layer.step_backward(dh, dc)
        return {"result": _encoded(result), "grads": _encoded(layer.grads)}

    def _reset(self, key: int) -> None:
        self._layers[key].reset_state()

    def _recall(self, key: int, back: int) -> Any:
        """The very objects that a call returned, as they are now; 0 is the last call."""
        return _encoded(self._results[key][-1 - back])

    # How an exception is told ------------------------------------------------------------------

    def _described(self, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = {
            "kind": "not_written" if isinstance(error, NotImplementedError) else "raised",
            "type": type(error).__name__,
            "message": _text(error),
        }
        if isinstance(error, SyntaxError):
            return told | {
                "kind": "syntax",
                "message": str(error.msg)[:TEXT_LIMIT],
                "line": error.lineno,
                "code": (error.text or "").strip()[:120],
            }
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == self._source]
        if own:
            line = (linecache.getline(own[-1].filename, own[-1].lineno or 0)).strip()
            told |= {"line": own[-1].lineno, "function": own[-1].name, "code": line[:120]}
        return told


def declared(adapted: Any) -> dict[str, Any]:
    """The conventions that a class declares as attributes, as plain values."""
    values = {key: getattr(adapted, key, None) for key in DECLARED}
    return {key: _plain(value) for key, value in values.items() if isinstance(value, PLAIN)}


def _adapted(name: str, is_file: bool, target: Any) -> Any:
    """The class in the native contract that an adapter makes of the target.

    Raises:
        NoSubject: the adapter is at fault; one of the user's own is named by its file.
        Exception: whatever the subject's own code raises under a bundled adapter.
    """
    if not is_file:
        if name not in ADAPTERS:
            known = ", ".join(ADAPTERS)
            raise NoSubject(f"there is no adapter {name!r}; there are {known}, or a file")
        return importlib.import_module(f"lstm_checks.adapters.{name}").adapt(target)
    file = Path(name).name
    try:
        module = load_module(str(Path(name).resolve()), True, MODULE_NAME + "_adapter")
        if not callable(getattr(module, "adapt", None)):
            raise NoSubject(f"the adapter {file} has no function adapt(target)")
        adapted = module.adapt(target)
    except NoSubject:
        raise
    except SyntaxError as error:
        raise NoSubject(
            f"the adapter {file} is no valid Python: {error.msg} (line {error.lineno})"
        ) from None
    except BaseException as error:
        raise NoSubject(
            f"the adapter {file} raised {type(error).__name__}: {_text(error)}"
        ) from None
    if not inspect.isclass(adapted):
        kind = "None" if adapted is None else f"a {type(adapted).__name__}"
        raise NoSubject(f"adapt(target) of the adapter {file} returned {kind}; return a class")
    return adapted


def _get_weight(layer: Any, name: str) -> Any:
    params = getattr(layer, "params", None)
    if params is None:
        return getattr(layer, name, None)
    return params.get(name)


def _set_weight(layer: Any, name: str, array: Any) -> None:
    params = getattr(layer, "params", None)
    if params is None:
        setattr(layer, name, array.copy())
    else:
        params[name] = array.copy()


def _weight_names(layer: Any) -> list[str]:
    """The names in params, or, where there is none, of the attributes that are arrays."""
    params = getattr(layer, "params", None)
    if params is None:
        params = [
            name
            for name, value in getattr(layer, "__dict__", {}).items()
            if isinstance(value, np.ndarray)
        ]
    return [str(name)[:80] for name in list(params)[:64]]


def _laid_out(value: Any, layout: str) -> Any:
    """Copies of the arrays with the strides asked for: "C", "F" (Fortran) or "strided"."""
    if isinstance(value, list):
        return tuple(_laid_out(item, layout) for item in value)
    if not isinstance(value, np.ndarray):
        return value
    if layout == "F":
        return np.asfortranarray(value)
    if layout == "strided":
        wide = np.full((*value.shape[:-1], 2 * value.shape[-1]), 7.0, value.dtype)
        view = wide[..., ::2]
        view[...] = value
        return view
    return value.copy()


def _encoded(value: Any, depth: int = 0) -> Any:
    """A result as plain values: arrays of numbers as base arrays, anything else as its type."""
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        if value.nbytes > BYTES_LIMIT:
            return {"shape": str(value.shape)[:80]}
        if value.dtype.kind in NUMBERS and value.dtype.itemsize <= 16:
            return np.array(value, copy=True, order="C", subok=False)
        return {"type": f"ndarray of dtype {str(value.dtype)[:40]}"}
    if isinstance(value, (tuple, list)) and depth < 3 and len(value) <= 8:
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_encoded(item, depth + 1) for item in value]}
    if isinstance(value, dict) and depth < 3 and len(value) <= 64:
        return {"dict": {str(key)[:80]: _encoded(item, depth + 1) for key, item in value.items()}}
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return {"type": f"{type(value).__name__} {str(value)[:40]}"}
    return {"type": type(value).__name__[:80]}


def _plain(value: Any) -> Any:
    """A declared convention as it can cross; the judge says what is wrong with it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return f"<{type(value).__name__}>"


def _parameters(function: Any) -> list[str] | None:
    """The names of a function's parameters, without self; "*" marks one that takes any."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    names = ["*" if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) else p.name for p in parameters]
    return names[1:] if names[:1] == ["self"] else names


def _text(error: BaseException) -> str:
    try:
        return str(error)[:TEXT_LIMIT]
    except Exception:
        return "(its message cannot be shown)"

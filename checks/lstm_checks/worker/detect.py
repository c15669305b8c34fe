"""Detects which object of a module is the LSTM, and which adapter drives it."""

import inspect
from types import ModuleType
from typing import Any

from .encode import class_attribute, type_name

CS231N = ("lstm_forward", "lstm_step_forward")


class NoSubject(Exception):
    """There is no LSTM here, or more than one; the message says what to do."""


def detect(module: ModuleType, name: str | None, adapter: str | None) -> tuple[Any, str, str]:
    """The target for the adapter, the target's name, and the adapter's name.

    Raises:
        NoSubject: nothing, or more than one thing, fits.
    """
    if name is not None:
        target = _named(module, name)
        return target, name, adapter or format_of(target)
    classes = [
        (key, value)
        for key, value in vars(module).items()
        if is_class(value) and str(class_attribute(value, "__module__")) == module.__name__
    ]
    functions = [key for key in CS231N if inspect.isfunction(getattr(module, key, None))]
    if adapter not in (None, "native", "torch"):
        return module, "", adapter
    candidates = [(key, value) for key, value in classes if callable(_forward_of(value))]
    exact = [(key, value) for key, value in candidates if key == "LSTM"]
    chosen = exact or candidates
    if adapter is None and functions and not exact:
        if not candidates:
            return module, "", "cs231n"
        raise NoSubject(
            f"it holds the functions {_listed(functions)} and the classes "
            f"{_listed([key for key, _ in candidates])}: say which with FILE:NAME or "
            "--adapter cs231n"
        )
    if len(chosen) > 1:
        raise NoSubject(
            f"it holds {len(chosen)} classes with a forward method, "
            f"{_listed([key for key, _ in chosen])}: say which with FILE:NAME"
        )
    if chosen:
        key, value = chosen[0]
        return value, key, adapter or format_of(value)
    if classes:
        names = _listed([key for key, _ in classes][:8])
        which = f"class {names} has" if len(classes) == 1 else f"classes {names} have"
        raise NoSubject(
            f"its {which} no forward method; "
            "the contract is: class LSTM with __init__(input_size, hidden_size), params and "
            "forward(x, state=None)"
        )
    raise NoSubject(
        "there is no LSTM in it: no class with a forward method, and none of the functions "
        f"{_listed(CS231N)}; docs/conventions.md describes the contract"
    )


def _forward_of(value: type) -> Any:
    return None if issubclass(value, BaseException) else getattr(value, "forward", None)


def _named(module: ModuleType, name: str) -> Any:
    target: Any = module
    for part in name.split("."):
        if not hasattr(target, part):
            offered = [key for key, value in vars(module).items() if is_class(value)][:8]
            there = f"; its classes are {_listed(offered)}" if offered else ""
            raise NoSubject(f"there is no {name!r} in it{there}")
        target = getattr(target, part)
    return target


def format_of(target: Any) -> str:
    """The adapter for an object; frameworks are recognised without being imported.

    Raises:
        NoSubject: it is neither a class nor a module of functions that are known.
    """
    if inspect.ismodule(target):
        return detect(target, None, None)[2]
    if not is_class(target):
        raise NoSubject(f"it is a {type_name(type(target))}, not a class; name the class")
    bases = [
        (str(class_attribute(base, "__module__")).partition(".")[0], type_name(base))
        for base in class_attribute(target, "__mro__")
    ]
    return "torch" if ("torch", "Module") in bases else "native"


def is_class(value: Any) -> bool:
    """Whether it is a class; `inspect.isclass` would believe an object's own `__class__`."""
    return issubclass(type(value), type)


def _listed(names: Any) -> str:
    return ", ".join(names)

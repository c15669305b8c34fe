"""Detects which object of a module is the LSTM, and which adapter drives it."""

import functools
import inspect
import sys
from types import FunctionType, ModuleType
from typing import Any

from .encode import class_attribute, type_name

# The adapter of a class, by a base of it: the base's top package and its name.
FRAMEWORKS = {
    ("torch", "Module"): "torch",
    ("keras", "Layer"): "keras",
    ("flax", "Module"): "flax",
    ("equinox", "Module"): "equinox",
}
CALLED = ("call", "__call__")  # what classes of other frameworks than PyTorch compute by
COMPILERS = ("jax", "jaxlib", "numba")  # the types of functions that these compiled wrap one
# Formats of functions, by the functions whose names and arguments say so.
FUNCTIONS = {
    "coursera": ("lstm_forward", "lstm_cell_forward"),
    "cs231n": ("lstm_forward", "lstm_step_forward"),
}
OF_MODULES = ("cs231n", "coursera", "functions")
INPUTS = ("x", "xs", "xt", "x_t", "inputs", "input", "inp", "seq", "sequence", "x_seq", "data")
STATES = {
    name: kind
    for kind, names in {
        "h": "h h0 h_0 h_prev prev_h hprev a0 a_prev h_t ht hidden h_in",
        "c": "c c0 c_0 c_prev prev_c cprev c_t ct cell c_in",
        "both": "state states prev_state prev_states hidden_state hc h_c carry initial_state "
        "init_state",
    }.items()
    for name in names.split()
}
ONE_INPUT = [[name] for name in INPUTS]
WEIGHTS = ("params", "parameters", "weights", "p", "theta", "param", "w_dict")
NOT_FORWARD = ("back", "grad", "loss", "init", "predict", "train", "sample", "bptt")


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
    if adapter in OF_MODULES:
        return module, "", adapter
    formats = _formats_of(module)
    candidates = [(key, value) for key, value in classes if callable(_forward_of(value))]
    candidates = [one for one in candidates if one[0] not in _parts(module, candidates)]
    exact = [(key, value) for key, value in candidates if key == "LSTM"]
    named = [one for one in candidates if "lstm" in one[0].lower()]
    chosen = exact if exact and format_of(exact[0][1]) != "cell" else candidates
    if len(chosen) > 1 and len(named) == 1 and not exact:
        chosen = named  # its parts and its user have other names
    if adapter is None and formats and not exact:
        if not candidates and len(formats) == 1:
            return module, "", next(iter(formats))
        found = [f"the functions {_listed(names)}" for names in formats.values()]
        found += [f"the classes {_listed([key for key, _ in candidates])}"] if candidates else []
        tries = [f"--adapter {name}" for name in formats] + ["FILE:NAME"] * bool(candidates)
        raise NoSubject(f"it holds {' and '.join(found)}: say which with {' or '.join(tries)}")
    if len(chosen) > 1:
        raise NoSubject(
            f"it holds {len(chosen)} classes with a forward method, "
            f"{_listed([key for key, _ in chosen])}: say which with FILE:NAME"
        )
    if chosen:
        key, value = chosen[0]
        return value, key, adapter or format_of(value)
    cells = [(key, value) for key, value in classes if _is_cell(value)]
    if len(cells) == 1:
        return cells[0][1], cells[0][0], adapter or format_of(cells[0][1])
    if adapter is not None and adapter.endswith(".py"):
        return module, "", adapter  # an adapter of the user's own may take whatever is there
    if classes:
        names = _listed([key for key, _ in classes][:8])
        which = f"class {names} has" if len(classes) == 1 else f"classes {names} have"
        raise NoSubject(
            f"its {which} no forward method; "
            "the contract is: class LSTM with __init__(input_size, hidden_size), params and "
            "forward(x, state=None). lstm-checks adapters lists other forms"
        )
    functions = [key for key, value in vars(module).items() if _own_function(module, value)][:8]
    made = [key for key, value in vars(module).items() if _framework_of(type(value))]
    if made:
        raise NoSubject(
            f"{_listed(made[:8])} is an object that is made already, with sizes of its own; the "
            "kit makes LSTMs of many sizes, so it needs the class of the LSTM in it"
        )
    has = f"; its functions are {_listed(functions)}" if functions else ""
    raise NoSubject(
        "there is no LSTM in it: no class with a forward method, and no functions of a known "
        f"form{has}. lstm-checks adapters lists the forms, and FILE:NAME with --adapter names one"
    )


def _formats_of(module: ModuleType) -> dict[str, list[str]]:
    """The formats of functions that a module may hold, each with the functions that say so."""
    there = [key for key, value in vars(module).items() if _own_function(module, value)]
    for adapter, telling in FUNCTIONS.items():
        found = [key for key in telling if key in there]
        if found and _arguments_fit(adapter, getattr(module, found[0])):
            return {adapter: found}
    declared = isinstance(getattr(module, "functions", None), dict)
    found = [key for key in there if _takes_weights(getattr(module, key))]
    return {"functions": found} if found or declared else {}


def _arguments_fit(adapter: str, function: Any) -> bool:
    names = _arguments(function)
    if adapter == "coursera":
        return names[-1:] == ["parameters"] and len(names) in (3, 4)
    return (len(names) in (5, 6) and {"Wx", "Wh", "b"} <= set(names)) or not names[3:]


def _arguments(function: Any) -> list[str]:
    """The names of a function's arguments; none where it does not say them."""
    try:
        return list(inspect.signature(function).parameters)
    except Exception:  # the subject may have put anything there
        return []


def _own_function(module: ModuleType, value: Any) -> bool:
    # By its type: an object of the subject's may raise where its class is asked for.
    if str(class_attribute(type(value), "__module__")).partition(".")[0] in COMPILERS:
        value = getattr(value, "__wrapped__", getattr(value, "py_func", value))
    return issubclass(type(value), FunctionType) and value.__globals__ is vars(module)


def _takes_weights(function: Any) -> bool:
    """Whether a function's arguments look like x, a state and weights."""
    names = [name.lower() for name in _arguments(function)]
    if any(part in function.__name__.lower() for part in NOT_FORWARD):
        return False
    rest = [name for name in names if name not in INPUTS and name not in STATES]
    return (
        any(name in INPUTS for name in names)
        and (len(rest) >= 2 or any(name in WEIGHTS for name in rest))
        and (any(name in STATES for name in names) or "lstm" in function.__name__.lower())
    )


def _parts(module: ModuleType, candidates: list[tuple[str, Any]]) -> set[str]:
    """The classes that a layer of the format dlfs2 is made of."""
    names = {key for key, value in candidates if format_of(value) == "dlfs2"}
    return {key for key, _ in candidates if names and key not in names}


def _is_cell(value: Any) -> bool:
    """Whether a class computes single time steps alone: step(x, h, c) or step(x, state)."""
    forward = getattr(value, "forward", None)
    if (
        inspect.isfunction(forward)
        and "cell" not in type_name(value).lower()
        and [name for name in _arguments(forward)[1:] if _required(forward, name)] in ONE_INPUT
    ):
        return False  # forward(x, state=None) computes a sequence, and its step is a part of it
    for name in ("step", "step_forward", "forward_step", "forward", "__call__"):
        method = getattr(value, name, None)
        if not inspect.isfunction(method):
            continue
        names = [one.lower() for one in _arguments(method)][1:]
        of_a_step = (
            _on_tinygrad(value) or "cell" in type_name(value).lower() or "prev" in " ".join(names)
        )
        if "step" not in name and not of_a_step:  # forward(x, h, c) may be for a sequence
            continue
        if (
            len(names) >= 2
            and names[0] in INPUTS
            and (
                {"h", "c"} <= {STATES.get(one) for one in names}
                or (names[1] in STATES and ("step" in name or _required(method, names[1])))
            )
        ):
            return True
    return False


def _required(method: Any, name: str) -> bool:
    """Whether an argument must be given."""
    empty = inspect.Parameter.empty
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(
        one.default is empty and one.kind not in several
        for one in inspect.signature(method).parameters.values()
        if one.name.lower() == name.lower()
    )


def _forward_of(value: type) -> Any:
    if issubclass(value, BaseException):
        return None
    forward = getattr(value, "forward", None)
    if forward is None and _framework_of(value):
        # Its own, or that of an LSTM of the framework's that it is derived from.
        bases = [value, *(one for one in value.__mro__[1:] if "lstm" in type_name(one).lower())]
        calls = (vars(one)[name] for one in bases for name in CALLED if name in vars(one))
        return next(calls, None)
    return forward


def _named(module: ModuleType, name: str) -> Any:
    target: Any = module
    for part in name.split("."):
        if not hasattr(target, part) and is_class(target) and _framework_of(target):
            target = _inside(target, part)
            continue
        if not hasattr(target, part):
            offered = [key for key, value in vars(module).items() if is_class(value)][:8]
            there = f"; its classes are {_listed(offered)}" if offered else ""
            raise NoSubject(f"there is no {name!r} in it{there}")
        target = getattr(target, part)
    return target


def _inside(outer: Any, part: str) -> Any:
    """What makes an object and gives a part of it: for an LSTM inside a network."""

    @functools.wraps(outer, updated=())
    def made(*sizes: Any, **options: Any) -> Any:
        return getattr(outer(*sizes, **options), part)

    return made


def format_of(target: Any) -> str:
    """The adapter for an object; frameworks are recognised without being imported.

    Raises:
        NoSubject: it is neither a class nor a module of functions that are known.
    """
    if inspect.ismodule(target):
        return detect(target, None, None)[2]
    outer = getattr(target, "__wrapped__", None)
    if inspect.isfunction(target) and is_class(outer):  # a part of what a class makes
        return format_of(outer)
    if not is_class(target):
        raise NoSubject(f"it is a {type_name(type(target))}, not a class; name the class")
    framework = _framework_of(target)
    if framework:
        return framework
    init = getattr(target, "__init__", None)
    names = _arguments(init)[1:] if inspect.isfunction(init) else []
    if names[:3] == ["Wx", "Wh", "b"] and callable(getattr(target, "set_state", None)):
        return "dlfs2"
    if names[:1] == ["n_out"] and callable(getattr(target, "_init_params", None)):
        return "numpy_ml"
    if _on_tinygrad(target):
        return "tinygrad"
    return "cell" if _is_cell(target) else "native"


def _on_tinygrad(target: type) -> bool:
    """Whether a class stands in tinygrad, or in a module that uses it; its bases do not say so."""
    home = sys.modules.get(str(class_attribute(target, "__module__")))
    used = [home, *vars(home).values()] if home is not None else []
    return "tinygrad" in {_package_of(value) for value in used}


def _package_of(value: Any) -> str:
    """The top package of a module, or of what defines an object."""
    if issubclass(type(value), ModuleType):
        return str(value.__name__).partition(".")[0]
    home = class_attribute(value, "__module__") if is_class(value) else ""
    return str(home).partition(".")[0]


def _framework_of(target: type) -> str:
    """The adapter of the framework whose class this one is derived from, or ""."""
    for base in class_attribute(target, "__mro__"):
        home = str(class_attribute(base, "__module__")).partition(".")[0]
        found = FRAMEWORKS.get((home, type_name(base)))
        if found:
            return found
    return ""


def is_class(value: Any) -> bool:
    """Whether it is a class; `inspect.isclass` would believe an object's own `__class__`."""
    return issubclass(type(value), type)


def _listed(names: Any) -> str:
    return ", ".join(names)

"""Malformed classes and files: each gets a report in words, never a traceback of the kit's.

A value that is no array of floats stands in each place where an array may stand; on top of these
come classes with odd metaclasses, names, signatures, messages and parameters, and files that spoil
the interpreter that they run in.
"""

import itertools
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import lstm_checks.report
from lstm_checks.api import connection
from lstm_checks.engine.ladder import Ladder
from lstm_checks.launch.limits import Limits
from lstm_checks.laws.registry import ALL
from lstm_checks.report.data import as_json
from lstm_checks.report.report import Report

PLAIN = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
BASE = PLAIN.replace("class LSTM:", "class Plain:")
SCHEMA = json.loads((Path(lstm_checks.report.__file__).parent / "schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
SHORT = Limits(load=10.0, call=1.0, run=120.0)
FEW = {
    "load.imports",
    "load.signature",
    "load.constructs",
    "load.scope",
    "load.weights",
    "load.instances",
    "shapes.forward",
    "shapes.backward",
    "sequence.outputs",
    "sequence.final_c",
    "gradients.dx",
    "gradients.dW",
    "gradients.db",
    "state.stateful_carries",
}
LAWS = [law for law in ALL if law.id in FEW]


def report_on(source: str) -> Report:
    """The report on the class LSTM of a source, in this process, by a few laws."""
    module = ModuleType("malformed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(source, vars(module))
    where, connect = connection(module.LSTM, None, SHORT)
    return Report.of(Ladder(LAWS, where, connect, "quick", 0, SHORT).outcome())


def sound(report: Report) -> None:
    """The report can be shown in each form, in printable text, and fits its schema."""
    told = json.loads(as_json(report))
    errors = [f"{list(error.path)}: {error.message}" for error in VALIDATOR.iter_errors(told)]
    assert errors == []
    shown = f"{report}{report._repr_html_()}{report!r}"
    assert (
        re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
        is None
    )
    assert "Traceback" not in shown
    for law in told["laws"]:
        compile(law["reproduce"], law["id"], "exec")
    if not report.passed:
        assert report.cause is not None
        assert len(report.cause.message) > 10


def test_the_plain_class_passes() -> None:
    assert len(LAWS) == len(FEW)
    report = report_on(PLAIN)
    sound(report)
    assert report.passed, str(report)


# An odd value in each place ----------------------------------------------------------------------

HELP = '''
import array, collections, decimal, enum, fractions, types, weakref

Pair = collections.namedtuple("Pair", "first second")

class Liar:
    """It says that it is an array."""
    __class__ = np.ndarray
    shape, dtype = (2, 3), np.dtype(float)

class Raises:
    """Whatever is asked of it raises."""
    def __getattribute__(self, name):
        raise RuntimeError(name)
    def __bool__(self):
        raise RuntimeError("bool")
    __len__ = __iter__ = __eq__ = __str__ = __repr__ = __bool__
    __hash__ = None

class Exits(Raises):
    def __bool__(self):
        raise SystemExit(3)
    __len__ = __iter__ = __eq__ = __str__ = __repr__ = __bool__
    __hash__ = None

class Protocol:
    def __init__(self, a):
        self.a = a
    def __array__(self, dtype=None, copy=None):
        return self.a
    def __len__(self):
        return len(self.a)

class Own(np.ndarray):
    """An array whose own methods and attributes are all wrong."""
    def __getattribute__(self, name):
        raise RuntimeError(name)
    def __array_finalize__(self, other):
        pass
    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented
    def copy(self):
        return None
    __len__ = __iter__ = __eq__ = __str__ = __repr__ = __bool__ = copy
    __hash__ = None

class Text(str):
    def __getitem__(self, key):
        return 3
    def encode(self, *args):
        return self
    def decode(self):
        return object()
    def __str__(self):
        return self

class Tuple(tuple):
    def __iter__(self):
        return iter([Raises()])
    def __len__(self):
        return 10**9

class Dict(dict):
    def items(self):
        raise RuntimeError("items")
    keys = values = __iter__ = __len__ = get = items

class Color(enum.Enum):
    RED = 1

def looped_list(a):
    found = [a]
    found.append(found)
    return found

def looped_dict(a, count=1):
    found = {"a": a}
    found.update((f"key {k}", found) for k in range(count))
    return found

def nested(a, depth):
    for _ in range(depth):
        a = (a,)
    return a

def holding(value):
    found = np.empty((), object)
    found[()] = value
    return found
'''

VALUES: dict[str, str] = {
    # Arrays that are right, in another form.
    "big_endian": "a.astype(a.dtype.newbyteorder('>'))",
    "fortran": "np.asfortranarray(a)",
    "strided": "np.repeat(a, 2, axis=-1)[..., ::2]",
    "backwards": "a[..., ::-1].copy()[..., ::-1]",
    "read_only": "np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)",
    "own_class": "a.view(Own)",
    # Arrays that are not.
    "longdouble": "a.astype(np.longdouble)",
    "complex": "a + 0j",
    "float16": "a.astype(np.float16)",
    "ints": "(1000 * a).astype(int)",
    "uint8": "a.astype(np.uint8)",
    "bools": "a > 0",
    "objects": "a.astype(object)",
    "objects_of_text": "np.full(a.shape, '\\ud800', object)",
    "object_of_itself": "(lambda o: (o.__setitem__((), o), o)[1])(np.empty((), object))",
    "texts": "a.astype(str)",
    "bytes_array": "a.astype(bytes)",
    "structured": "np.ascontiguousarray(a).view([('v', a.dtype)])",
    "structured_odd": "np.zeros(a.shape, [('\\ud800\\n', float), ('\\u202e', 'O')])",
    "void": "np.zeros(a.shape, 'V3')",
    "dates": "(1e9 * a).astype('datetime64[s]')",
    "durations": "a.astype('timedelta64[D]')",
    "masked": "np.ma.masked_array(a, a > 0)",
    "matrix": "np.asmatrix(np.atleast_2d(a.reshape(len(a), -1)))",
    "record": "np.rec.fromarrays([a], names='v')",
    "nan": "a * np.nan",
    "inf": "a + np.inf",
    "huge_numbers": "1e308 * np.sign(a)",
    "empty": "a[:0]",
    "no_axes": "np.array(0.0)",
    "many_axes": "np.zeros((1,) * 32)",
    "terabytes": "np.broadcast_to(0.0, (1 << 20, 1 << 20))",
    "too_large": "np.zeros((1 << 10, 1 << 10))",
    "other_shape": "a[..., :-1]",
    # What is no array.
    "none": "None",
    "generator": "(row for row in a)",
    "list": "a.tolist()",
    "list_of_rows": "list(a)",
    "buffer": "memoryview(np.ascontiguousarray(a))",
    "array_array": "array.array('d', a.ravel())",
    "protocol": "Protocol(a)",
    "liar": "Liar()",
    "raises": "Raises()",
    "exits": "Exits()",
    "text": "'\\x1b[2J\\u202eyes\\ud800\\n'",
    "odd_text": "Text('text')",
    "bytes": "b'\\x00'",
    "true": "True",
    "int": "3",
    "huge_int": "10**5000",
    "negative_int": "-10**400",
    "float": "0.5",
    "nan_number": "float('nan')",
    "numpy_scalar": "np.float64(3)",
    "numpy_text": "np.str_('\\ud800')",
    "fraction": "fractions.Fraction(1, 3)",
    "decimal": "decimal.Decimal('sNaN')",
    "enum": "Color.RED",
    "class": "Raises",
    "module": "np",
    "lambda": "lambda: a",
    "not_implemented": "NotImplemented",
    "exception": "ValueError(a)",
    "iterator": "itertools_count()",
    "set": "{1, 2}",
    "looped_list": "looped_list(a)",
    "looped_dict": "looped_dict(a)",
    "looped_wide_dict": "looped_dict(a, 100)",
    "nested": "nested(a, 500)",
    "wide": "[a] * 1000",
    "wide_nested": "[[[[a] * 8] * 8] * 8] * 8",
    "named_tuple": "Pair(a, a)",
    "odd_tuple": "Tuple((a, a))",
    "odd_dict": "Dict(W=a)",
    "dict_of_odd_keys": "{Raises: a, None: a, 10**5000: a, '\\ud800': a, (1,): a, 'x' * 10**6: a}",
    "proxy": "types.MappingProxyType({'W': a})",
    "weak": "weakref.ref(Color)",
    "holding": "holding(Raises())",
}
HELP += "\nitertools_count = __import__('itertools').count\n"

FORWARD = """
    def forward(self, x, state=None):
        y, (h, c) = super().forward(x, state)
        {}
"""
BACKWARD = """
    def backward(self, dy, dstate=None):
        dx, (dh, dc) = super().backward(dy, dstate)
        {}
        return dx, (dh, dc)
"""
INIT = """
    def __init__(self, input_size, hidden_size, stateful=False):
        super().__init__(input_size, hidden_size, stateful)
        {}
"""
PLACES: dict[str, str] = {
    "y": FORWARD.format("return odd(y), (h, c)"),
    "c": FORWARD.format("return y, (h, odd(c))"),
    "state": FORWARD.format("return y, odd(h)"),
    "result": FORWARD.format("return odd(y)"),
    "dx": BACKWARD.format("dx = odd(dx)"),
    "dstate": BACKWARD.format("return dx, odd(dh)"),
    "gradient": BACKWARD.format("self.grads['W'] = odd(self.grads['W'])"),
    "grads": BACKWARD.format("self.grads = odd(self.grads['b'])"),
    "weight": INIT.format("self.params['b'] = odd(self.params['b'])"),
    "params": INIT.format("self.params = odd(self.params['b'])"),
    "declared": "\n    __lstm__ = odd(np.ones((2, 3)))\n",
    "convention": "\n    __lstm__ = {'gate_order': odd(np.ones((2, 3)))}\n",
    "attributes": "\n    names = biases = forget_bias = batch_first = odd(np.ones((2, 3)))\n",
    "not_offered": "\n    not_offered = {'initial_c': odd(np.ones((2, 3)))}\n",
}


def with_odd(value: str, place: str) -> str:
    odd = f"\ndef odd(a):\n    return {VALUES[value]}\n"
    return f"{BASE}{HELP}{odd}\nclass LSTM(Plain):\n{PLACES[place]}"


# These values are right where an array of floats is asked for, the last one for two axes.
RIGHT = {"big_endian", "fortran", "strided", "backwards", "read_only", "own_class"}
ARRAYS = {"y", "c", "dx", "gradient", "weight"}
# A first value of a weight is written over, so its numbers do not count.
WRITTEN_OVER = {
    "complex",
    "float16",
    "ints",
    "uint8",
    "bools",
    "nan",
    "inf",
    "huge_numbers",
}
ALSO_RIGHT = {
    ("matrix", "c"),
    ("matrix", "gradient"),
    ("none", "declared"),
    ("named_tuple", "dstate"),
    ("odd_tuple", "dstate"),  # dc0 = dh0 is not seen by these laws
    ("dict_of_odd_keys", "params"),  # it holds any key that is written
}
# Attributes that happen to have a convention's name; 3 and 0.5 are a forget_bias.
NOT_ATTRIBUTES = {"int", "float"}


def is_right(value: str, place: str) -> bool:
    return (
        (value in RIGHT and place in ARRAYS)
        or (value in WRITTEN_OVER and place == "weight")
        or (place == "attributes" and value not in NOT_ATTRIBUTES)
        or (value, place) in ALSO_RIGHT
    )


# Each value stands in three places, so that each place gets values of every kind.
ODD = [
    (value, place)
    for k, value in enumerate(VALUES)
    for place in itertools.islice(itertools.cycle(PLACES), k, k + 3 * 11, 11)
]


@pytest.mark.parametrize(("value", "place"), ODD)
def test_an_odd_value(value: str, place: str) -> None:
    report = report_on(with_odd(value, place))
    sound(report)
    assert report.passed == is_right(value, place), str(report)


def test_a_gradient_with_more_axes_than_its_weight() -> None:
    backward = BACKWARD.format("self.grads['b'] = self.grads['b'][None, None]")
    report = report_on(f"{BASE}\nclass LSTM(Plain):\n{backward}")
    sound(report)
    assert "grads['b'] has the shape (1, 1, " in str(report)


# Odd classes -------------------------------------------------------------------------------------


def renamed(W: Any, U: Any, b: Any, declared: Any = ()) -> str:
    """A right class with other names of its weights."""
    source = PLAIN
    for old, new in zip(("W", "U", "b"), (W, U, b), strict=True):
        source = source.replace(f'"{old}"', ascii(new))
    names = dict(zip(("W", "U", "b"), declared or (W, U, b), strict=True))
    return source.replace("class LSTM:", f"class LSTM:\n    __lstm__ = {{'names': {names!a}}}\n")


def body(text: str, head: str = "class LSTM(Plain):", before: str = "") -> str:
    """A class that is right but for its body."""
    indented = "\n".join(f"    {line}" for line in text.strip("\n").split("\n"))
    return f"{BASE}{HELP}\n{before}\n{head}\n{indented}\n"


def meta(text: str, rest: str = "pass") -> str:
    """A right class of an odd metaclass."""
    indented = "\n".join(f"    {line}" for line in text.strip("\n").split("\n"))
    return body(rest, "class LSTM(Plain, metaclass=Meta):", f"class Meta(type):\n{indented}\n")


def raising(error: str, before: str = "") -> str:
    """A class whose forward raises."""
    return body(f"def forward(self, x, state=None):\n    raise {error}", before=before)


def params_of(kind: str) -> str:
    """A class whose params are of another kind than dict."""
    return body(
        f"def __init__(self, *sizes, **more):\n    super().__init__(*sizes, **more)\n"
        f"    self.params = {kind}",
        before="p = lambda self: self.params",
    )


RAISES = "raise RuntimeError('no')"
# A class, and what its report says; None where it passes.
CLASSES: dict[str, tuple[str, str | None]] = {
    # Names of weights.
    "dollar": (renamed("$", "$$", "$$$"), None),
    "no_name": (renamed("", " ", "  "), None),
    "lines": (renamed("a\nb", "a\rb", "a\tb"), None),
    "keywords": (renamed("class", "def", "None"), None),
    "quotes": (renamed("'", '"', "\\"), None),
    "format": (renamed("{gate}", "{name}", "%s"), None),
    "markup": (renamed("[bold]W[/bold]", "<b>", "\x1b[31m"), None),
    "bidi": (renamed("\u202eW", "\u2066U", "\u200b"), None),
    "astral": (renamed("𝐖", "Ü", "ж"), None),
    "dunder": (renamed("__class__", "__dict__", "params"), None),
    "long": (renamed("w" * 200, "u" * 200, "b" * 200), None),
    "too_long": (renamed("w" * 201, "u", "b"), "a name has at most 200 characters"),
    "much_too_long": (renamed("w" * 10000, "u", "b"), "a name has at most 200 characters"),
    "surrogate": (renamed("\ud800", "u", "b"), "it has no weight '?'"),
    "numbers": (renamed(1, 2, 3), "names['W'] is 1; it must be one name"),
    "number_keys": (renamed(1, 2, 3, ("1", "2", "3")), "writing the weight '1' does not change"),
    "one_name_for_two": (renamed("W", "W", "b"), "its weight 'W' has the shape"),
    "nothing_declared": (renamed("$", "u", "b", ("W", "U", "b")), "it has no weight 'W'"),
    # Metaclasses.
    "meta_name": (meta("__name__ = property(lambda cls: 3)"), None),
    "meta_name_raises": (meta(f"@property\ndef __name__(cls):\n    {RAISES}"), None),
    "meta_hides": (
        meta(
            "def __getattribute__(cls, name):\n"
            "    if name in {'__qualname__', '__module__', '__name__', '__mro__', "
            "'__dict__'}:\n"
            "        raise RuntimeError(name)\n"
            "    return super().__getattribute__(name)"
        ),
        None,
    ),
    "meta_module": (meta("__module__ = property(lambda cls: [])"), None),
    "module": (body("__module__ = []"), None),
    "module_surrogate": (body("__module__ = '\\ud800'"), None),
    "qualname": (body("__qualname__ = '\\x1b[2J\\ud800\\n'"), None),
    "doc": (body("__doc__ = 3"), None),
    "meta_repr": (meta(f"def __repr__(cls):\n    {RAISES}\n__str__ = __repr__"), None),
    "meta_bool": (meta(f"def __bool__(cls):\n    {RAISES}\n__len__ = __bool__"), None),
    "meta_equal": (meta(f"def __eq__(cls, other):\n    {RAISES}\n__hash__ = None"), None),
    "meta_instances": (meta(f"def __instancecheck__(cls, one):\n    {RAISES}"), None),
    "meta_subclasses": (meta(f"def __subclasscheck__(cls, one):\n    {RAISES}"), None),
    "meta_class": (meta("__class__ = property(lambda cls: int)"), None),
    "meta_getattr": (meta("def __getattr__(cls, name):\n    return cls"), "__lstm__ is <Meta>"),
    "meta_getattr_raises": (
        meta(f"def __getattr__(cls, name):\n    {RAISES}"),
        "importing it raised RuntimeError",
    ),
    "meta_call_none": (
        meta("def __call__(cls, *args, **more):\n    return None"),
        "__init__ raised AttributeError",
    ),
    "meta_call_int": (
        meta("def __call__(cls, *args, **more):\n    return 3"),
        "'int' object has no attribute 'W'",
    ),
    "meta_call_class": (
        meta("def __call__(cls, *args, **more):\n    return cls"),
        "weight 'W'",
    ),
    "meta_call_raises": (
        meta("def __call__(cls, *args, **more):\n    raise SystemExit"),
        "SystemExit",
    ),
    "meta_dir": (meta(f"def __dir__(cls):\n    {RAISES}"), None),
    "abstract": (
        body(
            "@abc.abstractmethod\ndef forward(self, x, state=None): ...",
            "class LSTM(Plain, abc.ABC):",
            "import abc",
        ),
        "abstract",
    ),
    "generic": (
        body(
            "pass",
            "class LSTM(Plain, typing.Generic[T]):",
            "import typing\nT = typing.TypeVar('T')",
        ),
        None,
    ),
    "new_gives_another": (
        body("def __new__(cls, *args, **more):\n    return Plain(*args, **more)"),
        None,
    ),
    "new_gives_text": (
        body("def __new__(cls, *args, **more):\n    return 'an LSTM'"),
        "'str' object has no attribute",
    ),
    "init_returns": (
        body("def __init__(self, *args, **more):\n    return 3"),
        "__init__() should return None",
    ),
    "init_of_keywords": (
        body(
            "def __init__(self, *, input_size, hidden_size):\n"
            "    super().__init__(input_size, hidden_size)"
        ),
        "takes 1 positional argument",
    ),
    "init_is_partial": (
        body(
            "__init__ = functools.partialmethod(Plain.__init__, stateful=False)",
            before="import functools",
        ),
        None,
    ),
    "init_is_static": (
        body("__init__ = staticmethod(Plain.__init__)"),
        "missing 1 required positional argument",
    ),
    "init_is_none": (body("__init__ = None"), "__init__"),
    "no_arguments": (body("def __init__():\n    pass"), "__init__"),
    "signature_raises": (body(f"@property\ndef __signature__(self):\n    {RAISES}"), None),
    "forward_of_odd_signature": (
        body(
            "def forward(self, x, state=None):\n"
            "    return super().forward(x, state)\nforward.__signature__ = 3"
        ),
        None,
    ),
    "forward_of_odd_wrapping": (
        body(
            "def forward(self, x, state=None):\n"
            "    return super().forward(x, state)\nforward.__wrapped__ = forward"
        ),
        None,
    ),
    # Methods.
    "lambda": (body("forward = lambda self, x, state=None: Plain.forward(self, x, state)"), None),
    "partial": (
        body("forward = functools.partialmethod(Plain.forward)", before="import functools"),
        None,
    ),
    "static": (
        body("forward = staticmethod(lambda x, state=None: (x, (x, x)))"),
        "y has the shape",
    ),
    "of_the_class": (body("forward = classmethod(Plain.forward)"), "has no attribute"),
    "callable_object": (
        body(
            "forward = Call()",
            before="class Call:\n    def __call__(self, x, state=None):\n        return None",
        ),
        "forward returns None",
    ),
    "descriptor": (
        body(
            "forward = Get()",
            before=(
                "class Get:\n    def __get__(self, one, cls):\n"
                "        return Plain.forward.__get__(one, cls)"
            ),
        ),
        None,
    ),
    "descriptor_raises": (
        body(
            "forward = Get()",
            before=f"class Get:\n    def __get__(self, one, cls):\n        {RAISES}",
        ),
        "RuntimeError",
    ),
    "property": (
        body("@property\ndef forward(self):\n    return super().forward"),
        "it has no method forward",
    ),
    "generator": (
        body("def forward(self, x, state=None):\n    yield x"),
        "an object of type generator",
    ),
    "coroutine": (
        body("async def forward(self, x, state=None):\n    return x"),
        "an object of type coroutine",
    ),
    "async_generator": (
        body("async def forward(self, x, state=None):\n    yield x"),
        "an object of type async_generator",
    ),
    "number": (body("forward = 3"), "it has no method forward"),
    "none": (body("forward = None"), "it has no method forward"),
    "only_backward_number": (body("backward = 3"), None),
    "builtin": (body("forward = print"), "forward"),
    "class_as_method": (
        body("class forward:\n    def __init__(self, *args):\n        pass"),
        "an object of type forward",
    ),
    "getattr_alone": (
        body("def __getattr__(self, name):\n    return super().forward", "class LSTM:"),
        "it has no method forward",
    ),
    "getattr_for_all": (body("def __getattr__(self, name):\n    return lambda *args: None"), None),
    "getattr_loops": (
        body("def __getattr__(self, name):\n    return getattr(self, name + '_')"),
        None,
    ),
    "getattribute_raises": (
        body(f"def __getattribute__(self, name):\n    {RAISES}"),
        "RuntimeError",
    ),
    "setattr_raises": (body(f"def __setattr__(self, name, value):\n    {RAISES}"), "RuntimeError"),
    "slots": (body("__slots__ = ()"), None),
    "slots_alone": (
        PLAIN.replace(
            "class LSTM:",
            (
                "class LSTM:\n"
                "    __slots__ = ('params', 'grads', 'cache', 'carried_h', 'carried_c', "
                "'input_size', 'hidden_size', 'stateful')"
            ),
        ),
        None,
    ),
    "frozen": (
        PLAIN.replace("import numpy as np", "import numpy as np, dataclasses").replace(
            "class LSTM:", "@dataclasses.dataclass(frozen=True)\nclass LSTM:"
        ),
        "FrozenInstanceError",
    ),
    "deleted": (body("def __del__(self):\n    self.__dict__.clear()"), None),
    "weird_class": (body("__class__ = property(lambda self: int)"), None),
    "equal_raises": (
        body(f"def __eq__(self, other):\n    {RAISES}\n__bool__ = __len__ = __hash__ = __eq__"),
        None,
    ),
    # Parameters.
    "user_dict": (params_of("collections.UserDict(self.params)"), None),
    "chain_map": (params_of("collections.ChainMap(self.params)"), None),
    "default_dict": (params_of("collections.defaultdict(lambda: None, self.params)"), None),
    "read_only_dict": (
        params_of("types.MappingProxyType(self.params)"),
        "does not support item assignment",
    ),
    "list_of_pairs": (params_of("list(self.params.items())"), "params is a list"),
    "array_of_params": (params_of("np.zeros(3)"), "params is a ndarray"),
    "class_of_params": (params_of("dict"), "params is a type"),
    "no_params": (params_of("None"), "forward raised TypeError"),
    "params_property": (
        body(
            "@property\ndef params(self):\n    return dict(self._p)\n"
            "@params.setter\ndef params(self, value):\n    self._p = value"
        ),
        "does not change what forward computes",
    ),
    "params_raise": (
        body(
            f"@property\ndef params(self):\n    {RAISES}\n@params.setter\n"
            "def params(self, value): ..."
        ),
        "RuntimeError",
    ),
    "params_exit": (
        body(
            "@property\ndef params(self):\n    raise SystemExit(3)\n@params.setter\n"
            "def params(self, value): ..."
        ),
        "SystemExit",
    ),
    "shared_params": (
        body(
            "shared = {}\ndef __init__(self, *a, **k):\n"
            "    super().__init__(*a, **k)\n    self.shared.update(self.params)\n"
            "    self.params = self.shared"
        ),
        "two instances share",
    ),
    "params_without_end": (
        params_of("Endless(self.params)").replace(
            "class Exits",
            "import itertools\n\nclass Endless(dict):\n    def __iter__(self):\n"
            "        return itertools.count()\n\nclass Exits",
        ),
        None,
    ),
    "thousands_of_params": (
        params_of("self.params | {f'spare {k}': np.zeros(3) for k in range(5000)}"),
        None,
    ),
    # What it raises.
    "surrogate_in_message": (raising("ValueError('\\ud800')"), "ValueError"),
    "terminal_in_message": (raising("ValueError('\\x1b[2J\\x07\\x9b31m')"), "ValueError"),
    "bidi_in_message": (raising("ValueError('\\u202eyes\\u2066')"), "yes"),
    "lines_in_message": (
        raising("ValueError('a\\nTraceback (most recent\\r\\n')".replace("Traceback", "Trace")),
        "a Trace",
    ),
    "long_message": (raising("ValueError('a' * 10**7)"), "aaa"),
    "long_message_of_odd": (raising("ValueError('\\U0001f600' * 10**6)"), "😀"),
    "text_raises": (
        raising("E()", "class E(Exception):\n    def __str__(self):\n        1 / 0"),
        "cannot be shown",
    ),
    "text_exits": (
        raising("E()", "class E(Exception):\n    def __str__(self):\n        raise SystemExit"),
        "cannot be shown",
    ),
    "text_is_a_number": (
        raising("E()", "class E(Exception):\n    def __str__(self):\n        return 3"),
        "cannot be shown",
    ),
    "text_is_odd": (
        raising(
            "E()", ("class E(Exception):\n    def __str__(self):\n        return Text('odd text')")
        ),
        "odd text",
    ),
    "text_is_repr_of_itself": (
        raising("E(Raises())", "class E(Exception): pass"),
        "cannot be shown",
    ),
    "odd_name": (raising("type('\\x1b[31m\\n\\u202e', (Exception,), {})"), "raised '"),
    "long_name": (raising("type('E' * 10**5, (Exception,), {})"), "raised EEE"),
    "base": (raising("BaseException('base')"), "base"),
    "own_base": (raising("E('own')", "class E(BaseException): pass"), "own"),
    "exit": (raising("SystemExit('bye')"), "bye"),
    "exit_of_odd": (raising("SystemExit(Raises())"), "SystemExit"),
    "generator_exit": (raising("GeneratorExit"), "GeneratorExit"),
    "stop_iteration": (raising("StopIteration(3)"), "StopIteration"),
    "pytest_skip": (raising("pytest.skip.Exception('skipped')", "import pytest"), "skipped"),
    "pytest_exit": (
        raising("pytest.exit.Exception('all is well')", "import pytest"),
        "all is well",
    ),
    "group": (raising("BaseExceptionGroup('g', [KeyboardInterrupt()])"), "BaseExceptionGroup"),
    "cycle": (raising("E", "E = ValueError('cycle')\nE.__cause__ = E.__context__ = E"), "cycle"),
    "syntax": (
        raising("SyntaxError('m', ('f', 10**5000, -3, 'line'))"),
        "forward raised SyntaxError",
    ),
    "syntax_of_odd": (
        raising("SyntaxError(Raises(), (Raises(), Raises(), Raises(), Raises()))"),
        "cannot be shown",
    ),
    "syntax_of_surrogates": (
        raising("SyntaxError('\\ud800', ('\\ud800', 1, 1, '\\ud800'))"),
        "forward raised SyntaxError",
    ),
    "syntax_raises": (
        raising(
            "E()", (f"class E(SyntaxError):\n    @property\n    def msg(self):\n        {RAISES}")
        ),
        "forward raised E",
    ),
    "class_lies": (
        raising(
            "E()",
            (f"class E(Exception):\n    @property\n    def __class__(self):\n        {RAISES}"),
        ),
        "raised E",
    ),
    "traceback_lies": (
        raising("E()", "class E(Exception):\n    __traceback__ = property(lambda self: 3)"),
        "raised E",
    ),
    "recursion": (
        body("def forward(self, x, state=None):\n    return self.forward(x, state)"),
        "calls itself without end",
    ),
    "memory": (
        body("def forward(self, x, state=None):\n    return np.ones(1 << 50)"),
        "Unable to allocate",
    ),
    "unicode": (raising("UnicodeDecodeError('\\ud800', b'', 0, 10**9, 'no')"), "forward raised"),
    "group_of_many": (
        raising("ExceptionGroup('g', [ValueError(k) for k in range(10**4)])"),
        "sub-exceptions",
    ),
    # What it does.
    "warns": (
        body(
            (
                "def forward(self, x, state=None):\n    warnings.warn('odd')\n"
                "    return super().forward(x, state)"
            ),
            before="import warnings",
        ),
        None,
    ),
    "errors_of_warnings": (
        body(
            (
                "def forward(self, x, state=None):\n    warnings.simplefilter('error')\n"
                "    warnings.warn('odd')"
            ),
            before="import warnings",
        ),
        "UserWarning",
    ),
    "errors_of_numpy": (
        body(
            "def forward(self, x, state=None):\n    np.seterr(all='raise')\n    np.float64(1) / 0"
        ),
        "FloatingPointError",
    ),
    "loops": (
        body("def forward(self, x, state=None):\n    while True: pass"),
        "forward did not return within",
    ),
    "loops_in_text": (
        raising("E()", "class E(Exception):\n    def __str__(self):\n        while True: pass"),
        "forward did not return within",
    ),
    "loops_in_init": (
        body("def __init__(self, *args, **more):\n    while True: pass"),
        "__init__ did not return within",
    ),
    "catches_the_limit": (
        body(
            "def forward(self, x, state=None):\n    try:\n        while True: pass\n"
            "    except BaseException:\n        return x, (x, x)"
        ),
        "forward did not return within",
    ),
    "sleeps": (
        body("def forward(self, x, state=None):\n    time.sleep(60)", before="import time"),
        "forward did not return within",
    ),
    "loops_in_params": (
        body(
            "@property\ndef params(self):\n    while True: pass\n@params.setter\n"
            "def params(self, value): ..."
        ),
        "__init__ did not return within",
    ),
}


@pytest.mark.parametrize("name", CLASSES)
def test_an_odd_class(name: str) -> None:
    source, phrase = CLASSES[name]
    report = report_on(source)
    sound(report)
    if phrase is None:
        assert report.passed, str(report)
    else:
        assert report.cause is not None
        assert phrase.lower() in report.cause.message.lower()


# Files, by the real command ----------------------------------------------------------------------

# The plain class without backward and stateful mode, so that fewer laws are tried.
SMALL = PLAIN.partition("    def backward")[0].replace("hidden_size, stateful=False", "hidden_size")
SMALL = SMALL.replace("self.stateful = stateful", "self.stateful = False")
LOOP = "self.cache = []\n        for"


def beside(text: str) -> str:
    """The class, and something that its file does besides."""
    return f"{text}\n{SMALL}"


def inside(text: str) -> str:
    """The class, whose forward does something besides."""
    assert SMALL.count(LOOP) == 1
    return SMALL.replace(LOOP, f"{text}\n        {LOOP}")


# A file, and what its report says; None where it passes.
FILES: dict[str, tuple[str, str | None]] = {
    "exits_when_deleted": (
        SMALL.replace(
            "    def reset_state",
            ("    def __del__(self):\n        raise SystemExit(0)\n\n    def reset_state"),
        ),
        None,
    ),
    "exits_at_exit": (beside("import atexit, os\natexit.register(os._exit, 0)"), None),
    "recursion_limit": (beside("import sys\nsys.setrecursionlimit(60)"), ""),
    "builtins_deleted": (
        beside(
            "import builtins\nfor name in ('len', 'isinstance', 'type', 'map'):\n"
            "    delattr(builtins, name)"
        ),
        "ended its process",
    ),
    "builtins_lie": (
        beside(
            "import builtins\nbuiltins.isinstance = lambda *a: True\n"
            "builtins.issubclass = lambda *a: True"
        ),
        "",
    ),
    "builtins_cleared": (inside("import builtins; vars(builtins).clear()"), ""),
    "no_numpy_array": (beside("import numpy\nnumpy.array = numpy.ndarray = None"), ""),
    "no_json": (
        beside("import json\njson.dumps = json.loads = lambda *a, **k: 'null'"),
        "left a reply that the kit cannot read",
    ),
    "no_os_write": (beside("import os\nos.write = lambda *a: 0"), "did not return within"),
    "os_write_raises": (beside("import os\nos.write = None"), "ended its process"),
    "no_queue": (
        beside("import queue, threading\nqueue.SimpleQueue = threading.Thread = None"),
        None,
    ),
    "no_modules": (beside("import sys\nsys.modules.clear()"), ""),
    "no_path": (
        beside("import sys\nsys.path.clear(); sys.meta_path.clear(); sys.path_hooks.clear()"),
        "",
    ),
    "no_streams": (
        beside("import sys\nsys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None"),
        None,
    ),
    "odd_streams": (
        beside(
            "import sys\nclass S:\n    def __getattr__(self, name):\n"
            "        raise SystemExit(name)\nsys.stdout = sys.stderr = S()"
        ),
        None,
    ),
    "no_hooks": (
        beside(
            "import sys, threading\n"
            "sys.excepthook = sys.unraisablehook = threading.excepthook = None"
        ),
        None,
    ),
    "traces": (
        beside("import sys\ndef trace(*args):\n    raise SystemExit(0)\nsys.settrace(trace)"),
        "",
    ),
    "warnings_as_errors": (beside("import warnings\nwarnings.simplefilter('error')"), None),
    "numpy_errors": (beside("import numpy\nnumpy.seterr(all='raise')"), None),
    "numpy_prints": (
        beside("import numpy\nnumpy.set_printoptions(formatter={'all': lambda v: 1 / 0})"),
        None,
    ),
    "no_environment": (beside("import os\nos.environ.clear()"), None),
    "other_folder": (beside("import os\nos.chdir('/')"), None),
    "no_folder": (
        beside("import os, tempfile\nf = tempfile.mkdtemp()\nos.chdir(f)\nos.rmdir(f)"),
        None,
    ),
    "deletes_itself": (beside("import os\nos.remove(__file__)"), ""),
    "no_file": (beside("del __file__, __name__"), ""),
    "odd_module": (
        beside(
            "import sys\nclass M:\n    def __getattr__(self, name):\n"
            "        raise SystemExit(name)\nsys.modules[__name__] = M()"
        ),
        "",
    ),
    "odd_globals": (
        beside(
            "class P:\n    def __getattribute__(self, name):\n"
            "        raise RuntimeError(name)\np = P()\nglobals()[3] = p"
        ),
        None,
    ),
    "module_getattr": (beside("def __getattr__(name):\n    raise SystemExit(name)"), "SystemExit"),
    "default_timeout": (beside("import socket\nsocket.setdefaulttimeout(1e-9)"), None),
    "no_files": (
        beside("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))"),
        "Too many open files",
    ),
    "no_memory": (
        inside(
            "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << "
            "20)); [0] * 10**7"
        ),
        "",
    ),
    "alarm": (
        inside("import signal; signal.raise_signal(signal.SIGALRM)"),
        "crashed its process (SIGALRM)",
    ),
    "stops_itself": (
        inside("import signal; signal.raise_signal(signal.SIGSTOP)"),
        "did not return within",
    ),
    "interrupts_itself": (
        inside("import signal; signal.raise_signal(signal.SIGINT)"),
        "KeyboardInterrupt",
    ),
    "killed_by_its_thread": (
        inside(
            "import threading, os; threading.Thread(target=os._exit, args=(9,)).start()\n"
            "        while True: pass"
        ),
        "ended its process (exit code 9)",
    ),
    "threads_go_on": (
        beside("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()"),
        None,
    ),
    "forks_in_forward": (inside("import os; os.fork()"), ""),
    "another_program": (
        beside("import os\nos.execv('/bin/true', ['true'])"),
        "ended its process (exit code 0)",
    ),
    "closes_files": (inside("import os; os.closerange(0, 100)"), "forward"),
    "writes_to_files": (
        inside(
            "import os\n        for k in range(3, 30):\n"
            "            try: os.write(k, b'{}' * 100)\n"
            "            except OSError: pass"
        ),
        "kit's channel",
    ),
    "forges_replies": (
        inside(
            "import gc, queue\n        for q in gc.get_objects():\n"
            "            if type(q) is queue.SimpleQueue: q.put({'ok': {}})"
        ),
        "",
    ),
    "forges_frames": (
        inside(
            "import os, struct\n        for k in range(3, 30):\n"
            "            try: os.write(k, struct.pack('<QQ', 12, 0) + b'{\"ok\": null}')\n"
            "            except OSError: pass"
        ),
        "left a reply that the kit cannot read",
    ),
    "steals_requests": (
        inside(
            "import gc, queue\n        for q in gc.get_objects():\n"
            "            if type(q) is queue.SimpleQueue: q.get()"
        ),
        "did not return within",
    ),
    "floods_both": (
        inside(
            "import sys\n"
            "        while True: print('x' * 10**5); print('y' * 10**5, file=sys.stderr)"
        ),
        "printed more than 16 MB",
    ),
    "prints_odd": (beside("import sys\nsys.stdout.buffer.write(bytes(range(256)) * 9)"), None),
}


HANGS = {"no_os_write"}  # as it is imported


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file(name: str, tmp_path: Path) -> None:
    source, phrase = FILES[name]
    (tmp_path / "lstm.py").write_text(source)
    command = [
        str(Path(sys.executable).with_name("lstm-checks")),
        "check",
        "lstm.py",
        "--level",
        "quick",
        "--call-limit",
        "2",
        "--time-limit",
        "3" if name in HANGS else "120",
        "--json",
        "report.json",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    told = json.loads((tmp_path / "report.json").read_text())
    VALIDATOR.validate(told)
    assert done.returncode == (0 if told["verdict"] == "passed" else 1)
    cause = {law["id"]: law["message"] for law in told["laws"]}.get(told["cause"])
    if phrase is None:
        assert cause is None, cause
    elif phrase:
        assert cause is not None
        assert phrase in cause

"""Choices as source text: a plain LSTM of the native contract, in one of several styles.

A style says how a gate's block of the weights and a gate's value are written, and how the products
of all gates stand together where they are alike. All else follows from the choices, so a new fault
needs nothing here.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from lstm_checks.museum.equations import inlined, renamed
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.model import Choices
from lstm_checks.museum.textbook import GATES, TEXTBOOK, activation

FUNCTIONS = {"tanh": "np.tanh", "exp": "np.exp", "clip": "np.clip", "maximum": "np.maximum"}
PLAIN = {
    "h_last": "h",
    "c_last": "c",
    "kept_h": "self.kept_h",
    "kept_c": "self.kept_c",
    "stateful": "self.stateful",
    "dh_all": "dh_t",
    "dc_all": "dc_t",
}
HELPERS = {
    "sigmoid": "def sigmoid(z):\n    return 0.5 * (1 + np.tanh(0.5 * z))\n",
    "softmax": (
        "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum(axis=-1, keepdims=True)\n"
    ),
    "first": (
        "def first(*options):\n"
        "    return next(option for option in options if option is not None)\n"
    ),
}
STEP = ("x_t", *GATES, "c_next", "h_next")
CACHED = ("x_t", "h", "c", *GATES, "c_next", "h_next")
BLOCKS = ("", "H", "2 * H", "3 * H", "")
BACK = ("dh_all", "tanh_c", "dc_all", *(f"dz_{k}" for k in GATES))
PRODUCTS = (
    frozenset(
        f"{name}_{k}" for name in ("xW", "hU", "bias", "z", "slope", "dx", "dh") for k in GATES
    )
    | {f"d{k}" for k in GATES}
    | {"dy_t"}
)


def uses(lines: Iterable[str], *names: str) -> bool:
    """Whether one of these names stands in the lines, but as an attribute."""
    return re.search(rf"(?<![\w.])({'|'.join(names)})(?!\w)", "\n".join(lines)) is not None


@cache
def textbook(slot: str) -> str:
    """What the textbook has in a slot, with the products of the gates put in."""
    return inlined(TEXTBOOK[slot], TEXTBOOK, PRODUCTS)


class Stacked:
    """All gates in one product, z cut into slices."""

    names = ""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self._inlined: dict[str, str] = {}
        self.other = {slot for slot, text in choices.items() if TEXTBOOK[slot] != text}

    # How names are written ---------------------------------------------------------------------

    def block(self, name: str, gate: str) -> str:
        """A gate's block of W, U or b."""
        at = GATES.index(gate)
        rows = "" if name == "b" else ":, "
        return f"{name}[{rows}{BLOCKS[at]}:{BLOCKS[at + 1]}]"

    def value(self, gate: str) -> str:
        """A gate's value."""
        return gate

    def delta(self, gate: str) -> str:
        """The gradient on a gate's pre-activation."""
        return f"dz_{gate}"

    def name(self, name: str) -> str | None:
        """How a name of the choices is written; None as it is."""
        if re.fullmatch(r"[WUb]_[ifgo]", name):
            return self.block(name[0], name[2])
        if name in GATES:
            return self.value(name)
        if re.fullmatch(r"dz_[ifgo]", name):
            return self.delta(name[3])
        if re.fullmatch(r"old_[WUb]", name):
            return self.old(name[4])
        return FUNCTIONS.get(name) or PLAIN.get(name)

    def old(self, name: str) -> str:
        """The gradient of the backward call before."""
        return f'self.grads.get("{name}", 0)'

    def written(self, expression: str, more: Mapping[str, str] | None = None) -> str:
        """An expression of the choices as source text."""
        given = more or {}
        text = inlined(expression, self.choices, PRODUCTS - given.keys())
        return renamed(text, lambda name: given.get(name) or self.name(name))

    def slot(self, slot: str) -> str:
        return self.written(self.choices[slot])

    # The pieces --------------------------------------------------------------------------------

    def init(self) -> Iterator[str]:
        yield "rng = np.random.default_rng(0)"
        yield "bound = 1 / np.sqrt(hidden_size)"
        yield "self.params = {"
        for name, rows in (("W", "input_size"), ("U", "hidden_size")):
            yield f'    "{name}": rng.uniform(-bound, bound, ({rows}, 4 * hidden_size)),'
        yield '    "b": np.zeros(4 * hidden_size),'
        yield "}"

    def weights(self) -> Iterator[str]:
        yield 'W, U, b = self.params["W"], self.params["U"], self.params["b"]'

    def inlined(self, slot: str) -> str:
        """What stands in a slot, with the products of the gates put in."""
        if slot not in self._inlined:
            self._inlined[slot] = inlined(self.choices[slot], self.choices, PRODUCTS)
        return self._inlined[slot]

    def as_textbook(self, slots: Iterable[str]) -> bool:
        """Whether these slots hold what the textbook has, with all that is put into them."""
        slots = tuple(slots)
        if self.other.isdisjoint(PRODUCTS) and self.other.isdisjoint(slots):
            return True
        return all(self.inlined(slot) == textbook(slot) for slot in slots)

    def step(self) -> Iterator[str]:
        """The lines of one step, each after those that it reads."""
        products: dict[str, str] = {}
        lines = ["x_t"]
        yield f"x_t = {self.slot('x_t')}"
        if self.as_textbook(f"z_{k}" for k in GATES):
            yield "z = x_t @ W + h @ U + b"
            products = {f"z_{k}": self.block("z", k) for k in GATES}
        waiting = list(STEP[1:])
        while waiting:
            slot = next(one for one in waiting if not self.reads(one) & set(waiting))
            waiting.remove(slot)
            left = self.value(slot) if slot in GATES else slot
            yield f"{left} = {self.written(self.choices[slot], products)}"
            lines.append(slot)

    def reads(self, slot: str) -> set[str]:
        """The names that a slot's expression reads, but its own."""
        tree = ast.parse(self.inlined(slot), mode="eval")
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {slot}

    def forward(self) -> Iterator[str]:
        loop = [f"for t in {self.slot('order')}:"]
        loop += [f"    {line}" for line in self.step()]
        loop.append(f"    self.cache.append(({self.cached()}))")
        loop.append(f"    y[:, {self.slot('at')}] = {self.slot('y_t')}")
        ends = [f"self.kept_h = {self.new('keep_h')}", f"self.kept_c = {self.new('keep_c')}"]
        ends.append(f"return y, ({self.returned('final_h')}, {self.returned('final_c')})")
        if uses(ends, "h_before", "c_before"):
            loop.append("    h_before, c_before = h, c")
        loop.append(f"    h, c = {self.slot('carry_h')}, {self.slot('carry_c')}")
        yield "x = x if x.dtype.kind == 'f' else x.astype(float)"
        yield "N, T, _ = x.shape"
        yield "H = self.hidden_size"
        yield from self.weights()
        yield "zeros = np.zeros((N, H), x.dtype)"
        yield "given_h, given_c = (None, None) if state is None else state"
        yield f"h = {self.slot('begin_h')}"
        yield f"c = {self.slot('begin_c')}"
        if uses([*loop, *ends], "h0", "c0"):
            yield "h0, c0 = h, c"
        yield "y = np.zeros((N, T, H), x.dtype)"
        yield "self.x, self.cache = x, []"
        if uses(self.back_lines(), "given_h", "given_c"):
            yield "self.given = given_h, given_c"
        yield from loop
        yield from ends

    def cached(self) -> str:
        """What is kept of each step for the backward pass."""
        return ", ".join(self.value(one) if one in GATES else one for one in CACHED)

    def new(self, slot: str) -> str:
        """A slot after the loop, where the last step's new state still has its name."""
        return re.sub(r"\b([hc])_new\b", r"\1_next", self.slot(slot))

    def returned(self, slot: str) -> str:
        """A part of the final state: a copy, since what is kept is the caller's otherwise."""
        return f"{self.new(slot)}.copy()" if self.as_textbook([slot]) else self.new(slot)

    def back_lines(self) -> list[str]:
        """The lines of backward's loop, and those after it."""
        loop = [f"for t in {self.slot('back_order')}:", f"    {self.cached()} = self.cache[t]"]
        loop += [f"    {line}" for line in (*self.back_step(), *self.add_up())]
        loop.append(f"    dh, dc = {self.sum('dh_prev')}, {self.slot('dc_prev')}")
        loop += self.end_sums()
        return [*loop, f"return dx, ({self.slot('dh0')}, {self.slot('dc0')})"]

    def backward(self) -> Iterator[str]:
        lines = self.back_lines()
        yield "N, T, H = dy.shape"
        yield from self.weights()
        if uses(lines, "x"):
            yield "x = self.x"
        yield "zeros = np.zeros((N, H), dy.dtype)"
        yield "dstate_h, dstate_c = (zeros, zeros) if dstate is None else dstate"
        yield f"dh, dc = {self.slot('dh_start')}, {self.slot('dc_start')}"
        if uses(lines, "h0", "c0"):
            yield "h0, c0 = self.cache[0][1:3]"
        if uses(lines, "given_h", "given_c"):
            yield "given_h, given_c = self.given"
        yield "dx = np.zeros_like(self.x)"
        yield from self.begin_sums()
        yield from lines

    def back_step(self) -> Iterator[str]:
        for slot in BACK:
            left = self.delta(slot[3:]) if slot.startswith("dz_") else self.name(slot) or slot
            yield f"{left} = {self.slot(slot)}"

    def begin_sums(self) -> Iterator[str]:
        yield "dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)"

    def add_up(self) -> Iterator[str]:
        if any(self.as_textbook(f"{name}_{k}" for k in GATES) for name in ("dW", "dU", "db")):
            yield "dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)"
        for name, whole in (("W", "x_t.T @ dz"), ("U", "h.T @ dz"), ("b", "dz.sum(axis=0)")):
            if not self.as_textbook(f"d{name}_{k}" for k in GATES):
                parts = [self.slot(f"d{name}_{k}") for k in GATES]
                whole = f"np.concatenate([{', '.join(parts)}], axis=-1)"
            yield f"d{name} = {self.written(self.choices[f'sum_{name}'], {f'd{name}_t': whole})}"
        yield f"dx[:, {self.slot('dx_at')}] = {self.sum('dx_t')}"

    def sum(self, slot: str) -> str:
        """dx_t or dh_prev: one product where all is as in the textbook."""
        parts = {f"{slot[:2]}_{k}" for k in GATES}
        text = self.choices[slot]
        total = TEXTBOOK[slot]
        if self.as_textbook(parts) and total in text and type(self) is Stacked:
            slots = [f"{name}_{k}" for name in ("dW", "dU", "db") for k in GATES]
            if any(self.as_textbook(s for s in slots if s[:2] == d) for d in ("dW", "dU", "db")):
                product = "dz @ W.T" if slot == "dx_t" else "dz @ U.T"
                return self.written(text.replace(total, "TOTAL"), {"TOTAL": product})
        return self.written(text)

    def end_sums(self) -> Iterator[str]:
        grads = ", ".join(f'"{name}": {self.slot(f"grad_{name}")}' for name in "WUb")
        yield f"self.grads = {{{grads}}}"

    def whole(self) -> str:
        """The source text of a file."""
        lines = ["class LSTM:"]
        if self.names:
            lines += [f"    {self.names}", ""]
        lines.append("    def __init__(self, input_size, hidden_size, stateful=False):")
        lines.append("        self.hidden_size, self.stateful = hidden_size, stateful")
        lines += [f"        {line}" for line in self.init()]
        lines += ["        self.grads, self.cache = {}, []"]
        lines += ["        self.kept_h, self.kept_c = None, None", ""]
        lines.append("    def reset_state(self):")
        reset = f"{self.slot('reset_h')}, {self.slot('reset_c')}"
        lines += [f"        self.kept_h, self.kept_c = {reset}", ""]
        lines.append("    def forward(self, x, state=None):")
        lines += [f"        {line}" for line in self.forward()] + [""]
        lines.append("    def backward(self, dy, dstate=None):")
        lines += [f"        {line}" for line in self.backward()]
        body = re.sub(r"'(\w+)'", r'"\1"', "\n".join(lines) + "\n")
        body = re.sub(r"\bsum\(\((.*? for k in dz)\)\)", r"sum(\1)", body)
        body = re.sub(r"(\S+) = \1 \+ (?=x_t\.T|h\.T|dz)", r"\1 += ", body)
        helpers = [text for name, text in HELPERS.items() if f"{name}(" in body]
        return "\n\n".join(["import numpy as np\n", *helpers, body])


class Dicts(Stacked):
    """A dict per array, and one loop over the gates."""

    def block(self, name: str, gate: str) -> str:
        return f'{name}["{gate}"]'

    def value(self, gate: str) -> str:
        return f'gate["{gate}"]'

    def delta(self, gate: str) -> str:
        return f'dz["{gate}"]'

    def weights(self) -> Iterator[str]:
        for name in "WUb":
            yield f'{name} = dict(zip("ifgo", np.split(self.params["{name}"], 4, axis=-1)))'

    def step(self) -> Iterator[str]:
        yield f"x_t = {self.slot('x_t')}"
        yield "gate = {}"
        plain = [k for k in GATES if self.as_textbook([f"z_{k}", k])]
        if plain:
            yield f'for k in "{"".join(plain)}":'
            yield "    z = x_t @ W[k] + h @ U[k] + b[k]"
            act = {activation(k) for k in plain}
            if len(act) == 2:
                yield '    gate[k] = np.tanh(z) if k == "g" else sigmoid(z)'
            else:
                yield f"    gate[k] = {'sigmoid' if 'sigmoid' in act else 'np.tanh'}(z)"
        waiting = [slot for slot in STEP[1:] if slot not in plain]
        while waiting:
            slot = next(one for one in waiting if not self.reads(one) & set(waiting))
            waiting.remove(slot)
            left = self.value(slot) if slot in GATES else slot
            yield f"{left} = {self.slot(slot)}"

    def forward(self) -> Iterator[str]:
        for line in super().forward():
            yield line.replace(", ".join(self.value(k) for k in GATES), "gate")

    def backward(self) -> Iterator[str]:
        for line in super().backward():
            yield line.replace(", ".join(self.value(k) for k in GATES), "gate")

    def back_step(self) -> Iterator[str]:
        for slot in BACK[:3]:
            yield f"{self.name(slot) or slot} = {self.slot(slot)}"
        yield "dz = {"
        for k in GATES:
            yield f'    "{k}": {self.slot(f"dz_{k}")},'
        yield "}"

    def begin_sums(self) -> Iterator[str]:
        for name in "WUb":
            yield f"d{name} = {{k: np.zeros_like({name}[k]) for k in {name}}}"

    def add_up(self) -> Iterator[str]:
        for name, one in (("W", "x_t.T @ dz[k]"), ("U", "h.T @ dz[k]"), ("b", "dz[k].sum(axis=0)")):
            plain = [k for k in GATES if self.as_textbook([f"d{name}_{k}"])]
            total = self.choices[f"sum_{name}"]
            if plain:
                yield f'for k in "{"".join(plain)}":'
                text = self.written(total, {f"d{name}": f"d{name}[k]", f"d{name}_t": one})
                yield f"    d{name}[k] = {text}"
            for k in GATES:
                if k not in plain:
                    part = {f"d{name}": f'd{name}["{k}"]', f"d{name}_t": self.slot(f"d{name}_{k}")}
                    yield f'd{name}["{k}"] = {self.written(total, part)}'
        yield f"dx[:, {self.slot('dx_at')}] = {self.sum('dx_t')}"

    def sum(self, slot: str) -> str:
        parts = {f"{slot[:2]}_{k}" for k in GATES}
        text, total = self.choices[slot], TEXTBOOK[slot]
        if self.as_textbook(parts) and total in text:
            name = "W" if slot == "dx_t" else "U"
            product = f"sum(dz[k] @ {name}[k].T for k in dz)"
            return self.written(text.replace(total, "TOTAL"), {"TOTAL": product})
        return self.written(text)

    def end_sums(self) -> Iterator[str]:
        for name in "WUb":
            yield f'd{name} = np.concatenate([d{name}[k] for k in "ifgo"], axis=-1)'
        yield from super().end_sums()


class Apart(Stacked):
    """Matrices and biases of each gate's own."""

    names = (
        "names = {\n"
        + "".join(
            f'        "{name}": [{", ".join(f"{chr(34)}{name}_{k}{chr(34)}" for k in GATES)}],\n'
            for name in "WUb"
        )
        + "    }"
    )

    def block(self, name: str, gate: str) -> str:
        return f'p["{name}_{gate}"]'

    def init(self) -> Iterator[str]:
        yield "rng = np.random.default_rng(0)"
        yield "bound = 1 / np.sqrt(hidden_size)"
        yield "self.params = {}"
        yield 'for k in "ifgo":'
        for name, rows in (("W", "input_size"), ("U", "hidden_size")):
            size = f"({rows}, hidden_size)"
            yield f'    self.params[f"{name}_{{k}}"] = rng.uniform(-bound, bound, {size})'
        yield '    self.params[f"b_{k}"] = np.zeros(hidden_size)'

    def weights(self) -> Iterator[str]:
        yield "p = self.params"

    def step(self) -> Iterator[str]:
        yield f"x_t = {self.slot('x_t')}"
        waiting = list(STEP[1:])
        while waiting:
            slot = next(one for one in waiting if not self.reads(one) & set(waiting))
            waiting.remove(slot)
            yield f"{slot} = {self.slot(slot)}"

    def begin_sums(self) -> Iterator[str]:
        yield "grads = {name: np.zeros_like(array) for name, array in p.items()}"

    def add_up(self) -> Iterator[str]:
        for name in "WUb":
            for k in GATES:
                left = f'grads["{name}_{k}"]'
                part = {f"d{name}": left, f"d{name}_t": self.slot(f"d{name}_{k}")}
                yield f"{left} = {self.written(self.choices[f'sum_{name}'], part)}"
        yield f"dx[:, {self.slot('dx_at')}] = {self.sum('dx_t')}"

    def end_sums(self) -> Iterator[str]:
        for name in "WUb":
            text = self.choices[f"grad_{name}"]
            if text != f"d{name}":
                yield 'for k in "ifgo":'
                left = f'grads[f"{name}_{{k}}"]'
                old = f'self.grads.get(f"{name}_{{k}}", 0)'
                yield f"    {left} = {self.written(text, {f'd{name}': left, f'old_{name}': old})}"
        yield "self.grads = grads"


STYLES: dict[str, type[Stacked]] = {"stacked": Stacked, "dicts": Dicts, "apart": Apart}


def source(choices: Choices, style: str) -> str:
    """A file with a class LSTM that makes these choices.

    Args:
        choices: an expression for every slot that differs from the textbook's.
        style: one of `STYLES`.
    """
    return STYLES[style]({**TEXTBOOK, **choices}).whole()


def source_of(fault: Fault, style: str = "stacked") -> str:
    """A file with a class LSTM that makes a fault.

    A mistake of manners is an edit of the style "stacked", whatever style is asked for.

    Raises:
        ValueError: the text that a fault replaces does not stand in the source.
    """
    if fault.edit is None:
        return source(fault.choices, style)
    text = source({}, "stacked")
    for old, new in fault.edit:
        if old not in text:
            raise ValueError(f"{fault.id}: {old!r} does not stand in the source")
        text = text.replace(old, new)
    return text

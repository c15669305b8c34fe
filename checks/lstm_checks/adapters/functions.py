"""Plain functions: one for a time step or for a sequence, with or without one for the gradients.

    def forward(x, h, c, W, U, b): ...       a step or a sequence; weights as arguments, a dict,
    def backward(dh, dc, cache): ...         or a tuple in the order of a function `init`

The arguments' names say what is x, h, c and a weight; the weights' layout and the axes are found by
trying. A module may declare `gate_order`, `functions = {"forward": …, "backward": …}`, and which
argument is what: `names = {"x": …, "h": …, "c": …, "W": …, "U": …, "b": …}`, as far as needed. A
call declares these by --names.
JAX and PyTorch functions are differentiated by JAX and PyTorch.
"""

import inspect
import re
import sys
from importlib import import_module
from itertools import product

import lstm_bridge as bridge
import numpy as np
from lstm_bridge import D, H, Layout, Unclear
from lstm_bridge.calls import AXES, N, Returns, T, first_working, parts_of, role

FORM = (
    "Write forward(x, h, c, W, U, b), or declare what is what in the file: functions = "
    "{'forward': ..., 'backward': ...} and names = {'x': ..., 'W': ..., 'U': ..., 'b': ...}, or "
    "by --names x=...,W=...,U=...,b=..."
)


def adapt(target):
    module = target if inspect.ismodule(target) else sys.modules[target.__module__]
    declared = {k: getattr(module, k) for k in ("gate_order", "names") if hasattr(module, k)}
    forward, backward = chosen(target, module)
    engine = framework(module)
    names = list(inspect.signature(forward).parameters)
    own_names = declared.get("names", {})
    for one in (one for some in own_names.values() for one in np.atleast_1d(some)):
        if one not in names and not any(role(name) == "params" for name in names):
            raise Unclear(
                f"the declared names hold {str(one)!r}, which is no argument of "
                f"{forward.__name__}({', '.join(names)})"
            )
    roles = {name: role(name) for name in names}
    roles |= {own_names[kind]: kind for kind in ("x", "h", "c", "state") if kind in own_names}
    if own_names:
        declared["names"] = {kind: own_names[kind] for kind in own_names if kind in ("W", "U", "b")}
    takes_params = "params" in roles.values()
    start = weights_of(module, forward, roles)
    shapes = {name: tuple(np.shape(value)) for name, value in start.items()}

    def probe(way, remembers=True):
        layout, axes, is_step = way
        rng = np.random.default_rng(0)
        own = {name: rng.normal(size=shape) / 2 for name, shape in layout.items()}
        x, h, c = example(rng, axes, is_step)
        result = called(own, axes, x, h, c)
        returns = Returns.of(result, axes, is_step, H)
        if returns is None or is_step or not remembers:
            return None if returns is None else (own, returns)
        # A step that takes any axes is no function of a sequence: the first input has no effect
        # on the last output.
        other = axes.back(x).copy()
        other[:, 0] += 1.0
        ends = [
            np.asarray(axes.back(parts_of(one)[returns.y]))[:, -1]
            for one in (result, called(own, axes, axes.out(other), h, c))
        ]
        return None if np.array_equal(*ends) else (own, returns)

    def called(own, axes, x, h, c):
        given = {"x": x, "h": h, "c": c, "state": (h, c), "params": own}
        arguments = {
            n: given[kind] if kind else own[n] for n, kind in roles.items() if kind or n in own
        }
        return forward(**{n: tensor(engine, value) for n, value in arguments.items()})

    layouts = [shapes] if start and takes_params else list(guesses(roles, own_names))
    ways = [
        (layout, axes, is_step)
        for layout in layouts
        for is_step in ((True, False) if step_first(forward) else (False, True))
        for axes in (AXES if not is_step else AXES[0:4:2])
    ]
    try:
        way, found = first_working(ways, probe)
    except Exception:  # the next attempt tells it
        way = None
    if way is None:
        way, found = first_working(ways, lambda one: probe(one, remembers=False))
    if way is None:
        raise Unclear(
            f"{forward.__name__}({', '.join(names)}) gives no outputs of (N, T, H) or (N, H). "
            f"{FORM}"
        )
    shapes, axes, is_step = way
    own, returns = found
    layout = Layout.of(shapes, declared)
    if layout.joints:
        layout = Layout.of(shapes, declared, x_first(layout, own, axes, is_step, returns, called))
    order = [name for name in names if name in shapes] or list(shapes)
    takes_state = {"h", "c", "state"} & set(roles.values())

    def runner(hidden_size):
        """What computes a sequence for this H: run(weights, x, state), native but the weights."""

        def run(weights, x, state, caches=None):
            zeros = zeros_for(engine, x, hidden_size)
            h, c = (zeros if part is None else part for part in state or (None, None))

            def once(part, h, c):
                result = called(weights, axes, *(axes.out(one) for one in (part, h, c)))
                if result is None:
                    raise NotImplementedError(f"{forward.__name__} returns None")
                parts = parts_of(result)
                if caches is not None:
                    caches.append(parts[returns.rest[-1]] if returns.rest else None)
                return parts

            def step(x_t, h, c):
                parts = once(x_t, h, c)
                return axes.back(parts[returns.h]), axes.back(parts[returns.c])

            if is_step:
                return bridge.unrolled(step, x, h, c, STACKS[engine]())
            parts = once(x, h, c)
            y = axes.back(parts[returns.y])
            if returns.of_every_step:
                return y, (y[:, -1], axes.back(parts[returns.c])[:, -1])
            if returns.h is None:
                return y, (y[:, -1], None)
            return y, (axes.back(parts[returns.h]), axes.back(parts[returns.c]))

        return run

    not_offered = {"stateful": "functions carry no state"}
    if "state" not in takes_state and "c" not in takes_state:
        not_offered["initial_c"] = "the function takes no initial cell state"
    if "state" not in takes_state and "h" not in takes_state:
        not_offered["initial_h"] = "the function takes no initial hidden state"
    if not is_step and returns.c is None:
        not_offered["final_c"] = "the function returns no final cell state"
    what = "one step" if is_step else f"a sequence of {axes.name}"
    said = f"Functions: {forward.__name__} computes {what}; {layout.said}."

    class Native:
        def __init__(self, input_size, hidden_size):
            self.sizes, self.params, self.grads = (input_size, hidden_size), {}, {}
            self.params = layout.params(
                {n: np.zeros(scaled(s, *self.sizes)) for n, s in shapes.items()}, input_size
            )

        def forward(self, x, state=None):
            self.own, self.caches = layout.own(self.params), []
            y, (h, c) = runner(self.sizes[1])(self.own, x, state, self.caches)
            return y, (h, c)

        def backward(self, dy, dstate=None):
            zero = np.zeros_like(dy[:, 0])
            dh, dc = (zero, zero) if dstate is None else (zero if p is None else p for p in dstate)
            if is_step:

                def back(dh, dc, cache):
                    dx, dh, dc, grads = gradients(
                        backward, [axes.out(dh), axes.out(dc)], cache, self.own, order, axes
                    )
                    return dx, dh, dc, grads

                dx, (dh0, dc0), grads = bridge.pulled_back(back, dy, dh, dc, self.caches)
            else:
                takes = len(inspect.signature(backward).parameters)
                upstream = [axes.out(dy), axes.out(dh), axes.out(dc)][: max(1, takes - 1)]
                if len(upstream) < 3:
                    dy = dy.copy()
                    dy[:, -1] += dh
                    upstream = [axes.out(dy), axes.out(dc)][: max(1, takes - 1)]
                dx, dh0, dc0, grads = gradients(
                    backward, upstream, self.caches[0], self.own, order, axes
                )
            self.grads = layout.params(grads, self.sizes[0])
            return dx, (dh0, dc0)

    if engine == "numpy":
        made = Native
        if backward is None:
            del Native.backward
        elif (
            not is_step
            and len(inspect.signature(backward).parameters) < 3
            and returns.c is not None
        ):
            not_offered["final_c"] = "the backward function takes no gradient of the cell state"
    else:
        made = bridge.differentiated(
            engine,
            lambda d, h: (runner(h), tensors(engine, shapes, d, h)),
            layout=layout,
        )

    for name, value in layout.declared.items():
        setattr(made, name, value)
    made.not_offered, made.lstm_form = not_offered, said
    return made


def chosen(target, module):
    """The function for the outputs and the one for the gradients, or None.

    Raises:
        Unclear: there is no such function, or there are several.
    """
    if not inspect.ismodule(target):
        return target, None
    declared = getattr(module, "functions", None)
    if isinstance(declared, dict) and "forward" in declared:
        return getattr(module, declared["forward"]), getattr(
            module, declared.get("backward", ""), None
        )
    found = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(bare(value)) and bare(value).__module__ == module.__name__
    }
    forwards = [n for n, f in found.items() if is_forward(f)]
    backwards = [n for n in found if re.search(r"back|grad|bptt|vjp", n.lower())]
    if not forwards:
        raise Unclear(f"none of its functions {', '.join(found) or ''} takes x and weights. {FORM}")
    step = [n for n in forwards if step_first(found[n])]
    whole = [n for n in forwards if n not in step]
    some = whole or step
    if len(some) > 1:
        raise Unclear(
            f"it holds {len(some)} functions that take x and weights, {', '.join(some)}: say which "
            "with FILE:NAME, or declare functions = {'forward': ..., 'backward': ...}"
        )
    stem = some[0].replace("forward", "")
    alike = [n for n in backwards if step_first(found[n]) == (some[0] in step)]
    alike = [n for n in alike if re.sub(r"back\w*|grad\w*|bptt", "", n) == stem] or alike
    return found[some[0]], found[alike[0]] if len(alike) == 1 else None


def bare(function):
    """The function that a compiler wrapped, or it itself."""
    for name in ("__wrapped__", "py_func"):
        if not inspect.isfunction(function) and not inspect.isclass(function):
            function = getattr(function, name, function)
    return function


def is_forward(function):
    names = list(inspect.signature(function).parameters)
    roles = [role(name) for name in names]
    if re.search(r"back|grad|loss|init|predict|train", function.__name__.lower()):
        return False
    return "x" in roles and len(names) >= 2 and ("params" in roles or roles.count("") >= 2)


def step_first(function):
    return bool(re.search(r"step|cell|unit", function.__name__.lower()))


def framework(module):
    homes = {str(getattr(v, "__name__", "")).partition(".")[0] for v in vars(module).values()}
    return "torch" if "torch" in homes else "jax" if "jax" in homes else "numpy"


STACKS = {
    "numpy": lambda: np.stack,
    "torch": lambda: import_module("torch").stack,
    "jax": lambda: import_module("jax").numpy.stack,
}


def zeros_for(engine, x, hidden_size):
    if engine == "torch":
        return x.new_zeros(len(x), hidden_size)
    return np.zeros((x.shape[0], hidden_size), x.dtype)


def tensor(engine, value):
    if engine == "torch" and isinstance(value, np.ndarray):
        return import_module("torch").from_numpy(value)
    if isinstance(value, dict):
        return {name: tensor(engine, one) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(tensor(engine, one) for one in value)
    return value


def tensors(engine, shapes, input_size, hidden_size):
    return {
        n: tensor(engine, np.zeros(scaled(s, input_size, hidden_size))) for n, s in shapes.items()
    }


def weights_of(module, forward, roles):
    """The weights that a function `init…(D, H)` of the file makes, as a dict; {} without one."""
    for name, function in vars(module).items():
        if inspect.isfunction(function) and "init" in name.lower():
            try:
                made = bridge.built(function, D, H)
            except Exception:  # it makes something else
                continue
            if isinstance(made, dict) and all(hasattr(v, "shape") for v in made.values()):
                return made
    if "params" in roles.values():
        keys = dict.fromkeys(re.findall(r"\[[\"'](\w+)[\"']\]", inspect.getsource(module)))
        for guess in guesses(dict.fromkeys(keys, "")):
            return guess and {n: np.zeros(s) for n, s in guess.items()}
    return {}


def guesses(roles, declared=()):
    """Shapes that the arguments without another role may have, in both orientations."""
    names = [name for name, kind in roles.items() if not kind]
    if {"W", "U"} <= set(declared):
        yield from declared_guesses(declared)
        return
    biases = [n for n in names if re.match(r"d?b", n.lower())]
    matrices = [n for n in names if n not in biases]
    wide = {1: 4 * H, 2: 4 * H, 4: H, 8: H}.get(len(matrices))
    if wide is None:
        raise Unclear(
            f"of the arguments {', '.join(names) or 'none'} the kit cannot tell which are weights. "
            f"{FORM}"
        )
    per_bias = H if len(biases) in (4, 8) else 4 * H
    if len(matrices) in (1, 4):
        sides = [dict.fromkeys(matrices, D + H)]
    elif len(matrices) == 2:
        sides = [dict(zip(matrices, pair, strict=True)) for pair in ((D, H), (H, D))]
    else:
        groups = bridge.gate_groups(matrices)
        if groups is None:
            raise Unclear(
                f"the names {', '.join(matrices)} do not say which belongs to which gate. {FORM}"
            )
        one, two = ([*group.values()] for group in groups)
        sides = [dict.fromkeys(one, a) | dict.fromkeys(two, b) for a, b in ((D, H), (H, D))]
    for side, flip, column in product(sides, (False, True), (False, True)):
        shapes = {n: (wide, other) if flip else (other, wide) for n, other in side.items()}
        yield shapes | dict.fromkeys(biases, (per_bias, 1) if column else (per_bias,))


def declared_guesses(declared):
    """As `guesses`, where the file says which arguments are W, U and b."""
    W, U, b = (
        [some] if isinstance(some, str) else list(some)
        for some in (declared["W"], declared["U"], declared.get("b", ()))
    )
    wide = H if len(W) == 4 else 4 * H
    per_bias = H if len(b) == 4 else 4 * H
    for flip, column in product((False, True), repeat=2):
        shapes = dict.fromkeys(W, (D, wide)) | dict.fromkeys(U, (H, wide))
        if W == U:
            shapes = dict.fromkeys(W, (D + H, wide))
        shapes = {n: shape[::-1] if flip else shape for n, shape in shapes.items()}
        yield shapes | dict.fromkeys(b, (per_bias, 1) if column else (per_bias,))


def scaled(shape, input_size, hidden_size):
    """A shape at D = 3 and H = 5 as it is at other sizes."""
    known = {D: input_size, H: hidden_size, 4 * H: 4 * hidden_size, D + H: input_size + hidden_size}
    return tuple(known.get(n, n) for n in shape)


def example(rng, axes, is_step):
    x = rng.normal(size=(N, D) if is_step else (N, T, D))
    return axes.out(x), axes.out(rng.normal(size=(N, H))), axes.out(rng.normal(size=(N, H)))


def x_first(layout, own, axes, is_step, returns, called):
    """Whether the matrix for x and h begins with the part for x."""
    rng = np.random.default_rng(1)
    x, h, c = example(rng, axes, is_step)
    spot = returns.h if is_step else returns.y

    def ignores_x(weights):
        return np.array_equal(
            *(np.asarray(parts_of(called(weights, axes, one, h, c))[spot]) for one in (x, x + 1))
        )

    return layout.begins_with_x(own, ignores_x)


def gradients(backward, upstream, cache, own, order, axes):
    """dx, dh, dc and the weights' gradients, by the names in a dict or by the shapes in a tuple."""
    takes = len(inspect.signature(backward).parameters)
    result = backward(*upstream[: takes - 1], cache)
    if result is None or (isinstance(result, tuple) and all(p is None for p in result)):
        raise NotImplementedError(f"{backward.__name__} returns None")
    if isinstance(result, dict):
        named = {name.lower().removeprefix("d"): value for name, value in result.items()}
        grads = {n: named[n.lower()] for n in own}
        dx = next(v for n, v in named.items() if role(n) == "x")
        dh, dc = (next((v for n, v in named.items() if role(n) == kind), None) for kind in "hc")
    else:
        parts = [
            one
            for part in result
            for one in (part.items() if isinstance(part, dict) else [(None, part)])
        ]
        parts = [
            one
            for _, part in parts
            for one in (part if isinstance(part, (tuple, list)) else [part])
        ]
        rest = [np.asarray(one) for one in parts if hasattr(one, "shape")]
        dx, *states = rest[: -len(own)]
        pairs = zip(order, rest[-len(own) :], strict=True)
        grads = {name: grad.reshape(own[name].shape) for name, grad in pairs}
        dh, dc = [*states, None, None][:2]
    native = (None if one is None else axes.back(np.asarray(one)) for one in (dx, dh, dc))
    return (*native, grads)

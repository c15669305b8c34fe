"""A cell: a class whose objects compute one time step, by step, forward or a call.

step(x, h, c) or step(x, (h, c)) gives the next h and c, and perhaps a cache. The weights are in
`params` or in attributes, and may be made at the first call. The kit runs the cell over a
sequence, and back through time by its `backward(dh, dc)` or `backward(dh, dc, cache)`, if it has
one, which gives dx, dh and dc, and leaves the weights' gradients in `grads`.
"""

import copy
import inspect

import lstm_bridge as bridge
import numpy as np
from lstm_bridge import D, H, Layout, Unclear
from lstm_bridge.calls import AXES, N, Returns, first_working, parts_of

FORWARD = ("step", "forward", "step_forward", "forward_step", "__call__")
BACKWARD = ("step_backward", "backward_step", "backward")


def adapt(target):
    probe = bridge.built(target, D, H)
    method = next((one for one in FORWARD if callable(getattr(target, one, None))), None)
    if method is None:
        raise Unclear(f"{target.__name__} has none of the methods {', '.join(FORWARD)}")
    rng = np.random.default_rng(0)
    x, h, c = (rng.normal(size=(N, size)) for size in (D, H, H))

    def attempt(apart):
        result = call(probe, method, x, h, c, apart)
        return Returns.of(result, AXES[0], True, H)

    takes = len(inspect.signature(getattr(probe, method)).parameters)
    apart, returns = first_working((True, False) if takes > 2 else (False, True), attempt)
    if returns is None:
        raise Unclear(f"{method} gives no next h and c, each (N, H), for x (N, D) and h, c (N, H)")
    shapes = {name: value.shape for name, value in arrays_of(probe).items()}
    declared = {k: getattr(target, k) for k in ("gate_order", "names") if hasattr(target, k)}
    layout = Layout.of(shapes, declared)
    if layout.joints:
        layout = Layout.of(shapes, declared, x_first(probe, layout, method, apart, returns))
    back = next((one for one in BACKWARD if callable(getattr(target, one, None))), None)

    class LSTM:
        not_offered = {"stateful": "a cell keeps no state"}
        step_functions = True
        lstm_form = f"Cell: {method} computes one time step; {layout.said}."

        def __init__(self, input_size, hidden_size):
            self.sizes = (input_size, hidden_size)
            cell = self.cell = bridge.built(target, input_size, hidden_size)
            if len(arrays_of(cell)) < len(shapes):  # they are made at the first call
                zeros = np.zeros((1, hidden_size))
                call(cell, method, np.zeros((1, input_size)), zeros, zeros, apart)
            self.params = layout.params(arrays_of(cell), input_size)
            self.grads = {}

        def write(self):
            put(self.cell, layout.own(self.params))

        def once(self, cell, x, h, c):
            result = call(cell, method, x, h, c, apart)
            if result is None:
                raise NotImplementedError(f"{method} returns None")
            parts = parts_of(result)
            return parts[returns.h], parts[returns.c], [parts[k] for k in returns.rest[-1:]]

        def forward(self, x, state=None):
            self.write()
            zeros = np.zeros((len(x), self.sizes[1]), x.dtype)
            h, c = (zeros, zeros) if state is None else state
            self.steps = []

            def step(x_t, h, c):
                cell = copy.copy(self.cell)  # each step keeps what its backward needs
                h, c, cache = self.once(cell, x_t, h, c)
                self.steps.append((cell, cache))
                return h, c

            return bridge.unrolled(step, x, h, c)

        def backward(self, dy, dstate=None):
            zeros = np.zeros_like(dy[:, 0])
            dx, state, grads = bridge.pulled_back(
                self.once_back, dy, *((zeros, zeros) if dstate is None else dstate), self.steps
            )
            self.grads = layout.params(grads, self.sizes[0])
            return dx, state

        def once_back(self, dh, dc, kept):
            cell, cache = kept
            takes = len(inspect.signature(getattr(cell, back)).parameters)
            result = getattr(cell, back)(dh, dc, *cache[: max(0, takes - 2)])
            if result is None:
                raise NotImplementedError(f"{back} returns None")
            dx, dh, dc, *rest = parts_of(result)
            found = rest[0] if rest and isinstance(rest[0], dict) else cell.grads
            names = list(shapes)
            if not isinstance(found, dict):
                found = dict(zip(names, found, strict=True))
            else:
                found = {n: found.get(n, found.get(f"d{n}")) for n in names}
            return dx, dh, dc, found

        def step(self, x, h, c):
            self.write()
            h, c, cache = self.once(self.cell, x, h, c)
            self.kept = (self.cell, cache)
            return h, c

        def step_backward(self, dh, dc):
            dx, dh, dc, grads = self.once_back(dh, dc, self.kept)
            self.grads = layout.params(grads, self.sizes[0])
            return dx, dh, dc

    if back is None:
        del LSTM.backward, LSTM.step_backward
    for name, value in layout.declared.items():
        setattr(LSTM, name, value)
    return LSTM


def call(cell, method, x, h, c, apart):
    return getattr(cell, method)(x, h, c) if apart else getattr(cell, method)(x, (h, c))


def holder(cell):
    """The dict or the list that holds the weights, or None where they are attributes."""
    for name in ("params", "parameters", "weights"):
        found = getattr(cell, name, None)
        if isinstance(found, (dict, list)) and found:
            return found
    return None


def arrays_of(cell):
    """The weights by name: from params, or the attributes and slots that are arrays of floats."""
    held = holder(cell)
    if isinstance(held, dict):
        return dict(held)
    if isinstance(held, list):
        names = [n for n, v in vars(cell).items() if any(v is one for one in held)]
        names = names if len(names) == len(held) else ["Wx", "Wh", "b"][: len(held)]
        return dict(zip(names, held, strict=True))
    names = list(getattr(cell, "__dict__", ()))
    names += [n for base in type(cell).__mro__ for n in getattr(base, "__slots__", ())]
    found = {n: getattr(cell, n, None) for n in names}
    sized = {n: v for n, v in found.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    return {n: v for n, v in sized.items() if v.ndim and not n.startswith(("d", "grad"))}


def put(cell, arrays):
    held = holder(cell)
    if isinstance(held, dict):
        held.update(arrays)
        return
    if isinstance(held, list):
        held[:] = arrays.values()
    for name, array in arrays.items():
        if hasattr(cell, name):
            setattr(cell, name, array)


def x_first(probe, layout, method, apart, returns):
    """Whether the matrix for x and h begins with the part for x."""
    rng = np.random.default_rng(1)
    own = {name: rng.normal(size=value.shape) for name, value in arrays_of(probe).items()}
    x, h, c = (rng.normal(size=(N, size)) for size in (D, H, H))

    def ignores_x(weights):
        put(probe, weights)
        results = [parts_of(call(probe, method, one, h, c, apart)) for one in (x, x + 1)]
        return np.array_equal(results[0][returns.h], results[1][returns.h])

    return layout.begins_with_x(own, ignores_x)

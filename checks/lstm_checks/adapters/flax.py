"""Flax: cells and RNN layers of linen and of nnx, and subclasses of one's own.

A linen cell is built by its features and run by `nn.RNN`; an nnx cell by `nnx.RNN`. Weights are
those of the cell's Dense layers, a kernel per gate, named by the gate; what they are initialised to
is not computed.
"""

import functools

import flax.linen as nn
import jax
import lstm_bridge as bridge
import numpy as np
from flax import nnx, traverse_util
from lstm_bridge import D, H, Layout


def adapt(target):
    jax.config.update("jax_enable_x64", True)
    make = made_by_nnx(target) if issubclass(target, nnx.Module) else made_by_linen(target)
    declared = {k: getattr(target, k) for k in ("gate_order", "names") if hasattr(target, k)}
    shapes = {name: value.shape for name, value in make(D, H)[1].items()}
    layout = Layout.of(shapes, declared)
    kind = "nnx" if issubclass(target, nnx.Module) else "linen"
    form = f"Flax {kind} cell in its RNN layer: {layout.said}."
    return bridge.differentiated("jax", make, layout=layout, lstm_form=form)


def made_by_linen(target):
    def make(input_size, hidden_size):
        def layer(dtype):
            return nn.RNN(target(hidden_size, param_dtype=dtype), return_carry=True)

        x, carry = np.zeros((1, 1, input_size)), (np.zeros((1, hidden_size)),) * 2
        key = jax.random.PRNGKey(0)
        variables = jax.eval_shape(lambda: layer(x.dtype).init(key, x, initial_carry=carry))
        shapes = traverse_util.flatten_dict(variables["params"], sep=".")

        def run(weights, x, state):
            params = traverse_util.unflatten_dict(weights, sep=".")
            carry = None if state is None else state[::-1]
            (c, h), y = layer(x.dtype).apply({"params": params}, x, initial_carry=carry)
            return y, (h, c)

        return run, {name: np.zeros(one.shape) for name, one in shapes.items()}

    return make


def made_by_nnx(target):
    def make(input_size, hidden_size):
        def layer(dtype):
            cell = target(input_size, hidden_size, param_dtype=dtype, rngs=nnx.Rngs(0))
            return nnx.RNN(cell, return_carry=True)

        @functools.cache
        def parts(dtype):
            """The form of a layer, its parameters by name, and what else it has."""
            whole = nnx.eval_shape(lambda: layer(dtype))
            graph, params, keys, rest = nnx.split(whole, nnx.Param, nnx.RngState, ...)
            if rest:  # it has values that count
                rest = nnx.split(layer(dtype), nnx.Param, nnx.RngState, ...)[3]
            named = {".".join(map(str, path)): (path, one) for path, one in params.flat_state()}
            return graph, named, jax.tree.map(unused, keys), rest

        def run(weights, x, state):
            graph, named, *others = parts(x.dtype)
            values = {path: one.replace(weights[name]) for name, (path, one) in named.items()}
            model = nnx.merge(graph, nnx.State.from_flat_path(values), *others)
            carry = None if state is None else state[::-1]
            (c, h), y = model(x, initial_carry=carry, rngs=nnx.Rngs(0))
            return y, (h, c)

        _, named, *_ = parts(np.dtype("float64"))
        return run, {name: np.zeros(one.shape) for name, (_, one) in named.items()}

    return make


def unused(one):
    """A random state of the form of one: the cell has no dropout."""
    if jax.numpy.issubdtype(one.dtype, jax.dtypes.prng_key):
        return jax.random.key(0)
    return jax.numpy.zeros(one.shape, one.dtype)

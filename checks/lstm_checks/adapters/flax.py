"""Flax: cells and RNN layers of linen and of nnx, and subclasses of one's own.

A linen cell is built by its features and run by `nn.RNN`; an nnx cell by `nnx.RNN`. Weights are
those of the cell's Dense layers, a kernel per gate, named by the gate; what they are initialised to
is not computed.
"""

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
        dtype = jax.numpy.float64
        layer = nn.RNN(target(hidden_size, param_dtype=dtype), return_carry=True)
        x, carry = np.zeros((1, 1, input_size)), (np.zeros((1, hidden_size)),) * 2
        key = jax.random.PRNGKey(0)
        variables = jax.eval_shape(lambda: layer.init(key, x, initial_carry=carry))
        shapes = traverse_util.flatten_dict(variables["params"], sep=".")

        def run(weights, x, state):
            params = traverse_util.unflatten_dict(weights, sep=".")
            carry = None if state is None else state[::-1]
            (c, h), y = layer.apply({"params": params}, x, initial_carry=carry)
            return y, (h, c)

        return run, {name: np.zeros(one.shape) for name, one in shapes.items()}

    return make


def made_by_nnx(target):
    def built(input_size, hidden_size):
        cell = target(input_size, hidden_size, param_dtype=jax.numpy.float64, rngs=nnx.Rngs(0))
        return nnx.RNN(cell, return_carry=True)

    def make(input_size, hidden_size):
        layer = nnx.eval_shape(lambda: built(input_size, hidden_size))
        graph, params, keys, rest = nnx.split(layer, nnx.Param, nnx.RngState, ...)
        keys = jax.tree.map(unused, keys)
        if rest:  # what else it keeps has values that count
            rest = nnx.split(built(input_size, hidden_size), nnx.Param, nnx.RngState, ...)[3]
        paths = {".".join(map(str, path)): (path, leaf) for path, leaf in params.flat_state()}

        def run(weights, x, state):
            values = {path: leaf.replace(weights[name]) for name, (path, leaf) in paths.items()}
            model = nnx.merge(graph, nnx.State.from_flat_path(values), keys, rest)
            carry = None if state is None else state[::-1]
            (c, h), y = model(x, initial_carry=carry, rngs=nnx.Rngs(0))
            return y, (h, c)

        return run, {name: np.zeros(leaf.shape) for name, (_, leaf) in paths.items()}

    return make


def unused(one):
    """A random state of the form of one: the cell has no dropout."""
    if jax.numpy.issubdtype(one.dtype, jax.dtypes.prng_key):
        return jax.random.key(0)
    return jax.numpy.zeros(one.shape, one.dtype)

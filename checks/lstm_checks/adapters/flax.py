"""Flax: cells and RNN layers of linen and of nnx, and subclasses of one's own.

A linen cell is built by its features and run by `nn.RNN`; an nnx cell by `nnx.RNN`. Weights are
those of the cell's Dense layers, a kernel per gate, named by the gate.
"""

import flax.linen as nn
import jax
import lstm_bridge as bridge
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
    return bridge.differentiated("jax", make, lstm_form=form, **layout.declared)


def made_by_linen(target):
    def make(input_size, hidden_size):
        dtype = jax.numpy.float64
        layer = nn.RNN(target(hidden_size, param_dtype=dtype), return_carry=True)
        x = jax.numpy.zeros((1, 1, input_size))
        carry = (jax.numpy.zeros((1, hidden_size)),) * 2
        variables = layer.init(jax.random.PRNGKey(0), x, initial_carry=carry)
        weights = traverse_util.flatten_dict(variables["params"], sep=".")

        def run(weights, x, state):
            params = traverse_util.unflatten_dict(weights, sep=".")
            carry = None if state is None else state[::-1]
            (c, h), y = layer.apply({"params": params}, x, initial_carry=carry)
            return y, (h, c)

        return run, weights

    return make


def made_by_nnx(target):
    def make(input_size, hidden_size):
        cell = target(input_size, hidden_size, param_dtype=jax.numpy.float64, rngs=nnx.Rngs(0))
        layer = nnx.RNN(cell, return_carry=True)
        graph, params, rest = nnx.split(layer, nnx.Param, ...)
        weights = {".".join(map(str, k)): v for k, v in flat(params).items()}

        def run(weights, x, state):
            values = {
                path: leaf.replace(weights[".".join(map(str, path))])
                for path, leaf in params.flat_state()
            }
            model = nnx.merge(graph, nnx.State.from_flat_path(values), rest)
            carry = None if state is None else state[::-1]
            (c, h), y = model(x, initial_carry=carry, rngs=nnx.Rngs(0))
            return y, (h, c)

        return run, weights

    return make


def flat(params):
    return {path: leaf[...] for path, leaf in params.flat_state()}

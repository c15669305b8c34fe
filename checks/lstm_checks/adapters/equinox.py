"""Equinox: eqx.nn.LSTMCell, and modules of one's own like it: cell(x, (h, c)) without a batch.

The kit maps the cell over the batch and scans it over time. Weights are found by shapes and names;
what they are initialised to is not computed.
"""

import equinox as eqx
import jax
import lstm_bridge as bridge
import numpy as np
from lstm_bridge import D, H, Layout


def adapt(target):
    key = jax.random.PRNGKey(0)
    jax.config.update("jax_enable_x64", True)

    def split(input_size, hidden_size):
        """The shapes of its arrays by name, their structure, and the rest of the module."""
        module = eqx.filter_eval_shape(target, input_size, hidden_size, key=key)
        arrays, rest = eqx.partition(module, lambda one: isinstance(one, jax.ShapeDtypeStruct))
        leaves, structure = jax.tree_util.tree_flatten_with_path(arrays)
        named = {jax.tree_util.keystr(path).lstrip("."): leaf.shape for path, leaf in leaves}
        return named, structure, rest

    declared = {k: getattr(target, k) for k in ("gate_order", "names") if hasattr(target, k)}
    layout = Layout.of(split(D, H)[0], declared)

    def make(input_size, hidden_size):
        shapes, structure, rest = split(input_size, hidden_size)

        def run(weights, x, state):
            leaves = [weights[name] for name in shapes]
            cell = eqx.combine(jax.tree_util.tree_unflatten(structure, leaves), rest)
            zeros = jax.numpy.zeros((x.shape[0], hidden_size), x.dtype)

            def step(state, x_t):
                state = jax.vmap(cell)(x_t, state)
                return state, state[0]

            state, y = jax.lax.scan(step, state or (zeros, zeros), x.swapaxes(0, 1))
            return y.swapaxes(0, 1), state

        return run, {name: np.zeros(shape) for name, shape in shapes.items()}

    form = f"Equinox cell, mapped over the batch: {layout.said}."
    return bridge.differentiated("jax", make, layout=layout, lstm_form=form)

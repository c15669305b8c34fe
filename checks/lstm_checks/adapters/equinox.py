"""Equinox: eqx.nn.LSTMCell, and modules of one's own like it: cell(x, (h, c)) without a batch.

The kit maps the cell over the batch and scans it over time. Weights are found by shapes and names.
"""

import equinox as eqx
import jax
import lstm_bridge as bridge
from lstm_bridge import D, H, Layout


def adapt(target):
    key = jax.random.PRNGKey(0)
    jax.config.update("jax_enable_x64", True)

    def arrays(module):
        leaves = jax.tree_util.tree_flatten_with_path(eqx.filter(module, eqx.is_array))[0]
        return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in leaves}

    declared = {k: getattr(target, k) for k in ("gate_order", "names") if hasattr(target, k)}
    shapes = {name: value.shape for name, value in arrays(target(D, H, key=key)).items()}
    layout = Layout.of(shapes, declared)

    def make(input_size, hidden_size):
        module = target(input_size, hidden_size, key=key)
        static = eqx.filter(module, eqx.is_array, inverse=True)
        structure = jax.tree_util.tree_structure(eqx.filter(module, eqx.is_array))
        names = list(arrays(module))

        def run(weights, x, state):
            leaves = [weights[name] for name in names]
            cell = eqx.combine(jax.tree_util.tree_unflatten(structure, leaves), static)
            zeros = jax.numpy.zeros((x.shape[0], hidden_size), x.dtype)

            def step(state, x_t):
                state = jax.vmap(cell)(x_t, state)
                return state, state[0]

            state, y = jax.lax.scan(step, state or (zeros, zeros), x.swapaxes(0, 1))
            return y.swapaxes(0, 1), state

        return run, arrays(module)

    form = f"Equinox cell, mapped over the batch: {layout.said}."
    return bridge.differentiated("jax", make, lstm_form=form, **layout.declared)

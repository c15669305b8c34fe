"""JAX: a function of a sequence, by lax.scan."""

import jax
import jax.numpy as jnp


def lstm(x, state, params):
    def step(state, x_t):
        h, c = state
        z = x_t @ params["W"] + h @ params["U"] + params["b"]
        i, f, g, o = jnp.split(z, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    state, y = jax.lax.scan(step, state, x.swapaxes(0, 1))
    return y.swapaxes(0, 1), state

"""JAX: a step under jit, weights as arguments."""

import jax
import jax.numpy as jnp


@jax.jit
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = jnp.split(x @ W + h @ U + b, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c

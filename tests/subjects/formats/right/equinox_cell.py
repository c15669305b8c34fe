"""Equinox: a cell of one's own."""

import equinox as eqx
import jax
import jax.numpy as jnp


class Cell(eqx.Module):
    wx: jax.Array
    wh: jax.Array
    b: jax.Array

    def __init__(self, input_size, hidden_size, *, key):
        one, two = jax.random.split(key)
        self.wx = jax.random.normal(one, (input_size, 4 * hidden_size))
        self.wh = jax.random.normal(two, (hidden_size, 4 * hidden_size))
        self.b = jnp.zeros(4 * hidden_size)

    def __call__(self, x, state):
        h, c = state
        i, f, g, o = jnp.split(x @ self.wx + h @ self.wh + self.b, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

"""Flax linen: a cell of one's own."""

import flax.linen as nn
import jax.numpy as jnp


class MyCell(nn.RNNCellBase):
    features: int
    param_dtype: type = jnp.float32

    @nn.compact
    def __call__(self, carry, x):
        c, h = carry
        dense = nn.Dense(4 * self.features, param_dtype=self.param_dtype, name="x")
        recurrent = nn.Dense(
            4 * self.features, use_bias=False, param_dtype=self.param_dtype, name="h"
        )
        i, f, g, o = jnp.split(dense(x) + recurrent(h), 4, axis=-1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * nn.tanh(g)
        h = nn.sigmoid(o) * nn.tanh(c)
        return (c, h), h

    def initialize_carry(self, rng, input_shape):
        shape = (*input_shape[:-1], self.features)
        return jnp.zeros(shape, self.param_dtype), jnp.zeros(shape, self.param_dtype)

    @property
    def num_feature_axes(self):
        return 1

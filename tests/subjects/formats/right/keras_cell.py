"""Keras: a cell of one's own, for keras.layers.RNN."""

import keras
from keras import ops


class MyCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, units]

    def build(self, shape):
        self.joint = self.add_weight(shape=(shape[-1] + self.units, 4 * self.units), name="joint")
        self.bias = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="bias")

    def call(self, x, states):
        h, c = states
        z = ops.matmul(ops.concatenate([x, h], axis=1), self.joint) + self.bias
        i, f, g, o = ops.split(z, 4, axis=1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]

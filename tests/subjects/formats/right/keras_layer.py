"""Keras: a layer of one's own, written with keras.ops."""

import keras
from keras import ops


class MyLSTM(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.W = self.add_weight(shape=(shape[-1], 4 * self.units), name="W")
        self.U = self.add_weight(shape=(self.units, 4 * self.units), name="U")
        self.b = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="b")

    def call(self, x, initial_state=None):
        zeros = ops.zeros((x.shape[0], self.units), x.dtype)
        h, c = initial_state if initial_state is not None else (zeros, zeros)
        ys = []
        for t in range(x.shape[1]):
            z = ops.matmul(x[:, t], self.W) + ops.matmul(h, self.U) + self.b
            i, f, g, o = ops.split(z, 4, axis=1)
            c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
            h = ops.sigmoid(o) * ops.tanh(c)
            ys.append(h)
        return ops.stack(ys, axis=1), h, c

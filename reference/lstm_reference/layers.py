"""The layers that stand around recurrent ones in a network: few, and each a page's paragraph.

A layer has `params`, `forward(x)`, `backward(dy)` for the last forward, and after it `grads` with
the keys and shapes of `params`. A recurrent layer, which gives its state besides (`y, state` and
`dx, dstate`), is a layer too. Between forward and backward, x, y and the weights must not change.
Two layers share a weight if their `params` hold the same array object.
"""

from typing import Any, Protocol

import numpy as np

from lstm_reference.activations import activation
from lstm_reference.cell import Array
from lstm_reference.initializers import glorot_uniform
from lstm_reference.shapes import check_output_gradient

Params = dict[str, Array]


class Layer(Protocol):
    """What a network asks of a layer."""

    @property
    def params(self) -> Params: ...
    @property
    def grads(self) -> Params: ...
    def forward(self, x: Array) -> Any:
        """y, or (y, state)."""

    def backward(self, dy: Array) -> Any:
        """dx, or (dx, dstate); None where x is not differentiable."""


class Dense:
    """y = a(x·W + b) over the last axis: x (..., D), W (D, M), b (M,), y (..., M).

    `a` is one of the activations linear, sigmoid, tanh, softmax. Initial weights as Keras's: W
    Glorot uniform, b zeros.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        activation: str = "linear",
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        self.params: Params = {
            "W": glorot_uniform((input_size, output_size), rng),
            "b": np.zeros(output_size),
        }
        self.grads: Params = {}
        self._affine = _Affine(activation)

    def forward(self, x: Array) -> Array:
        """y (..., M) of x (..., D). ValueError for another D."""
        return self._affine.forward(x, self.params["W"], self.params["b"])

    def backward(self, dy: Array) -> Array:
        """dx (..., D) of dy (..., M). ValueError if dy has not y's shape."""
        dx, dW, db = self._affine.backward(dy, self.params["W"])
        self.grads = {"W": dW, "b": db}
        return dx


class TiedDense:
    """A dense layer whose weight is an embedding's table transposed: y = a(x·Eᵀ + b).

    x (..., D), E (V, D), b (V,), y (..., V) (Press & Wolf 2017). E is the embedding's own array.
    """

    def __init__(self, embedding: "Embedding", activation: str = "linear") -> None:
        table = embedding.params["E"]
        self.params: Params = {"E": table, "b": np.zeros(len(table), table.dtype)}
        self.grads: Params = {}
        self._affine = _Affine(activation)

    def forward(self, x: Array) -> Array:
        """y (..., V) of x (..., D). ValueError for another D."""
        return self._affine.forward(x, self.params["E"].T, self.params["b"])

    def backward(self, dy: Array) -> Array:
        """dx (..., D) of dy (..., V). ValueError if dy has not y's shape."""
        dx, dW, db = self._affine.backward(dy, self.params["E"].T)
        self.grads = {"E": dW.T, "b": db}
        return dx


class _Affine:
    """a(x·W + b) over the last axis, and its gradients, for weights that somebody else keeps."""

    def __init__(self, name: str) -> None:
        self._activation = activation(name)
        self._x = self._y = np.empty((0, 0))

    def forward(self, x: Array, W: Array, b: Array) -> Array:
        if x.ndim < 1 or x.shape[-1] != len(W):
            raise ValueError(f"x is {x.shape}; it should be (..., {len(W)})")
        self._x = x
        z = x.reshape(-1, x.shape[-1]) @ W + b
        self._y = self._activation.forward(z).reshape(*x.shape[:-1], len(b))
        return self._y

    def backward(self, dy: Array, W: Array) -> tuple[Array, Array, Array]:
        x, y = self._x, self._y
        check_output_gradient(dy, y.shape)
        dz = self._activation.backward(dy, y).reshape(-1, y.shape[-1])
        rows = x.reshape(-1, x.shape[-1])
        return (dz @ W.T).reshape(x.shape), rows.T @ dz, dz.sum(axis=0)


class Embedding:
    """y = E[x]: the rows of a table E (V, D) that integers x (...) below V name; y (..., D).

    The initial table is Keras's, U(-0.05, 0.05).
    """

    def __init__(
        self, vocabulary_size: int, output_size: int, rng: np.random.Generator | None = None
    ) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        self.params: Params = {"E": rng.uniform(-0.05, 0.05, (vocabulary_size, output_size))}
        self.grads: Params = {}
        self._x = np.empty(0, int)

    def forward(self, x: Array) -> Array:
        """The rows (..., D). TypeError unless x is integers, ValueError unless in 0 … V-1."""
        size = len(self.params["E"])
        if x.dtype.kind not in "iu":
            raise TypeError(f"x is {x.dtype}; an embedding needs integers")
        if x.size and not 0 <= x.min() <= x.max() < size:
            raise ValueError(f"x goes from {x.min()} to {x.max()}; it should be in 0 … {size - 1}")
        self._x = x
        return self.params["E"][x]

    def backward(self, dy: Array) -> None:
        """Adds up dy (..., D) by row; a row named twice gets both. Integers have no gradient."""
        table = self.params["E"]
        check_output_gradient(dy, (*self._x.shape, table.shape[1]))
        self.grads = {"E": np.zeros(table.shape, dy.dtype)}
        np.add.at(self.grads["E"], self._x, dy)


class TimeDistributed:
    """Any layer from (N, ...) to (N, ...) applied to every step of (N, T, ...)."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    @property
    def params(self) -> Params:
        return self.layer.params

    @property
    def grads(self) -> Params:
        return self.layer.grads

    def forward(self, x: Array) -> Array:
        """y (N, T, ...) of x (N, T, ...). ValueError for fewer than two axes."""
        if x.ndim < 2:
            raise ValueError(f"x is {x.shape}; it should be (N, T, ...)")
        return _over_steps(self.layer.forward, x)

    def backward(self, dy: Array) -> Array:
        """dx (N, T, ...) of dy (N, T, ...)."""
        return _over_steps(self.layer.backward, dy)


def _over_steps(function: Any, array: Array) -> Array:
    N, T, *rest = array.shape
    result: Array = function(array.reshape(N * T, *rest))
    return result.reshape(N, T, *result.shape[1:])


class LastStep:
    """Many-to-one: the last step (N, D) of a sequence (N, T, D)."""

    def __init__(self) -> None:
        self.params: Params = {}
        self.grads: Params = {}
        self._shape: tuple[int, ...] = ()

    def forward(self, x: Array) -> Array:
        """The last step. ValueError unless x is (N, T, D) with T ≥ 1."""
        if x.ndim != 3 or x.shape[1] < 1:
            raise ValueError(f"x is {x.shape}; it should be (N, T, D) with T ≥ 1")
        self._shape = x.shape
        return x[:, -1]

    def backward(self, dy: Array) -> Array:
        """dx (N, T, D), zero but at the last step. ValueError if dy has not y's shape."""
        N, T, D = self._shape
        check_output_gradient(dy, (N, D))
        dx = np.zeros((N, T, D), dy.dtype)
        dx[:, -1] = dy
        return dx


class Repeat:
    """One-to-many: the input (N, D) at every one of T steps, (N, T, D)."""

    def __init__(self, steps: int) -> None:
        if steps < 1:
            raise ValueError(f"steps is {steps}; it should be at least 1")
        self.params: Params = {}
        self.grads: Params = {}
        self._steps = steps

    def forward(self, x: Array) -> Array:
        """The steps. ValueError unless x is (N, D)."""
        if x.ndim != 2:
            raise ValueError(f"x is {x.shape}; it should be (N, D)")
        return np.repeat(x[:, None], self._steps, axis=1)

    def backward(self, dy: Array) -> Array:
        """dx (N, D), the sum over the steps of dy (N, T, D). ValueError for another T."""
        if dy.ndim != 3 or dy.shape[1] != self._steps:
            raise ValueError(f"dy is {dy.shape}; y was (N, {self._steps}, D)")
        dx: Array = dy.sum(axis=1)
        return dx

"""The layers that a network needs around its recurrent layers.

A layer has `params`, `forward(x)`, and `backward(dy)`, which differentiates the last `forward` and
sets `grads`, with the keys and shapes of `params`. A recurrent layer, which also returns its state
(`y, state` and `dx, dstate`), is a layer too. x, y and the weights must not change between
`forward` and `backward`. Two layers share a weight if their `params` hold the same array object.
"""

from typing import Any, Protocol

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.cells.shapes import check_output_gradient
from lstm_reference.training.activations import activation
from lstm_reference.training.initializers import glorot_uniform

Params = dict[str, Array]


class Layer(Protocol):
    """What a network requires of a layer."""

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

    The initial weights are those of Keras: W is Glorot uniform, and b is zero.

    Args:
        input_size: D.
        output_size: M.
        activation: a, which is one of linear, sigmoid, tanh and softmax.
        rng: draws W; seed 0 by default.

    Raises:
        ValueError: there is no such activation.
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
        """y (..., M) for x (..., D). ValueError for another D."""
        return self._affine.forward(x, self.params["W"], self.params["b"])

    def backward(self, dy: Array) -> Array:
        """dx (..., D) for dy (..., M). ValueError if dy does not have the shape of y."""
        dx, dW, db = self._affine.backward(dy, self.params["W"])
        self.grads = {"W": dW, "b": db}
        return dx


class TiedDense:
    """A dense layer whose weight is the transposed table of an embedding: y = a(x·Eᵀ + b).

    x (..., D), E (V, D), b (V,), y (..., V). E is the embedding's own array, so that the two layers
    share it (Press & Wolf 2017).

    Raises:
        ValueError: there is no such activation.
    """

    def __init__(self, embedding: "Embedding", activation: str = "linear") -> None:
        table = embedding.params["E"]
        self.params: Params = {"E": table, "b": np.zeros(len(table), table.dtype)}
        self.grads: Params = {}
        self._affine = _Affine(activation)

    def forward(self, x: Array) -> Array:
        """y (..., V) for x (..., D). ValueError for another D."""
        return self._affine.forward(x, self.params["E"].T, self.params["b"])

    def backward(self, dy: Array) -> Array:
        """dx (..., D) for dy (..., V). ValueError if dy does not have the shape of y."""
        dx, dW, db = self._affine.backward(dy, self.params["E"].T)
        self.grads = {"E": dW.T, "b": db}
        return dx


class _Affine:
    """a(x·W + b) over the last axis, and its gradients; the caller holds the weights."""

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
    """y = E[x]: integers x (...) in 0 … V-1 select rows of a table E (V, D); y (..., D).

    The initial table is that of Keras, U(-0.05, 0.05). `rng` draws it; seed 0 by default.
    """

    def __init__(
        self, vocabulary_size: int, output_size: int, rng: np.random.Generator | None = None
    ) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        self.params: Params = {"E": rng.uniform(-0.05, 0.05, (vocabulary_size, output_size))}
        self.grads: Params = {}
        self._x = np.empty(0, int)

    def forward(self, x: Array) -> Array:
        """The rows (..., D) that x (...) selects.

        Raises:
            TypeError: x does not hold integers.
            ValueError: an entry of x is not in 0 … V-1.
        """
        size = len(self.params["E"])
        if x.dtype.kind not in "iu":
            raise TypeError(f"x is {x.dtype}; an embedding needs integers")
        if x.size and not 0 <= x.min() <= x.max() < size:
            raise ValueError(f"x goes from {x.min()} to {x.max()}; it should be in 0 … {size - 1}")
        self._x = x
        return self.params["E"][x]

    def backward(self, dy: Array) -> None:
        """Add up dy (..., D) for each row of the table; x, being integers, has no gradient.

        Raises:
            ValueError: dy does not have the shape of y.
        """
        table = self.params["E"]
        check_output_gradient(dy, (*self._x.shape, table.shape[1]))
        self.grads = {"E": np.zeros(table.shape, dy.dtype)}
        np.add.at(self.grads["E"], self._x, dy)


class TimeDistributed:
    """A layer from (N, ...) to (N, ...) that is applied to every step of (N, T, ...)."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    @property
    def params(self) -> Params:
        return self.layer.params

    @property
    def grads(self) -> Params:
        return self.layer.grads

    def forward(self, x: Array) -> Array:
        """y (N, T, ...) for x (N, T, ...). ValueError if x has fewer than two axes."""
        if x.ndim < 2:
            raise ValueError(f"x is {x.shape}; it should be (N, T, ...)")
        return _over_steps(self.layer.forward, x)

    def backward(self, dy: Array) -> Array:
        """dx (N, T, ...) for dy (N, T, ...)."""
        return _over_steps(self.layer.backward, dy)


def _over_steps(function: Any, array: Array) -> Array:
    N, T, *rest = array.shape
    result: Array = function(array.reshape(N * T, *rest))
    return result.reshape(N, T, *result.shape[1:])


class LastStep:
    """The last step (N, D) of a sequence (N, T, D), for many-to-one networks."""

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
        """dx (N, T, D), which is dy at the last step and zero before it.

        Raises:
            ValueError: dy does not have the shape of y.
        """
        N, T, D = self._shape
        check_output_gradient(dy, (N, D))
        dx = np.zeros((N, T, D), dy.dtype)
        dx[:, -1] = dy
        return dx


class Repeat:
    """The input (N, D) at each of T steps, (N, T, D), for one-to-many networks.

    Raises:
        ValueError: steps is less than 1.
    """

    def __init__(self, steps: int) -> None:
        if steps < 1:
            raise ValueError(f"steps is {steps}; it should be at least 1")
        self.params: Params = {}
        self.grads: Params = {}
        self._steps = steps

    def forward(self, x: Array) -> Array:
        """The T steps. ValueError unless x is (N, D)."""
        if x.ndim != 2:
            raise ValueError(f"x is {x.shape}; it should be (N, D)")
        return np.repeat(x[:, None], self._steps, axis=1)

    def backward(self, dy: Array) -> Array:
        """dx (N, D), the sum of dy (N, T, D) over the steps. ValueError for another T."""
        if dy.ndim != 3 or dy.shape[1] != self._steps:
            raise ValueError(f"dy is {dy.shape}; y was (N, {self._steps}, D)")
        dx: Array = dy.sum(axis=1)
        return dx

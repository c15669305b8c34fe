"""Many small networks trained at once, by the same calls: an LSTM and a dense head per trial.

A memory task needs many trials, each with its own weights and data, before it says anything about a
network; and a small network spends its time in calls rather than in arithmetic. Here every array
has a leading axis R of trials, which do not influence each other. The equations are those of
`cell.py`. Inputs are symbols, which stand for one-hot vectors, so that x·W is a row of W; or they
are vectors of features.

Internally, arrays are (T, R, features, N), so that each gate is one contiguous piece of memory per
trial even if it has few units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_reference.cells.cell import Array, sigmoid
from lstm_reference.training.activations import log_softmax

Symbols = NDArray[np.integer[Any]]
Inputs = NDArray[Any]  # symbols (R, N, T), or features (R, N, T, D)
State = tuple[Array, Array]


@dataclass(frozen=True)
class _Cache:
    """What `backward` needs of one call; h and c hold the initial state first."""

    x: Inputs
    at: Symbols | None  # (R, N)
    h: Array  # (T+1, R, H, N)
    c: Array  # (T+1, R, H, N)
    gates: Array  # (T, R, 4H, N)
    tanh_c: Array  # (T, R, H, N)
    answered: Array  # the h that the head saw: (R, M, H), with M answers per trial


class Trials:
    """R networks of D symbols, H units and K outputs, with Adam.

    Args:
        params: the initial weights, all of one float dtype, which are copied.
            "W" (R, D, 4H), "U" (R, H, 4H), "b" (R, 4H): the layer, with gate blocks i, f, g, o.
            "V" (R, H, K), "a" (R, K): the head, whose outputs before any sigmoid are h·V + a.
            "S" (R, D, K), optional: direct weights from input to output, which add x·S.

    Raises:
        ValueError: a name is missing or unknown, a shape does not fit, or the dtypes differ.
    """

    def __init__(self, params: dict[str, Array]) -> None:
        _check(params)
        self._shapes = {name: array.shape[1:] for name, array in params.items()}
        R = len(params["W"])
        self.vector: Array = np.concatenate([a.reshape(R, -1) for a in params.values()], axis=1)
        self.params = self._views(self.vector)
        self._m, self._v = np.zeros_like(self.vector), np.zeros_like(self.vector)
        self._updates = 0
        self._cache: _Cache | None = None

    def __len__(self) -> int:
        """R, the number of trials."""
        return len(self.vector)

    def keep(self, trials: NDArray[Any]) -> None:
        """Keep only these trials, given as a mask (R,) or as indices."""
        self.vector, self._m, self._v = (a[trials] for a in (self.vector, self._m, self._v))
        self.params = self._views(self.vector)
        self._cache = None

    def forward(
        self,
        x: Inputs,
        state: State | None = None,
        at: Symbols | None = None,
        training: bool = True,
    ) -> tuple[Array, State]:
        """The outputs, before any sigmoid, for one batch of sequences per trial.

        Args:
            x: symbols 0 … D-1 (R, N, T), or features (R, N, T, D) in the weights' dtype.
            state: the initial (h, c), each (R, N, H); None stands for zeros.
            at: for each sequence the step (R, N), from 0, whose output is wanted; None stands for
                all steps. Later steps do not matter, so shorter sequences may be padded.
            training: keep what `backward` needs; otherwise long batches take little memory.

        Returns:
            The outputs (R, N, K) if `at` is given, otherwise (R, N, T, K), and the final (h, c).

        Raises:
            ValueError: x, the state or `at` does not fit.
        """
        R, D, H = len(self), len(self.params["W"][0]), len(self.params["U"][0])
        _check_inputs(x, R, D)
        N, T = x.shape[1:3]
        if at is not None and (at.shape != (R, N) or at.min() < 0 or at.max() >= T):
            raise ValueError(f"at is {at.shape}; it should be {(R, N)} steps 0 … {T - 1}")
        # σ(z) = ½ + ½ tanh(z/2): with three gates' weights halved, one tanh serves all four
        half = np.full((4, H), 0.5, self.vector.dtype)
        half[2] = 1
        scale = half.reshape(4 * H)
        U = np.ascontiguousarray((self.params["U"] * scale).transpose(0, 2, 1))
        driven = self._driven(x, scale)
        scale = scale[:, None]
        shift = 1 - scale

        kept = T if training else 1
        gates = np.empty((kept, R, 4 * H, N), self.vector.dtype)
        tanh_c = np.empty((kept, R, H, N), self.vector.dtype)
        h = np.zeros((T + 1, R, H, N), self.vector.dtype)
        c = np.zeros((kept + 1, R, H, N), self.vector.dtype)
        if state is not None:
            if any(array.shape != (R, N, H) for array in state):
                raise ValueError(f"the state is {[a.shape for a in state]}; each needs {(R, N, H)}")
            h[0], c[0] = (array.transpose(0, 2, 1) for array in state)
        for t in range(T):
            now, new = (t, t + 1) if training else (0, 0)
            z = gates[now]
            np.matmul(U, h[t], out=z)
            z += driven(t)
            np.tanh(z, out=z)
            z *= scale
            z += shift
            i, f, g, o = (z[:, k * H : (k + 1) * H] for k in range(4))
            np.multiply(f, c[now], out=c[new])
            c[new] += i * g
            np.tanh(c[new], out=tanh_c[now])
            np.multiply(o, tanh_c[now], out=h[t + 1])

        answered = np.ascontiguousarray(h[1:].transpose(1, 3, 0, 2))  # (R, N, T, H)
        seen = x
        if at is not None:
            r, n = np.ogrid[:R, :N]
            answered, seen = answered[r, n, at], x[r, n, at]
        answered = answered.reshape(R, -1, H)
        output = answered @ self.params["V"] + self.params["a"][:, None]
        if "S" in self.params:
            output += self._direct(seen)
        if training:
            self._cache = _Cache(x, at, h, c, gates, tanh_c, answered)
        final = (h[T].transpose(0, 2, 1), c[-1 if training else 0].transpose(0, 2, 1))
        return output.reshape(*seen.shape[: 2 if at is not None else 3], -1), final

    def backward(self, doutput: Array) -> Array:
        """The gradient (R, P) of the loss with respect to `vector`.

        It goes back to the first step of the last training `forward` and no further.

        Args:
            doutput: the gradient with respect to the outputs of that call, in their shape.

        Raises:
            RuntimeError: there has been no `forward` with training=True.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a call of forward with training=True first")
        s = self._cache
        x, R, T = s.x, len(self), len(s.gates)
        N, H, K = x.shape[1], s.h.shape[2], self.params["a"].shape[1]
        doutput = doutput.reshape(R, -1, K)
        gradient = np.empty_like(self.vector)
        grads = self._views(gradient)
        grads["V"][...] = s.answered.transpose(0, 2, 1) @ doutput
        grads["a"][...] = doutput.sum(axis=1)
        dy = np.zeros((T, R, H, N), self.vector.dtype)
        rows = doutput @ self.params["V"].transpose(0, 2, 1)
        seen = x
        if s.at is None:
            dy[...] = rows.reshape(R, N, T, H).transpose(2, 0, 3, 1)
        else:
            r, n = np.ogrid[:R, :N]
            dy[s.at, r, :, n] = rows.reshape(R, N, H)
            seen = x[r, n, s.at]
        if "S" in self.params:
            D = grads["S"].shape[1]
            grads["S"][...] = _outer(seen.reshape(R, -1, *x.shape[3:]), doutput, D)

        # ∂c/∂z of the first three gates, ∂h/∂z of the last, at all steps at once
        i, f, g, o = (s.gates[:, :, k * H : (k + 1) * H] for k in range(4))
        dz = np.empty_like(s.gates)
        dz[:, :, :H] = g * i * (1 - i)
        dz[:, :, H : 2 * H] = s.c[:-1] * f * (1 - f)
        dz[:, :, 2 * H : 3 * H] = i * (1 - g * g)
        dz[:, :, 3 * H :] = s.tanh_c * o * (1 - o)
        through = o * (1 - s.tanh_c * s.tanh_c)  # ∂h/∂c
        U = np.ascontiguousarray(self.params["U"])
        by_gate = dz.reshape(T, R, 4, H, N)
        dh, dc = np.zeros((R, H, N), dz.dtype), np.zeros((R, H, N), dz.dtype)
        for t in reversed(range(T)):
            dh += dy[t]
            dc += dh * through[t]
            by_gate[t, :, :3] *= dc[:, None]
            by_gate[t, :, 3] *= dh
            np.matmul(U, dz[t], out=dh)
            dc *= f[t]

        rows = dz.transpose(1, 0, 3, 2).reshape(R, T * N, 4 * H)
        before = s.h[:-1].transpose(1, 2, 0, 3).reshape(R, H, T * N)
        grads["U"][...] = before @ rows
        grads["b"][...] = rows.sum(axis=1)
        steps = x.swapaxes(1, 2).reshape(R, T * N, *x.shape[3:])
        grads["W"][...] = _outer(steps, rows, grads["W"].shape[1])
        return gradient

    def update(
        self,
        gradient: Array,
        learning_rate: float | Array = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        """One step of `optimizers.Adam` in every trial, with the gradient (R, P).

        The learning rate is one number, or one per weight, (P,), as `rates` makes it.
        """
        self._updates += 1
        rate = (1 - beta_2**self._updates) ** 0.5 / (1 - beta_1**self._updates)
        self._m += (1 - beta_1) * (gradient - self._m)
        self._v += (1 - beta_2) * (gradient * gradient - self._v)
        step = np.sqrt(self._v)
        step += epsilon
        np.divide(self._m, step, out=step)
        step *= rate * learning_rate
        self.vector -= step

    def rates(self, layer: float, head: float) -> Array:
        """Learning rates (P,), one per weight: `layer` for W, U, b, and `head` for V, a, S."""
        chosen = {"W": layer, "U": layer, "b": layer}
        sizes = {name: int(np.prod(shape)) for name, shape in self._shapes.items()}
        rates = [np.full(size, chosen.get(name, head)) for name, size in sizes.items()]
        return np.concatenate(rates).astype(self.vector.dtype)

    def _driven(self, x: Inputs, scale: Array) -> Callable[[int], Array]:
        """A function of the step t: (x_t·W + b) ⊙ scale, (R, 4H, N)."""
        W, b = self.params["W"], self.params["b"][:, None]
        R, D, width = W.shape
        if x.ndim == 4:
            product = x.swapaxes(1, 2).reshape(R, -1, D) @ (W * scale) + b * scale
            steps = product.reshape(R, x.shape[2], x.shape[1], width).transpose(1, 0, 3, 2)
            return lambda t: steps[t]
        rows = ((W + b) * scale).reshape(R * D, width)
        place = np.ascontiguousarray((x + np.arange(0, R * D, D)[:, None, None]).transpose(2, 0, 1))
        return lambda t: rows.take(place[t], axis=0).transpose(0, 2, 1)

    def _direct(self, seen: Inputs) -> Array:
        """x·S for the answered steps: (R, M, K)."""
        S = self.params["S"]
        if seen.dtype.kind == "f":
            return seen.reshape(len(S), -1, S.shape[1]) @ S
        return S[np.arange(len(S))[:, None], seen.reshape(len(S), -1)]

    def _views(self, vector: Array) -> dict[str, Array]:
        """The weights' arrays (R, …) as views into a vector (R, P)."""
        views, end = {}, 0
        for name, shape in self._shapes.items():
            start, end = end, end + int(np.prod(shape))
            views[name] = vector[:, start:end].reshape(len(vector), *shape)
        return views


def sigmoid_cross_entropy(outputs: Array, targets: Symbols) -> tuple[Array, Array]:
    """Each trial's binary cross-entropy of σ(outputs) against one-hot targets.

    Args:
        outputs: (R, …, K), before the sigmoid.
        targets: the symbols (R, …) whose output should be 1, all others 0.

    Returns:
        The losses (R,), each the mean over all other axes, and their gradient with respect to the
        outputs.

    Raises:
        ValueError: the shapes do not fit.
    """
    if outputs.shape[:-1] != targets.shape:
        raise ValueError(f"the outputs are {outputs.shape} and the targets {targets.shape}")
    answers = outputs[0].size
    right = np.take_along_axis(outputs, targets[..., None], axis=-1)
    softplus = np.maximum(outputs, 0) + np.log1p(np.exp(-np.abs(outputs)))
    total = softplus.reshape(len(outputs), -1).sum(axis=1)
    loss = (total - right.reshape(len(outputs), -1).sum(axis=1)) / answers
    gradient = sigmoid(outputs)
    error = np.take_along_axis(gradient, targets[..., None], axis=-1) - 1
    np.put_along_axis(gradient, targets[..., None], error, axis=-1)
    gradient /= answers
    return loss, gradient


def softmax_cross_entropy(outputs: Array, targets: Symbols) -> tuple[Array, Array]:
    """Each trial's categorical cross-entropy of softmax(outputs) against one-hot targets.

    The arguments, results and errors are those of `sigmoid_cross_entropy`; the mean is over the
    answers, each of which is a sum over the K outputs.
    """
    if outputs.shape[:-1] != targets.shape:
        raise ValueError(f"the outputs are {outputs.shape} and the targets {targets.shape}")
    answers = targets[0].size
    log_p = log_softmax(outputs)
    right = np.take_along_axis(log_p, targets[..., None], axis=-1)
    gradient = np.exp(log_p)
    np.put_along_axis(gradient, targets[..., None], np.exp(right) - 1, axis=-1)
    gradient /= answers
    return -right.reshape(len(outputs), -1).sum(axis=1) / answers, gradient


def _outer(inputs: Inputs, rows: Array, D: int) -> Array:
    """The gradient (R, D, K) of x·W, for x (R, M) symbols or (R, M, D) and upstream (R, M, K)."""
    if inputs.ndim == 3:
        return inputs.transpose(0, 2, 1) @ rows
    return _add_by_symbol(inputs, rows, D)


def _check_inputs(x: Inputs, R: int, D: int) -> None:
    if x.ndim == 4 and (len(x), x.shape[3]) == (R, D) and x.size and x.dtype.kind == "f":
        return
    symbols = x.ndim == 3 and len(x) == R and x.size and x.dtype.kind in "iu"
    if not symbols or x.min() < 0 or x.max() >= D:
        raise ValueError(
            f"x is {x.shape}; it should be ({R}, N, T) symbols 0 … {D - 1}, "
            f"or features ({R}, N, T, {D})"
        )


def _add_by_symbol(symbols: Symbols, rows: Array, D: int) -> Array:
    """The sums (R, D, K) of the rows (R, M, K) that belong to the same symbol of (R, M)."""
    R, _, K = rows.shape
    place = ((np.arange(R)[:, None] * D + symbols) * K)[:, :, None] + np.arange(K)
    return np.bincount(place.ravel(), rows.ravel(), R * D * K).reshape(R, D, K)


def _check(params: dict[str, Array]) -> None:
    expected = {"W", "U", "b", "V", "a"}
    if set(params) - {"S"} != expected:
        raise ValueError(
            f"params has {sorted(params)}; it should have {sorted(expected)} and may have S"
        )
    R, D, _ = params["W"].shape
    H, K = params["V"].shape[1:]
    shapes = {"W": (R, D, 4 * H), "U": (R, H, 4 * H), "b": (R, 4 * H)}
    shapes |= {"V": (R, H, K), "a": (R, K), "S": (R, D, K)}
    for name, array in params.items():
        if array.shape != shapes[name]:
            raise ValueError(f"{name} is {array.shape}; it should be {shapes[name]}")
    dtypes = {array.dtype for array in params.values()}
    if len(dtypes) != 1 or dtypes.pop().kind != "f":
        raise ValueError("the weights are of several dtypes; they should be of one float dtype")

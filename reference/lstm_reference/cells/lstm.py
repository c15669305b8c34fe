"""The LSTM layer over a sequence: forward, backward, and stateful on request.

The equations are those of `cell.py`, arranged so that little is left to compute at each step:

- σ(z) = ½ + ½·tanh(½z), so that one tanh serves all four gates: multiply z by a slope (½, or 1 for
  g), take tanh, multiply by the same slope, and add an offset (½, or 0 for g).
- In memory, the c, i, f, g, o of a step follow one another, each (N, H) in one piece. The gates
  are then one piece too, and (f, g) times (c, i) gives both terms of the next c in one call.
- The factors by which the gradient multiplies dh and dc are computed for many steps at once.
- h, x and a 1 for the bias form a row. The gradients with respect to U, W and b are then one
  product of the rows of all steps with their dz.
- The next call of the same sizes uses the same memory, because new pages are slow to get.

`docs/performance.md` gives the effect of each, and what did not help.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from lstm_reference.cells import block_products
from lstm_reference.cells.cell import Array, State
from lstm_reference.cells.initial_weights import lstm_weights
from lstm_reference.cells.shapes import check_input, check_output_gradient, check_state
from lstm_reference.cells.workspace import Workspace

FEW_ROWS = 64  # N·T below which a copy of the weights costs more than it saves
ROWS_AT_ONCE = 1024  # enough for fast products, few enough for the processor's cache


@dataclass(frozen=True)
class _Cache:
    """What `backward` needs of one call: 6H + D + 1 numbers per row and step.

    rows (T+1, N, H+D+1): h, x and 1 of every step, then the final h.
    steps (T, 5, N, H): c, i, f, g, o of every step.
    c (T+1, N, H): the c of every step, as a view, then the final c.
    """

    rows: Array
    steps: Array
    c: Array


def _cache(workspace: Workspace, N: int, T: int, D: int, H: int) -> _Cache:
    memory = workspace.empty("cache", 5 * T + 1, N, H)
    rows = workspace.empty("rows", T + 1, N, H + D + 1)
    return _Cache(rows, memory[:-1].reshape(T, 5, N, H), memory[::5])


class LSTM:
    """An LSTM layer, in the native contract.

    `params` holds "W" (D, 4H), "U" (H, 4H) and "b" (4H,) with gate blocks i, f, g, o. After
    `backward`, `grads` has the same keys and shapes. Arrays may be float32 or float64; the results
    have the dtype that NumPy gives to x and the weights together.
    The source of the equations is given in `cell.py`.

    Args:
        input_size: D, the number of features of an input.
        hidden_size: H, the number of units.
        stateful: start each call from the final state of the previous call.
        return_sequences: return y for every step or, if false, for the last step only.
        rng: draws the initial weights, all from U(-1/√H, 1/√H) as in PyTorch; seed 0 by default.

    Raises:
        ValueError: hidden_size is less than 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        stateful: bool = False,
        return_sequences: bool = True,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.stateful = stateful
        self.return_sequences = return_sequences
        self.params = lstm_weights(input_size, hidden_size, rng)
        self.grads: dict[str, Array] = {}
        self._state: State | None = None
        self._cache: _Cache | None = None
        self._workspace = Workspace()

    def reset_state(self) -> None:
        """Discard the carried state: the next call starts from zeros."""
        self._state = None

    def forward(self, x: Array, state: State | None = None) -> tuple[Array, State]:
        """Run the layer over a batch of sequences.

        Args:
            x: inputs (N, T, D).
            state: the initial (h, c), each (N, H). None stands for the carried state if the layer
                is stateful and has one, otherwise for zeros.

        Returns:
            y (N, T, H), or (N, H) without `return_sequences`, and the final (h, c), each (N, H).

        Raises:
            ValueError: x or the state does not have the shape above.
        """
        W, U, b = (self.params[name] for name in ("W", "U", "b"))
        check_input(x, self.input_size)
        N, T, D = x.shape
        H = self.hidden_size
        dtype = np.result_type(x, W, U, b)
        state = self._state if state is None else state
        if state is None:
            state = (np.zeros((N, H), dtype), np.zeros((N, H), dtype))
        check_state(state, ("the initial h", "the initial c"), (N, H))

        self._cache = None
        self._workspace.use(dtype)
        cache = _cache(self._workspace, N, T, D, H)
        rows, h, c = cache.rows, cache.rows[:, :, :H], cache.c
        rows[:T, :, H:-1] = x.swapaxes(0, 1)
        rows[:T, :, -1] = 1
        h[0], c[0] = state
        _forward_steps(cache, W, U, b)
        self._cache = cache

        if self.stateful:
            self._state = (h[T].copy(), c[T].copy())
        y = h[1:].swapaxes(0, 1).copy() if self.return_sequences else h[T].copy()
        return y, (h[T].copy(), c[T].copy())

    def backward(self, dy: Array, dstate: State | None = None) -> tuple[Array, State]:
        """The gradient of the last `forward`, by backpropagation through time.

        Args:
            dy: the gradient of the loss with respect to y, of the shape of y.
            dstate: the same for the final h and c, each (N, H); None stands for zeros.

        Returns:
            dx (N, T, D) and (dh0, dc0), each (N, H). `grads` then has the weights' gradients.

        Raises:
            RuntimeError: `forward` has not been called.
            ValueError: dy or dstate does not have the shape above.
        """
        if self._cache is None:
            raise RuntimeError("backward needs a call of forward first")
        rows, steps = self._cache.rows, self._cache.steps
        T, _, N, H = steps.shape
        check_output_gradient(dy, (N, T, H) if self.return_sequences else (N, H))
        dh, dc = np.zeros((2, N, H), steps.dtype)
        if dstate is not None:
            check_state(dstate, ("dh", "dc"), (N, H))
            dh[...], dc[...] = dstate
        if not self.return_sequences:
            dh += dy

        dy_steps = dy.swapaxes(0, 1) if self.return_sequences else None
        W, U = self.params["W"], self.params["U"]
        D, width = len(W), rows.shape[2]
        d_all = np.empty((width, 4 * H), steps.dtype)
        dx = np.empty((N, T, D), np.result_type(steps, W))
        parts = _backward_steps(self._cache, U, dy_steps, dh, dc, self._workspace)
        for number, (part, dz) in enumerate(parts):
            rows_of_part = rows[part].reshape(len(dz), width)
            if number == 0:
                np.matmul(rows_of_part.T, dz, out=d_all)
            else:
                d_part = self._workspace.empty("d_part", *d_all.shape)
                d_all += np.matmul(rows_of_part.T, dz, out=d_part)
            dx[:, part] = (dz @ W.T).reshape(part.stop - part.start, N, D).swapaxes(0, 1)
        self.grads = {"W": d_all[H:-1], "U": d_all[:H], "b": d_all[-1]}
        return dx, (dh, dc)


def _forward_steps(cache: _Cache, W: Array, U: Array, b: Array) -> None:
    """Fill the cache, step by step, with weights W (D, 4H), U (H, 4H) and b (4H,)."""
    rows, steps, c = cache.rows, cache.steps, cache.c
    T, _, N, H = steps.shape
    h, gates = rows[:, :, :H], steps[:, 1:]
    slope, offset = np.full((2, 4, N, H), 0.5, steps.dtype)
    slope[2], offset[2] = 1, 0

    # With one sequence, each step reads every weight for a single row. So x·W + b is computed for
    # all steps at once, and only h·U is left. With many, each weight that is read serves many rows,
    # and one product per step of (h, x, 1) with all weights is better, if blocks make it fast.
    at_once = N == 1 or N * T < FEW_ROWS or not block_products.HELPS
    factor: Any = repeat(None)
    block: Any = repeat(None)
    if at_once:
        for part in _parts(T, N):
            size = part.stop - part.start
            z = rows[part, :, H:-1].reshape(size * N, len(W)) @ W
            np.add(z.reshape(size, N, 4, H), b.reshape(4, H), gates[part].swapaxes(1, 2))
        U = np.ascontiguousarray(U, steps.dtype)
        product = np.empty((N, 4 * H), steps.dtype)
        product_by_gate = product.reshape(N, 4, H).swapaxes(0, 1)
    else:
        height, width = block_products.block_shape(N, rows.shape[2], H)
        weights = block_products.gate_weights(W, U, b, slope, width)
        factor = block_products.left(rows, height)
        block = block_products.result(gates, height, width)

    terms = np.empty((2, N, H), steps.dtype)
    fc, gi = terms
    tanh_c = np.empty((N, H), steps.dtype)
    fg, ci, o = steps[:, 2:4], steps[:, :2], steps[:, 4]
    views = zip(h[:T], gates, fg, ci, o, c[1:], h[1:], factor, block, strict=False)
    for h_t, gates_t, fg_t, ci_t, o_t, c_next, h_next, factor_t, block_t in views:
        if at_once:
            np.dot(h_t, U, product)
            np.add(gates_t, product_by_gate, gates_t)
            np.multiply(gates_t, slope, gates_t)
        else:
            np.matmul(factor_t, weights, block_t)
        np.tanh(gates_t, gates_t)
        np.multiply(gates_t, slope, gates_t)
        np.add(gates_t, offset, gates_t)
        np.multiply(fg_t, ci_t, terms)
        np.add(fc, gi, c_next)
        np.tanh(c_next, tanh_c)
        np.multiply(o_t, tanh_c, h_next)


def _parts(T: int, N: int) -> list[slice]:
    """The T steps in parts of about `ROWS_AT_ONCE` rows; no part is longer than the first."""
    count = max(1, ROWS_AT_ONCE // max(1, N))
    return [slice(start, min(T, start + count)) for start in range(0, T, count)]


def _backward_steps(
    cache: _Cache, U: Array, dy_steps: Array | None, dh: Array, dc: Array, workspace: Workspace
) -> Iterator[tuple[slice, Array]]:
    """Yield parts of the steps, the last part first, each with its dz (steps·N, 4H).

    A dz is valid until the next one is yielded. `dy_steps` is dy as (T, N, H), or None if it is
    zero at every step. dh and dc (N, H) hold the gradients with respect to the final state; at the
    end they hold those with respect to the initial state.
    """
    steps, c = cache.steps, cache.c
    T, _, N, H = steps.shape
    parts = _parts(T, N)
    dz = workspace.empty("dz", parts[0].stop, N, 4 * H)
    factors = workspace.empty("factors", parts[0].stop, 5, N, H)
    dz_by_gate = dz.reshape(len(dz), N, 4, H).swapaxes(1, 2)
    dh_through_c = np.empty((N, H), steps.dtype)

    left, right, block = dz, np.ascontiguousarray(U, steps.dtype).T, dh
    height, width = block_products.block_shape(N, 4 * H, H)
    whole = N <= 1 or (height, width) == (N, H) or not block_products.HELPS
    if not whole:
        left, right = block_products.left(dz, height), block_products.right(right, width)
        block = block_products.result(dh, height, width)
    product: Any = np.dot if whole else np.matmul

    for part in reversed(parts):
        size = part.stop - part.start
        by_dc, by_dh, dh_to_c = _gradient_factors(steps[part], c[1:][part], factors[:size])
        dz_ifg, dz_o = dz_by_gate[:size, :3], dz_by_gate[:size, 3]
        arrays = (by_dc, by_dh, dh_to_c, steps[part, 2], dz_ifg, dz_o, left[:size])
        dy: Any = repeat(None) if dy_steps is None else dy_steps[part][::-1]
        views = zip(dy, *(array[::-1] for array in arrays), strict=False)
        for dy_t, by_dc_t, by_dh_t, dh_to_c_t, f_t, dz_ifg_t, dz_o_t, left_t in views:
            if dy_t is not None:
                np.add(dh, dy_t, dh)
            np.multiply(dh, dh_to_c_t, dh_through_c)
            np.add(dc, dh_through_c, dc)
            np.multiply(dc, by_dc_t, dz_ifg_t)
            np.multiply(dh, by_dh_t, dz_o_t)
            np.multiply(dc, f_t, dc)
            product(left_t, right, block)
        yield part, dz[:size].reshape(size * N, 4 * H)


def _gradient_factors(steps: Array, c_next: Array, out: Array) -> tuple[Array, Array, Array]:
    """The factors by which `cell.step_backward` multiplies dc and dh, for k steps.

    From `steps` (k, 5, N, H) and c' (k, N, H): ∂c'/∂z for i, f and g (k, 3, N, H), ∂h'/∂z for o
    (k, N, H), and ∂h'/∂c' (k, N, H), all written to `out` (k, 5, N, H).
    """
    c, i, f, g, o = steps.swapaxes(0, 1)
    by_i, by_f, by_g, by_o, dh_to_c = out.swapaxes(0, 1)
    for gate, factor, product in ((i, g, by_i), (f, c, by_f)):  # σ' = σ(1 - σ)
        np.subtract(1, gate, out=product)
        np.multiply(product, gate, out=product)
        np.multiply(product, factor, out=product)
    np.multiply(g, g, out=by_g)  # tanh' = 1 - tanh²
    np.subtract(1, by_g, out=by_g)
    np.multiply(by_g, i, out=by_g)
    tanh_c = np.tanh(c_next, out=dh_to_c)
    np.subtract(1, o, out=by_o)
    np.multiply(by_o, o, out=by_o)
    np.multiply(by_o, tanh_c, out=by_o)
    np.multiply(tanh_c, tanh_c, out=dh_to_c)
    np.subtract(1, dh_to_c, out=dh_to_c)
    np.multiply(dh_to_c, o, out=dh_to_c)
    return out[:, :3], by_o, dh_to_c

"""The PyTorch counterpart of `lstm.LSTM`: the same weights, the same contract, torch's arithmetic.

It drives `torch.nn.LSTM` and differentiates with autograd, so it shares no equation with the rest
of the reference. Arrays go in and come out as NumPy. Only this file imports torch.

torch keeps its weights as (4H, D) and (4H, H), in the same gate order i, f, g, o, and adds two
biases. Here b goes into the first and the second is zero; the way back adds the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from lstm_reference.cell import Array
from lstm_reference.lstm import LSTM, State
from lstm_reference.shapes import check_input, check_output_gradient, check_state


def to_torch(params: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    """The weights W (D, 4H), U (H, 4H) and b (4H,) as a state dict for a `torch.nn.LSTM`."""
    return {
        "weight_ih_l0": _tensor(params["W"].T),
        "weight_hh_l0": _tensor(params["U"].T),
        "bias_ih_l0": _tensor(params["b"]),
        "bias_hh_l0": _tensor(np.zeros_like(params["b"])),
    }


def from_torch(module: torch.nn.LSTM) -> dict[str, Array]:
    """The weights of a `torch.nn.LSTM` as W (D, 4H), U (H, 4H) and b (4H,), the biases added.

    Raises:
        ValueError: the module has several layers or directions, a projection, or no biases.
    """
    if module.num_layers != 1 or module.bidirectional or module.proj_size or not module.bias:
        raise ValueError(f"{module} should have one layer, one direction, biases, no projection")
    weights = {name: tensor.numpy(force=True) for name, tensor in module.state_dict().items()}
    return {
        "W": weights["weight_ih_l0"].T.copy(),
        "U": weights["weight_hh_l0"].T.copy(),
        "b": weights["bias_ih_l0"] + weights["bias_hh_l0"],
    }


@dataclass(frozen=True)
class _Graph:
    """The tensors of one call between which autograd differentiates."""

    x: torch.Tensor
    h0: torch.Tensor
    c0: torch.Tensor
    y: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor


class TorchLSTM:
    """`torch.nn.LSTM` as an LSTM in the native contract: arguments and results as `lstm.LSTM`.

    `params` holds NumPy arrays "W" (D, 4H), "U" (H, 4H) and "b" (4H,), read anew at each forward;
    `grads`, after `backward`, the same keys and shapes. The arithmetic is float32 if x and the
    weights all are, else float64.
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
        self.params = LSTM(input_size, hidden_size, rng=rng).params
        self.grads: dict[str, Array] = {}
        self._module = torch.nn.LSTM(input_size, hidden_size, batch_first=True)
        self._state: State | None = None
        self._graph: _Graph | None = None

    def reset_state(self) -> None:
        """Forget the carried state: the next call starts from zeros."""
        self._state = None

    def forward(self, x: Array, state: State | None = None) -> tuple[Array, State]:
        """y (N, T, H), or (N, H) without `return_sequences`, and the final (h, c), each (N, H).

        x is (N, T, D); `state` the initial (h, c), or None for the carried state in stateful mode,
        else zeros.

        Raises:
            ValueError: x or the state does not have the shape above.
            TypeError: x and the weights together are neither float32 nor float64.
        """
        check_input(x, self.input_size)
        shape = (x.shape[0], self.hidden_size)
        state = self._state if state is None else state
        state = (np.zeros(shape), np.zeros(shape)) if state is None else state
        check_state(state, "hc", shape)
        dtype = np.result_type(x, *self.params.values())
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"x and the weights give {dtype}; they should be float32 or float64")

        weights = to_torch({name: array.astype(dtype) for name, array in self.params.items()})
        self._module.to(weights["bias_ih_l0"].dtype).load_state_dict(weights)
        x_in, h0, c0 = (_tensor(a.astype(dtype)).requires_grad_() for a in (x, *state))
        y, (h, c) = self._module(x_in, (h0[None], c0[None]))
        y = y if self.return_sequences else y[:, -1]
        self._graph = _Graph(x_in, h0, c0, y, h[0], c[0])
        if self.stateful:
            self._state = (_array(h[0]), _array(c[0]))
        return _array(y), (_array(h[0]), _array(c[0]))

    def backward(self, dy: Array, dstate: State | None = None) -> tuple[Array, State]:
        """dx (N, T, D) and (dh0, dc0), from dy of y's shape and (dh, dc), each (N, H), or None.

        `grads` holds the gradients of the weights.

        Raises:
            RuntimeError: `forward` was not called before.
            ValueError: dy or dstate does not have the shape of what it is the gradient of.
        """
        if self._graph is None:
            raise RuntimeError("backward needs a forward before it")
        graph = self._graph
        shape = tuple(graph.h.shape)
        check_output_gradient(dy, tuple(graph.y.shape))
        dstate = (np.zeros(shape), np.zeros(shape)) if dstate is None else dstate
        check_state(dstate, ("dh", "dc"), (shape[0], shape[1]))
        W, U, b, _ = self._module.parameters()
        gradients = torch.autograd.grad(
            outputs=(graph.y, graph.h, graph.c),
            inputs=(graph.x, graph.h0, graph.c0, W, U, b),
            grad_outputs=[_tensor(a).to(graph.y.dtype) for a in (dy, *dstate)],
            retain_graph=True,  # a second backward gives the same again
        )
        dx, dh0, dc0, dW, dU, db = map(_array, gradients)
        self.grads = {"W": dW.T.copy(), "U": dU.T.copy(), "b": db}
        return dx, (dh0, dc0)


def _tensor(array: Array) -> torch.Tensor:
    """A tensor with a copy of the array."""
    return torch.from_numpy(array.copy())


def _array(tensor: torch.Tensor) -> Array:
    """An array with a copy of the tensor, which nothing that torch does later can change."""
    return tensor.detach().numpy().copy()

"""The PyTorch counterpart of `lstm.LSTM`: the same weights and the same contract.

It runs `torch.nn.LSTM` and differentiates with autograd, so that it shares no equation with the
rest of the reference. Inputs and results are NumPy arrays. No other file of the reference imports
PyTorch.

PyTorch keeps its weights as (4H, D) and (4H, H), in the same gate order i, f, g, o, and adds two
biases. Here b becomes the first bias, and the second is zero; the way back adds the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array, State
from lstm_reference.cells.initial_weights import lstm_weights
from lstm_reference.cells.shapes import check_input, check_output_gradient, check_state

try:
    import torch
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("TorchLSTM needs PyTorch: pip install torch") from error


def to_torch(params: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    """The state dict of a `torch.nn.LSTM` with the weights "W" (D, 4H), "U" (H, 4H), "b" (4H,).

    The tensors are copies, of the dtypes of the arrays.
    """
    return {
        "weight_ih_l0": _tensor(params["W"].T),
        "weight_hh_l0": _tensor(params["U"].T),
        "bias_ih_l0": _tensor(params["b"]),
        "bias_hh_l0": _tensor(np.zeros_like(params["b"])),
    }


def from_torch(module: torch.nn.LSTM) -> dict[str, Array]:
    """The weights of a `torch.nn.LSTM` as copies "W" (D, 4H), "U" (H, 4H) and "b" (4H,).

    "b" is the sum of the module's two biases.

    Raises:
        ValueError: the module has several layers or directions, a projection, or no biases.
    """
    if module.num_layers != 1 or module.bidirectional or module.proj_size or not module.bias:
        raise ValueError(
            f"{module} should have one layer, one direction and biases, and no projection"
        )
    weights = {name: tensor.numpy(force=True) for name, tensor in module.state_dict().items()}
    return {
        "W": weights["weight_ih_l0"].T.copy(),
        "U": weights["weight_hh_l0"].T.copy(),
        "b": weights["bias_ih_l0"] + weights["bias_hh_l0"],
    }


@dataclass(frozen=True)
class _Graph:
    """The inputs and outputs of one call, between which autograd differentiates."""

    x: torch.Tensor
    h0: torch.Tensor
    c0: torch.Tensor
    y: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor


class TorchLSTM:
    """`torch.nn.LSTM` in the native contract: arguments and results are those of `lstm.LSTM`.

    `params` holds NumPy arrays "W" (D, 4H), "U" (H, 4H) and "b" (4H,), which every `forward` reads
    again. After `backward`, `grads` has the same keys and shapes. The arithmetic is in float32 if
    x and all weights are float32, otherwise in float64.

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
        self._module = torch.nn.LSTM(input_size, hidden_size, batch_first=True)
        self._state: State | None = None
        self._graph: _Graph | None = None

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
        """The gradient of the last `forward`, by autograd.

        Args:
            dy: the gradient of the loss with respect to y, of the shape of y.
            dstate: the gradients of the loss with respect to the final h and c, each (N, H); None
                stands for zeros.

        Returns:
            dx (N, T, D) and (dh0, dc0), each (N, H). `grads` holds the gradients with respect to
            the weights.

        Raises:
            RuntimeError: `forward` has not been called.
            ValueError: dy or dstate does not have the shape above.
        """
        if self._graph is None:
            raise RuntimeError("backward needs a call of forward first")
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
            retain_graph=True,  # so that a second backward gives the same
        )
        dx, dh0, dc0, dW, dU, db = map(_array, gradients)
        self.grads = {"W": dW.T.copy(), "U": dU.T.copy(), "b": db}
        return dx, (dh0, dc0)


def _tensor(array: Array) -> torch.Tensor:
    """A copy of the array as a tensor."""
    return torch.from_numpy(array.copy())


def _array(tensor: torch.Tensor) -> Array:
    """A copy of the tensor as an array, which PyTorch cannot change later."""
    return tensor.detach().numpy().copy()

"""The rival "torch": torch.nn.LSTM with as little around it as can be, in the native contract.

`Inference` runs forward under no_grad; `Training` records gradients with x and the states
requiring them too, and differentiates by all. Weights are put into the module when they are
written, not at each call. Imported in the process that is timed.
"""

from typing import Any

import torch

from lstm_checks.conventions import Array


class _Weights(dict[str, Array]):
    """The module's parameters by name; what is written goes into the module."""

    def __init__(self, module: torch.nn.LSTM) -> None:
        self._parameters = dict(module.named_parameters())
        super().__init__({name: p.detach().numpy() for name, p in self._parameters.items()})

    def __setitem__(self, name: str, array: Array) -> None:
        super().__setitem__(name, array)
        self._parameters[name].data = torch.from_numpy(array)


class _Torch:
    weights = "out_in"
    biases = 2
    batch_first = True
    names = {  # noqa: RUF012  (a declaration, as a subject writes it)
        "W": "weight_ih_l0",
        "U": "weight_hh_l0",
        "b": ["bias_ih_l0", "bias_hh_l0"],
    }

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.module = torch.nn.LSTM(input_size, hidden_size, batch_first=True)
        self.params = _Weights(self.module)
        self.grads: dict[str, Array] = {}

    def _tensors(self, x: Array, state: Any) -> list[torch.Tensor]:
        if state is None:
            raise ValueError("this rival is timed with an initial state")
        return [torch.from_numpy(x), *(torch.from_numpy(part)[None] for part in state)]


class Inference(_Torch):
    """Forward alone, nothing recorded."""

    def forward(self, x: Array, state: Any = None) -> tuple[Array, tuple[Array, Array]]:
        x_in, h0, c0 = self._tensors(x, state)
        with torch.no_grad():
            y, (h, c) = self.module(x_in, (h0, c0))
        return y.numpy(), (h[0].numpy(), c[0].numpy())


class Training(_Torch):
    """Forward with gradients recorded, and backward to x, the states and the weights."""

    def forward(self, x: Array, state: Any = None) -> tuple[Array, tuple[Array, Array]]:
        self._into = [one.requires_grad_() for one in self._tensors(x, state)]
        x_in, h0, c0 = self._into
        self._y, (h, c) = self.module(x_in, (h0, c0))
        return self._y.detach().numpy(), (h[0].detach().numpy(), c[0].detach().numpy())

    def backward(self, dy: Array, dstate: Any = None) -> tuple[Array, tuple[Array, Array]]:
        parameters = self.params._parameters
        found = torch.autograd.grad(
            self._y, [*self._into, *parameters.values()], torch.from_numpy(dy)
        )
        dx, dh0, dc0, *weights = (gradient.numpy() for gradient in found)
        self.grads = dict(zip(parameters, weights, strict=True))
        return dx, (dh0[0], dc0[0])

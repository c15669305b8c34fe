"""Rivals and the floor on a device of torch's: torch.nn.LSTM (cuDNN on CUDA), loops, graphs.

All are driven alike: `write(params)` puts in weights W (4H, D), U (4H, H), b (4H,), and
`run(x, h, c, dy)` gives y, h, c and, with dy, the gradients of x, h, c, W, U and b.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

Params = dict[str, Tensor]
Step = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
GRADIENTS = ("dx", "dh0", "dc0", "dW", "dU", "db")
WARM_UPS = 3


class Runner(Protocol):
    """What is timed on a device."""

    def write(self, params: Params) -> None: ...
    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]: ...


def step(z: Tensor, h: Tensor, c: Tensor, U: Tensor) -> tuple[Tensor, Tensor]:
    """One step from the input's share z (B, 4H) of the pre-activations; gates i, f, g, o."""
    i, f, g, o = (z + functional.linear(h, U)).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def differentiated(
    out: tuple[Tensor, Tensor, Tensor], into: list[Tensor], dy: Tensor | None
) -> list[Tensor]:
    """y, h, c and, with dy, the gradients by `into`, of which two biases count as one."""
    results = [part.detach() for part in out]
    if dy is not None:
        results += torch.autograd.grad(out[0], into, dy)[: len(GRADIENTS)]
    return results


def leaves(tensors: list[Tensor], dy: Tensor | None) -> list[Tensor]:
    """The tensors that gradients are wanted by, or, without dy, the tensors as they are."""
    return tensors if dy is None else [one.detach().requires_grad_() for one in tensors]


class Loop:
    """A loop over time in Python, the input products of all steps as one."""

    def __init__(self, D: int, H: int, like: Tensor, one_step: Step = step) -> None:
        self._step = one_step
        self._params = {
            "W": like.new_zeros(4 * H, D),
            "U": like.new_zeros(4 * H, H),
            "b": like.new_zeros(4 * H),
        }

    def write(self, params: Params) -> None:
        for name, tensor in self._params.items():
            tensor.copy_(params[name])

    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]:
        with torch.set_grad_enabled(dy is not None):
            W, U, b = self._params.values()
            x, h, c, W, U, b = into = leaves([x, h, c, W, U, b], dy)
            z = functional.linear(x, W, b)
            outputs = []
            for t in range(x.shape[1]):
                h, c = self._step(z[:, t], h, c, U)
                outputs.append(h)
            return differentiated((torch.stack(outputs, 1), h, c), into, dy)


class Library:
    """torch.nn.LSTM, which is cuDNN's on CUDA; forward alone under no_grad."""

    def __init__(self, D: int, H: int, like: Tensor) -> None:
        self.module = torch.nn.LSTM(D, H, batch_first=True, device=like.device, dtype=like.dtype)

    def write(self, params: Params) -> None:
        with torch.no_grad():
            W, U, b, b2 = self.module.parameters()
            W.copy_(params["W"])
            U.copy_(params["U"])
            b.copy_(params["b"])
            b2.zero_()

    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]:
        with torch.set_grad_enabled(dy is not None):
            x, h, c = into = leaves([x, h, c], dy)
            y, (h, c) = self.module(x, (h[None], c[None]))
            return differentiated((y, h[0], c[0]), [*into, *self.module.parameters()], dy)


class Graphed:
    """Another runner, captured once as a CUDA graph and replayed; copying inputs in is timed."""

    def __init__(self, runner: Runner, inputs: list[Tensor | None]) -> None:
        self._runner = runner
        self._inputs = [None if tensor is None else tensor.clone() for tensor in inputs]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                self._again()
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._results = self._again()

    def _again(self) -> list[Tensor]:
        x, h, c, dy = self._inputs
        assert x is not None
        assert h is not None
        assert c is not None
        return self._runner.run(x, h, c, dy)

    def write(self, params: Params) -> None:
        self._runner.write(params)

    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]:
        for mine, given in zip(self._inputs, (x, h, c, dy), strict=True):
            if mine is not None and given is not None:
                mine.copy_(given)
        self._graph.replay()
        return self._results


class Products:
    """The floor: the matrix products that any LSTM must do, and nothing else."""

    def __init__(self, D: int, H: int, like: Tensor) -> None:
        self._W, self._U = like.new_zeros(4 * H, D), like.new_zeros(4 * H, H)

    def write(self, params: Params) -> None:
        self._W.copy_(params["W"])
        self._U.copy_(params["U"])

    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]:
        with torch.no_grad():
            T = x.shape[1]
            rows = x.flatten(0, 1)
            z = rows @ self._W.T
            recurrent = h @ self._U.T
            for _ in range(T - 1):
                torch.mm(h, self._U.T, out=recurrent)
            if dy is not None:
                back = recurrent @ self._U
                for _ in range(T - 1):
                    torch.mm(recurrent, self._U, out=back)
                self._rest = (z @ self._W, z.T @ rows, z.T @ dy.flatten(0, 1))
            return [z]


class Module:
    """A subject: an nn.Module in the form of torch.nn.LSTM or torch.nn.LSTMCell.

    Raises:
        TypeError: it has another form.
    """

    def __init__(self, target: Any, D: int, H: int, like: Tensor) -> None:
        from lstm_checks.adapters.torch import _form, adapt
        from lstm_checks.conventions import Conventions
        from lstm_checks.worker.host import declared

        adapted = adapt(target)  # type: ignore[no-untyped-call]
        self._conventions = Conventions.parse(declared(adapted))
        form = _form(target(3, 5))  # type: ignore[no-untyped-call]
        self._is_cell, self._flat, self._batch_first, _ = form
        self._module = target(D, H).to(device=like.device, dtype=like.dtype)
        self._names = [name for name, _ in self._module.named_parameters()]

    def write(self, params: Params) -> None:
        native = {name: tensor.double().cpu().numpy().T for name, tensor in params.items()}
        own = dict(self._module.named_parameters())
        with torch.no_grad():
            for name, array in self._conventions.weights_out(native, self._names).items():
                own[name].copy_(torch.from_numpy(array))

    def run(self, x: Tensor, h: Tensor, c: Tensor, dy: Tensor | None) -> list[Tensor]:
        with torch.set_grad_enabled(dy is not None):
            x, h, c = into = leaves([x, h, c], dy)
            state = (h, c) if self._flat else (h[None], c[None])
            if self._is_cell:
                outputs = []
                for t in range(x.shape[1]):
                    state = self._module(x[:, t], state)
                    outputs.append(state[0])
                y = torch.stack(outputs, 1)
            elif self._batch_first:
                y, state = self._module(x, state)
            else:
                y, state = self._module(x.transpose(0, 1), state)
                y = y.transpose(0, 1)
            h, c = (part if self._flat else part[0] for part in state)
            # Its weights' gradients are made too, but which is which is its own affair: y, h, c
            # and dx, dh0, dc0 are given.
            return differentiated((y, h, c), [*into, *self._module.parameters()], dy)[:6]

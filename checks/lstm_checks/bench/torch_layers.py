"""Any nn.Module as a contender on tensors, on the CPU or on CUDA; and the bundled modules.

The file is an adapter, `adapt(target)`, like the kit's own for torch, but tensors come in and go
out, on the device and of the dtype that are torch's defaults. Where the worker enables gradients,
they are recorded with respect to x, the states and the weights.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_checks.adapters import torch as kit_adapter
from lstm_checks.worker.detect import detect

Outputs = tuple[Tensor, Tensor, Tensor]  # y, h, c


def adapt(target: Any) -> Any:
    """A class in the native contract, on tensors; its conventions are those that the kit sees.

    With `graph = True` in the target's class, forward and backward run as captured CUDA graphs.
    """
    if inspect.ismodule(target):
        target, _, _ = detect(target, None, "torch")
    if not issubclass(target, nn.Module):
        raise TypeError(f"{target.__name__} is not a torch.nn.Module: only those run on CUDA")
    graph = getattr(target, "graph", False)

    def result(tensor: Tensor) -> Tensor:
        """A result of its own: the next replay of a graph writes into the same memory."""
        return tensor.detach().clone() if graph else tensor.detach()

    class OnTensors(kit_adapter.adapt(target)):  # type: ignore[misc]
        takes_tensors = True

        def __init__(self, input_size: int, hidden_size: int) -> None:
            device, dtype = torch.get_default_device(), torch.get_default_dtype()
            module = target(input_size, hidden_size).to(device, dtype)
            self._weights = dict(module.named_parameters())
            self._call: Any = AnyForm(module)
            self._captured = not graph
            self.params = Written(self._weights)

        def forward(self, x: Tensor, state: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            record = torch.is_grad_enabled()
            self._into = [one.detach().requires_grad_(record) for one in (x, *state)]
            if not self._captured:
                sample = tuple(one.detach().clone().requires_grad_(record) for one in self._into)
                self._call = torch.cuda.make_graphed_callables(self._call, sample)
                self._captured = True
            self._y, h, c = self._call(*self._into)
            return result(self._y), (result(h), result(c))

        def backward(self, dy: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            into = [*self._into, *self._weights.values()]
            dx, dh0, dc0, *rest = (result(one) for one in torch.autograd.grad(self._y, into, dy))
            self.grads = dict(zip(self._weights, rest, strict=True))
            return dx, (dh0, dc0)

    return OnTensors


class Written(dict[str, Any]):
    """A module's parameters by name; what is written goes into the module."""

    def __init__(self, parameters: dict[str, Tensor]) -> None:
        super().__init__(dict.fromkeys(parameters))
        self._parameters = parameters

    def __setitem__(self, name: str, array: Any) -> None:
        with torch.no_grad():
            self._parameters[name].copy_(torch.from_numpy(array))


class AnyForm(nn.Module):
    """A module in the form of nn.LSTM or nn.LSTMCell, called with x, h (N, H) and c (N, H)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._form: Callable[..., Outputs] | None = None

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> Outputs:
        if self._form is None:
            self._form = self._seen(x, h, c)
        return self._form(x, h, c)

    def _seen(self, x: Tensor, h: Tensor, c: Tensor) -> Callable[..., Outputs]:
        """Which of the forms gives y and a last state of the right shapes."""
        for form in (self._layer, self._flat_layer, self._cell):
            try:
                y, last, _ = form(x, h, c)
            except Exception:  # it is not of this form; the next one is tried
                continue
            if y.shape == (*x.shape[:2], h.shape[1]) and last.shape == h.shape:
                return form
        raise TypeError("it returns neither y, (h, c) for a sequence nor (h, c) for a step")

    def _layer(self, x: Tensor, h: Tensor, c: Tensor) -> Outputs:
        y, (h, c) = self.module(x, (h[None], c[None]))
        return y, h[0], c[0]

    def _flat_layer(self, x: Tensor, h: Tensor, c: Tensor) -> Outputs:
        y, (h, c) = self.module(x, (h, c))
        return y, h, c

    def _cell(self, x: Tensor, h: Tensor, c: Tensor) -> Outputs:
        """Time comes first: the kit's adapter says so of a cell."""
        outputs = []
        for step_input in x:
            h, c = self.module(step_input, (h, c))
            outputs.append(h)
        return torch.stack(outputs), h, c


class Library(nn.LSTM):
    """torch.nn.LSTM, which is cuDNN's on CUDA."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, batch_first=True)


class GraphedLibrary(Library):
    graph = True


def step(z: Tensor, h: Tensor, c: Tensor, U: Tensor) -> tuple[Tensor, Tensor]:
    """One step from the input's share z (N, 4H) of the pre-activations; gates i, f, g, o."""
    i, f, g, o = (z + functional.linear(h, U)).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


class Loop(nn.Module):
    """A loop over time in Python; the input products of all steps are one."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.U = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.zeros(4 * hidden_size))
        self._step = step

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> Any:
        h, c = state
        z = functional.linear(x, self.W, self.b)
        outputs = []
        for t in range(x.shape[1]):
            h, c = self._step(z[:, t], h, c, self.U)
            outputs.append(h)
        return torch.stack(outputs, 1), (h, c)


class GraphedLoop(Loop):
    graph = True


class CompiledLoop(Loop):
    """The loop with its step compiled by torch.compile."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        torch._dynamo.reset()  # else it stops compiling after a few shapes
        self._step = torch.compile(step, fullgraph=True, dynamic=False)


class Products:
    """The floor: the matrix products that any LSTM must do; on CUDA as captured graphs.

    It stands in the native contract, so that it is timed as a subject, but returns nothing.
    """

    takes_tensors = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.params: dict[str, Any] = {}
        self.grads: dict[str, Any] = {}
        self._W = torch.randn(input_size, 4 * hidden_size)
        self._U = torch.randn(hidden_size, 4 * hidden_size)
        self._graphs: dict[str, Any] = {}

    def forward(self, x: Tensor, state: Any) -> None:
        if not self._graphs:
            self._rows, self._h, self._T = x.flatten(0, 1).clone(), state[0].clone(), x.shape[1]
        self._run("forward", self._forward)

    def backward(self, dy: Tensor) -> None:
        self._run("backward", self._backward)

    def _forward(self) -> None:
        self._z = self._rows @ self._W
        for _ in range(self._T):
            self._recurrent = self._h @ self._U

    def _backward(self) -> None:
        for _ in range(self._T):
            self._dh = self._recurrent @ self._U.T
        dh = self._h.repeat(self._T, 1)
        self._rest = (self._z @ self._W.T, self._rows.T @ self._z, dh.T @ self._z)

    def _run(self, name: str, products: Callable[[], None]) -> None:
        with torch.no_grad():
            if not self._rows.is_cuda:
                products()
                return
            if name not in self._graphs:
                products()
                torch.cuda.synchronize()
                self._graphs[name] = torch.cuda.CUDAGraph()
                with torch.cuda.graph(self._graphs[name]):
                    products()
            self._graphs[name].replay()

"""Gradients by a framework: PyTorch's autograd, JAX's vjp, TensorFlow's tape."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .layout import Layout

Arrays = dict[str, Any]
STATELESS = {"stateful": "this format keeps no state from call to call"}


def differentiated(
    framework: str,
    make: Callable[..., Any],
    *,
    layout: Layout | None = None,
    keeps_state: bool = False,
    composes: tuple[str, ...] = (),
    offers_backward: bool = True,
    **declared: Any,
) -> type:
    """A class of the native contract whose gradients the framework computes.

    Args:
        framework: "torch", "jax" or "tensorflow".
        make: make(input_size, hidden_size) gives (run, weights). `weights` is a dict from a name
            to an array, or, for torch, to the tensor that `run` reads. run(weights, x, state)
            computes in the framework's arrays and returns y, (h, c); state is None or (h, c). With
            jax it must be pure: it is compiled once per shape and mode, for all instances, with
            the weights as arguments.
        layout: where the weights are laid out otherwise than a declaration can say.
        keeps_state: make(…, stateful=True) gives what keeps its state from call to call, and `run`
            has an attribute `reset`.
        composes: what it makes of several LSTMs, of "layers", "directions" and "lengths".
            make(…, layers=…, directions=…) then gives weights whose names begin with "k.", the
            number of the part, and a run that takes and returns states of (parts, N, H); with
            lengths, run(weights, x, state, lengths) gets the number of time steps of each row.
        offers_backward: False for a framework that is only asked for outputs.
        declared: conventions, and `not_offered`, as class attributes.
    """
    engine = ENGINES[framework]()
    compiled: dict[Any, Any] = {}  # what `make` gave for sizes, where it can be used again

    class LSTM:
        not_offered = {} if keeps_state else STATELESS
        composes: tuple[str, ...] = ()
        compiles = engine.compiles

        def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
            key = (input_size, hidden_size, *sorted(options.items()))
            made = compiled.get(key) or engine.prepared(*make(input_size, hidden_size, **options))
            if engine.pure:
                compiled[key] = made
            width = options.get("directions", 1) * hidden_size
            self._sizes = [input_size] * options.get("directions", 1) + [width] * 8
            self._call, self._composed = made, "layers" in options
            self.params = self._native(
                {name: engine.array(value).copy() for name, value in made.weights.items()}
            )
            self.grads: Arrays = {}

        def _native(self, arrays: Arrays) -> Arrays:
            return arrays if layout is None else self._by_parts(arrays, layout.params)

        def _own(self, arrays: Arrays) -> Arrays:
            if layout is None:
                return arrays
            own = layout.own
            return self._by_parts(arrays, lambda part, size: own(part))

        def _by_parts(self, arrays: Arrays, convert: Callable[[Arrays, int], Arrays]) -> Arrays:
            """Arrays with the layout of each part converted; `convert` gets its input size."""
            if not self._composed:
                return convert(arrays, self._sizes[0])
            parts: dict[str, Arrays] = {}
            for name, array in arrays.items():
                part, _, rest = name.partition(".")
                parts.setdefault(part, {})[rest] = array
            return {
                f"{part}.{name}": array
                for part, some in parts.items()
                for name, array in convert(some, self._sizes[int(part)]).items()
            }

        def forward(self, x: Any, state: Any = None, lengths: Any = None) -> Any:
            if state is not None and state[0] is None and state[1] is None:
                state = None  # neither part is offered
            self._given = state is not None
            own = self._own(self.params)
            more = () if lengths is None else (np.asarray(lengths),)
            outputs, self._tape = engine.forward(self._call, own, x, state, *more)
            if layout is not None:
                self.params.update(self._native(own))  # forward may have written into them
            return outputs

        def backward(self, dy: Any, dstate: Any = None) -> Any:
            dparams, dx, found = engine.backward(self._tape, dy, dstate)
            self.grads = self._native(dparams)
            return dx, (found if self._given else (None, None))

        def reset_state(self) -> None:
            self._call.run.reset()

    LSTM.composes = composes
    if not keeps_state:
        del LSTM.reset_state
    if not offers_backward:
        del LSTM.backward
    for name, value in (declared if layout is None else layout.declared | declared).items():
        setattr(LSTM, name, value)
    return LSTM


class Prepared(NamedTuple):
    """What `make` gave, and what the framework made of it."""

    run: Any
    weights: Arrays
    outputs: Any = None
    pulled: Any = None


class Torch:
    """torch.autograd. The weights are the tensors that the subject itself reads."""

    pure = False
    compiles = False

    def __init__(self) -> None:
        self.torch = import_module("torch")

    def prepared(self, run: Any, weights: Arrays) -> Prepared:
        return Prepared(run, weights)

    def array(self, tensor: Any) -> Any:
        return None if tensor is None else tensor.detach().cpu().numpy()

    def forward(self, call: Prepared, params: Arrays, x: Any, state: Any, *lengths: Any) -> Any:
        torch, weights = self.torch, call.weights
        for name, tensor in weights.items():
            tensor.data = torch.from_numpy(params[name])
            tensor.requires_grad_()
        x = torch.from_numpy(x).requires_grad_()
        if state is not None:
            state = tuple(torch.from_numpy(part).requires_grad_() for part in state)
        y, (h, c) = call.run(weights, x, state, *lengths)
        for name, tensor in weights.items():
            params[name] = tensor.detach().numpy()  # forward may have changed it
        found = self.array(y), (self.array(h), self.array(c))
        return found, (weights, x, state, (y, h, c))

    def backward(self, tape: Any, dy: Any, dstate: Any) -> Any:
        weights, x, state, outputs = tape
        upstream = [dy, *(dstate or ())]
        pairs = [
            (out, self.torch.from_numpy(up))
            for out, up in zip(outputs, upstream, strict=False)
            if out is not None and up is not None
        ]
        inputs = [x, *(state or ()), *weights.values()]
        found = self.torch.autograd.grad(
            [out for out, _ in pairs],
            inputs,
            [up for _, up in pairs],
            allow_unused=True,
            retain_graph=True,
        )
        arrays = [
            np.zeros(tuple(into.shape), self.array(into).dtype) if grad is None else grad.numpy()
            for into, grad in zip(inputs, found, strict=True)
        ]
        first = len(inputs) - len(weights)
        return dict(zip(weights, arrays[first:], strict=True)), arrays[0], tuple(arrays[1:first])


class Jax:
    """jax.vjp, in float64, compiled once per shape and mode."""

    pure = True
    compiles = True
    # A shape is used for a few calls, so that compiling decides about the time: on the CPU these
    # make it a third. They change which kernels are made, not what is computed.
    QUICKLY = {
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
        "xla_cpu_use_fusion_emitters": False,
        "xla_cpu_parallel_codegen_split_count": 1,
    }

    def __init__(self) -> None:
        self.jax = import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.options = {key: value for key, value in self.QUICKLY.items() if self.takes(key, value)}

    def takes(self, key: str, value: Any) -> bool:
        """Whether this version of the compiler has an option."""
        try:
            self.jax.jit(lambda x: x, compiler_options={key: value}).lower(0.0).compile()
        except Exception:
            return False
        return True

    def jit(self, function: Any) -> Any:
        return self.jax.jit(function, compiler_options=self.options)

    def prepared(self, run: Any, weights: Arrays) -> Prepared:
        def outputs(weights: Any, x: Any, state: Any, *lengths: Any) -> Any:
            y, (h, c) = run(weights, x, state, *lengths)
            return y, (h, c)

        def pulled(given: Any, lengths: Any, upstream: Any) -> Any:
            return self.jax.vjp(lambda *inputs: outputs(*inputs, *lengths), *given)[1](upstream)

        return Prepared(run, weights, self.jit(outputs), self.jit(pulled))

    def array(self, value: Any) -> Any:
        return None if value is None else np.array(value)

    def forward(self, call: Prepared, params: Arrays, x: Any, state: Any, *lengths: Any) -> Any:
        weights = {name: params[name] for name in call.weights}
        given = self.jax.tree.map(floats, (weights, x, state))
        y, (h, c) = call.outputs(*given, *lengths)
        found = self.array(y), (self.array(h), self.array(c))
        return found, (call.pulled, given, lengths, found)

    def backward(self, tape: Any, dy: Any, dstate: Any) -> Any:
        pulled, given, lengths, (y, (h, c)) = tape
        dh, dc = dstate or (None, None)
        upstream = (
            dy.astype(y.dtype),
            tuple(
                None if out is None else np.zeros_like(out) if up is None else up.astype(out.dtype)
                for out, up in ((h, dh), (c, dc))
            ),
        )
        dweights, dx, dstate = pulled(given, lengths, upstream)
        grads = {name: self.array(value) for name, value in dweights.items()}
        return grads, self.array(dx), tuple(self.array(part) for part in dstate or ())


def floats(array: Any) -> Any:
    """A copy; of integers in float64, since JAX differentiates by no integers."""
    return np.array(array, np.float64 if array.dtype.kind in "iub" else None)


class Tensorflow:
    """TensorFlow's tape, eagerly."""

    pure = False
    compiles = False

    def __init__(self) -> None:
        self.tensorflow = import_module("tensorflow")

    def prepared(self, run: Any, weights: Arrays) -> Prepared:
        return Prepared(run, weights)

    def array(self, value: Any) -> Any:
        return None if value is None else np.array(value)

    def forward(self, call: Prepared, params: Arrays, x: Any, state: Any, *lengths: Any) -> Any:
        tf = self.tensorflow
        weights = {name: tf.convert_to_tensor(params[name]) for name in call.weights}
        x = tf.convert_to_tensor(x)
        state = None if state is None else tuple(map(tf.convert_to_tensor, state))
        tape = tf.GradientTape(persistent=True)
        with tape:
            tape.watch([x, *(state or ()), *weights.values()])
            y, (h, c) = call.run(weights, x, state, *lengths)
        found = self.array(y), (self.array(h), self.array(c))
        return found, (tape, weights, x, state, (y, h, c))

    def backward(self, tape: Any, dy: Any, dstate: Any) -> Any:
        tape, weights, x, state, outputs = tape
        pairs = [
            (out, self.tensorflow.convert_to_tensor(up))
            for out, up in zip(outputs, [dy, *(dstate or ())], strict=False)
            if out is not None and up is not None
        ]
        inputs = [x, *(state or ()), *weights.values()]
        found = tape.gradient([one for one, _ in pairs], inputs, [up for _, up in pairs])
        arrays = [
            np.zeros_like(self.array(into)) if grad is None else self.array(grad)
            for into, grad in zip(inputs, found, strict=True)
        ]
        first = len(inputs) - len(weights)
        return dict(zip(weights, arrays[first:], strict=True)), arrays[0], tuple(arrays[1:first])


ENGINES: dict[str, Callable[[], Any]] = {"torch": Torch, "jax": Jax, "tensorflow": Tensorflow}

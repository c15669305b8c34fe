"""How frameworks compute outputs and gradients: PyTorch, JAX, TensorFlow and tinygrad."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .cells import pulled_back, unrolled

Arrays = dict[str, Any]


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
        def grads(outputs: Any, inputs: Any, upstream: Any) -> Any:
            options = {"allow_unused": True, "retain_graph": True}
            return self.torch.autograd.grad(outputs, inputs, upstream, **options)

        return of_tape(tape, dy, dstate, grads, self.torch.from_numpy, self.array)


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
    """A copy; of integers in float64, since JAX and tinygrad differentiate by no integers."""
    return np.array(array, np.float64 if array.dtype.kind in "iub" else None, order="C")


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
        recorded, *kept = tape
        tensor = self.tensorflow.convert_to_tensor
        return of_tape(kept, dy, dstate, recorded.gradient, tensor, self.array)


class Tinygrad:
    """tinygrad's gradient, compiled once per shape and mode by TinyJit."""

    pure = True
    compiles = True
    # As on JAX, compiling decides about the time: kernels are not optimised, and are compiled in
    # this process rather than in a pool of others.
    QUICKLY: ClassVar = {"NOOPT": 1, "PARALLEL": 0}

    def __init__(self) -> None:
        self.tinygrad = import_module("tinygrad")
        self.quickly = import_module("tinygrad.helpers").Context(**self.QUICKLY)

    def prepared(self, run: Any, weights: Arrays) -> Prepared:
        def outputs(tensors: Any) -> Any:
            first = len(tensors) - len(weights)
            x, *state = tensors[:first]
            y, (h, c) = run(dict(zip(weights, tensors[first:], strict=True)), x, state or None)
            return [y, h, c]

        return Prepared(run, weights, outputs, {})  # `pulled` holds what is compiled

    def array(self, value: Any) -> Any:
        return None if value is None else np.array(value)

    def forward(self, call: Prepared, params: Arrays, x: Any, state: Any) -> Any:
        given = self.tensors([x, *(state or ()), *(params[name] for name in call.weights)])
        y, h, c = self.computed(call, given)
        return (y, (h, c)), (call, given)

    def backward(self, tape: Any, dy: Any, dstate: Any) -> Any:
        call, given = tape
        found = self.computed(call, given, [dy, *(dstate or (None, None))])
        first = len(found) - len(call.weights)
        return dict(zip(call.weights, found[first:], strict=True)), found[0], tuple(found[1:first])

    def tensors(self, arrays: Any) -> list[Any]:
        """Tensors of arrays. On the CPU they share memory, since to copy it takes a schedule."""
        made = []
        for array in map(floats, arrays):
            if self.tinygrad.Device.DEFAULT == "CPU":
                kind = {"dtype": getattr(self.tinygrad.dtypes, str(array.dtype)), "device": "CPU"}
                made.append(self.tinygrad.Tensor.from_blob(array.ctypes.data, array.shape, **kind))
                made[-1].shares = array  # it must live as long
            else:
                made.append(self.tinygrad.Tensor(array))
        return made

    def computed(self, call: Prepared, given: list[Any], upstream: Any = None) -> Any:
        """The outputs; or from their upstream gradients, the gradients of all that is given."""
        chosen = [k for k, up in enumerate(upstream or ()) if up is not None]
        key = (upstream is None, *chosen, *((one.shape, one.dtype) for one in given))

        def compiled(given: list[Any], upstreams: list[Any]) -> Any:
            found = outputs = call.outputs(given)
            if chosen:
                total = sum(
                    (outputs[k] * up).sum() for k, up in zip(chosen, upstreams, strict=True)
                )
                found = total.gradient(*given)
            # Copies, since an output may be an input, whose memory is another at the next call.
            copies = [None if one is None else one.clone() for one in found]
            self.tinygrad.Tensor.realize(*(one for one in copies if one is not None))
            return copies

        with self.quickly:
            if key not in call.pulled:
                call.pulled[key] = self.tinygrad.TinyJit(compiled)
            found = call.pulled[key](given, self.tensors(upstream[k] for k in chosen))
            return [None if one is None else one.numpy() for one in found]


class ByStep:
    """An engine that computes one time step at a time; the gradients of the steps are chained."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.compiles, self.pure = engine, engine.compiles, engine.pure
        self.prepared, self.array = engine.prepared, engine.array

    def forward(self, call: Prepared, params: Arrays, x: Any, state: Any) -> Any:
        tapes = []

        def step(x_t: Any, h: Any, c: Any) -> Any:
            (_, state), tape = self.engine.forward(call, params, x_t[:, None], (h, c))
            tapes.append(tape)
            return state

        return unrolled(step, x, *state), tapes

    def backward(self, tapes: Any, dy: Any, dstate: Any) -> Any:
        def step_backward(dh: Any, dc: Any, tape: Any) -> Any:
            grads, dx, state = self.engine.backward(tape, None, (dh, dc))
            return dx[:, 0], *state, grads

        zeros = np.zeros_like(dy[:, 0])
        dh, dc = (zeros if up is None else up for up in dstate or (None, None))
        dx, state, grads = pulled_back(step_backward, dy, dh, dc, tapes)
        return grads, dx, state


def of_tape(
    tape: Any,
    dy: Any,
    dstate: Any,
    grads: Callable[..., Any],
    tensor: Callable[..., Any],
    array: Callable[..., Any],
) -> Any:
    """The gradients of the weights by name, of x and of the state; zeros for what has no effect.

    Args:
        tape: what a forward leaves: the weights by name, x, the state or None, and (y, h, c).
        dy, dstate: upstream gradients, each of which may be None.
        grads: grads(outputs, inputs, upstream) gives a gradient or None for each input.
        tensor, array: to an array of the framework's, and back.
    """
    weights, x, state, outputs = tape
    pairs = [
        (out, tensor(up))
        for out, up in zip(outputs, [dy, *(dstate or ())], strict=False)
        if out is not None and up is not None
    ]
    inputs = [x, *(state or ()), *weights.values()]
    found = grads([out for out, _ in pairs], inputs, [up for _, up in pairs])
    arrays = [
        np.zeros_like(array(into)) if grad is None else array(grad)
        for into, grad in zip(inputs, found, strict=True)
    ]
    first = len(inputs) - len(weights)
    return dict(zip(weights, arrays[first:], strict=True)), arrays[0], tuple(arrays[1:first])


ENGINES: dict[str, Callable[[], Any]] = {
    "torch": Torch,
    "jax": Jax,
    "tensorflow": Tensorflow,
    "tinygrad": Tinygrad,
}

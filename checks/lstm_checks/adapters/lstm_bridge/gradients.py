"""A class of the native contract, from a function that a framework computes and differentiates."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .engines import ENGINES, Arrays, ByStep
from .layout import Layout

STATELESS = {"stateful": "this format keeps no state from call to call"}


def differentiated(
    framework: str,
    make: Callable[..., Any],
    *,
    layout: Layout | None = None,
    keeps_state: bool = False,
    composes: tuple[str, ...] = (),
    offers_backward: bool = True,
    by_step: bool = False,
    **declared: Any,
) -> type:
    """A class of the native contract whose gradients the framework computes.

    Args:
        framework: "torch", "jax", "tensorflow" or "tinygrad".
        make: make(input_size, hidden_size) gives (run, weights). `weights` is a dict from a name
            to an array, or, for torch, to the tensor that `run` reads. run(weights, x, state)
            computes in the framework's arrays and returns y, (h, c); state is None or (h, c). With
            jax and tinygrad it must be pure: it is compiled once per shape and mode, for all
            instances, with the weights as arguments.
        layout: where the weights are laid out otherwise than a declaration can say.
        keeps_state: make(…, stateful=True) gives what keeps its state from call to call, and `run`
            has an attribute `reset`.
        composes: what it makes of several LSTMs, of "layers", "directions" and "lengths".
            make(…, layers=…, directions=…) then gives weights whose names begin with "k.", the
            number of the part, and a run that takes and returns states of (parts, N, H); with
            lengths, run(weights, x, state, lengths) gets the number of time steps of each row.
        offers_backward: False for a framework that is only asked for outputs.
        by_step: `run` is asked for one time step at a time, with a state, and the gradients of the
            steps are chained; for a framework that would compile each length of a sequence.
        declared: conventions, and `not_offered`, as class attributes.
    """
    engine = ENGINES[framework]()
    if by_step:
        engine = ByStep(engine)
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
            self._hidden_size = hidden_size
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
            if by_step and state is None:
                state = (np.zeros((len(x), self._hidden_size), x.dtype),) * 2
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

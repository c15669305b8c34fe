"""What a subject offers: its capabilities, and what its calls give, in the native layout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_checks.findings import Array, quoted

State = tuple[Array, Array]

INIT = "The contract is __init__(self, input_size, hidden_size, stateful=False)."
FORWARD = "The contract is forward(self, x, state=None), where state is the initial (h, c)."
BACKWARD = "The contract is backward(self, dy, dstate=None), where dstate is (dh, dc)."

# What a subject may lack, and why a law that needs it is then not tried.
CAPABILITIES = {
    "backward": "it has no backward method",
    "stateful": "its __init__ takes no argument stateful",
    "initial_h": "its forward takes no initial hidden state",
    "initial_c": "its forward takes no initial cell state",
    "final_h": "its forward returns no final hidden state",
    "final_c": "its forward returns no final cell state",
    "step": "it has no step function of its own",
    "step_backward": "it has no backward step function of its own",
    "bias": "it declares biases = 0",
    "float64": "it works in float32 only",
    "dx": "its backward returns no gradient with respect to x",
    "dh0": "its backward returns no gradient with respect to the initial hidden state",
    "dc0": "its backward returns no gradient with respect to the initial cell state",
    "layers": "it makes no stack of layers",
    "directions": "it makes no layer of two directions",
    "lengths": "it takes no lengths of rows",
}
COMPOSED = ("layers", "directions", "lengths")  # what a format may compose of single LSTMs


@dataclass(frozen=True)
class Output:
    """What forward gives.

    Attributes:
        y: the outputs (N, T, H).
        h, c: the final states (N, H); None where not offered.
        inputs: the arguments as they are after the call, where that was asked for.
    """

    y: Array
    h: Array | None
    c: Array | None
    inputs: Mapping[str, Any] | None = None

    def arrays(self) -> dict[str, Array]:
        """The arrays that there are, by name."""
        found = {"y": self.y, "h": self.h, "c": self.c}
        return {name: array for name, array in found.items() if array is not None}


@dataclass(frozen=True)
class Gradients:
    """What backward gives.

    Attributes:
        dx: (N, T, D); None where not offered.
        dh0, dc0: (N, H); None where not offered.
        dW, dU: (D, 4H) and (H, 4H).
        db: (4H,) for each of the subject's biases, by its name: none, one or two.
        inputs: the arguments as they are after the call, where that was asked for.
    """

    dx: Array | None
    dh0: Array | None
    dc0: Array | None
    dW: Array
    dU: Array
    db: Mapping[str, Array]
    inputs: Mapping[str, Any] | None = None

    def arrays(self) -> dict[str, Array]:
        """The gradients that there are, by name; dx first, then the weights', then the state's."""
        biases = {f"grads[{quoted(name)}]": db for name, db in self.db.items()}
        weights = {"dW": self.dW, "dU": self.dU}
        found = {"dx": self.dx, **biases, **weights, "dh0": self.dh0, "dc0": self.dc0}
        return {name: array for name, array in found.items() if array is not None}

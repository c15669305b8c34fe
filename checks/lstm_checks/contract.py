"""What a subject offers: its capabilities, and what its calls give, in the native layout."""

from dataclasses import dataclass
from typing import Any

from lstm_checks.conventions import Array

State = tuple[Array, Array]
CAPABILITIES = {
    "backward": "it has no backward",
    "stateful": "its __init__ takes no stateful",
    "initial_h": "its forward takes no initial hidden state",
    "initial_c": "its forward takes no initial cell state",
    "final_h": "its forward returns no final hidden state",
    "final_c": "its forward returns no final cell state",
    "step": "it has no step function of its own",
    "step_backward": "it has no backward step function of its own",
    "bias": "it declares biases = 0",
}


@dataclass(frozen=True)
class Output:
    """y (N, T, H); the final h and c, each (N, H), None where not offered."""

    y: Array
    h: Array | None
    c: Array | None
    inputs: dict[str, Any] | None = None


@dataclass(frozen=True)
class Gradients:
    """dx (N, T, D); dh0, dc0 (N, H), None where not offered; dW, dU; db by the bias's name."""

    dx: Array
    dh0: Array | None
    dc0: Array | None
    dW: Array
    dU: Array
    db: dict[str, Array]
    inputs: dict[str, Any] | None = None


@dataclass(frozen=True)
class Call:
    """One call of the subject, as it was made: for the script that reproduces a failure."""

    do: str
    layer: int
    given: dict[str, Any]

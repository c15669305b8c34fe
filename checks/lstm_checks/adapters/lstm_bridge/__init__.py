"""What adapters share. An adapter imports it as `lstm_bridge`; it needs NumPy alone.

`differentiated` makes a class of the native contract from a function that computes a sequence in
some framework's arrays; the framework gives the gradients. `unrolled` and `pulled_back` run a cell
over a sequence. `Layout` tells by shapes and names which arrays are W, U and b.
"""

from .building import LAYERS, built
from .cells import pulled_back, unrolled
from .gradients import STATELESS, differentiated
from .layout import D, H, Layout, OutOfScope, Unclear
from .names import gate_groups, gates_of

__all__ = [
    "LAYERS",
    "STATELESS",
    "D",
    "H",
    "Layout",
    "OutOfScope",
    "Unclear",
    "built",
    "differentiated",
    "gate_groups",
    "gates_of",
    "pulled_back",
    "unrolled",
]

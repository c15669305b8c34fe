"""tinygrad: tinygrad.nn.LSTMCell, and cells of one's own: cell(x, (h, c)) or cell(x, h, c).

The kit puts weights into the tensors of the object, runs the cell over a sequence, and chains the
gradients that tinygrad computes for its steps: the graph of a whole sequence would be compiled for
each length, which takes minutes.
"""

import lstm_bridge as bridge
import numpy as np
from lstm_bridge import D, H, Layout, Unclear
from lstm_bridge.calls import AXES, N, Returns, first_working, parts_of
from tinygrad import Device, Tensor
from tinygrad.nn.state import get_state_dict


def adapt(target):
    try:
        (Tensor([1.0]) + 1).numpy()
    except Exception as error:
        raise Unclear(
            f"tinygrad cannot compute here ({error}); on a CPU it compiles with clang, so install "
            "that (apt-get install clang), or name a compiler in CC that takes clang's options"
        ) from None
    probe = bridge.built(target, D, H)
    shapes = {name: tuple(one.shape) for name, one in get_state_dict(probe).items()}
    declared = {k: getattr(target, k) for k in ("gate_order", "names") if hasattr(target, k)}
    layout = Layout.of(shapes, declared)
    apart, returns = form_of(probe)

    def make(input_size, hidden_size):
        cell = bridge.built(target, input_size, hidden_size)
        own = get_state_dict(cell)

        def step(x, h, c):
            parts = parts_of(called(cell, x, h, c, apart))
            return parts[returns.h], parts[returns.c]

        def run(weights, x, state):
            for name, tensor in own.items():
                tensor.replace(weights[name])
            return bridge.unrolled(step, x, *state, stacked)

        return run, {name: np.zeros(one.shape) for name, one in own.items()}

    if layout.joints:
        layout = Layout.of(shapes, declared, x_first(layout, shapes, make(D, H)[0]))
    form = f"tinygrad cell, on its device {Device.DEFAULT}: {layout.said}."
    own = None if target.__module__.startswith("tinygrad") else "tinygrad.nn:LSTMCell"
    return bridge.differentiated(
        "tinygrad", make, layout=layout, by_step=True, framework_s_own=own, lstm_form=form
    )


def called(cell, x, h, c, apart):
    return cell(x, h, c) if apart else cell(x, (h, c))


def stacked(tensors, axis):
    return Tensor.stack(*tensors, dim=axis)


def form_of(cell):
    """Whether a cell takes h and c apart, and where they are in what it gives; by shapes alone."""
    x, h, c = (Tensor.zeros(N, size) for size in (D, H, H))

    def attempt(apart):
        return Returns.of(called(cell, x, h, c, apart), AXES[0], True, H)

    apart, returns = first_working((False, True), attempt)
    if returns is None:
        raise Unclear(
            "its call gives no next h and c, each (N, H), for x (N, D) and h, c (N, H); of a "
            "layer for sequences name the cell, as FILE:NAME or FILE:NAME.PART"
        )
    return apart, returns


def x_first(layout, shapes, run):
    """Whether the matrix for x and h begins with the part for x."""
    rng = np.random.default_rng(1)
    x, h, c = (rng.normal(size=(N, *size)) for size in ((1, D), (H,), (H,)))

    def ignores_x(weights):
        own = {name: Tensor(one) for name, one in weights.items()}
        first, other = (run(own, Tensor(x + k), (Tensor(h), Tensor(c)))[0].numpy() for k in (0, 1))
        return np.array_equal(first, other)

    own = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return layout.begins_with_x(own, ignores_x)

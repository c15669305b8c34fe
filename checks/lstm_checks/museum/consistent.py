"""Whether a backward pass is the derivative of its forward pass, be that right or wrong.

Where a forward pass with a mistake is differentiated correctly, by hand or by a framework, the
backward pass is no mistake of its own. The derivative is taken by a complex step through the model
(Squire & Trapp 1998).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lstm_checks.findings import Array
from lstm_checks.museum.model import Choices, Model, program
from lstm_checks.museum.probes import FAILURES, Probe

STEP = 1e-30


def is_its_gradient(probes: Sequence[Probe], choices: Choices) -> bool:
    """Whether all these probes show the derivative of the model's forward pass."""
    return all(_is_its_gradient(probe, program(choices)) for probe in probes)


def _is_its_gradient(probe: Probe, choices: Choices) -> bool:
    script, offers = probe.script, probe.offers
    number = len(script.calls) - 1
    forward, backward = script.calls[number - 1], script.calls[number]
    if script.stateful:
        return True  # the derivative is that of the last call alone, which the other probes show
    at, up = (script.case.reseeded(script.case.seed + k) for k in (number - 1, number))
    zeros = np.zeros((at.N, at.H))
    inputs: dict[str, Array] = {f"d{name}": array for name, array in probe.params.items()}
    h, c = at.state if forward.given else (zeros, zeros)
    inputs["dx"] = at.x
    inputs["dh0"] = h if "initial_h" in offers else zeros
    inputs["dc0"] = c if "initial_c" in offers else zeros
    dh, dc = up.dstate if backward.given else (zeros, zeros)
    dh, dc = (dh if "final_h" in offers else zeros, dc if "final_c" in offers else zeros)

    def loss(values: Mapping[str, Array]) -> complex:
        params = {name: values[f"d{name}"] for name in "WUb"}
        y, h, c = Model(choices, params).forward(values["dx"], (values["dh0"], values["dc0"]))
        upstream = (backward.times * up.dy * y).sum() + (dh * h).sum() + (dc * c).sum()
        return complex(upstream)

    names = probe.names[0]
    wanted = {"db" if name.startswith("grads[") else name for name in names}
    exact = {name: array.astype(np.complex128) for name, array in inputs.items()}
    gradients: dict[str, Array] = {}
    try:
        with np.errstate(all="ignore"):
            for name in wanted:
                gradients[name] = _by_complex_step(loss, exact, name)
    except FAILURES:
        return False
    return probe.fits(probe.row([gradients]))


def _by_complex_step(
    loss: Callable[[Mapping[str, Array]], complex], values: Mapping[str, Array], name: str
) -> Array:
    gradient = np.empty(values[name].shape)
    for index in np.ndindex(gradient.shape):
        moved = values[name].copy()
        moved[index] += 1j * STEP
        gradient[index] = loss({**values, name: moved}).imag / STEP
    return gradient

"""What an LSTM remembers: a subject trained on two sequences, with the gradient and without it.

The sequences 3,0,1,2,3 and 4,0,1,2,4 differ in their two ends alone, so that the last symbol can be
told by who remembers the first. The network is that of a tutorial that has often been copied: an
LSTM of 20 units with Keras's initial weights, a dense layer with sigmoid outputs, binary
cross-entropy, Adam with Keras's defaults, 250 epochs, an update per step. It is trained twice from
the same weights. Once the gradient goes back through the sequence, and once, as in the tutorial,
the state is carried from step to step and the gradient ends at the step.

The subject computes forward and backward, and its weights are the judge's, who writes them into it.
So the gates, which no subject shows, are computed from these weights by the reference's cell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lstm_checks.findings import Array
from lstm_checks.subjects.contract import State
from lstm_checks.subjects.network_layer import NetworkLayer
from lstm_checks.subjects.subject import Subject
from lstm_reference.cells import unrolled
from lstm_reference.cells.lstm import LSTM
from lstm_reference.tasks.memory import SequenceSet, two_sequences
from lstm_reference.training.initializers import keras_lstm
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import binary_cross_entropy
from lstm_reference.training.network import Sequential

UNITS, EPOCHS = 20, 250
CERTAIN = 0.75  # the least probability of the right symbol that counts as knowing it
ALIKE = 1e-4  # of the subject's h and c and the reference's, which float32 reaches
STATE = ("initial_h", "initial_c", "final_h", "final_c")

How = Literal["through", "carried", "cut"]
TITLES: dict[How, str] = {
    "through": "gradient through the sequence",
    "carried": "state carried, gradient cut at every step",
    "cut": "state cut at every step",
}


@dataclass(frozen=True)
class Trained:
    """One network after training, on both sequences of T = 4 steps.

    Attributes:
        how: how it was trained.
        p: the probability of each symbol (2, T, 5), by sigmoid outputs, which need not add up to 1.
        i, f, g, o: the gates (2, T, H), as the reference computes them from the weights.
        c, h: the state after each step (2, T, H), by the same computation.
        own_h: the subject's own h (2, T, H).
        apart: how far the subject's h and c are from `h` and `c`; c where it gives one.
    """

    how: How
    p: Array
    i: Array
    f: Array
    g: Array
    o: Array
    c: Array
    h: Array
    own_h: Array
    apart: float

    @property
    def title(self) -> str:
        return TITLES[self.how]

    @property
    def answers(self) -> Array:
        """The predicted symbols (2, T)."""
        found: Array = self.p.argmax(axis=2)
        return found

    @property
    def known(self) -> Array:
        """The probability of the right symbol at the last step of each sequence: (2,)."""
        found: Array = self.p[[0, 1], -1, SYMBOLS[:, -1]]
        return found

    @property
    def solved(self) -> bool:
        """All answers are right by the largest output, and the two last ones are certain."""
        right = bool((self.answers == SYMBOLS[:, 1:]).all())
        return right and bool((self.known > CERTAIN).all())

    @property
    def distance(self) -> Array:
        """How far the two sequences' cell states are from each other after each step: (T,)."""
        found: Array = np.linalg.norm(self.c[0] - self.c[1], axis=1)
        return found


@dataclass(frozen=True)
class Demonstration:
    """A subject trained in two ways.

    Attributes:
        name: the subject.
        seed: what the initial weights were drawn from.
        ways: first through the sequence, then with the gradient or the state cut.
        notes: what is worth telling, in sentences.
    """

    name: str
    seed: int
    ways: tuple[Trained, Trained]
    notes: tuple[str, ...]


TASK: SequenceSet = two_sequences()
SYMBOLS = np.array(TASK.sequences)


def demonstrate(
    subject: Subject | None, name: str, seed: int = 0, advance: Callable[[], None] = lambda: None
) -> Demonstration:
    """Train a subject on the two sequences in both ways.

    Args:
        subject: the subject, loaded; None for the bundled reference.
        name: what to call it.
        seed: draws the initial weights.
        advance: is called after each epoch, of which there are 2·EPOCHS.

    Raises:
        Breach, Halted: from the subject; see `NetworkLayer`.
    """
    notes = []
    lacking = {} if subject is None else subject.not_offered
    if "backward" in lacking:
        notes.append(
            "It has no backward, so the reference was trained in its place, and the weights were "
            "put into it. Forward is its own."
        )
    other: How = "cut" if lacking.keys() & set(STATE) else "carried"
    if other == "cut":
        notes.append(
            "It takes or gives no whole state (h, c), so that on the right the state is cut at "
            "every step, where the tutorial carries it."
        )
    through, cut = (trained(subject, how, seed, advance) for how in ("through", other))
    apart = max(through.apart, cut.apart)
    if apart > ALIKE:
        notes.append(
            f"Its state is up to {apart:.2g} away from that of a right LSTM with the same weights. "
            "The gates, c and h drawn are those of a right one; lstm-checks check tells what is "
            "wrong."
        )
    return Demonstration(name, seed, (through, cut), tuple(notes))


def trained(
    subject: Subject | None, how: How, seed: int, advance: Callable[[], None] = lambda: None
) -> Trained:
    """One network, trained in one way; see `demonstrate`."""
    rng = np.random.default_rng(seed)
    D = TASK.alphabet
    weights = keras_lstm(D, UNITS, rng)
    if subject is not None and not subject.offers("bias"):
        weights["b"][:] = 0
    head = Dense(UNITS, D, "sigmoid", rng)
    own: Any = LSTM(D, UNITS) if subject is None else NetworkLayer(subject, weights)
    layer = own if subject is None or subject.offers("backward") else LSTM(D, UNITS)
    layer.params.update(weights)
    network = Sequential([layer, head], binary_cross_entropy)
    batch = TASK.whole()
    for _ in range(EPOCHS):
        for x, targets in zip(batch.x[:, None], batch.targets[:, None], strict=True):
            _epoch(network, x, targets, how)
        advance()
    if layer is not own:
        own.params.update({name: array.copy() for name, array in layer.params.items()})
    return _seen(own, head, how)


def _epoch(network: Sequential, x: Array, targets: Array, how: How) -> None:
    """One pass over a sequence (1, T, D), with an update per step."""
    layer, head = network.layers
    state: State | None = None
    for t in range(x.shape[1]):
        seen = x[:, : t + 1] if how == "through" else x[:, t : t + 1]
        y, final = layer.forward(seen, state)  # type: ignore[call-arg]
        _, gradient = network.loss(targets[:, t], head.forward(y[:, -1]))
        dy = np.zeros_like(y)
        dy[:, -1] = head.backward(gradient)
        layer.backward(dy)
        network.optimizer.update(network.weights.vector, network.weights.gather())
        state = final if how == "carried" else None


def _seen(layer: Any, head: Dense, how: How) -> Trained:
    """What a trained layer does on both sequences, as it was trained to."""
    x = TASK.whole().x
    params = {name: np.asarray(array, float) for name, array in layer.params.items()}
    zeros = np.zeros((len(x), UNITS))
    arrays = traced(params, x, (zeros, zeros))
    steps = [x[:, : t + 1] for t in range(x.shape[1])]
    if how == "cut":
        steps = [x[:, t : t + 1] for t in range(x.shape[1])]
        alone = [traced(params, step, (zeros, zeros)) for step in steps]
        arrays = {name: np.concatenate([one[name] for one in alone], 1) for name in arrays}
    own_h, apart = [], 0.0
    for t, step in enumerate(steps):
        y, (_, c) = layer.forward(step)
        own_h.append(y[:, -1])
        apart = max(apart, float(np.abs(y[:, -1] - arrays["h"][:, t]).max()))
        if c is not None:
            apart = max(apart, float(np.abs(c - arrays["c"][:, t]).max()))
    h = np.stack(own_h, axis=1)
    return Trained(how=how, p=head.forward(h), own_h=h, apart=apart, **arrays)


def traced(params: Mapping[str, Array], x: Array, state: State) -> dict[str, Array]:
    """The gates i, f, g, o and the state c, h after each step, each (N, T, H), by the textbook."""
    y, (_, c), caches = unrolled.forward(params, x, state)
    gates = {k: np.stack([getattr(one, k) for one in caches], axis=1) for k in "ifgo"}
    cells = [*(one.c for one in caches[1:]), c]
    return {**gates, "c": np.stack(cells, axis=1), "h": y}

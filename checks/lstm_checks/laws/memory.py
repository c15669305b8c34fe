"""Rung memory: a task that only memory solves is solved with recurrence, and not without it.

The task is to predict the next symbol of two sequences that differ in their two ends only, as
3,0,1,2,3 and 4,0,1,2,4, over drawn symbols: a simplified Experiment 2a of Hochreiter & Schmidhuber
(1997). In the last step only the first symbol tells what comes. A predictor that sees the last k
symbols only, fewer than there are steps, gets at most all but one of the 2T predictions right: the
ceiling that `lstm_reference.tasks.memory` computes.

The subject is trained through its own forward and backward; the judge holds the weights.
"""

from fractions import Fraction

import numpy as np

from lstm_checks.engine.case import Sizes
from lstm_checks.engine.law import law
from lstm_checks.engine.trial import Trial
from lstm_checks.findings import Array, Breach
from lstm_checks.laws.training import network, recurrent
from lstm_checks.subjects.network_layer import NetworkLayer
from lstm_reference.tasks.memory import SequenceSet, draw_conflicting, share_right
from lstm_reference.training.network import Sequential

HIDDEN = 12
PATIENCE = 300  # updates; in 500 drawn cases the reference needed 10 in the median, 125 at most
EVERY = 5  # updates between two looks
LEAST = 80  # updates, so that a fault of later calls shows
UPDATES = 160  # without memory, at most
LOOKS = 3  # in a row, after which a network has got there
SAME = 1e-3  # answers (logits of about one) that differ by less are equal
TASKS = Sizes(N=(2, 2), T=(6, 9), D=(10, 10), H=(HIDDEN, HIDDEN), scales=(1.0,))
WITH_STATE = ("backward", "initial_h", "initial_c", "final_h", "final_c")


def task_of(t: Trial) -> SequenceSet:
    """Two sequences of T + 1 symbols, out of an alphabet of D."""
    return draw_conflicting(t.case.rng("task"), 2, t.case.T - 1, t.case.D)


def trained(t: Trial) -> tuple[Sequential, NetworkLayer, int]:
    """A network trained until it gets all right in some looks in a row, and the updates it took.

    Raises:
        Breach: it does not get there.
    """
    task = task_of(t)
    batch = task.whole()
    layer = recurrent(t.subject, t.case.D, t.case.H, t.case.seed)
    net = network(layer, t.case.D, t.case.seed)
    share, looks, reached = 0.0, 0, 0
    for update in range(1, PATIENCE + 1):
        net.train_batch(batch.x, batch.targets)
        if update % EVERY == 0:
            share = share_right(net.forward(batch.x), batch)
            looks = looks + 1 if share == 1.0 else 0
            reached = update if looks == 1 else reached
            if looks >= LOOKS and update >= LEAST:
                return net, layer, reached
    total = 2 * t.case.T
    raise Breach(
        f"trained through its own forward and backward, it predicts {round(share * total)} of "
        f"{total} symbols correctly after {PATIENCE} updates; a predictor without memory reaches "
        f"{total - 1}",
        "Every law on single calls holds, so look at what changes over many calls of one "
        "instance: caches, counters, weights that are kept.",
    )


@law("memory", needs=("backward",), sizes=TASKS, examples=(1, 1, 10), shrinks=False)
def learns(t: Trial) -> str:
    """Trained on whole sequences, it predicts every symbol, the last of each included."""
    _, _, updates = trained(t)
    return f"all {2 * t.case.T} predictions are right after {updates} updates"


@law("memory", needs=("backward",), sizes=TASKS, examples=(0, 1, 10), shrinks=False)
def cut_state(t: Trial) -> str:
    """With h and c cut at every step it reaches the memoryless ceiling and never passes it.

    Each step is a call of its own, from no state; what it answers depends on its symbol alone.
    """
    task = task_of(t)
    how = "with h and c cut at every step"
    return _at_the_ceiling(t, _steps(task), task.ceiling(1), how)


@law("memory", needs=("backward",), sizes=TASKS, examples=(0, 1, 10), shrinks=False)
def short_window(t: Trial) -> str:
    """Given the last k symbols only, k too few to reach back, it never passes their ceiling."""
    task = task_of(t)
    k = int(t.case.rng("k").integers(2, t.case.T))
    how = f"given windows of {k} symbols"
    return _at_the_ceiling(t, [_windows(task, k)], task.ceiling(k), how)


@law("memory", needs=WITH_STATE, sizes=TASKS, examples=(0, 1, 10), shrinks=False)
def lies_in_state(t: Trial) -> str:
    """Exchange the two sequences' states halfway, and their endings are exchanged.

    So what is remembered lies in (h, c) and nowhere else. What is left of it when h alone, or c
    alone, is cut at every step is told, and not judged.
    """
    net, layer, _ = trained(t)
    batch = task_of(t).whole()
    half = t.case.T // 2
    dense = net.layers[1]
    ends = []
    for order in ([0, 1], [1, 0]):
        _, (h, c) = layer.forward(batch.x[:, :half], t.zeros)
        y, _ = layer.forward(batch.x[:, half:], (h[order], c[order]))
        ends.append(dense.forward(y)[:, -1].argmax(axis=-1).tolist())
    if ends[1] != ends[0][::-1]:
        raise Breach(
            "the endings do not follow the state: with the states of the two sequences exchanged "
            f"halfway it predicts {ends[1]}, where {ends[0][::-1]} is expected",
            "Continue from the state that is given, and keep nothing else between calls.",
        )
    total = 2 * t.case.T
    without_h, without_c = (
        round(total * share_right(dense.forward(_stepwise(t, layer, batch.x, cut)), batch))
        for cut in ("h", "c")
    )
    return (
        f"endings exchanged with the states; with h alone cut at every step {without_h} of "
        f"{total} right, with c alone cut {without_c}"
    )


def _at_the_ceiling(
    t: Trial,
    parts: list[tuple[Array, Array]],
    ceiling: Fraction,
    how: str,
) -> str:
    """Train on parts x (N, k, D), each answered in its last step; it must end at the ceiling."""
    net = network(recurrent(t.subject, t.case.D, t.case.H, t.case.seed), t.case.D, t.case.seed)
    total = 2 * t.case.T
    allowed = ceiling * total
    best = looks = 0
    for turn in range(1, UPDATES // len(parts) + 1):
        right = 0
        for x, target in parts:
            output = net.forward(x)
            last = output[:, -1]
            _equal_for_equal(x, last, how)
            right += int((last.argmax(axis=-1) == target.argmax(axis=-1)).sum())
            gradient = np.zeros_like(output)
            gradient[:, -1] = net.loss(target, last)[1]
            net.backward(gradient)
            net.optimizer.update(net.weights.vector, net.weights.gather())
        if right > allowed:
            raise Breach(
                f"{how} it gets {right} of {total} right, and no more than {allowed} can be had "
                "without memory",
                LEAK,
            )
        best = max(best, right)
        looks = looks + 1 if right == allowed else 0
        if looks >= LOOKS and turn * len(parts) >= LEAST:
            break
    if best < allowed:
        raise Breach(
            f"{how} it gets {best} of {total} right, and {allowed} can be had without memory",
            "Look at what changes over many calls of one instance.",
        )
    return f"{how} {best} of {total} right, the ceiling"


def _equal_for_equal(x: Array, answers: Array, how: str) -> None:
    """Rows of equal inputs must get equal answers: there is nothing else to tell them by."""
    first: dict[bytes, Array] = {}
    for row, answer in zip(x, answers, strict=True):
        if np.abs(first.setdefault(row.tobytes(), answer) - answer).max() > SAME:
            raise Breach(f"{how}, equal inputs get different answers", LEAK)


def _steps(task: SequenceSet) -> list[tuple[Array, Array]]:
    """Each step of both sequences by itself: x (2, 1, D) and its target (2, D)."""
    batch = task.whole()
    return [(batch.x[:, t : t + 1], batch.targets[:, t]) for t in range(batch.x.shape[1])]


def _windows(task: SequenceSet, k: int) -> tuple[Array, Array]:
    """The last k inputs at every step of both, blanks before the beginning: (2T, k, D), (2T, D)."""
    batch = task.whole()
    N, T, D = batch.x.shape
    padded = np.concatenate([np.zeros((N, k - 1, D)), batch.x], axis=1)
    windows = [padded[:, t : t + k] for t in range(T)]
    return np.concatenate(windows), np.concatenate([batch.targets[:, t] for t in range(T)])


def _stepwise(t: Trial, layer: NetworkLayer, x: Array, cut: str) -> Array:
    """y (N, T, H), a step a call, the state handed on but for the h or the c that is cut."""
    h, c = zeros = t.zeros
    outputs = []
    for k in range(t.case.T):
        y, (h, c) = layer.forward(x[:, k : k + 1], (h, c))
        h, c = (zeros[0], c) if cut == "h" else (h, zeros[1])
        outputs.append(y)
    return np.concatenate(outputs, axis=1)


LEAK = (
    "Something is carried from call to call, or from row to row, that is not in the state: start "
    "from zeros where no state is given."
)
LAWS = (learns, cut_state, short_window, lies_in_state)

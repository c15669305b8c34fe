"""Two sequences, 3,0,1,2,3 and 4,0,1,2,4: what remembers the first symbol, and what does not?

After 2, only the first symbol determines the next one. A program that has often been copied trains
an LSTM of 20 units on this task one step at a time. The state is carried from step to step, but
each step is a batch of its own, so that no gradient reaches the first symbol. Here that program
(Adam with Keras's defaults, Keras's initial weights, 250 epochs over both sequences, state reset
after each) is compared with three others: the same updates, one per step, with a gradient that goes
back to the first symbol; one update per sequence, which is the usual way of training; and no memory
at all. Each is trained with the program's loss, binary cross-entropy of sigmoid outputs, and with
the usual one, cross-entropy of softmax.

Two criteria tell whether a network has solved the task. By the largest output, all of the eight
answers are right. This criterion does not ask how certain an answer is: a network that gives 3 and
4 almost the same probability may pass it. So the second criterion also asks that the probability of
the right symbol at the last step is above 0.75 in both sequences.

The part "others" trains networks without an LSTM: a simple recurrent layer, which is recurrent too,
and dense layers that see the last four symbols at once, for which the task needs no memory. The
part "guessing" draws random weights instead of training.
"""

import time

import numpy as np

from _shares import Share, share, versus
from _show import new_plot, on_all_cores, quick_and_parts, save_plot, show_table
from _trials import Trials, sigmoid_cross_entropy, softmax_cross_entropy
from lstm_checks.plots import legend_below
from lstm_reference.cells.cell import sigmoid
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.tasks.layouts import windows
from lstm_reference.tasks.memory import two_sequences
from lstm_reference.training.activations import softmax
from lstm_reference.training.initializers import glorot_uniform, keras_lstm, keras_rnn
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import binary_cross_entropy
from lstm_reference.training.network import Sequential

UNITS, SYMBOLS = 20, 5
SEQUENCES = np.array([[3, 0, 1, 2, 3], [4, 0, 1, 2, 4]])
LOSSES = {"sigmoid": sigmoid_cross_entropy, "softmax": softmax_cross_entropy}
PROBABILITIES = {"sigmoid": sigmoid, "softmax": softmax}
CERTAIN = 0.75  # the least probability of the right symbol that counts as knowing it


def initial_weights(seed, units=UNITS, symbols=SYMBOLS):
    """Keras's initial weights for the layer and the dense head."""
    rng = np.random.default_rng(seed)
    layer = keras_lstm(symbols, units, rng)
    return {**layer, "V": glorot_uniform((units, symbols), rng), "a": np.zeros(symbols)}


def side_by_side(seeds, units=UNITS, symbols=SYMBOLS):
    """One network per seed."""
    each = [initial_weights(seed, units, symbols) for seed in seeds]
    return Trials({name: np.stack([weights[name] for weights in each]) for name in each[0]})


def learn(trials, sequences, how, rate=0.001, loss="sigmoid"):
    """One pass over a batch of sequences (N, L): one update per step, or one for all steps."""
    symbols = np.broadcast_to(sequences, (len(trials), *sequences.shape))
    x, targets = symbols[:, :, :-1], symbols[:, :, 1:]
    state = None
    for t in [None] if how == "whole" else range(x.shape[2]):
        if how == "whole":
            outputs, _ = trials.forward(x)
            asked = targets
        elif how == "through":
            outputs, _ = trials.forward(x[:, :, : t + 1], at=np.full(x.shape[:2], t))
            asked = targets[:, :, t]
        else:
            outputs, final = trials.forward(x[:, :, t : t + 1], state)
            asked = targets[:, :, t : t + 1]
            state = final if how == "carried" else None
        trials.update(trials.backward(LOSSES[loss](outputs, asked)[1]), rate)


def outputs_of(trials, sequences, how="whole"):
    """The outputs (R, N, L-1, K) for all sequences (N, L)."""
    symbols = np.broadcast_to(sequences, (len(trials), *sequences.shape))
    x = symbols[:, :, :-1]
    if how == "cut":
        steps = [x[:, :, t : t + 1] for t in range(x.shape[2])]
        return np.concatenate([trials.forward(s, training=False)[0] for s in steps], axis=2)
    return trials.forward(x, training=False)[0]


def right_answers(trials, sequences, how="whole"):
    """How many next symbols of all sequences (N, L) each trial predicts: (R,)."""
    outputs = outputs_of(trials, sequences, how)
    return (outputs.argmax(axis=3) == sequences[:, 1:]).sum(axis=(1, 2))


def knows(trials, sequences, how="whole", loss="sigmoid"):
    """The probability of the right symbol at the last step of each sequence: (R, N)."""
    p = PROBABILITIES[loss](outputs_of(trials, sequences, how)[:, :, -1])
    return np.take_along_axis(p, np.broadcast_to(sequences[:, -1:], (*p.shape[:2], 1)), 2)[..., 0]


def train(how, loss, seeds, epochs, every=10):
    """After every tenth epoch, p(right) of the last step and who solves it by either criterion.

    Returns p(right) (epochs/10, R, 2), and bools (epochs/10, R) by the largest output, and by both.
    """
    trials = side_by_side(seeds)
    right, known = [], []
    for epoch in range(1, epochs + 1):
        for sequence in SEQUENCES:
            learn(trials, sequence[None], how, loss=loss)
        if epoch % every == 0:
            right.append(right_answers(trials, SEQUENCES, how))
            known.append(knows(trials, SEQUENCES, how, loss))
    known, right = np.array(known), np.array(right) == 8
    return known, right, right & (known > CERTAIN).all(axis=2)


def floor():
    """The least loss of the program without memory: two outputs of 1/2 at one step of four."""
    target = np.full(SYMBOLS, 1e-300)
    target[3:] = 0.5  # after 2 comes 3 or 4; all other answers are certain
    return -np.sum(target * np.log(target) + (1 - target) * np.log(1 - target)) / SYMBOLS / 4


def guessed(count, seed, at_once=500):
    """How many of `count` networks with random weights solve the task, by either criterion.

    All weights are drawn from a uniform distribution on [-b, b], and b from 1, 2, 5, 10 and 100.
    """
    rng = np.random.default_rng(seed)
    by_largest = certain = 0
    shapes = {name: array.shape[1:] for name, array in side_by_side([0]).params.items()}
    for number in range(0, count, at_once):
        bound = np.float32((1, 2, 5, 10, 100)[number // at_once % 5])
        params = {
            name: bound * (2 * rng.random((at_once, *shape), np.float32) - 1)
            for name, shape in shapes.items()
        }
        outputs = outputs_of(Trials(params), SEQUENCES)
        solved = (outputs.argmax(axis=3) == SEQUENCES[:, 1:]).all(axis=(1, 2))
        p = sigmoid(outputs[:, [0, 1], -1, SEQUENCES[:, -1]])
        by_largest += solved.sum()
        certain += (solved & (p > CERTAIN).all(axis=1)).sum()
    return int(by_largest), int(certain)


def others(kind, seed, epochs):
    """The number of right answers of a network without an LSTM; one update per sequence."""
    rng = np.random.default_rng(seed)
    pairs = [(coded[None, :-1], coded[None, 1:]) for coded in np.eye(SYMBOLS)[SEQUENCES]]
    if kind == "simple":
        first = SimpleRNN(SYMBOLS, UNITS)
        first.params.update(keras_rnn(SYMBOLS, UNITS, rng))
    else:  # the last four symbols, with blanks before the beginning: (1, 4, 4·5)
        first = Dense(4 * SYMBOLS, UNITS, "tanh", rng)
        blanks = np.zeros((3, SYMBOLS))
        pairs = [
            (windows(np.concatenate([blanks, x[0]]), 4).reshape(1, 4, -1), y) for x, y in pairs
        ]
    network = Sequential([first, Dense(UNITS, SYMBOLS, "sigmoid", rng)], binary_cross_entropy)
    for _ in range(epochs):
        for x, y in pairs:
            network.train_batch(x, y)
    return sum((network.forward(x).argmax(-1) == y.argmax(-1)).sum() for x, y in pairs)


def one_run(seed, epochs):
    """The program itself with one seed, in the reference's network.

    Returns the number of right answers, the loss of each sequence in the last epoch, seconds, and
    what the program prints for each step: X, y, ŷ, and p(y).
    """
    weights = initial_weights(seed)
    layer = LSTM(SYMBOLS, UNITS, stateful=True, return_sequences=False)
    head = Dense(UNITS, SYMBOLS, "sigmoid")
    layer.params.update({name: weights[name] for name in "WUb"})
    head.params.update(W=weights["V"], b=weights["a"])
    network = Sequential([layer, head], binary_cross_entropy)
    coded = np.eye(SYMBOLS)[SEQUENCES]
    pairs = [(sequence[:-1, None], sequence[1:]) for sequence in coded]  # (4, 1, 5) and (4, 5)
    losses = []
    start = time.perf_counter()
    for _ in range(epochs):
        for x, y in pairs:
            losses.append(network.fit(x, y, batch_size=1, shuffle=False)[0])
            network.reset_state()
    seconds = time.perf_counter() - start
    answers = []
    for x, y in pairs:
        p = network.predict(x, batch_size=1)
        steps = zip(x[:, 0].argmax(1), y.argmax(1), p.argmax(1), (p * y).sum(1), strict=True)
        answers.append([(int(X), int(target), int(best), one) for X, target, best, one in steps])
        network.reset_state()
    right = sum(target == best for each in answers for _, target, best, _ in each)
    return right, losses[-2:], seconds, answers


WAYS = {
    "through": "gradient back to the first symbol, an update per step",
    "whole": "the same gradient, an update per sequence",
    "carried": "the tutorial: state carried, no gradient past a step",
    "cut": "no memory: state reset at every step",
}


OTHERS = {
    "simple": "no LSTM: simple recurrent layer, an update per sequence",
    "window": "no recurrence: dense layers on the last four symbols",
}


def ways(quick):
    """Four ways of training, two losses, two criteria."""
    seeds, epochs = range(10 if quick else 100), 250
    runs = [(how, loss, epochs) for loss in LOSSES for how in WAYS]
    curves, ends = compared(seeds, runs)
    two = [ends["carried", loss, epochs] for loss in LOSSES]
    print("the tutorial's way, sigmoid against softmax, by largest output: ", end="")
    print(f"Fisher's exact test {versus(*two)}")
    print(f"the exact ceiling without memory: {two_sequences().ceiling(1)} of the answers")
    print(f"the least loss without memory, 2 ln 2 / 20: {floor():.4f}; the tutorial's: 0.0925")
    draw(curves, len(seeds), quick)


def longer(quick):
    """Two of the ways, trained for longer."""
    runs = [("whole", "sigmoid", 500), ("carried", "sigmoid", 1000), ("carried", "softmax", 1000)]
    compared(range(10 if quick else 50), runs[:1] if quick else runs)


def compared(seeds, runs):
    """Print a table of runs (how, loss, epochs); return their curves and final shares."""
    jobs = [(how, loss, seeds, length) for how, loss, length in runs]
    rows, curves, ends = [], {}, {}
    for (how, loss, length), (known, right, certain) in zip(
        runs, on_all_cores(train, jobs, "LSTM"), strict=True
    ):
        ends[how, loss, length] = largest = share(right[-1])
        p = f"{known[-1].mean():.2f}"
        rows.append((WAYS[how], loss, length, largest, share(certain[-1]), p))
        curves[how, loss] = right.sum(axis=1), certain.sum(axis=1)
    columns = ("how it is trained", "outputs", "epochs", "8 of 8 by largest output")
    columns += (f"and p(right) > {CERTAIN} in both", "mean p(right)")
    show_table(f"The two sequences, {len(seeds)} seeds, with 95 % intervals", columns, rows)
    return curves, ends


def program(quick):
    """The program itself with one seed, and the table that it prints."""
    right, losses, seconds, answers = min(
        (one_run(0, 250) for _ in range(1 if quick else 5)), key=lambda run: run[2]
    )
    print(
        f"\nthe program itself, seed 0, in the reference's network: {right} of 8, {seconds:.2f} s,"
    )
    known = np.mean([sequence[-1][-1] for sequence in answers])
    print("  the last epoch's loss {:.4f} and {:.4f}".format(*losses))
    alone = train("carried", "sigmoid", [0], 250)[0][-1, 0].mean()
    print(f"mean p(right) of the same seed among the trials: {alone:.6f}; here: {known:.6f}")
    rows = [
        (f"sequence {number + 1}", X, y, answer, f"{p:.2f}")
        for number, sequence in enumerate(answers)
        for X, y, answer, p in sequence
    ]
    show_table("What it answers", ("", "X", "y", "ŷ", "p(y)"), rows)


def without_lstm(quick):
    """Networks that have no LSTM."""
    rows = []
    for kind, label in OTHERS.items():
        jobs = [(kind, seed, 250) for seed in range(10 if quick else 50)]
        right = np.array(on_all_cores(others, jobs, kind))
        rows.append((label, 250, share(right == 8)))
    columns = ("network", "epochs", "8 of 8 by largest output")
    show_table("Without an LSTM", columns, rows)


def guessing(quick):
    """Random weights instead of training."""
    count = 20_000 if quick else 1_200_000
    jobs = [(count // 4, seed) for seed in range(4)]
    by_largest, certain = np.sum(on_all_cores(guessed, jobs, "guessing"), axis=0)
    highest = 100 * (1 - 0.025 ** (1 / count))  # Clopper & Pearson, for none of `count`
    print(
        f"\nof {count:,} networks with random weights, {by_largest} give 8 of 8 by largest output"
    )
    print(f"  and {certain} of these are certain of it; 0 of {count:,} is at most {highest:.5f} %")


def draw(curves, seeds, quick):
    figure, grid = new_plot(2, rows=2, width=11, height=8.5)
    criteria = ("8 of 8 by the largest output", f"and p(right) > {CERTAIN} in both")
    for row, criterion in enumerate(criteria):
        for axes, loss in zip(grid[row], LOSSES, strict=True):
            for number, (how, label) in enumerate(WAYS.items()):
                counts = curves[how, loss][row]
                epochs = 10 * np.arange(1, len(counts) + 1)
                axes.plot(epochs, 100 * counts / seeds, color=f"C{number}", label=label)
                end = Share(int(counts[-1]), seeds)
                low, high = 100 * np.array(end.interval)
                beside = epochs[-1] + 5 * (number + 1)  # where the intervals cover no line
                axes.plot([beside, beside], [low, high], color=f"C{number}", linewidth=3)
            axes.set_ylim(-3, 103)
            axes.set_xlim(0, epochs[-1] + 25)
            axes.set_xlabel("epochs (both sequences once each)")
            axes.set_ylabel(f"seeds that solve it, % of {seeds}")
            axes.set_title(f"{loss} outputs: {criterion}")
            axes.grid()
    figure.suptitle("The two sequences; the bars on the right: 95 % intervals after 250 epochs")
    legend_below(figure, grid, columns=2)
    save_plot(figure, "memory_demo", quick)


PARTS = {
    "ways": ways,
    "longer": longer,
    "program": program,
    "others": without_lstm,
    "guessing": guessing,
}


def main():
    quick, parts = quick_and_parts(__doc__.splitlines()[0], PARTS)
    for part in parts:
        PARTS[part](quick)


if __name__ == "__main__":
    main()

"""Two sequences, 3,0,1,2,3 and 4,0,1,2,4: what remembers the first symbol, and what does not?

After 2, only the first symbol determines the next one. A program that has often been copied trains
an LSTM of 20 units on this task one step at a time. The state is carried from step to step, but
each step is a batch of its own, so that no gradient reaches the first symbol. Here that program
(Adam with Keras's defaults, Keras's initial weights, 250 epochs over both sequences, state reset
after each) is run with 100 seeds and compared with three others: the same updates, one per step,
with a gradient that goes back to the first symbol; one update per sequence, which is the usual way
of training; and no memory at all. Two more networks show that the task does not require an LSTM: a
simple recurrent layer, and dense layers that see the last four symbols at once.
"""

import time

import numpy as np

from _show import is_quick, new_plot, on_all_cores, save_plot, show_table
from _trials import Trials, sigmoid_cross_entropy
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.tasks.layouts import windows
from lstm_reference.tasks.memory import two_sequences
from lstm_reference.training.initializers import glorot_uniform, keras_lstm, keras_rnn
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import binary_cross_entropy
from lstm_reference.training.network import Sequential

UNITS, SYMBOLS = 20, 5
SEQUENCES = np.array([[3, 0, 1, 2, 3], [4, 0, 1, 2, 4]])


def initial_weights(seed, units=UNITS, symbols=SYMBOLS):
    """Keras's initial weights for the layer and the dense head."""
    rng = np.random.default_rng(seed)
    layer = keras_lstm(symbols, units, rng)
    return {**layer, "V": glorot_uniform((units, symbols), rng), "a": np.zeros(symbols)}


def side_by_side(seeds, units=UNITS, symbols=SYMBOLS):
    """One network per seed."""
    each = [initial_weights(seed, units, symbols) for seed in seeds]
    return Trials({name: np.stack([weights[name] for weights in each]) for name in each[0]})


def learn(trials, sequences, how, rate=0.001):
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
        trials.update(trials.backward(sigmoid_cross_entropy(outputs, asked)[1]), rate)


def right_answers(trials, sequences, how="whole"):
    """How many next symbols of all sequences (N, L) each trial predicts: (R,)."""
    symbols = np.broadcast_to(sequences, (len(trials), *sequences.shape))
    x = symbols[:, :, :-1]
    if how == "cut":
        steps = [x[:, :, t : t + 1] for t in range(x.shape[2])]
        outputs = [trials.forward(step, training=False)[0] for step in steps]
        outputs = np.concatenate(outputs, axis=2)
    else:
        outputs, _ = trials.forward(x, training=False)
    return (outputs.argmax(axis=3) == symbols[:, :, 1:]).sum(axis=(1, 2))


def train(how, seeds, epochs, every=10):
    """The number of right answers after every tenth epoch: (epochs/10, R)."""
    trials = side_by_side(seeds)
    history = []
    for epoch in range(1, epochs + 1):
        for sequence in SEQUENCES:
            learn(trials, sequence[None], how)
        if epoch % every == 0:
            history.append(right_answers(trials, SEQUENCES, how))
    return np.array(history)


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

    Returns the number of right answers, the loss of each sequence in the last epoch, and seconds.
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
    right = 0
    for x, y in pairs:
        right += (network.predict(x, batch_size=1).argmax(axis=1) == y.argmax(axis=1)).sum()
        network.reset_state()
    return int(right), losses[-2:], seconds


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


def counted(right):
    """How many seeds solved the task, and how many had each number of right answers."""
    numbers = sorted(set(right.tolist()))[::-1]
    each = ", ".join(f"{number} of 8: {(right == number).sum()}" for number in numbers)
    return f"{(right == 8).sum()} of {len(right)}", each


def main():
    quick = is_quick(__doc__.splitlines()[0])
    seeds, epochs = range(10 if quick else 100), 250
    runs = [(how, epochs) for how in WAYS]
    if not quick:
        runs += [("whole", 500), ("carried", 1000)]
    rows, curves = [], {}
    histories = on_all_cores(train, [(how, seeds, length) for how, length in runs], "LSTM")
    for (how, length), history in zip(runs, histories, strict=True):
        rows.append((WAYS[how], length, *counted(history[-1])))
        curves[how, length] = (history == 8).mean(axis=1)
    for kind, label in OTHERS.items():
        jobs = [(kind, seed, epochs) for seed in seeds[: 10 if quick else 20]]
        right = on_all_cores(others, jobs, kind)
        rows.append((label, epochs, *counted(np.array(right))))
    columns = ("how it is trained", "epochs", "solved", "seeds by right answers")
    show_table("Right answers out of 8", columns, rows)
    ceiling = two_sequences().ceiling(1)
    print(f"the exact ceiling without memory: {ceiling} of the answers")
    right, losses, seconds = min((one_run(0, 250) for _ in range(5)), key=lambda run: run[2])
    alone = train("carried", [0], 250)[-1, 0]
    print(f"the program itself, seed 0, in the reference's network: {right} of 8, {seconds:.2f} s,")
    print("  the last epoch's loss {:.4f} and {:.4f}".format(*losses))
    print(f"the same seed among the trials: {alone} of 8")

    figure, axes = new_plot()
    for how, label in WAYS.items():
        longest = max(length for other, length in curves if other == how)
        share = curves[how, longest]
        axes.plot(10 * np.arange(1, len(share) + 1), 100 * share, label=label)
    axes.axvline(epochs, color="gray", linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlabel("epochs (both sequences once each)")
    axes.set_ylabel("seeds with 8 of 8 right, %")
    axes.set_title(f"3,0,1,2,3 or 4,0,1,2,4: LSTM of {UNITS} units, {len(seeds)} seeds")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize=8)
    save_plot(figure, "memory_demo", quick)


if __name__ == "__main__":
    main()

"""Six variations of the two-sequence task: size, alphabet, length, random middles, batches, order.

Each part trains many networks, each with its own seed, and shows how many solve the task and the
median number of epochs that they need. Unless stated otherwise, the networks start from Keras's
weights and are trained by Adam with Keras's defaults. "Through time" means with the gradient back
to the first symbol.
"""

from dataclasses import replace

import numpy as np

from _show import is_quick, new_plot, on_all_cores, save_plot, show_table
from _trials import sigmoid_cross_entropy
from hochreiter import TASK_2A, new_trials
from lstm_reference.tasks.memory import draw_conflicting, experiment_2a
from memory_demo import SEQUENCES, UNITS, learn, right_answers, side_by_side

EVERY = 10


def epochs_until_right(trials, sequences, epochs, how="whole", batches=1, shuffle=None, rate=0.001):
    """When all answers of a trial are first right, and whether they are at the end, both (R,).

    A trial is tested after every tenth epoch; its first epoch is NaN if its answers are never all
    right. `batches` is the number of sequences per update. The generator `shuffle`, if given,
    draws a new order in each epoch.
    """
    first = np.full(len(trials), np.nan)
    for epoch in range(1, epochs + 1):
        order = (
            np.arange(len(sequences)) if shuffle is None else shuffle.permutation(len(sequences))
        )
        for start in range(0, len(sequences), batches):
            learn(trials, sequences[order[start : start + batches]], how, rate)
        if epoch % EVERY == 0:
            right = right_answers(trials, sequences) == sequences[:, 1:].size
            first[right & np.isnan(first)] = epoch
    return first, right


def median(first):
    """The median epoch of all trials, or "-" if fewer than half have one."""
    middle = np.sort(np.where(np.isnan(first), np.inf, first))[len(first) // 2]
    return f"{middle:.0f}" if np.isfinite(middle) else "-"


def tuning(R, epochs, quick):
    rows = []
    for units in (2, 20) if quick else (1, 2, 3, 5, 10, 20, 50):
        first, last = epochs_until_right(side_by_side(range(R), units), SEQUENCES, epochs)
        by_250 = (first <= 250).sum()
        rows.append((f"{units} units", f"{by_250}/{R}", f"{last.sum()}/{R}", median(first)))
    columns = ("units", "right at some test by 250", f"right at epoch {epochs}", "median epoch")
    return "1. Tuning: how many units, how many epochs", columns, rows


def alphabets(R, epochs, quick):
    rows = []
    for size in (5, 26) if quick else (5, 10, 26, 100):
        task = draw_conflicting(np.random.default_rng(size), count=2, middle=3, alphabet=size)
        sequences = np.array(task.sequences)
        trials = side_by_side(range(R), UNITS, size)
        trials.params["a"] -= np.log(size - 1)  # each output is 1 for only one of the symbols
        first, last = epochs_until_right(trials, sequences, epochs, rate=0.01)
        words = " and ".join(",".join(map(str, sequence)) for sequence in task.sequences)
        ever = (~np.isnan(first)).sum()
        share = (f"{ever}/{R}", f"{last.sum()}/{R}")
        rows.append((f"{size}: {words}", *share, median(first), str(task.ceiling(1))))
    columns = ("alphabet and sequences", "right at some test", f"right at epoch {epochs}")
    title = "2. Other alphabets, rate 0.01, output biases from the symbols' frequency"
    return title, (*columns, "median epoch", "ceiling without memory"), rows


def lengths(R, updates, quick):
    """Experiment 2a with p steps; the loss is that of the last step, which alone needs memory."""
    rows = []
    for p in (20,) if quick else (100, 1000):
        task = experiment_2a(p)
        asked = np.broadcast_to(np.array(task.sequences), (R, 2, p + 1))
        for name, (forget, input) in (("1, 0 (Keras)", (1, 0)), ("8, -6", (8, -6))):
            network = replace(TASK_2A, p=p, inputs=p + 1, outputs=p + 1, direct=False)
            trials = new_trials(network, R, np.random.default_rng(p))
            units = len(trials.params["V"][0])
            trials.params["b"][:, :units] = input
            trials.params["b"][:, units : 2 * units] = forget
            trials.params["a"] -= np.log(p)
            rates = trials.rates(layer=0.005, head=0.2)
            first, at = np.full(R, np.nan), np.full((R, 2), p - 1)
            for update in range(updates):
                outputs, _ = trials.forward(asked[:, :, :-1], at=at)
                right = (outputs.argmax(axis=2) == asked[:, :, -1]).all(axis=1)
                first[right & np.isnan(first)] = update
                gradient = sigmoid_cross_entropy(outputs, asked[:, :, -1])[1]
                trials.update(trials.backward(gradient * (p + 1)), rates, beta_2=0.95)
            ever = (~np.isnan(first)).sum()
            share = (f"{ever}/{R}", f"{right.sum()}/{R}")
            ceiling = str(task.ceiling(1, at_end=True))
            rows.append((f"{p} steps: {name}", *share, median(first), ceiling))
    columns = ("steps: forget, input bias", "both right at some update")
    columns += (f"at update {updates}", "median update", "ceiling without memory")
    return "3. Long sequences, 2 units, as hochreiter.py, layer's rate 0.005", columns, rows


def chance(R, updates, quick):
    """Random middles: does a network learn the rule, or the sequences that it was trained on?"""
    middle_symbols, length = 8, 4 if quick else 10  # the keys are the symbols 8 and 9
    rng = np.random.default_rng(0)
    T = length + 1

    def draw(size):
        key = middle_symbols + rng.integers(2, size=(R, size, 1))
        middle = rng.integers(middle_symbols, size=(R, size, length))
        return np.concatenate([key, middle, key], axis=2)

    unseen = draw(1000)
    fixed = draw(1)[:, [0, 0]]
    fixed[:, :, 0] = fixed[:, :, -1] = [8, 9]  # two sequences per trial, which differ in the key
    rows = []
    for name, kind in (("two sequences only", "fixed"), ("drawn anew for each update", "drawn")):
        trials = side_by_side(range(R), UNITS, 10)
        trials.params["a"] -= np.log(9)
        for _ in range(updates):
            symbols = fixed if kind == "fixed" else draw(16)
            at = np.full(symbols.shape[:2], T - 1)
            outputs, _ = trials.forward(symbols[:, :, :-1], at=at)
            gradient = sigmoid_cross_entropy(outputs, symbols[:, :, -1])[1]
            trials.update(trials.backward(gradient), 0.01)
        shares = []
        for symbols in (fixed, unseen):
            at = np.full(symbols.shape[:2], T - 1)
            outputs, _ = trials.forward(symbols[:, :, :-1], at=at, training=False)
            shares.append((outputs.argmax(axis=2) == symbols[:, :, -1]).mean(axis=1))
        known, new = shares
        spread = f"{100 * new.min():.1f} to {100 * new.max():.1f}"
        rows.append((name, f"{100 * known.mean():.1f}", f"{100 * new.mean():.1f}", spread))
    columns = (
        "trained on",
        "right on those two, %",
        "on 1000 unseen, %",
        "lowest and highest of a seed",
    )
    title = f"4. Random sequences of {T} steps, {updates} updates at rate 0.01; without memory 50 %"
    return title, columns, rows


def batches(R, epochs, quick):
    rows = []
    ways = (
        ("the tutorial, an update per step", "carried", 1, 8),
        ("through time, an update per step", "through", 1, 8),
        ("through time, an update per sequence", "whole", 1, 2),
        ("through time, both in one batch", "whole", 2, 1),
    )
    for name, how, size, per_epoch in ways:
        first, last = epochs_until_right(side_by_side(range(R)), SEQUENCES, epochs, how, size)
        by_250 = (first <= 250).sum()
        median_epoch = median(first)
        updates = median_epoch if median_epoch == "-" else str(int(median_epoch) * per_epoch)
        rows.append((name, f"{by_250}/{R}", f"{last.sum()}/{R}", median_epoch, updates))
    columns = (
        "an update for",
        "right at some test by 250",
        f"right at {epochs}",
        "median epoch",
        "median update",
    )
    return "5. Batch learning", columns, rows


def order(R, epochs, quick):
    rows = []
    for name, how in (("the tutorial", "carried"), ("through time, per sequence", "whole")):
        for kind in ("always the same", "drawn in each epoch"):
            rng = np.random.default_rng(0) if kind.startswith("drawn") else None
            trials = side_by_side(range(R))
            first, last = epochs_until_right(trials, SEQUENCES, epochs, how, shuffle=rng)
            ever = (~np.isnan(first)).sum()
            row = (f"{name}; order {kind}", f"{ever}/{R}", f"{last.sum()}/{R}", median(first))
            rows.append(row)
    columns = (
        "how it is trained",
        "right at some test",
        f"right at epoch {epochs}",
        "median epoch",
    )
    return "6. Shuffled epochs: which sequence comes first", columns, rows


def one_part(part, *sizes):
    """The title, columns and rows of a part."""
    return part(*sizes)


def percent(cell):
    """The percentage in a cell such as "9/10" or "90.0"."""
    part, _, whole = cell.partition("/")
    return 100 * float(part) / float(whole or 100)


def main():
    quick = is_quick(__doc__.splitlines()[0])
    R, epochs = (5, 200) if quick else (50, 500)
    parts = [
        (tuning, R, epochs, quick),
        (alphabets, R, epochs, quick),
        (lengths, 5 if quick else 10, 200 if quick else 400, quick),
        (chance, 3 if quick else 10, 200 if quick else 800, quick),
        (batches, R, epochs, quick),
        (order, R, epochs, quick),
    ]
    results = on_all_cores(one_part, parts, "six extensions")
    for result in results:
        show_table(*result)

    figure, all_axes = new_plot(3, width=12, height=7, rows=2)
    for axes, (title, columns, rows) in zip(all_axes.ravel(), results, strict=True):
        labels = [
            row[0].replace(": ", "\n").replace("; ", "\n").replace(", ", "\n") for row in rows
        ]
        places = np.arange(len(rows))[::-1]
        axes.barh(places, [percent(row[2]) for row in rows], color="C0", height=0.6)
        axes.set_yticks(places, labels, fontsize=7)
        axes.set_xlim(0, 105)
        axes.set_xlabel(columns[2] if "%" in columns[2] else f"{columns[2]}, %", fontsize=8)
        axes.set_title(title.split(",")[0].split(":")[0], fontsize=10)
    save_plot(figure, "memory_extensions", quick)


if __name__ == "__main__":
    main()

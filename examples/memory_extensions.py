"""Six variations of the two-sequence task: size, alphabet, length, random middles, batches, order.

Each part trains many networks, each with its own seed, and shows how many solve the task and the
median number of epochs that they need. Unless stated otherwise, the networks start from Keras's
weights and are trained by Adam with Keras's defaults. "Through time" means with the gradient back
to the first symbol.
"""

import sys
from dataclasses import replace
from itertools import product

import numpy as np

from _shares import Share, share, versus
from _show import (
    line_at,
    named_by_parts,
    new_plot,
    on_all_cores,
    quick_and_parts,
    save_plot,
    share_bars,
    show_table,
)
from _trials import Trials, sigmoid_cross_entropy
from hochreiter import TASK_2A, new_trials
from lstm_reference.tasks.memory import draw_conflicting, experiment_2a
from lstm_reference.training.initializers import glorot_uniform, keras_lstm
from memory_demo import SEQUENCES, UNITS, learn, outputs_of, right_answers, side_by_side

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


def tuning(R, epochs, quick, rate):
    rows = []
    for units in (2, 10) if quick else (2, 3, 5, 10, 20):
        trials = side_by_side(range(R), units)
        first, last = epochs_until_right(trials, SEQUENCES, epochs, rate=rate)
        rows.append((f"{units} units", share(first <= 250), share(last), median(first)))
    columns = ("units", "right at some test by 250", f"right at epoch {epochs}", "median epoch")
    return f"1. Tuning: how many units, rate {rate}", columns, rows


def alphabets(R, epochs, quick):
    rows = []
    for size in (5, 26) if quick else (5, 10, 26, 100):
        task = draw_conflicting(np.random.default_rng(size), count=2, middle=3, alphabet=size)
        sequences = np.array(task.sequences)
        trials = side_by_side(range(R), UNITS, size)
        trials.params["a"] -= np.log(size - 1)  # each output is 1 for only one of the symbols
        first, last = epochs_until_right(trials, sequences, epochs, rate=0.01)
        words = " and ".join(",".join(map(str, sequence)) for sequence in task.sequences)
        shares = share(~np.isnan(first)), share(last)
        rows.append((f"{size}: {words}", *shares, median(first), str(task.ceiling(1))))
    columns = ("alphabet and sequences", "right at some test", f"right at epoch {epochs}")
    title = "2. Other alphabets, rate 0.01, output biases from the symbols' frequency"
    return title, (*columns, "median epoch", "ceiling without memory"), rows


def keras_trials(R, symbols, seed):
    """Networks of 20 units with Keras's initial weights, and outputs that start at 1/symbols."""
    rng = np.random.default_rng(seed)
    each = [keras_lstm(symbols, UNITS, rng) for _ in range(R)]
    params = {name: np.stack([weights[name] for weights in each]) for name in each[0]}
    params["V"] = np.stack([glorot_uniform((UNITS, symbols), rng) for _ in range(R)])
    params["a"] = np.zeros((R, symbols))
    return Trials({name: array.astype(np.float32) for name, array in params.items()})


def biased_trials(R, p, seed):
    """The networks of `hochreiter.py`: 2 units, small weights, forget bias 8, input bias -6."""
    network = replace(TASK_2A, p=p, inputs=p + 1, outputs=p + 1, direct=False)
    return new_trials(network, R, np.random.default_rng(seed))


def length(p, R, updates, quick, start, rate):
    """Experiment 2a with p steps; the loss is that of the last step, which alone needs memory."""
    task = experiment_2a(p)
    asked = np.broadcast_to(np.array(task.sequences), (R, 2, p + 1))
    if start == "keras":
        trials, rates = keras_trials(R, p + 1, p), rate
        label, beta_2 = f"{p} steps; Keras's weights, 20 units; rate {rate}", 0.999
    else:
        trials = biased_trials(R, p, p)
        rates, beta_2 = trials.rates(layer=rate, head=0.2), 0.95
        label = f"{p} steps; biases 8 and -6, 2 units; rate {rate}"
    trials.params["a"][...] = -np.log(p)  # each output is 1 for one symbol only
    first, at = np.full(R, np.nan), np.full((R, 2), p - 1)
    for update in range(updates):
        outputs, _ = trials.forward(asked[:, :, :-1], at=at)
        right = (outputs.argmax(axis=2) == asked[:, :, -1]).all(axis=1)
        first[right & np.isnan(first)] = update
        gradient = sigmoid_cross_entropy(outputs, asked[:, :, -1])[1]
        trials.update(trials.backward(gradient * (p + 1)), rates, beta_2=beta_2)
    ceiling = str(task.ceiling(1, at_end=True))
    row = (label, share(~np.isnan(first)), share(right), median(first), ceiling)
    columns = ("steps, initial weights", "both right at some update")
    columns += (f"at update {updates}", "median update", "ceiling without memory")
    return f"3. Long sequences, {updates} updates", columns, [row]


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
        median_epoch = median(first)
        updates = median_epoch if median_epoch == "-" else str(int(median_epoch) * per_epoch)
        rows.append((name, share(first <= 250), share(last), median_epoch, updates))
    columns = (
        "an update for",
        "right at some test by 250",
        f"right at {epochs}",
        "median epoch",
        "median update",
    )
    return "5. Batch learning", columns, rows


def unseen_sequences():
    """Every sequence of the same length and alphabet that has other middle symbols: (52, 5)."""
    middles = [m for m in product(range(3), repeat=3) if m != (0, 1, 2)]
    return np.array([(key, *middle, key) for key in (3, 4) for middle in middles])


def order(R, epochs, quick, how):
    """Does it help to draw which sequence comes first, also on sequences that were never seen?"""
    unseen = unseen_sequences()
    shares, general, rows = [], [], []
    for kind in ("always the same", "drawn in each epoch"):
        rng = np.random.default_rng(0) if kind.startswith("drawn") else None
        trials = side_by_side(range(R))
        first, last = epochs_until_right(trials, SEQUENCES, epochs, how, shuffle=rng)
        answers = outputs_of(trials, unseen)[:, :, -1].argmax(axis=2)
        general.append((answers == unseen[:, -1]).mean(axis=1))
        shares.append(share(last))
        mean, error = 100 * general[-1].mean(), 196 * general[-1].std(ddof=1) / R**0.5
        ever = share(~np.isnan(first))
        rows.append((kind, ever, shares[-1], median(first), f"{mean:.1f} ± {error:.1f}"))
    difference = 100 * (general[1] - general[0])  # of networks with the same initial weights
    mean, error = difference.mean(), 1.96 * difference.std(ddof=1) / R**0.5
    rows.append(("difference", "", versus(*shares), "", f"{mean:+.1f} ± {error:.1f}"))
    columns = ("order of the two", "right at some test", f"right at epoch {epochs}", "median epoch")
    columns += ("last symbol of 52 unseen sequences right, %",)
    name = {"carried": "the tutorial", "whole": "through time, an update per sequence"}[how]
    return f"6. Shuffled epochs, {name}", columns, rows


def one_part(job):
    """The title, columns and rows of a run: a function and its arguments."""
    part, *sizes = job
    return part(*sizes)


def jobs_of(quick):
    """The runs of each part: functions and their arguments."""
    R, epochs = (5, 200) if quick else (50, 500)
    rates = (0.01,) if quick else (0.001, 0.01, 0.05)
    if quick:
        long = [
            (length, 20, 5, 200, quick, "biased", 0.005),
            (length, 20, 5, 50, quick, "keras", 0.01),
        ]
    else:
        long = [(length, 100, 20, 1000, quick, "keras", rate) for rate in (0.001, 0.01)]
        long += [(length, 1000, 10, 200, quick, "keras", 0.01)]
        long += [(length, p, 10, 400, quick, "biased", 0.005) for p in (100, 1000)]
    return {
        "tuning": [(tuning, R, epochs, quick, rate) for rate in rates],
        "alphabets": [(alphabets, R, epochs, quick)],
        "lengths": long,
        "middles": [(chance, 3 if quick else 10, 200 if quick else 800, quick)],
        "batches": [(batches, R, epochs, quick)],
        "order": [(order, 2 * R, epochs // 2, quick, how) for how in ("carried", "whole")],
    }


def joined(results):
    """The same results, those with the same title as one."""
    together = {}
    for title, columns, rows in results:
        together.setdefault((title, columns), []).extend(rows)
    return [(title, columns, rows) for (title, columns), rows in together.items()]


def draw(results, name, quick):
    """A panel per run: the share in the third column, with its interval."""
    results = joined(results)
    columns = min(3, len(results))
    lines = -(-len(results) // columns)
    width, height = 5.4 * columns, 3.2 * lines
    figure, all_axes = new_plot(columns, width=width, height=height, rows=lines)
    for axes in np.ravel(all_axes)[len(results) :]:
        axes.set_visible(False)
    for axes, (title, columns, rows) in zip(np.ravel(all_axes), results, strict=False):
        rows = [row for row in rows if row[0] != "difference"]
        shares = [row[2] for row in rows]
        labels = [
            row[0].replace(": ", "\n").replace("; ", "\n").replace(", ", "\n") for row in rows
        ]
        if isinstance(shares[0], Share):
            share_bars(axes, labels, shares)
            axes.set_xlabel(f"{columns[2]}, % of {shares[0].n} trials, 95 % interval", fontsize=9)
        else:
            low, high = np.array([row[3].split(" to ") for row in rows], float).T
            values, places = np.array(shares, float), np.arange(len(rows))[::-1]
            axes.errorbar(values, places, xerr=[values - low, high - values], fmt="o", capsize=3)
            axes.set_yticks(places, labels)
            axes.set_xlim(0, 105)
            axes.set_ylim(-0.6, len(rows) - 0.4)
            line_at(axes, 50, "without memory", across=False)
            axes.set_xlabel("right on unseen, %: mean, extremes; dashed: no memory", fontsize=9)
        axes.tick_params(axis="y", labelsize=8)
        axes.set_title(title, fontsize=10, loc="right" if len(title) > 60 else "center")
    save_plot(figure, name, quick)


def main():
    jobs = jobs_of("--quick" in sys.argv)
    quick, parts = quick_and_parts(__doc__.splitlines()[0], jobs)
    runs = [(job,) for part in parts for job in jobs[part]]
    results = on_all_cores(one_part, runs, "extensions")
    for result in results:
        show_table(*result)
    draw(results, named_by_parts("memory_extensions", parts, jobs), quick)


if __name__ == "__main__":
    main()

"""One input or many, one output or many: the layouts on tasks that they are made for.

"classify" reads a sequence and names its class: many to one. Two events, each an A or a B, stand at
drawn places among other symbols, 20 to 30 in all, and the class is their order: AA, AB, BA or BB
(Experiment 6a of Hochreiter & Schmidhuber 1997, shortened). Who counts symbols and does not see
their order cannot tell AB from BA. The loss is that of the last output, or of all outputs, each of
which is to name the class; and the events stand in the first ten steps, or anywhere.

"generate" writes a sequence from a label: one to many. The label is a number from 21 to 99, as two
digits, given at the first step alone; the output is its English name, letter by letter. The network
gets its own last letter as the next input. Twenty of the numbers are never trained on.

"features" forecasts a series from several features. Each day has a temperature, a pressure, a
humidity and a wind; a fall of the pressure brings a fall of the temperature two days later. The
forecast is the temperature of the next day, from the temperature alone or from all four. The data
are drawn, so that the least possible error is known.
"""

import numpy as np

from _shares import as_p, paired, share, versus
from _show import (
    line_at,
    new_plot,
    on_all_cores,
    quick_and_parts,
    save_plot,
    show_table,
)
from _trials import Trials, softmax_cross_entropy
from lstm_checks.plots import legend_below
from lstm_reference.training.initializers import glorot_uniform, keras_lstm


def new_trials(R, inputs, units, outputs, seed):
    """R networks with Keras's initial weights, in float32."""
    rng = np.random.default_rng(seed)
    each = [keras_lstm(inputs, units, rng) for _ in range(R)]
    params = {name: np.stack([weights[name] for weights in each]) for name in each[0]}
    params["V"] = np.stack([glorot_uniform((units, outputs), rng) for _ in range(R)])
    params["a"] = np.zeros((R, outputs))
    return Trials({name: array.astype(np.float32) for name, array in params.items()})


def clipped(gradient):
    """Each trial's gradient (R, P) with a norm of at most 1."""
    norm = np.sqrt((gradient * gradient).sum(axis=1, keepdims=True))
    return gradient / np.maximum(norm, 1)


# Many to one ---------------------------------------------------------------------------------

OTHERS, EVENTS, CLASSES, LONGEST = 4, 2, 4, 30
BLANK = OTHERS + EVENTS  # fills a sequence after its end


def draw_events(rng, shape, early):
    """Sequences (R, N, 30) of 20 to 30 symbols, their last steps (R, N) and classes (R, N)."""
    length = rng.integers(20, LONGEST + 1, size=shape)
    x = rng.integers(OTHERS, size=(*shape, LONGEST))
    x = np.where(np.arange(LONGEST) < length[..., None], x, BLANK)
    first = rng.integers(0, 5 if early else 10, size=shape)
    second = rng.integers(5, 10, size=shape) if early else rng.integers(10, length - 1)
    events = rng.integers(EVENTS, size=(*shape, 2))
    for place, event in ((first, events[..., 0]), (second, events[..., 1])):
        np.put_along_axis(x, place[..., None], OTHERS + event[..., None], axis=2)
    return x, length - 1, 2 * events[..., 0] + events[..., 1]


def classified(loss, early, R, updates, seed=0):
    """Each trial's share of right classes on 500 new sequences: (R,)."""
    rng = np.random.default_rng([seed, 1])
    trials = new_trials(R, BLANK + 1, 16, CLASSES, seed)
    for _ in range(updates):
        x, last, kind = draw_events(rng, (R, 32), early)
        if loss == "last":
            outputs, _ = trials.forward(x, at=last)
            gradient = softmax_cross_entropy(outputs, kind)[1]
        else:
            outputs, _ = trials.forward(x)
            every = np.broadcast_to(kind[..., None], x.shape)
            gradient = softmax_cross_entropy(outputs, every)[1]
            gradient *= (np.arange(LONGEST) <= last[..., None])[..., None]
        trials.update(clipped(trials.backward(gradient)), 0.01)
    x, last, kind = draw_events(rng, (R, 500), early)
    outputs, _ = trials.forward(x, at=last, training=False)
    return (outputs.argmax(axis=2) == kind).mean(axis=1)


def classify(quick):
    """Sequences classified by the order of two events."""
    R, updates = (3, 120) if quick else (20, 400)
    runs = [(loss, early) for early in (True, False) for loss in ("last", "all")]
    jobs = [(loss, early, R, updates) for loss, early in runs]
    found = dict(zip(runs, on_all_cores(classified, jobs, "classify"), strict=True))
    names = {"last": "loss of the last output", "all": "loss of all outputs"}
    rows = []
    for (loss, early), right in found.items():
        where = "events in the first ten steps" if early else "events anywhere"
        spread = f"{100 * right.min():.1f} to {100 * right.max():.1f}"
        told = (share(right > 0.95), f"{100 * right.mean():.1f}", spread)
        rows.append((f"{where}, {names[loss]}", *told))
    columns = ("task and loss", "above 95 % right", "right, mean %", "lowest and highest")
    title = f"Classes of 500 new sequences, {R} trials, {updates} updates"
    show_table(f"{title}; chance 25 %, counting 75 %", columns, rows)
    for early in (True, False):
        one, other = (share(found[loss, early] > 0.95) for loss in ("last", "all"))
        where = "first ten steps" if early else "anywhere"
        print(f"events {where}, last against all: {versus(one, other)} (Fisher's exact test)")

    figure, axes = new_plot(width=9, height=4)
    places = np.arange(len(rows))[::-1]
    for place, right in zip(places, found.values(), strict=True):
        spread = np.linspace(-0.25, 0.25, len(right))
        axes.plot(100 * right, place + spread, ".", color="C0", alpha=0.7)
    line_at(axes, 25, "chance", ":", across=False)
    line_at(axes, 75, "naive: counting the events", across=False)
    axes.set_yticks(places, [row[0].replace(", ", "\n") for row in rows])
    axes.set_xlim(20, 103)
    axes.set_xlabel(f"right classes of 500 new sequences, %; a dot for each of {R} trials")
    axes.set_title("Many to one: which class is this sequence?")
    legend_below(figure, axes, columns=2)
    save_plot(figure, "one_or_many", quick)


# One to many ---------------------------------------------------------------------------------

TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LETTERS = sorted({*"".join(TENS + ONES), " ", "."})  # the point ends a name
LABEL = len(TENS) + len(ONES)


def names_and_labels():
    """All names as symbols (72, T), points after their end, and their labels (72, 17), one-hot."""
    every = [(t, o) for t in range(len(TENS)) for o in range(len(ONES))]
    names = [f"{TENS[t]} {ONES[o]}." for t, o in every]
    longest = max(map(len, names))
    index = {letter: number for number, letter in enumerate(LETTERS)}
    symbols = np.array([[index[c] for c in name.ljust(longest, ".")] for name in names])
    labels = np.array([np.eye(LABEL)[t] + np.eye(LABEL)[len(TENS) + o] for t, o in every])
    return symbols, labels.astype(np.float32)


def inputs_of(labels, symbols):
    """Features (…, T, LABEL + letters): the label at the first step, then the letter before."""
    coded = np.eye(len(LETTERS), dtype=np.float32)[symbols]
    x = np.zeros((*symbols.shape, LABEL + len(LETTERS)), np.float32)
    x[..., 0, :LABEL] = labels
    x[..., 1:, LABEL:] = coded[..., :-1, :]
    return x


def written(trials, labels, steps):
    """What each trial writes from labels (N, LABEL), each letter its next input: (R, N, steps)."""
    R, N = len(trials), len(labels)
    x = np.zeros((R, N, 1, LABEL + len(LETTERS)), np.float32)
    x[..., 0, :LABEL] = labels
    found, state = [], None
    for _ in range(steps):
        outputs, state = trials.forward(x, state, training=False)
        found.append(outputs[:, :, 0].argmax(axis=2))
        x = np.zeros_like(x)
        x[..., 0, LABEL:] = np.eye(len(LETTERS))[found[-1]]
    return np.stack(found, axis=2)


def generated(R, updates, seed=0):
    """Whole names right, of those trained on and of the others (R,) each, and some that are new."""
    rng = np.random.default_rng(seed)
    symbols, labels = names_and_labels()
    order = rng.permutation(len(symbols))
    unseen, seen = order[:20], order[20:]
    x = inputs_of(labels, symbols)
    trials = new_trials(R, x.shape[2], 48, len(LETTERS), seed)
    for _ in range(updates):
        chosen = rng.choice(seen, 32)
        targets = np.broadcast_to(symbols[chosen], (R, *symbols[chosen].shape))
        outputs, _ = trials.forward(np.broadcast_to(x[chosen], (R, *x[chosen].shape)))
        trials.update(clipped(trials.backward(softmax_cross_entropy(outputs, targets)[1])), 0.01)
    right = []
    for part in (seen, unseen):
        wrote = written(trials, labels[part], symbols.shape[1])
        right.append((wrote == symbols[part]).all(axis=2).mean(axis=1))
    texts = ["".join(LETTERS[s] for s in name).rstrip(".") for name in wrote[0, :4]]
    return *right, texts


def generate(quick):
    """Names of numbers written from a label."""
    R, updates = (2, 120) if quick else (10, 400)
    found = on_all_cores(generated, [(R // 2, updates, seed) for seed in range(2)], "generate")
    seen, unseen = (np.concatenate([one[part] for one in found]) for part in range(2))
    texts = found[0][2]
    rows = [
        (name, f"{100 * right.mean():.1f}", f"{100 * right.min():.0f} to {100 * right.max():.0f}")
        for name, right in (("52 trained on", seen), ("20 never seen", unseen))
    ]
    columns = ("numbers", "whole name right, mean %", "lowest and highest of a seed")
    show_table(f"Names written from a label, {R} seeds, {updates} updates", columns, rows)
    print(f"written by seed 0 for labels that were never seen: {', '.join(texts)}")


# Several features ----------------------------------------------------------------------------

NOISE = 0.3


def weather(rng, shape):
    """Days (…, 4): temperature, pressure, humidity, wind; each of unit scale or nearly so."""
    *lead, days = shape
    pressure, temperature = np.zeros((*lead, days)), np.zeros((*lead, days))
    push, noise = rng.standard_normal((2, *lead, days))
    for day in range(2, days):
        pressure[..., day] = 0.7 * pressure[..., day - 1] + 0.7 * push[..., day]
        fall = pressure[..., day - 2] - pressure[..., day - 1]
        temperature[..., day] = 0.8 * temperature[..., day - 1] - 0.9 * fall
        temperature[..., day] += NOISE * noise[..., day]
    humidity = -0.5 * pressure + 0.8 * rng.standard_normal((*lead, days))
    wind = np.abs(np.gradient(pressure, axis=-1)) + 0.3 * rng.standard_normal((*lead, days))
    return np.stack([temperature, pressure, humidity, wind], axis=-1).astype(np.float32)


def forecast(features, R, updates, days=60):
    """Each trial's RMSE of the next day's temperature on new series, and that of the last value."""
    rng = np.random.default_rng(3)
    trials = new_trials(R, features, 16, 1, 3)
    for _ in range(updates):
        series = weather(rng, (R, 8, days + 1))
        outputs, _ = trials.forward(np.ascontiguousarray(series[:, :, :-1, :features]))
        error = outputs - series[:, :, 1:, :1]
        trials.update(clipped(trials.backward(error * (2 / error[0].size))), 0.01)
    series = weather(rng, (R, 50, days + 1))
    outputs, _ = trials.forward(np.ascontiguousarray(series[:, :, :-1, :features]), training=False)
    late = slice(10, None)  # after the first days, whose past is not seen
    truth, last = series[:, :, 1:, 0][..., late], series[:, :, :-1, 0][..., late]
    found = np.sqrt(np.square(outputs[..., 0][..., late] - truth).mean(axis=(1, 2)))
    return found, np.sqrt(np.square(last - truth).mean(axis=(1, 2)))


def several_features(quick):
    """A temperature forecast from one feature or from four."""
    R, updates = (3, 100) if quick else (12, 500)
    jobs = [(1, R, updates), (4, R, updates)]
    (one, last), (four, _) = on_all_cores(forecast, jobs, "features")
    rows = [
        (name, f"{errors.mean():.3f}", f"{errors.min():.3f} to {errors.max():.3f}")
        for name, errors in (
            ("temperature alone", one),
            ("all four features", four),
            ("naive: the last value", last),
        )
    ]
    rows.append(("the noise itself, which no forecast avoids", f"{NOISE:.3f}", ""))
    columns = ("forecast from", "RMSE, mean", "lowest and highest of a seed")
    show_table(f"Tomorrow's temperature, {R} seeds, {updates} updates", columns, rows)
    print(f"one feature against four, paired by seed: {as_p(paired(one, four))} (sign-flip test)")

    figure, axes = new_plot(width=8, height=3.4)
    for place, errors in ((1, one), (0, four)):
        axes.plot(errors, place + np.linspace(-0.2, 0.2, R), ".", color="C0", alpha=0.7)
    line_at(axes, last.mean(), "naive: the last value", across=False)
    line_at(axes, NOISE, "the noise itself", ":", across=False)
    axes.set_yticks([1, 0], ["temperature alone", "all four features"])
    axes.set_ylim(-0.6, 1.6)
    axes.set_xlim(0)
    axes.set_xlabel(f"RMSE of tomorrow's temperature on new series; a dot for each of {R} seeds")
    axes.set_title("Several features at each step")
    legend_below(figure, axes, columns=2)
    save_plot(figure, "one_or_many_features", quick)


PARTS = {"classify": classify, "generate": generate, "features": several_features}


def main():
    quick, parts = quick_and_parts(__doc__.splitlines()[0], PARTS)
    for part in parts:
        PARTS[part](quick)


if __name__ == "__main__":
    main()

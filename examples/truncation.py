"""A cut at 30 steps with the state kept: does it learn what lies further back?

Truncated backpropagation through time exists for two reasons: over many steps the gradient vanishes
or explodes, and the memory that it needs grows with the number of steps. The forward pass goes on
from window to window, so that the state may still hold something from far back; but the gradient
ends at the window, and nothing teaches the network to keep it. Whether a cut at 30 steps with the
state kept is enough where 1,000 steps matter is tried here.

The task is Experiment 2b of Hochreiter & Schmidhuber (1997) with few distractors: one of two keys,
then random symbols, and at the end the key is asked for. The loss is that of the last step. Where
the gradient is cut, the sequence is read in windows of 30 steps, and only the last window learns,
since the others have no loss. A network that remembers nothing answers half of the sequences.

The part "gradient" shows the first reason: the norm of the gradient against the lag, for layers as
they are drawn, before any training.
"""

import numpy as np

from _shares import share, versus
from _show import (
    line_at,
    named_by_parts,
    new_plot,
    on_all_cores,
    quick_and_parts,
    save_plot,
    show_table,
    theme,
)
from _trials import Trials, softmax_cross_entropy
from lstm_checks.plots import legend_below, median_and_band
from lstm_reference.training import gradient_lag
from lstm_reference.training.initializers import glorot_uniform, keras_lstm

UNITS, DISTRACTORS, KEYS, BATCH, CUT, TEST = 8, 4, 2, 16, 30, 128
STARTS = {"Keras": None, "biases 8, -6": (8.0, -6.0)}
LAGS = {  # lag, trials, updates, rate
    "20": (20, 20, 600, 0.01),
    "100": (100, 20, 600, 0.01),
    "1000": (1000, 20, 200, 0.02),
}
AT_ONCE = 5_000  # trials times steps that are trained side by side, for their memory
LAYERS = {
    "simple recurrent layer, U doubled": gradient_lag.simple(2.0),
    "LSTM, forget bias 8, input bias -6": gradient_lag.lstm(8.0, -6.0),
    "LSTM, forget bias 8": gradient_lag.lstm(8.0),
    "simple recurrent layer": gradient_lag.simple(),
    "LSTM, forget bias 1": gradient_lag.lstm(1.0),
}


def networks(R, start, rng):
    """R networks with Keras's initial weights, and with other biases of the gates f and i."""
    each = [keras_lstm(KEYS + DISTRACTORS, UNITS, rng) for _ in range(R)]
    params = {name: np.stack([weights[name] for weights in each]) for name in each[0]}
    if STARTS[start] is not None:
        forget, input = STARTS[start]
        params["b"][:, :UNITS], params["b"][:, UNITS : 2 * UNITS] = input, forget
    params["V"] = np.stack([glorot_uniform((UNITS, KEYS), rng) for _ in range(R)])
    params["a"] = np.zeros((R, KEYS))
    return Trials({name: array.astype(np.float32) for name, array in params.items()})


def draw_sequences(rng, shape, lag):
    """Sequences (R, N, lag + 1) whose first symbol is the key, and the keys (R, N)."""
    key = rng.integers(KEYS, size=shape)
    middle = KEYS + rng.integers(DISTRACTORS, size=(*shape, lag))
    return np.concatenate([key[:, :, None], middle], axis=2), key


def last_outputs(trials, x, cut, training):
    """The outputs (R, N, K) of the last step; the gradient ends `cut` steps before the end."""
    R, N, T = x.shape
    state = None
    if cut is not None and cut < T:
        _, state = trials.forward(x[:, :, : T - cut], training=False)
        x = x[:, :, T - cut :]
    at = np.full((R, N), x.shape[2] - 1)
    return trials.forward(x, state, at, training)[0]


def learned(lag, cut, start, R, updates, rate, seed):
    """Each trial's share of right answers on new sequences after training: (R,)."""
    rng = np.random.default_rng(seed)
    trials = networks(R, start, rng)
    for _ in range(updates):
        x, key = draw_sequences(rng, (R, BATCH), lag)
        outputs = last_outputs(trials, x, cut, training=True)
        gradient = trials.backward(softmax_cross_entropy(outputs, key)[1])
        norm = np.sqrt((gradient * gradient).sum(axis=1, keepdims=True))
        trials.update(gradient / np.maximum(norm, 1), rate)
    x, key = draw_sequences(rng, (R, TEST), lag)
    return (last_outputs(trials, x, None, training=False).argmax(axis=2) == key).mean(axis=1)


def in_groups(runs):
    """What `learned` gives for each run, its trials in groups that fit into the memory."""
    jobs, owners = [], []
    for number, (lag, cut, start, R, updates, rate) in enumerate(runs):
        groups = max(1, R * lag // AT_ONCE)
        for seed in range(groups):
            jobs.append((lag, cut, start, R // groups, updates, rate, seed))
            owners.append(number)
    found = on_all_cores(learned, jobs, "truncation")
    return [
        np.concatenate([one for owner, one in zip(owners, found, strict=True) if owner == number])
        for number in range(len(runs))
    ]


def cut_or_not(lags, name, quick):
    """Train with the gradient through all steps and with the gradient cut, at several lags."""
    starts = ["biases 8, -6"] if quick else list(STARTS)
    runs = [
        (lag, cut, start, R, updates, rate)
        for lag, R, updates, rate in lags
        for start in starts
        for cut in (None, CUT)
        if lag < 1000 or start != "Keras"  # at 1,000 only what learns 100
    ]
    found = in_groups(runs)
    rows, solved = [], {}
    for (lag, cut, start, _, updates, _), right in zip(runs, found, strict=True):
        label = f"{lag} steps, {'gradient through all' if cut is None else f'cut at {cut}'}"
        spread = f"{100 * right.min():.0f} to {100 * right.max():.0f}"
        solved[lag, start, cut] = share(right > 0.95)
        told = solved[lag, start, cut]
        rows.append((label, start, updates, told, f"{100 * right.mean():.1f}", spread))
    columns = ("lag", "initial weights", "updates", "above 95 % right")
    columns += ("right, mean %", "lowest and highest")
    show_table("The key asked for at the end; without memory 50 %", columns, rows)
    for lag, start, cut in solved:
        if cut is None:
            compared = versus(solved[lag, start, None], solved[lag, start, CUT])
            print(f"lag {lag}, {start}: through all against cut, {compared} (Fisher's exact test)")
    bytes_per_step = 8 * 8 * UNITS  # c, h, tanh c, four gates and an input, as float64
    print(
        f"memory for the gradient: about {bytes_per_step:,} bytes per step and row, "
        f"{1000 * bytes_per_step:,} for 1,000 steps and {CUT * bytes_per_step:,} for {CUT}"
    )

    figure, axes = new_plot(width=9.5, height=1.6 + 0.45 * len(rows))
    places = np.arange(len(rows))[::-1]
    for place, right in zip(places, found, strict=True):
        spread = np.linspace(-0.25, 0.25, len(right))
        axes.plot(100 * right, place + spread, ".", color="C0", alpha=0.6)
    line_at(axes, 50, "without memory", ":", across=False)
    axes.set_yticks(places, [f"{row[0]}; {row[1]} ({row[3].n} trials)" for row in rows])
    axes.set_xlim(35, 103)
    axes.set_xlabel(f"right answers on {TEST} new sequences, %; one dot per trial")
    axes.set_title("What is learned if the gradient is cut")
    legend_below(figure, axes)
    save_plot(figure, name, quick)


def gradient(quick):
    """The norm of the gradient against the lag."""
    lags, draws = (100, 20) if quick else (1000, 200)
    jobs = [(name, lags, draws) for name in LAYERS]
    found = dict(zip(LAYERS, on_all_cores(norms_of, jobs, "gradient"), strict=True))
    rows, shown = [], [lag for lag in (10, 30, 100, 1000) if lag <= lags]
    for name, norms in found.items():
        quantiles = np.quantile(norms[:, shown], [0.1, 0.5, 0.9], axis=0).T
        cells = [f"{middle:.1e} ({low:.0e} to {high:.0e})" for low, middle, high in quantiles]
        rows.append((name, *cells))
    title = f"Norm of the gradient over that at lag 0: median, 10 to 90 % of {draws} draws"
    show_table(title, ("layer, Keras's initial weights", *(f"lag {lag}" for lag in shown)), rows)

    figure, (axes, beside) = new_plot(2, width=12, height=5.6)
    floor = 1e-16
    for one, most in ((axes, 100), (beside, lags)):
        for number, (name, norms) in enumerate(found.items()):
            inside = np.maximum(norms[:, : most + 1], floor / 100)
            median_and_band(one, np.arange(most + 1), inside, name, theme().lines[number])
        line_at(one, 1, "nothing lost", ":")
        line_at(one, 2.0**-52, "the rounding of float64", "--")
        one.axvline(CUT, color=theme().dim, linewidth=0.8)
        one.set_yscale("log")
        one.set_ylim(floor, 1e8)
        one.set_xlim(0, most)
        one.set_xlabel(f"lag: steps from the last output back to the input; the line is at {CUT}")
        one.set_ylabel("norm of the gradient, over that at lag 0")
        one.set_title(f"lags to {most:,}")
        one.grid()
    figure.suptitle("What an output owes to an earlier input, before any training")
    legend_below(figure, axes, columns=2)
    save_plot(figure, "truncation_gradient", quick)


def norms_of(name, lags, draws):
    """The norms (draws, lags + 1) of one kind of layer."""
    return gradient_lag.norms(LAYERS[name], lags, draws)


def main():
    names = [*LAGS, "gradient"]
    quick, parts = quick_and_parts(__doc__.splitlines()[0], names)
    chosen = [part for part in parts if part in LAGS]
    if chosen:
        lags = (
            [(20, 4, 150, 0.01), (60, 4, 150, 0.01)] if quick else [LAGS[part] for part in chosen]
        )
        cut_or_not(lags, named_by_parts("truncation", chosen, LAGS), quick)
    if "gradient" in parts:
        gradient(quick)


if __name__ == "__main__":
    main()

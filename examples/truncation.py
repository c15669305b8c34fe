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
"""

import numpy as np

from _shares import share
from _show import new_plot, on_all_cores, quick_and_parts, save_plot, show_table
from _trials import Trials, softmax_cross_entropy
from lstm_reference.training.initializers import glorot_uniform, keras_lstm

UNITS, DISTRACTORS, KEYS, BATCH, CUT, TEST = 8, 4, 2, 16, 30, 128
STARTS = {"Keras": None, "biases 8, -6": (8.0, -6.0)}


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


def learned(lag, cut, start, R, updates, seed=0, rate=0.01):
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


def main():
    lags = {"20": (20, 20, 600), "100": (100, 20, 600), "1000": (1000, 10, 250)}  # lag, R, updates
    quick, parts = quick_and_parts(__doc__.splitlines()[0], lags)
    if quick:
        lags, parts = {"20": (20, 4, 150), "60": (60, 4, 150)}, ["20", "60"]
    starts = ["biases 8, -6"] if quick else list(STARTS)
    runs = [
        (lags[part][0], cut, start, *lags[part][1:])
        for part in parts
        for start in starts
        for cut in (None, CUT)
        # at 1,000 only what is in question; without a cut, see hochreiter.py
        if lags[part][0] < 1000 or (start != "Keras" and cut is not None)
    ]
    found = on_all_cores(learned, runs, "truncation")
    rows = []
    for (lag, cut, start, _, updates), right in zip(runs, found, strict=True):
        name = f"{lag} steps, {'gradient through all' if cut is None else f'cut at {cut}'}"
        spread = f"{100 * right.min():.0f} to {100 * right.max():.0f}"
        solved = share(right > 0.95)
        rows.append((name, start, updates, solved, f"{100 * right.mean():.1f}", spread))
    columns = ("lag", "initial weights", "updates", "above 95 % right")
    columns += ("right, mean %", "lowest and highest")
    show_table("The key asked for at the end; without memory 50 %", columns, rows)
    bytes_per_step = 8 * 8 * UNITS  # c, h, tanh c, four gates and an input, as float64
    print(
        f"memory for the gradient: about {bytes_per_step:,} bytes per step and row, "
        f"{1000 * bytes_per_step:,} for 1,000 steps and {CUT * bytes_per_step:,} for {CUT}"
    )

    figure, axes = new_plot(width=9, height=1.2 + 0.45 * len(rows))
    places = np.arange(len(rows))[::-1]
    for place, right in zip(places, found, strict=True):
        spread = np.linspace(-0.25, 0.25, len(right))
        axes.plot(100 * right, place + spread, ".", color="C0", alpha=0.6)
    axes.axvline(50, color="gray", linestyle=":", label="without memory")
    axes.set_yticks(places, [f"{row[0]}; {row[1]} ({row[3].n} trials)" for row in rows])
    axes.set_xlim(35, 103)
    axes.set_xlabel(f"right answers on {TEST} new sequences, %; one dot per trial")
    axes.set_title("What is learned if the gradient is cut")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.0))
    save_plot(figure, "truncation", quick)


if __name__ == "__main__":
    main()

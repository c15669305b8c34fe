"""A noisy sine, with the simple recurrent layer: does the state have to be kept between windows?

A long series is cut into windows, and the gradient never leaves a window (truncated backpropagation
through time). There are four ways of training: long windows in random order, each from a state of
zeros; short windows in order with the state kept; short windows in random order with the state
kept, which makes no sense; and short windows in order with the state thrown away. Each network is
then used in the way it was trained; the last one is also used with its state kept. At the end, each
network continues the series by itself: each forecast is its next input.
"""

import numpy as np

from _series import noisy_sine
from _show import bar, is_quick, line_at, new_plot, save_plot, show_table, theme
from lstm_checks.plots import legend_below
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.tasks.layouts import many_to_one, streams
from lstm_reference.training.initializers import keras_rnn
from lstm_reference.training.layers import Dense, TimeDistributed
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import Adam

PERIOD, NOISE, UNITS = 25, 0.1, 16
STREAMS, SHORT, LONG = 10, 5, 25
WAYS = {
    "long": f"windows of {LONG}, random order, no state kept",
    "kept": f"windows of {SHORT}, in order, state kept",
    "mixed": f"windows of {SHORT}, random order, state kept",
    "thrown": f"windows of {SHORT}, in order, state thrown away",
}
USES = {  # how it was trained, and how many steps it then sees; None: all, through its state
    WAYS["long"]: ("long", LONG),
    WAYS["kept"]: ("kept", None),
    WAYS["mixed"]: ("mixed", None),
    WAYS["thrown"]: ("thrown", SHORT),
    "the same network, used with its state kept": ("thrown", None),
}


def train(way, series, epochs, rng):
    layer = SimpleRNN(1, UNITS, stateful=way in ("kept", "mixed"), return_sequences=way != "long")
    layer.params.update(keras_rnn(1, UNITS, rng))
    head = Dense(UNITS, 1, rng=rng)
    optimizer = Adam(0.003)
    if way == "long":
        network = Sequential([layer, head], optimizer=optimizer, rng=rng)
        network.fit(*many_to_one(series, LONG), epochs=epochs, batch_size=STREAMS * SHORT)
        return layer, head
    network = Sequential([layer, TimeDistributed(head)], optimizer=optimizer, rng=rng)
    batches = streams(series[:-1, None], series[1:, None], STREAMS, SHORT)
    for _ in range(epochs):
        network.reset_state()
        for batch in rng.permutation(len(batches)) if way == "mixed" else range(len(batches)):
            network.train_batch(*batches[batch])
    return layer, head


def one_step(layer, head, series, seen):
    """The root mean squared error of one step ahead, after the first LONG steps of a series."""
    if seen is None:
        layer.return_sequences = True
        y, _ = layer.forward(series[None, :-1, None], np.zeros((1, UNITS)))
        y, layer.return_sequences = y[0, LONG - 1 :], False
    else:
        x, _ = many_to_one(series[LONG - seen :], seen)
        y, _ = layer.forward(x, np.zeros((len(x), UNITS)))
    return np.sqrt(np.mean((head.forward(y)[:, 0] - series[LONG:]) ** 2))


def run(layer, head, series, seen, steps):
    """The forecast (steps,) that continues the series, each value the next input."""
    values = list(series)
    y, state = layer.forward(series[None, :, None], np.zeros((1, UNITS)))
    for _ in range(steps):
        if seen is not None:
            y, _ = layer.forward(np.array(values[-seen:])[None, :, None], np.zeros((1, UNITS)))
        values.append(head.forward(y)[0, 0])
        if seen is None:
            y, state = layer.forward(np.array(values[-1:])[None, :, None], state)
    return np.array(values[len(series) :])


def main():
    quick = is_quick(__doc__.splitlines()[0])
    seeds, epochs, ahead = (2, 20, 50) if quick else (10, 60, 100)
    rows, curves, by_step = [], {}, {}
    clean = np.sin(2 * np.pi / PERIOD * np.arange(2001 + ahead))
    single, closed = {use: [] for use in USES}, {use: [] for use in USES}
    for seed in bar(range(seeds), "sine"):
        series = noisy_sine(2001, PERIOD, NOISE, np.random.default_rng(seed))
        test = noisy_sine(1001, PERIOD, NOISE, np.random.default_rng([seed, 2]))
        trained = {
            way: train(way, series, epochs, np.random.default_rng([seed, 1])) for way in WAYS
        }
        for use, (way, seen) in USES.items():
            layer, head = trained[way]
            layer.return_sequences = False
            single[use].append(one_step(layer, head, test, seen))
            forecast = run(layer, head, series, seen, ahead)
            closed[use].append(forecast - clean[2001:])
            curves.setdefault(use, forecast)
    for use, errors in closed.items():
        squares = np.square(errors)
        by_step[use] = np.sqrt(squares.mean(axis=0))
        first, rest = (f"{np.sqrt(part.mean()):.2f}" for part in np.split(squares, [PERIOD], 1))
        spread = f"{np.min(single[use]):.3f} to {np.max(single[use]):.3f}"
        rows.append((use, f"{np.mean(single[use]):.3f}", spread, first, rest))
    test = noisy_sine(1001, PERIOD, NOISE, np.random.default_rng([0, 2]))
    naive = np.sqrt(np.mean(np.diff(test)[PERIOD:] ** 2))
    amplitude = np.sqrt(0.5)
    rows.append(("the last value again", f"{naive:.3f}", "", "", ""))
    rows.append(("zero, the mean of the sine", "", "", f"{amplitude:.2f}", f"{amplitude:.2f}"))
    rows.append(("the noise, which no forecast can avoid", f"{NOISE:.3f}", "", "0.00", "0.00"))
    columns = (
        "trained, and used, on",
        "one step ahead",
        "all seeds",
        f"by itself, steps 1-{PERIOD}",
        f"{PERIOD + 1}-{ahead}",
    )
    title = f"RMSE; simple recurrent layer of {UNITS} units, {epochs} epochs, {seeds} seeds"
    show_table(title, columns, rows)

    figure, (axes, beside) = new_plot(2, width=12)
    past, future = np.arange(-60, 0), np.arange(ahead)
    seen = noisy_sine(2001, PERIOD, NOISE, np.random.default_rng(0))[-60:]
    axes.plot(past, seen, ".", color=theme().dim, markersize=4, label="seen, with noise")
    axes.plot(future, clean[2001:], ":", color=theme().ink, zorder=5, label="sine")
    for use, forecast in curves.items():
        axes.plot(future, forecast, label=use)
    axes.set_xlabel("step after the last one seen")
    axes.set_ylabel("value")
    axes.set_title("By itself, seed 0")
    for use, error in by_step.items():
        beside.plot(future, error, label=use)
    line_at(beside, amplitude, "naive: forecast of zero, the mean", ":")
    beside.set_xlabel("step after the last one seen")
    beside.set_ylabel(f"RMSE over {seeds} seeds")
    beside.set_title("Error of the forecast by itself")
    legend_below(figure, (axes, beside), columns=2)
    save_plot(figure, "sine", quick)


if __name__ == "__main__":
    main()

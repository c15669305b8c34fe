"""A noisy sine by the simple recurrent layer: does it matter to keep the state between windows?

A long series is cut into windows; the gradient never leaves a window (truncated backpropagation
through time). Three ways to train on it: long windows in random order, each from a state of zeros;
short windows in order with the state kept; the same short windows with the state thrown away. Then
the network goes on by itself: each forecast is the next input.
"""

import numpy as np

from _show import bar, is_quick, new_plot, save_plot, show_table
from lstm_reference.data import many_to_one, streams
from lstm_reference.initializers import keras_rnn
from lstm_reference.layers import Dense, TimeDistributed
from lstm_reference.network import Sequential
from lstm_reference.optimizers import Adam
from lstm_reference.rnn import SimpleRNN
from lstm_reference.series import noisy_sine

PERIOD, NOISE, UNITS = 25, 0.1, 16
STREAMS, SHORT, LONG = 10, 5, 25
WAYS = {
    "long": f"windows of {LONG}, random order, no state kept",
    "kept": f"windows of {SHORT}, in order, state kept",
    "thrown": f"windows of {SHORT}, in order, state thrown away",
}


def train(way, series, epochs, rng):
    layer = SimpleRNN(1, UNITS, stateful=way == "kept", return_sequences=way != "long")
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
        for x, y in batches:
            network.train_batch(x, y)
    return layer, head


def run(layer, head, series, seen, steps):
    """From step `seen` on by itself: (steps,). The series up to there sets the state."""
    y, state = layer.forward(series[None, :seen, None], np.zeros((1, UNITS)))
    forecast = []
    for _ in range(steps):
        value = head.forward(y.reshape(1, -1, UNITS)[:, -1])
        forecast.append(value[0, 0])
        y, state = layer.forward(value[:, None], state)
    return np.array(forecast)


def one_step(layer, head, series):
    """The root mean squared error of one step ahead over a series, the first period left out."""
    layer.return_sequences = True
    y, _ = layer.forward(series[None, :-1, None], np.zeros((1, UNITS)))
    error = head.forward(y)[0, :, 0] - series[1:]
    return np.sqrt(np.mean(error[PERIOD:] ** 2))


def main():
    quick = is_quick(__doc__.splitlines()[0])
    seeds, epochs, ahead = (2, 20, 50) if quick else (10, 60, 100)
    rows, curves, by_step = [], {}, {}
    clean = np.sin(2 * np.pi / PERIOD * np.arange(2001 + ahead))
    tests = {}
    for way in bar(WAYS, "sine"):
        single, closed = [], []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            series = noisy_sine(2001, PERIOD, NOISE, rng)
            test = noisy_sine(1001, PERIOD, NOISE, np.random.default_rng(1000 + seed))
            layer, head = train(way, series, epochs, rng)
            single.append(one_step(layer, head, test))
            forecast = run(layer, head, series, len(series), ahead)
            closed.append(forecast - clean[2001:])
            curves.setdefault(way, forecast)
            tests.setdefault("noisy", series)
        errors = np.abs(closed)
        by_step[way] = np.sqrt(np.mean(errors**2, axis=0))
        first, rest = (f"{np.sqrt(np.mean(part**2)):.2f}" for part in np.split(errors, [PERIOD], 1))
        rows.append((WAYS[way], f"{np.mean(single):.3f}", first, rest))
    test = noisy_sine(1001, PERIOD, NOISE, np.random.default_rng(1000))
    naive = np.sqrt(np.mean(np.diff(test)[PERIOD:] ** 2))
    amplitude = np.sqrt(0.5)
    rows.append(("the last value again", f"{naive:.3f}", "", ""))
    rows.append(("zero, the mean of the sine", "", f"{amplitude:.2f}", f"{amplitude:.2f}"))
    rows.append(("the noise, which no forecast can avoid", f"{NOISE:.3f}", "0.00", "0.00"))
    columns = (
        "trained on",
        "one step ahead",
        f"by itself, steps 1-{PERIOD}",
        f"{PERIOD + 1}-{ahead}",
    )
    title = f"RMSE; simple recurrent layer of {UNITS} units, {epochs} epochs, {seeds} seeds"
    show_table(title, columns, rows)

    figure, (axes, beside) = new_plot(2, width=12)
    past, future = np.arange(-60, 0), np.arange(ahead)
    axes.plot(past, tests["noisy"][-60:], ".", color="gray", markersize=4, label="seen, with noise")
    axes.plot(future, clean[2001:], color="black", linewidth=1, label="sine")
    for way, forecast in curves.items():
        axes.plot(future, forecast, label=WAYS[way])
    axes.set_xlabel("step after the last one seen")
    axes.set_ylabel("value")
    axes.set_title("By itself, seed 0")
    axes.set_ylim(-1.6, 2.6)
    axes.legend(fontsize=8, loc="upper left")
    for way, error in by_step.items():
        beside.plot(future, error, label=WAYS[way])
    beside.axhline(amplitude, color="gray", linestyle=":", label="answering zero")
    beside.set_xlabel("step after the last one seen")
    beside.set_ylabel(f"RMSE over {seeds} seeds")
    beside.set_title("How far off by itself")
    beside.legend(fontsize=8)
    save_plot(figure, "sine", quick)


if __name__ == "__main__":
    main()

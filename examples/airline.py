"""Airline passengers, with a look-back of 3 and an LSTM of 4 units, compared with naive forecasts.

The forecast is one month ahead, in thousands of passengers. Two thirds of the twelve years are for
training, one third for the test. The layouts are the two that tutorials confuse: many to one (three
months in, the next one out) and many to many (for each month the next one). Each is run with the
state reset after every sample and with the state carried on. The second part forecasts 400 streams
at once with one stateful network and a batch of 400; each step is forecast before the network
learns from it.
"""

import numpy as np

from _series import airline_passengers
from _show import bar, is_quick, new_plot, save_plot, show_table
from lstm_reference.cells.lstm import LSTM
from lstm_reference.tasks.layouts import many_to_many, many_to_one, streams
from lstm_reference.training.initializers import keras_lstm
from lstm_reference.training.layers import Dense, TimeDistributed
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import Adam

LOOK_BACK, UNITS = 3, 4
WAYS = {
    "many to one": (False, False),
    "many to one, stateful": (False, True),
    "many to many": (True, False),
    "many to many, stateful": (True, True),
}


def new_network(units, sequences, stateful, rng, optimizer=None):
    layer = LSTM(1, units, stateful=stateful, return_sequences=sequences)
    layer.params.update(keras_lstm(1, units, rng))
    head = Dense(units, 1, rng=rng)
    return Sequential(
        [layer, TimeDistributed(head) if sequences else head], optimizer=optimizer, rng=rng
    )


def forecasts(series, split, way, epochs, rng):
    """Forecasts of series[LOOK_BACK:], each from the months before, trained on series[:split]."""
    sequences, stateful = WAYS[way]
    network = new_network(UNITS, sequences, stateful, rng)
    train = series[:split]
    if sequences and stateful:  # each month once, in order, three at a time
        usable = (split - 1) // LOOK_BACK * LOOK_BACK
        pairs = streams(train[-usable - 1 : -1, None], train[-usable:, None], 1, LOOK_BACK)
        x, y = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    else:
        x, y = (many_to_many if sequences else many_to_one)(train, LOOK_BACK)
    for _ in range(epochs):
        network.fit(x, y, batch_size=1)
        network.reset_state()
    if sequences and stateful:
        return network.forward(series[None, :-1, None])[0, LOOK_BACK - 1 :, 0]
    x, _ = many_to_one(series, LOOK_BACK)
    outputs = network.predict(x, batch_size=1)
    return (outputs[:, -1] if sequences else outputs)[:, 0]


def rmse(errors):
    return np.sqrt(np.mean(np.square(errors)))


def parallel_streams(count, steps, rng, arriving=6):
    """Root mean squared errors of the network and of the last value, at each arrival of six steps.

    Each stream is a noisy sine with a period of 12 steps and its own phase, amplitude and level.
    """
    phase, level = rng.uniform(0, 12, (count, 1)), rng.normal(0, 0.5, (count, 1))
    size = rng.uniform(0.5, 1.5, (count, 1))
    wave = size * np.sin(2 * np.pi * (np.arange(steps + 1) + phase) / 12) + level
    series = wave + 0.1 * rng.standard_normal(wave.shape)
    network = new_network(16, True, True, rng, Adam(0.01))
    ours, naive = [], []
    for start in range(0, steps, arriving):
        x = series[:, start : start + arriving, None]
        y = series[:, start + 1 : start + arriving + 1, None]
        ours.append(network.train_batch(x, y) ** 0.5)  # the loss before the update
        naive.append(rmse(y - x))
    return np.array(ours), np.array(naive), arriving


def main():
    quick = is_quick(__doc__.splitlines()[0])
    seeds, epochs = (2, 20) if quick else (5, 100)
    passengers = airline_passengers()
    split = len(passengers) * 2 // 3
    low, high = passengers[:split].min(), passengers[:split].max()  # of the training part alone
    scaled = (passengers - low) / (high - low)
    truth = passengers[LOOK_BACK:]
    train, test = slice(0, split - LOOK_BACK), slice(split - LOOK_BACK, None)

    rows, curves = [], {}
    for way in bar(WAYS, "airline"):
        errors = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            ours = forecasts(scaled, split, way, epochs, rng) * (high - low) + low
            errors.append((rmse(ours[train] - truth[train]), rmse(ours[test] - truth[test])))
            curves.setdefault(way, ours)
        errors = np.array(errors)
        spread = f"{errors[:, 1].min():.1f} to {errors[:, 1].max():.1f}"
        rows.append((way, f"{errors[:, 0].mean():.1f}", f"{errors[:, 1].mean():.1f}", spread))
    last = passengers[LOOK_BACK - 1 : -1] - truth
    rows.append(
        ("naive: the last value", f"{rmse(last[train]):.1f}", f"{rmse(last[test]):.1f}", "")
    )
    year = passengers[:-12] - passengers[12:]
    cut = split - 12
    rows.append(
        ("naive: last year's value", f"{rmse(year[:cut]):.1f}", f"{rmse(year[cut:]):.1f}", "")
    )
    title = f"Airline passengers, RMSE in thousands; {epochs} epochs, mean of {seeds} seeds"
    show_table(title, ("forecast", "train", "test", "test, all seeds"), rows)

    count, steps = (400, 120) if quick else (400, 600)
    online, naive, arriving = parallel_streams(count, steps, np.random.default_rng(0))
    tail = len(online) // 4
    columns = ("forecast", "first six steps", "last quarter")
    rows = [
        ("one network, stateful, batch of 400", f"{online[0]:.2f}", f"{online[-tail:].mean():.3f}")
    ]
    rows += [("naive: the last value", f"{naive[0]:.2f}", f"{naive[-tail:].mean():.3f}")]
    rows += [("the noise itself", "0.10", "0.100")]
    show_table(f"{count} streams online, RMSE before each update", columns, rows)

    figure, (axes, beside) = new_plot(2, width=12)
    months = 1949 + np.arange(len(passengers)) / 12
    axes.plot(months, passengers, color="black", linewidth=1, label="passengers")
    for number, way in enumerate(("many to one, stateful", "many to many, stateful")):
        axes.plot(months[LOOK_BACK:], curves[way], color=f"C{number}", linewidth=1, label=way)
    axes.axvline(months[split], color="gray", linestyle=":", label="training ends")
    axes.set_xlabel("year")
    axes.set_ylabel("thousands per month")
    axes.set_title("One step ahead, LSTM of 4 units, look-back 3, seed 0")
    axes.legend(fontsize=8)
    arrived = arriving * np.arange(1, len(online) + 1)
    beside.semilogy(arrived, online, label="one network, batch of 400")
    beside.semilogy(arrived, naive, label="naive: the last value")
    beside.axhline(0.1, color="gray", linestyle=":", label="the noise")
    beside.set_xlabel("steps arrived in each stream")
    beside.set_ylabel("RMSE before learning from them")
    beside.set_title("400 streams fed online")
    beside.legend(fontsize=8)
    save_plot(figure, "airline", quick)


if __name__ == "__main__":
    main()

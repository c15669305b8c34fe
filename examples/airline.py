"""Airline passengers, with a look-back of 3 and an LSTM of 4 units, compared with naive forecasts.

The forecast is one month ahead, in thousands of passengers. Two thirds of the twelve years are for
training, one third for the test. The layouts are the two that tutorials confuse: many to one (three
months in, the next one out, and the loss on the last output alone) and many to many (for each month
the next one, and the loss on all outputs). Each is run with the state reset after every sample and
with the state carried on. All networks of a way are trained side by side, one per seed. The second
part forecasts 400 streams at once with one stateful network and a batch of 400; each step is
forecast before the network learns from it.
"""

import numpy as np

from _series import airline_passengers
from _shares import share, versus
from _show import line_at, new_plot, on_all_cores, quick_and_parts, save_plot, show_table, theme
from _trials import Trials
from lstm_checks.plots import legend_below
from lstm_reference.cells.lstm import LSTM
from lstm_reference.tasks.layouts import many_to_many, many_to_one, streams
from lstm_reference.training.initializers import glorot_uniform, keras_lstm
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


def side_by_side(seeds):
    """One network per seed, with Keras's initial weights."""
    each = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        head = {"V": glorot_uniform((UNITS, 1), rng), "a": np.zeros(1)}
        each.append({**keras_lstm(1, UNITS, rng), **head})
    return Trials({name: np.stack([one[name] for one in each]) for name in each[0]})


def samples(series, way):
    """x (n, T, 1) and y (n, M, 1): the windows of one way, and the outputs that its loss is on."""
    sequences, stateful = WAYS[way]
    if sequences and stateful:  # each month once, in order, three at a time
        usable = (len(series) - 1) // LOOK_BACK * LOOK_BACK
        pairs = streams(series[-usable - 1 : -1, None], series[-usable:, None], 1, LOOK_BACK)
        x, y = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return x, y
    x, y = (many_to_many if sequences else many_to_one)(series, LOOK_BACK)
    return x, y.reshape(len(x), -1, 1)


def forecasts(series, split, way, epochs, seeds):
    """Forecasts (seeds, L - 3) of series[3:], each from the months before, by many networks."""
    sequences, stateful = WAYS[way]
    trials = side_by_side(seeds)
    R = len(trials)
    x, y = samples(series[:split], way)
    for _ in range(epochs):
        state = None
        for window, target in zip(x, y, strict=True):
            steps = np.broadcast_to(window, (R, 1, *window.shape))
            at = None if sequences else np.full((R, 1), LOOK_BACK - 1)
            outputs, final = trials.forward(steps, state, at)
            error = outputs - target.reshape(outputs.shape[1:])
            trials.update(trials.backward(error * (2 / error[0].size)))
            state = final if stateful else None
    if sequences and stateful:
        steps = np.broadcast_to(series[:-1, None], (R, 1, len(series) - 1, 1))
        return trials.forward(steps, training=False)[0][:, 0, LOOK_BACK - 1 :, 0]
    found, state = [], None
    for window in many_to_one(series, LOOK_BACK)[0]:
        steps = np.broadcast_to(window, (R, 1, *window.shape))
        outputs, final = trials.forward(steps, state, training=False)
        found.append(outputs[:, 0, -1, 0])
        state = final if stateful else None
    return np.stack(found, axis=1)


def rmse(errors):
    """The root mean square over the last axis, or over all of a one-dimensional array."""
    return np.sqrt(np.mean(np.square(errors), axis=-1))


def parallel_streams(count, steps, rng, arriving=6):
    """Root mean squared errors of the network and of the last value, at each arrival of six steps.

    Each stream is a noisy sine with a period of 12 steps and its own phase, amplitude and level.
    """
    phase, level = rng.uniform(0, 12, (count, 1)), rng.normal(0, 0.5, (count, 1))
    size = rng.uniform(0.5, 1.5, (count, 1))
    wave = size * np.sin(2 * np.pi * (np.arange(steps + 1) + phase) / 12) + level
    series = wave + 0.1 * rng.standard_normal(wave.shape)
    layer = LSTM(1, 16, stateful=True)
    layer.params.update(keras_lstm(1, 16, rng))
    head = TimeDistributed(Dense(16, 1, rng=rng))
    network = Sequential([layer, head], optimizer=Adam(0.01), rng=rng)
    ours, naive = [], []
    for start in range(0, steps, arriving):
        x = series[:, start : start + arriving, None]
        y = series[:, start + 1 : start + arriving + 1, None]
        ours.append(network.train_batch(x, y) ** 0.5)  # the loss before the update
        naive.append(rmse((y - x).ravel()))
    return np.array(ours), np.array(naive), arriving


def passengers_part(quick):
    """The four ways against two naive forecasts."""
    seeds, epochs = (range(4), 20) if quick else (range(100), 100)
    passengers = airline_passengers()
    split = len(passengers) * 2 // 3
    low, high = passengers[:split].min(), passengers[:split].max()  # of the training part alone
    scaled = (passengers - low) / (high - low)
    truth = passengers[LOOK_BACK:]
    train, test = slice(0, split - LOOK_BACK), slice(split - LOOK_BACK, None)
    last = passengers[LOOK_BACK - 1 : -1] - truth
    month = rmse(last[test])
    year = passengers[:-12] - passengers[12:]
    cut = split - 12

    jobs = [(scaled, split, way, epochs, seeds) for way in WAYS]
    found = dict(zip(WAYS, on_all_cores(forecasts, jobs, "airline"), strict=True))
    rows, ends, curves = [], {}, {}
    for way, ours in found.items():
        curves[way] = ours * (high - low) + low
        errors = curves[way] - truth
        ends[way] = rmse(errors[:, test])
        spread = f"{ends[way].min():.1f} to {ends[way].max():.1f}"
        row = (way, f"{rmse(errors[:, train]).mean():.1f}", f"{ends[way].mean():.1f}", spread)
        rows.append((*row, share(ends[way] < month)))
    rows.append(("naive: the last value", f"{rmse(last[train]):.1f}", f"{month:.1f}", "", ""))
    row = ("naive: last year's value", f"{rmse(year[:cut]):.1f}", f"{rmse(year[cut:]):.1f}")
    rows.append((*row, "", ""))
    title = f"Airline passengers, RMSE in thousands; {epochs} epochs, mean of {len(seeds)} seeds"
    columns = ("forecast", "train", "test", "test, all seeds", "better than the last value")
    show_table(title, columns, rows)
    one, other = (share(ends[f"many to one{how}"] < month) for how in ("", ", stateful"))
    print(f"many to one, state reset against carried: {versus(one, other)} (Fisher's exact test)")

    figure, (axes, beside) = new_plot(2, width=13, height=4.8)
    months = 1949 + np.arange(len(passengers)) / 12
    axes.plot(months, passengers, color=theme().ink, linewidth=1, label="passengers")
    for number, way in enumerate(("many to one, stateful", "many to many, stateful")):
        axes.plot(months[LOOK_BACK:], curves[way][0], color=f"C{number}", linewidth=1, label=way)
    line_at(axes, months[split], "training ends", ":", across=False)
    axes.set_xlabel("year")
    axes.set_ylabel("passengers per month, thousands")
    axes.set_title(f"One step ahead, LSTM of {UNITS} units, look-back {LOOK_BACK}, seed 0")
    axes.legend(loc="upper left")
    beside.boxplot([ends[way] for way in WAYS], orientation="horizontal", whis=(0, 100))
    beside.set_yticks(range(1, 5), WAYS)
    line_at(beside, month, "naive: the last value", across=False)
    line_at(beside, rmse(year[cut:]), "naive: last year's value", ":", across=False)
    beside.set_xlabel(f"test RMSE, thousands; {len(seeds)} seeds, whiskers to the extremes")
    beside.set_title("Error on the last four years")
    beside.set_ylim(0.4, 5.8)
    beside.legend(loc="upper right")
    save_plot(figure, "airline", quick)


def streams_part(quick):
    """Many streams at once, online."""
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

    figure, axes = new_plot()
    arrived = arriving * np.arange(1, len(online) + 1)
    axes.semilogy(arrived, online, label="one network, batch of 400")
    axes.semilogy(arrived, naive, label="naive: the last value")
    line_at(axes, 0.1, "the noise itself", ":")
    axes.set_xlabel("steps arrived in each stream")
    axes.set_ylabel("RMSE before learning from them")
    axes.set_title(f"{count} streams fed online, one run")
    axes.grid()
    legend_below(figure, axes, columns=3)
    save_plot(figure, "airline_streams", quick)


PARTS = {"passengers": passengers_part, "streams": streams_part}


def main():
    quick, parts = quick_and_parts(__doc__.splitlines()[0], PARTS)
    for part in parts:
        PARTS[part](quick)


if __name__ == "__main__":
    main()

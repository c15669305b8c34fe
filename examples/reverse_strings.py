"""An encoder and a decoder that reverse strings: the state goes forward, its gradient goes back.

The encoder reads a string and hands its final state (h, c) to the decoder, which writes the string
backwards. In training, the input of the decoder is the correct previous letter (teacher forcing);
afterwards it is the letter that the decoder wrote. The gradient goes back the same way: (dh0, dc0)
of the decoder is dstate of the encoder. The test is on strings that the network was not trained on.
A string counts if every letter is right.
"""

import numpy as np

from _shares import share
from _show import bar, is_quick, new_plot, save_plot, share_curve, show_table
from lstm_checks.plots import legend_below
from lstm_reference.cells.lstm import LSTM
from lstm_reference.training.flat_weights import FlatWeights
from lstm_reference.training.initializers import keras_lstm
from lstm_reference.training.layers import Dense
from lstm_reference.training.losses import categorical_cross_entropy_from_logits
from lstm_reference.training.optimizers import Adam, clip_by_global_norm

LETTERS = "abcdefghij"
BEGIN = len(LETTERS)  # the first input of the decoder
UNITS = 64


class Reverser:
    def __init__(self, rng):
        self.encoder = LSTM(len(LETTERS), UNITS)
        self.decoder = LSTM(len(LETTERS) + 1, UNITS)
        self.encoder.params.update(keras_lstm(len(LETTERS), UNITS, rng))
        self.decoder.params.update(keras_lstm(len(LETTERS) + 1, UNITS, rng))
        self.head = Dense(UNITS, len(LETTERS), rng=rng)
        self.weights = FlatWeights([self.encoder, self.decoder, self.head])
        self.optimizer = Adam(0.003, clip=clip_by_global_norm(1.0))

    def train(self, strings):
        """One update from strings (N, L) of letter numbers; returns the loss before it."""
        backwards = strings[:, ::-1]
        fed = np.concatenate([np.full((len(strings), 1), BEGIN), backwards[:, :-1]], axis=1)
        y, state = self.encoder.forward(np.eye(len(LETTERS))[strings])
        z, _ = self.decoder.forward(np.eye(len(LETTERS) + 1)[fed], state)
        target = np.eye(len(LETTERS))[backwards]
        loss, gradient = categorical_cross_entropy_from_logits(target, self.head.forward(z))
        _, dstate = self.decoder.backward(self.head.backward(gradient))
        self.encoder.backward(np.zeros_like(y), dstate)
        self.optimizer.update(self.weights.vector, self.weights.gather())
        return loss

    def write(self, strings):
        """The letters (N, L) that the decoder writes by itself."""
        _, state = self.encoder.forward(np.eye(len(LETTERS))[strings])
        symbol = np.full(len(strings), BEGIN)
        written = []
        for _ in range(strings.shape[1]):
            z, state = self.decoder.forward(np.eye(len(LETTERS) + 1)[symbol][:, None], state)
            symbol = self.head.forward(z)[:, 0].argmax(axis=1)
            written.append(symbol)
        return np.stack(written, axis=1)


def is_test(strings):
    """Whether the strings are for the test: about one in ten, by a sum over its letters."""
    return (strings @ np.arange(1, strings.shape[1] + 1) + strings[:, 0]) % 10 == 0


def draw(rng, length, count):
    return rng.integers(len(LETTERS), size=(count, length))


def unseen_strings(rng, length):
    """About 500 strings for the test; of two letters, there are only 10."""
    strings = np.unique(draw(rng, length, 5000), axis=0)
    return rng.permutation(strings[is_test(strings)])


def training_strings(rng, length, count):
    strings = draw(rng, length, 2 * count)
    return strings[~is_test(strings)][:count]


def main():
    quick = is_quick(__doc__.splitlines()[0])
    lengths, updates = (range(2, 4), 300) if quick else (range(3, 9), 4000)
    rng = np.random.default_rng(0)
    network = Reverser(rng)
    tests = {length: unseen_strings(rng, length) for length in lengths}
    losses, curves = [], {length: [] for length in lengths}
    looks = updates // 20
    for update in bar(range(1, updates + 1), "reversing"):
        losses.append(network.train(training_strings(rng, int(rng.choice(lengths)), 64)))
        if update % looks == 0:
            for length, strings in tests.items():
                right = (network.write(strings) == strings[:, ::-1]).all(axis=1)
                curves[length].append(share(right))
    rows = []
    for length, strings in tests.items():
        right = network.write(strings) == strings[:, ::-1]
        chance = f"{100 / len(LETTERS) ** length:.0e}"
        whole, letters = (f"{100 * flags.mean():.1f}" for flags in (right.all(axis=1), right))
        rows.append((f"{length} letters", len(strings), whole, letters, chance))
    title = f"Unseen strings reversed, in %, after {updates} updates of 64 strings"
    show_table(
        title, ("length", "strings", "whole string right", "letters right", "by chance"), rows
    )
    word = tests[lengths[-1]][:3]
    for string, written in zip(word, network.write(word), strict=True):
        print("".join(LETTERS[s] for s in string), "->", "".join(LETTERS[s] for s in written))

    figure, axes = new_plot(width=7)
    at = looks * np.arange(1, len(curves[lengths[0]]) + 1)
    for number, (length, curve) in enumerate(curves.items()):
        name = f"{length} letters, {len(tests[length])} strings"
        share_curve(axes, at, curve, name, f"C{number}")
    axes.set_xlabel("updates of 64 strings")
    axes.set_ylabel("unseen strings reversed exactly, %; 95 % intervals")
    axes.set_title(f"Encoder and decoder, LSTMs of {UNITS} units, {len(LETTERS)} letters, one run")
    axes.grid()
    axes.set_ylim(-3, 103)
    legend_below(figure, axes, columns=3)
    save_plot(figure, "reverse_strings", quick)


if __name__ == "__main__":
    main()

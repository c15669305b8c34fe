"""A language model of characters, by truncated backpropagation through time with the state kept.

A rule generates the text, sentences such as "the old crows wait while the young crows sing.", so
that the least possible number of bits per character is known exactly. A whole sentence is either
singular or plural. To choose the ending of the second verb, the network must remember the first
noun, which is further back than the gradient reaches.

The part "sentences" draws short sentences apart from one another, a batch of whole ones per update,
and compares networks that keep the state from one sentence to the next with networks that begin
each sentence from zeros, with the same initial weights and the same sentences.
"""

from itertools import product

import numpy as np

from _shares import as_p, paired, share
from _show import bar, line_at, new_plot, on_all_cores, quick_and_parts, save_plot, show_table
from _trials import Trials, softmax_cross_entropy
from lstm_checks.plots import legend_below
from lstm_reference.cells.lstm import LSTM
from lstm_reference.tasks.layouts import streams
from lstm_reference.training.activations import log_softmax, softmax
from lstm_reference.training.initializers import glorot_uniform, keras_lstm
from lstm_reference.training.layers import Dense, TimeDistributed
from lstm_reference.training.losses import categorical_cross_entropy_from_logits
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import Adam, clip_by_global_norm

ADJECTIVES = ("old", "young", "quiet", "hungry", "patient", "proud")
NOUNS = ("crow", "otter", "baker", "river", "lantern", "miller", "goat", "sailor")
VERBS = ("sing", "wait", "wander", "grow", "sleep", "listen")
LINKS = ("while", "because", "until", "as")
STREAMS, STEPS, UNITS = 20, 25, 64
LONGEST, APART_UNITS = 76, 32  # characters of a sentence at most, and units of the smaller networks


def sentence(plural, link, choices):
    """Two clauses, each of an adjective, a noun and a verb, all singular or all plural."""
    noun, verb = ("s", "") if plural else ("", "s")
    clauses = [f"the {a} {n}{noun} {v}{verb}" for a, n, v in (choices[:3], choices[3:])]
    return f"{clauses[0]} {link} {clauses[1]}. "


def write(rng, length):
    """`length` characters of uniformly drawn sentences."""
    text = ""
    while len(text) < length:
        text += drawn_sentence(rng)
    return text[:length]


def drawn_sentence(rng):
    """A uniformly drawn sentence."""
    words = [str(rng.choice(kind)) for kind in 2 * (ADJECTIVES, NOUNS, VERBS)]
    return sentence(rng.integers(2), str(rng.choice(LINKS)), words)


def rule():
    """The entropy of a sentence in bits, log2 of the number of sentences, and its mean length."""
    clauses = list(product(ADJECTIVES, NOUNS, VERBS))
    count = 2 * len(LINKS) * len(clauses) ** 2
    mean = sum(sum(map(len, words)) for words in clauses) / len(clauses)
    link = sum(map(len, LINKS)) / len(LINKS)
    # a clause has its words, "the", one s, and three spaces; the link has a space on either side
    return np.log2(count), 2 * (mean + 3 + 3 + 1) + link + 2 + 2


def least_bits():
    """The least bits per character of the text."""
    bits, length = rule()
    return bits / length


def entropies(train, test, size):
    """Bits per character of the test text, by the frequencies of single characters and of pairs."""
    single = np.bincount(train, minlength=size) + 1.0
    pairs = np.ones((size, size))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    unigram = -np.log2(single / single.sum())[test[1:]].mean()
    bigram = -np.log2(pairs / pairs.sum(axis=1, keepdims=True))[test[:-1], test[1:]].mean()
    return unigram, bigram


def bits(layer, head, symbols, size):
    """The network's bits per character of a text, which it reads from a state of zeros."""
    coded = np.eye(size)
    zeros = np.zeros((1, UNITS))
    y, _ = layer.forward(coded[symbols[None, :-1]], (zeros, zeros))
    log_p = log_softmax(head.forward(y)[0])
    return -log_p[np.arange(len(symbols) - 1), symbols[1:]].mean() / np.log(2)


def log_probability(layer, head, text, index, start="the old goat waits as the old goat waits. "):
    """The logarithm of the probability that the model gives a sentence after another one."""
    symbols = np.array([index[c] for c in start + text])
    zeros = np.zeros((1, UNITS))
    y, _ = layer.forward(np.eye(len(index))[symbols[None, :-1]], (zeros, zeros))
    log_p = log_softmax(head.forward(y)[0])
    return log_p[np.arange(len(symbols) - 1), symbols[1:]][len(start) - 1 :].sum()


def more_natural(layer, head, index, rng, count):
    """In how many pairs the model finds a sentence more probable than its unnatural twin.

    Returns two shares: for twins in which the second clause disagrees in number with the first,
    and for twins with the same words in a drawn order.
    """
    agreeing, ordered = [], []
    for _ in range(count):
        words = [str(rng.choice(kind)) for kind in 2 * (ADJECTIVES, NOUNS, VERBS)]
        link, plural = str(rng.choice(LINKS)), rng.integers(2)
        right, other = (sentence(number, link, words) for number in (plural, 1 - plural))
        split = f" {link} "
        mixed = right.split(split)[0] + split + other.split(split)[1]
        parts = right.rstrip(". ").split(" ")
        shuffled = " ".join(rng.permutation(parts)) + ". "
        natural, *others = (
            log_probability(layer, head, text, index) for text in (right, mixed, shuffled)
        )
        agreeing.append(natural > others[0])
        if shuffled != right:
            ordered.append(natural > others[1])
    return share(np.array(agreeing)), share(np.array(ordered))


def sample(layer, head, start, alphabet, length, rng):
    coded = np.eye(len(alphabet))
    index = {character: number for number, character in enumerate(alphabet)}
    state = (np.zeros((1, UNITS)), np.zeros((1, UNITS)))
    y, state = layer.forward(coded[[[index[c] for c in start]]], state)
    text = start
    for _ in range(length):
        symbol = rng.choice(len(alphabet), p=softmax(head.forward(y[0, -1:]))[0])
        text += alphabet[symbol]
        y, state = layer.forward(coded[[[symbol]]], state)
    return text


def share_of_rule(text):
    """The number of whole sentences in a text, and how many of them the rule could have written."""
    possible = 0
    whole = text.split(". ")[:-1]
    for candidate in whole:
        for plural, link in product((0, 1), LINKS):
            parts = candidate.split(f" {link} ")
            noun, verb = ("s", "") if plural else ("", "s")
            clauses = [part.split(" ") for part in parts]
            possible += len(parts) == 2 and all(
                len(words) == 4
                and words[0] == "the"
                and words[1] in ADJECTIVES
                and words[2] in {n + noun for n in NOUNS}
                and words[3] in {v + verb for v in VERBS}
                for words in clauses
            )
    return len(whole), possible


def draw_sentences(rng, count, index):
    """Sentences as symbols (count, LONGEST), blanks after their end, and their lengths (count,)."""
    texts = [drawn_sentence(rng) for _ in range(count)]
    symbols = np.array([[index[c] for c in text.ljust(LONGEST)] for text in texts])
    return symbols, np.array([len(text) for text in texts])


def learned_apart(kept, R, updates, seed=0, rows=20):
    """Bits per character on unseen sentences, after half of the updates and after all: (2, R).

    The first character of a sentence is given, and blanks after its end do not count.
    """
    rng = np.random.default_rng(seed)
    alphabet = sorted({*"".join((*ADJECTIVES, *NOUNS, *VERBS, *LINKS)), *"the s. "})
    index = {character: number for number, character in enumerate(alphabet)}
    each = [keras_lstm(len(alphabet), APART_UNITS, rng) for _ in range(R)]
    params = {name: np.stack([weights[name] for weights in each]) for name in each[0]}
    heads = [glorot_uniform((APART_UNITS, len(alphabet)), rng) for _ in range(R)]
    params |= {"V": np.stack(heads), "a": np.zeros((R, len(alphabet)))}
    trials = Trials({name: array.astype(np.float32) for name, array in params.items()})
    state, found = None, []
    for update in range(1, updates + 1):
        symbols, lengths = draw_sentences(rng, rows, index)
        x = np.broadcast_to(symbols, (R, *symbols.shape))
        outputs, final = trials.forward(x[:, :, :-1], state)
        counted = np.arange(1, LONGEST) < lengths[:, None]
        gradient = softmax_cross_entropy(outputs, x[:, :, 1:])[1] * counted[..., None]
        gradient = trials.backward(gradient)
        norm = np.sqrt((gradient * gradient).sum(axis=1, keepdims=True))
        trials.update(gradient / np.maximum(norm, 1), 0.01)
        state = final if kept else None
        if update in (updates // 2, updates):
            found.append(bits_apart(trials, state, kept, index, rows))
    return np.array(found)


def bits_apart(trials, state, kept, index, rows, batches=20):
    """Bits per character of each trial on the same unseen sentences: (R,)."""
    rng, total, count = np.random.default_rng(1_000), np.zeros(len(trials)), 0
    for _ in range(batches):
        symbols, lengths = draw_sentences(rng, rows, index)
        x = np.broadcast_to(symbols, (len(trials), *symbols.shape))
        outputs, final = trials.forward(x[:, :, :-1], state, training=False)
        state = final if kept else None
        counted = np.arange(1, LONGEST) < lengths[:, None]
        log_p = np.take_along_axis(log_softmax(outputs), x[:, :, 1:, None], axis=3)[..., 0]
        total -= (log_p * counted).sum(axis=(1, 2)) / np.log(2)
        count += counted.sum()
    return total / count


def sentences_apart(quick):
    """Short independent sentences, with the state kept between them and thrown away."""
    R, updates = (4, 40) if quick else (10, 800)
    jobs = [(kept, R, updates) for kept in (True, False)]
    kept, thrown = on_all_cores(learned_apart, jobs, "sentences")
    bits_each, length = rule()
    floor = bits_each / (length - 1)
    names, points = ("state kept", "state thrown away"), (updates // 2, updates)
    rows = [
        (f"{name}, {point} updates", f"{bits.mean():.3f}", f"{bits.min():.3f} to {bits.max():.3f}")
        for point, *both in zip(points, kept, thrown, strict=True)
        for name, bits in zip(names, both, strict=True)
    ]
    rows.append(("the rule that wrote the sentences", f"{floor:.3f}", ""))
    title = f"Bits per character on 400 unseen sentences drawn apart, {R} seeds"
    show_table(title, ("between sentences", "mean", "lowest and highest"), rows)
    for point, one, other in zip(points, kept, thrown, strict=True):
        difference = one - other
        error = 1.96 * difference.std(ddof=1) / R**0.5
        print(
            f"kept less thrown away after {point} updates: {difference.mean():+.4f} ± {error:.4f} "
            f"bits, {as_p(paired(one, other))} (sign-flip test, paired by seed)"
        )

    figure, axes = new_plot(height=3.2)
    for place, bits in ((3, kept[0]), (2, thrown[0]), (1, kept[1]), (0, thrown[1])):
        axes.plot(bits, place + np.linspace(-0.25, 0.25, R), ".", color="C0", alpha=0.7)
    line_at(axes, floor, "the rule itself", ":", across=False)
    axes.set_yticks(range(3, -1, -1), [row[0] for row in rows[:4]])
    axes.set_xlabel(f"bits per character, unseen sentences; a dot for each of {R} seeds")
    axes.set_title("Sentences drawn apart: does the state matter?")
    legend_below(figure, axes)
    save_plot(figure, "characters_sentences", quick)


def one_text(quick):
    """One long text, by truncated backpropagation through time with the state kept."""
    length, epochs = (5_001, 25) if quick else (30_001, 80)
    rng = np.random.default_rng(0)
    text, unseen = write(rng, length), write(rng, 5_000)
    alphabet = sorted(set(text))
    index = {character: number for number, character in enumerate(alphabet)}
    train, test = (np.array([index[c] for c in part]) for part in (text, unseen))
    size = len(alphabet)

    layer, head = LSTM(size, UNITS, stateful=True), Dense(UNITS, size, rng=rng)
    layer.params.update(keras_lstm(size, UNITS, rng))
    network = Sequential(
        [layer, TimeDistributed(head)],
        categorical_cross_entropy_from_logits,
        Adam(0.005, clip=clip_by_global_norm(1.0)),
    )
    coded = np.eye(size)[train]
    history = []
    for _ in bar(range(epochs), "characters"):
        network.reset_state()
        for x, y in streams(coded[:-1], coded[1:], STREAMS, STEPS):
            network.train_batch(x, y)
        history.append(bits(layer, head, test, size))
    unigram, bigram = entropies(train, test, size)
    ours, floor = history[-1], least_bits()
    rows = [
        ("the LSTM", f"{ours:.3f}"),
        ("frequencies of pairs", f"{bigram:.3f}"),
        ("frequencies of characters", f"{unigram:.3f}"),
        ("all characters equally likely", f"{np.log2(size):.3f}"),
        ("the rule that wrote the text", f"{floor:.3f}"),
    ]
    title = f"Bits per character on 5,000 unseen, {epochs} epochs of {length - 1:,} characters"
    show_table(title, ("model", "bits"), rows)
    written = sample(layer, head, "the ", alphabet, 300 if quick else 5_000, rng)
    whole, possible = share_of_rule(written)
    print(f"sampled: {written[:200]}…")
    print(f"of {whole} whole sentences sampled, the rule can write {possible}")

    agreeing, ordered = more_natural(layer, head, index, rng, 50 if quick else 500)
    print(f"a sentence is more probable than with a clause of the other number: {agreeing}")
    print(f"a sentence is more probable than its words in a drawn order: {ordered}")

    figure, axes = new_plot(width=7)
    axes.plot(range(1, epochs + 1), history, label="the LSTM")
    levels = (
        ("frequencies of characters", unigram),
        ("frequencies of pairs", bigram),
        ("the rule itself", floor),
    )
    for number, (name, level) in enumerate(levels):
        line_at(axes, level, name, ("--", "-.", ":")[number])
    axes.set_ylim(0)
    axes.set_xlabel("epoch")
    axes.set_ylabel("bits per character, unseen text")
    axes.set_xlim(0, epochs)
    axes.set_title("Truncated backpropagation through 25 steps, state kept, one run")
    legend_below(figure, axes, columns=2)
    axes.grid()
    save_plot(figure, "characters", quick)


PARTS = {"text": one_text, "sentences": sentences_apart}


def main():
    quick, parts = quick_and_parts(__doc__.splitlines()[0], PARTS)
    for part in parts:
        PARTS[part](quick)


if __name__ == "__main__":
    main()

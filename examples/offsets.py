"""Where the rows of a stateful batch start: what rounded offsets read twice, and what they lose.

A long text of L symbols is read in a batch of B rows, T steps at a time, with the state kept. A
textbook's program starts row i at i·⌊(L-1)/B⌋, makes ⌊L/(B·T)⌋ updates per epoch, and takes every
index modulo L. Its time index is either carried on from epoch to epoch, as the program has it, or
reset. This program counts, by enumeration, which steps are read how often; how often a row's next
step is not the one that follows in the text although the state is kept; and how many targets are
not the text's own, because the symbol after the last one is the first. The other way is
`layouts.streams`, which takes equal parts and names what has to be left out.
"""

import numpy as np

from _show import is_quick, new_plot, save_plot, show_table
from lstm_checks.plots import legend_below

TEXTBOOK = (100_000, 10, 5)  # L, B, T
SMALL = (1_000, 10, 5)


def reads(L, B, T, epochs, carried):
    """The position in the text of each step read: (B, epochs · updates · T), in order of time."""
    steps = L // (B * T) * T
    time = np.arange(epochs * steps)
    if not carried:
        time %= steps
    return (time + np.arange(B)[:, None] * ((L - 1) // B)) % L


def counts(L, B, T, epochs, carried):
    """Never read, read more often than once per epoch, jumps with the state kept, wrong targets."""
    read = reads(L, B, T, epochs, carried)
    often = np.bincount(read.ravel(), minlength=L)
    jumps = (np.diff(read, axis=1) != 1).sum()
    return (often == 0).sum(), (often > epochs).sum(), jumps, (read == L - 1).sum()


def main():
    quick = is_quick(__doc__.splitlines()[0])
    rows = []
    for sizes in (SMALL,) if quick else (SMALL, TEXTBOOK):
        L, B, T = sizes
        for epochs in (1, 2, 10):
            for carried in (True, False) if epochs > 1 else (True,):
                how = "-" if epochs == 1 else "carried on" if carried else "reset"
                figures = [f"{count:,}" for count in counts(*sizes, epochs, carried)]
                rows.append((f"{L:,} symbols", L // (B * T), epochs, how, *figures))
        usable = (L - 1) // B * B
        left = L - 1 - usable
        rows.append(
            (
                f"{L:,}, layouts.streams",
                -(-usable // (B * T)),
                "each",
                "reset",
                f"{left} and the last",
                0,
                0,
                0,
            )
        )
    columns = ("text", "updates an epoch", "epochs", "index", "steps never read")
    columns += ("read too often", "jumps with state kept", "targets past the end")
    show_table("Rows at i·⌊(L-1)/B⌋, 5 steps an update", columns, rows)
    print("(1,000 - 1) // 10 = 99 is the distance of the rows of a text of 1,000 symbols.")
    print("100,000 symbols are 100,000 // (10 · 5) = 2,000 updates.")

    L, B, T = SMALL
    figure, all_axes = new_plot(2, width=12)
    for axes, carried in zip(all_axes, (True, False), strict=True):
        for epoch in range(4):
            read = reads(L, B, T, epoch + 1, carried)[:, epoch * (L // (B * T) * T) :]
            often = np.bincount(read.ravel(), minlength=L)
            for value, color, label in ((0, "C1", "never read"), (2, "C0", "read twice")):
                at = np.flatnonzero(often == value)
                axes.plot(
                    at,
                    np.full(len(at), epoch + 1),
                    "|",
                    color=color,
                    markersize=14,
                    label=label if epoch == 0 else None,
                )
        axes.set_yticks(range(1, 5))
        axes.set_ylim(0.4, 4.6)
        axes.set_xlim(-20, L + 20)
        axes.set_xlabel(f"step of a text of {L:,} symbols")
        axes.set_ylabel("epoch")
        axes.set_title(f"the time index {'carried on' if carried else 'reset'} between epochs")
    legend_below(figure, all_axes, columns=2)
    save_plot(figure, "offsets", quick)


if __name__ == "__main__":
    main()

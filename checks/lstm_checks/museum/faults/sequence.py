"""Faults of the loop over time: where it starts, what it reads, writes, carries and returns."""

from collections.abc import Iterator

from lstm_checks.museum.fault import Fault

GIVEN = "Start from the given state, and from zeros only where none is given."
BEGIN: dict[str, tuple[str, dict[str, str]]] = {
    "h0_ignored": (
        "The given initial hidden state is not used; the sequence starts from h = 0",
        {"begin_h": "first(kept_h, zeros)"},
    ),
    "c0_ignored": (
        "The given initial cell state is not used; the sequence starts from c = 0",
        {"begin_c": "first(kept_c, zeros)"},
    ),
    "state_ignored": (
        "The given initial state is not used; the sequence starts from zeros",
        {"begin_h": "first(kept_h, zeros)", "begin_c": "first(kept_c, zeros)"},
    ),
    "h0_and_kept_ignored": (
        "The initial hidden state is not used; every call starts from h = 0",
        {"begin_h": "zeros"},
    ),
    "c0_and_kept_ignored": (
        "The initial cell state is not used; every call starts from c = 0",
        {"begin_c": "zeros"},
    ),
    "state_and_kept_ignored": (
        "The initial state is not used; every call starts from zeros",
        {"begin_h": "zeros", "begin_c": "zeros"},
    ),
    "exchanged_and_kept": (
        "h and c are exchanged where a sequence starts",
        {
            "begin_h": "first(given_c, kept_c, zeros)",
            "begin_c": "first(given_h, kept_h, zeros)",
        },
    ),
    "h0_for_both": (
        "The given hidden state is taken for the cell state too",
        {"begin_c": "first(given_h, kept_c, zeros)"},
    ),
    "c0_for_both": (
        "The given cell state is taken for the hidden state too",
        {"begin_h": "first(given_c, kept_h, zeros)"},
    ),
    "exchanged": (
        "The given state is read as (c, h): h and c are exchanged where the sequence starts",
        {
            "begin_h": "first(given_c, kept_h, zeros)",
            "begin_c": "first(given_h, kept_c, zeros)",
        },
    ),
    "tanh_of_c0": (
        "There is a tanh around the given cell state",
        {"begin_c": "tanh(first(given_c, kept_c, zeros))"},
    ),
    "row_0_for_all": (
        "All rows of the batch start from the state of row 0",
        {
            "begin_h": "first(given_h, kept_h, zeros)[:1] + zeros",
            "begin_c": "first(given_c, kept_c, zeros)[:1] + zeros",
        },
    ),
    "h0_of_row_0_for_all": (
        "All rows of the batch start from the hidden state of row 0",
        {"begin_h": "first(given_h, kept_h, zeros)[:1] + zeros"},
    ),
    "c0_of_row_0_for_all": (
        "All rows of the batch start from the cell state of row 0",
        {"begin_c": "first(given_c, kept_c, zeros)[:1] + zeros"},
    ),
    "rows_reversed": (
        "The rows of the given state are taken in reverse order",
        {
            "begin_h": "first(given_h, kept_h, zeros)[::-1]",
            "begin_c": "first(given_c, kept_c, zeros)[::-1]",
        },
    ),
    "ones": (
        "Without a given state the sequence starts from ones in place of zeros",
        {
            "begin_h": "first(given_h, kept_h, zeros + 1)",
            "begin_c": "first(given_c, kept_c, zeros + 1)",
        },
    ),
    "h_ones": (
        "Without a given state the hidden state starts from ones in place of zeros",
        {"begin_h": "first(given_h, kept_h, zeros + 1)"},
    ),
    "c_ones": (
        "Without a given state the cell state starts from ones in place of zeros",
        {"begin_c": "first(given_c, kept_c, zeros + 1)"},
    ),
}
BEGIN_SEEN = dict.fromkeys(
    ("exchanged", "exchanged_and_kept"), "h and c exchanged at a boundary in published code"
)

RETURNED = "Return (h, c) as they are after the last step."
FINAL: dict[str, tuple[str, dict[str, str]]] = {
    "h_of_first_step": ("The returned h is the one after the first step", {"final_h": "y[:, 0]"}),
    "h_before_last": (
        "The returned h is the one before the last step",
        {"final_h": "h_before"},
    ),
    "c_before_last": (
        "The returned c is the one before the last step",
        {"final_c": "c_before"},
    ),
    "before_last": (
        "The returned state is the one before the last step",
        {"final_h": "h_before", "final_c": "c_before"},
    ),
    "initial": (
        "The returned state is the initial one",
        {"final_h": "h0", "final_c": "c0"},
    ),
    "h_initial": ("The returned h is the initial one", {"final_h": "h0"}),
    "c_initial": ("The returned c is the initial one", {"final_c": "c0"}),
    "c_is_h": ("The returned c is h", {"final_c": "h_last"}),
    "h_is_c": ("The returned h is c", {"final_h": "c_last"}),
    "exchanged": (
        "The final state is returned as (c, h)",
        {"final_h": "c_last", "final_c": "h_last"},
    ),
    "tanh_of_c": ("The returned c is tanh(c)", {"final_c": "tanh(c_last)"}),
    "h_mean_of_outputs": (
        "The returned h is the mean of all outputs",
        {"final_h": "y.mean(axis=1)"},
    ),
    "h_sum_of_outputs": ("The returned h is the sum of all outputs", {"final_h": "y.sum(axis=1)"}),
    "zeros": ("The returned state is zero", {"final_h": "0 * h_last", "final_c": "0 * c_last"}),
    "c_zero": ("The returned c is zero", {"final_c": "0 * c_last"}),
}
FINAL_SEEN = {
    "c_is_h": "a returned c that is h, an alias, in published code",
    "exchanged": "h and c exchanged at a boundary in published code",
}

WRITTEN = "Write h of step t into y[:, t]."
OUTPUT: dict[str, tuple[str, dict[str, str]]] = {
    "cell": ("y holds the cell states in place of the hidden states", {"y_t": "c_next"}),
    "tanh_of_cell": ("y holds tanh(c') in place of h'", {"y_t": "tanh(c_next)"}),
    "gate": ("y holds the output gate in place of h'", {"y_t": "o"}),
    "candidate": ("y holds the candidate in place of h'", {"y_t": "g"}),
    "one_late": ("y holds each hidden state one step late", {"y_t": "h"}),
    "old_cell": ("y holds the cell states before the steps", {"y_t": "c"}),
    "tanh": ("y holds tanh(h') in place of h'", {"y_t": "tanh(h_next)"}),
    "reversed": ("y stands in the reverse order of time", {"at": "T - 1 - t"}),
    "first_only": ("Every step writes into y[:, 0]", {"at": "0"}),
    "last_only": ("Only y[:, T-1] is written", {"at": "T - 1"}),
    "shifted": ("Each output stands one step too early in y", {"at": "max(t - 1, 0)"}),
    "shifted_late": ("Each output stands one step too late in y", {"at": "min(t + 1, T - 1)"}),
}

ORDER: dict[str, tuple[str, dict[str, str]]] = {
    "reversed": (
        "The steps are taken in the reverse order of time",
        {"order": "reversed(range(T))"},
    ),
    "last_missed": ("The last step is not taken", {"order": "range(max(1, T - 1))"}),
    "first_missed": ("The first step is not taken", {"order": "range(min(1, T - 1), T)"}),
    "one_step": ("Only the first step is taken", {"order": "range(1)"}),
    "every_other": ("Every other step is left out", {"order": "range(0, T, 2)"}),
    "stops_at_32": ("The loop over time stops after 32 steps", {"order": "range(min(T, 32))"}),
    "last_twice": ("The last step is taken twice", {"order": "[*range(T), T - 1]"}),
}

INPUT: dict[str, tuple[str, dict[str, str]]] = {
    "reversed": ("Step t reads the input of step T-1-t", {"x_t": "x[:, T - 1 - t]"}),
    "next": ("Step t reads the input of step t+1", {"x_t": "x[:, min(t + 1, T - 1)]"}),
    "before": ("Step t reads the input of step t-1", {"x_t": "x[:, max(t - 1, 0)]"}),
    "first": ("Every step reads the input of the first step", {"x_t": "x[:, 0]"}),
    "last": ("Every step reads the input of the last step", {"x_t": "x[:, -1]"}),
    "wrapped": (
        "Step t reads the input of step t-1, the first one that of the last",
        {"x_t": "x[:, t - 1]"},
    ),
    "mean": ("Every step reads the mean of all inputs", {"x_t": "x.mean(axis=1)"}),
    "sum_so_far": (
        "Step t reads the sum of the inputs so far",
        {"x_t": "x[:, : t + 1].sum(axis=1)"},
    ),
    "row_0": ("All rows of the batch read the input of row 0", {"x_t": "x[:1, t] + 0 * x[:, t]"}),
    "rows_reversed": ("The rows of the input are read in reverse order", {"x_t": "x[::-1, t]"}),
    "halved": ("The input is halved", {"x_t": "0.5 * x[:, t]"}),
    "batch_mean": (
        "The mean over the batch is subtracted from the input",
        {"x_t": "x[:, t] - x[:, t].mean(axis=0)"},
    ),
    "tanh": ("There is a tanh around the input", {"x_t": "tanh(x[:, t])"}),
    "rectified": ("There is a rectifier around the input", {"x_t": "maximum(x[:, t], 0)"}),
}

CARRIED = "Let each step continue from both h and c of the step before."
CARRY: dict[str, tuple[str, dict[str, str]]] = {
    "h_stays": (
        "h is not carried from step to step: every step starts from the initial h",
        {"carry_h": "h"},
    ),
    "c_stays": (
        "c is not carried from step to step: every step starts from the initial c",
        {"carry_c": "c"},
    ),
    "both_stay": (
        "The state is not carried from step to step: every step starts from the initial state",
        {"carry_h": "h", "carry_c": "c"},
    ),
    "h_zero": ("h is set to zero before every step but the first", {"carry_h": "0 * h"}),
    "c_zero": ("c is set to zero before every step but the first", {"carry_c": "0 * c"}),
    "both_zero": (
        "The state is set to zero before every step but the first",
        {"carry_h": "0 * h", "carry_c": "0 * c"},
    ),
    "exchanged": (
        "h and c are exchanged from step to step",
        {"carry_h": "c_next", "carry_c": "h_next"},
    ),
    "h_is_c": ("The next step continues from c in place of h", {"carry_h": "c_next"}),
    "c_is_h": ("The next step continues from h in place of c", {"carry_c": "h_next"}),
    "h_is_tanh_c": (
        "The next step continues from tanh(c') in place of h",
        {"carry_h": "tanh(c_next)"},
    ),
    "tanh_c": ("tanh(c') is carried to the next step in place of c'", {"carry_c": "tanh(c_next)"}),
    "c_is_candidate": (
        "The candidate is carried to the next step in place of c'",
        {"carry_c": "g"},
    ),
    "c_is_written": ("Only i·g is carried to the next step in place of c'", {"carry_c": "i * g"}),
    "h_is_gate": ("The output gate is carried to the next step in place of h'", {"carry_h": "o"}),
    "h_summed": ("The hidden states are summed up over time", {"carry_h": "h + h_next"}),
    "c_summed": ("The cell states are summed up over time", {"carry_c": "c + c_next"}),
    "h_averaged": (
        "h is averaged with the one of the step before",
        {"carry_h": "(h + h_next) / 2"},
    ),
    "h_first_row": (
        "All rows of the batch continue from h of row 0",
        {"carry_h": "h_next[:1] + 0 * h_next"},
    ),
    "c_first_row": (
        "All rows of the batch continue from c of row 0",
        {"carry_c": "c_next[:1] + 0 * c_next"},
    ),
    "h_rectified": (
        "There is a rectifier around the h that is carried",
        {"carry_h": "maximum(h_next, 0)"},
    ),
    "h_tanh": ("There is a tanh around the h that is carried", {"carry_h": "tanh(h_next)"}),
    "c_forgotten_twice": (
        "The forget gate is applied to the carried c once more",
        {"carry_c": "f * c_next"},
    ),
    "c_gated": ("o·c' is carried to the next step in place of c'", {"carry_c": "o * c_next"}),
}
CARRY_SEEN = {"tanh_c": "tanh(c) carried in place of c in published code"}


def _carry() -> Iterator[Fault]:
    """Each wrong carry, where the final state is the carried one, and where it is the right one."""
    for end, (names, choices) in CARRY.items():
        seen = CARRY_SEEN.get(end, "")
        yield Fault(f"carry.{end}", names, choices, CARRIED, seen, line=False)
        right = dict(choices)
        if "carry_h" in choices:
            right["final_h"] = "h_new"
        if "carry_c" in choices:
            right["final_c"] = "c_new"
        yield Fault(f"carry.{end}.inside", names, right, CARRIED, seen, line=False)


ROWS = "Do not sum, average or normalise over the batch."


def _rows() -> Iterator[Fault]:
    """Rows of a batch that are mixed."""
    for end, names, choices in (
        (
            "z_mean",
            "Every pre-activation is averaged over the batch",
            {f"z_{k}": f"(xW_{k} + hU_{k} + bias_{k}).mean(axis=0) + zeros" for k in "ifgo"},
        ),
        (
            "z_centred",
            "Every pre-activation has its mean over the batch subtracted",
            {
                f"z_{k}": f"xW_{k} + hU_{k} + bias_{k} - (xW_{k} + hU_{k} + bias_{k}).mean(axis=0)"
                for k in "ifgo"
            },
        ),
        (
            "h_summed",
            "h is summed up over the batch in h·U",
            {f"hU_{k}": f"h.sum(axis=0) @ U_{k}" for k in "ifgo"},
        ),
        (
            "h_mean",
            "h is averaged over the batch in h·U",
            {f"hU_{k}": f"h.mean(axis=0) @ U_{k}" for k in "ifgo"},
        ),
        (
            "x_summed",
            "x is summed up over the batch in x·W",
            {f"xW_{k}": f"x_t.sum(axis=0) @ W_{k}" for k in "ifgo"},
        ),
        ("h_of_row_0", "All rows get h·U of row 0", {f"hU_{k}": f"h[:1] @ U_{k}" for k in "ifgo"}),
        (
            "x_of_row_0",
            "All rows get x·W of row 0",
            {f"xW_{k}": f"x_t[:1] @ W_{k}" for k in "ifgo"},
        ),
        (
            "c_mean",
            "The new cell state is averaged over the batch",
            {"c_next": "(f * c + i * g).mean(axis=0) + 0 * c"},
        ),
        ("c_of_row_0", "All rows keep the cell state of row 0", {"c_next": "f * c[:1] + i * g"}),
        ("h_rolled", "The rows of h are shifted by one", {"carry_h": "np.roll(h_next, 1, axis=0)"}),
        ("f_of_row_0", "All rows get the forget gate of row 0", {"c_next": "f[:1] * c + i * g"}),
        ("i_of_row_0", "All rows get the input gate of row 0", {"c_next": "f * c + i[:1] * g"}),
        ("g_of_row_0", "All rows get the candidate of row 0", {"c_next": "f * c + i * g[:1]"}),
        ("o_of_row_0", "All rows get the output gate of row 0", {"h_next": "o[:1] * tanh(c_next)"}),
    ):
        yield Fault(f"rows.{end}", names, choices, ROWS, line=False)


def all_faults() -> Iterator[Fault]:
    for end, (names, choices) in BEGIN.items():
        yield Fault(f"begin.{end}", names, choices, GIVEN, BEGIN_SEEN.get(end, ""), line=False)
    exchanged = BEGIN["exchanged"][1] | FINAL["exchanged"][1]
    yield Fault(
        "begin.order_ch",
        "The state is taken and returned as (c, h)",
        exchanged,
        line=False,
        convention=("state_order", "ch"),
    )
    for end, (names, choices) in FINAL.items():
        yield Fault(f"final.{end}", names, choices, RETURNED, FINAL_SEEN.get(end, ""), line=False)
    for end, (names, choices) in OUTPUT.items():
        yield Fault(f"output.{end}", names, choices, WRITTEN, line=False)
    for end, (names, choices) in ORDER.items():
        how = "Take every step once, in the order of time: for t in range(T)."
        yield Fault(f"order_of_steps.{end}", names, choices, how, line=False)
    for end, (names, choices) in INPUT.items():
        yield Fault(f"reads.{end}", names, choices, "Let step t read x[:, t].", line=False)
    yield from _carry()
    yield from _rows()

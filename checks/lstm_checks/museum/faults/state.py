"""Faults of the stateful mode: what is kept from call to call, and what a reset leaves."""

from collections.abc import Iterator

from lstm_checks.museum.fault import Fault

KEEP = (
    "With stateful, keep h and c as they are after the last step, and start the next call from "
    "them."
)
RESET = "Let reset_state() forget both h and c."
MODES: dict[str, tuple[str, dict[str, str], str]] = {
    "nothing_kept": (
        "Nothing is carried from call to call although the layer is stateful",
        {"keep_h": "None", "keep_c": "None"},
        KEEP,
    ),
    "only_h_kept": ("h is carried from call to call, and c is not", {"keep_c": "None"}, KEEP),
    "only_c_kept": ("c is carried from call to call, and h is not", {"keep_h": "None"}, KEEP),
    "kept_though_stateless": (
        "The state is carried from call to call although the layer is not stateful",
        {"keep_h": "h_last", "keep_c": "c_last"},
        "Keep the state only where stateful is asked for.",
    ),
    "h_kept_though_stateless": (
        "h is carried from call to call although the layer is not stateful",
        {"keep_h": "h_last"},
        "Keep the state only where stateful is asked for.",
    ),
    "c_kept_though_stateless": (
        "c is carried from call to call although the layer is not stateful",
        {"keep_c": "c_last"},
        "Keep the state only where stateful is asked for.",
    ),
    "kept_before_last": (
        "What is carried to the next call is the state before the last step",
        {"keep_h": "h_before if stateful else None", "keep_c": "c_before if stateful else None"},
        KEEP,
    ),
    "h_kept_before_last": (
        "What is carried to the next call is h before the last step",
        {"keep_h": "h_before if stateful else None"},
        KEEP,
    ),
    "c_kept_before_last": (
        "What is carried to the next call is c before the last step",
        {"keep_c": "c_before if stateful else None"},
        KEEP,
    ),
    "kept_first": (
        "What is carried to the next call is the state that the call started from",
        {"keep_h": "h0 if stateful else None", "keep_c": "c0 if stateful else None"},
        KEEP,
    ),
    "kept_exchanged": (
        "h and c are exchanged from call to call",
        {"keep_h": "c_last if stateful else None", "keep_c": "h_last if stateful else None"},
        KEEP,
    ),
    "h_kept_for_both": (
        "h is carried to the next call in place of c too",
        {"keep_c": "h_last if stateful else None"},
        KEEP,
    ),
    "c_kept_for_both": (
        "c is carried to the next call in place of h too",
        {"keep_h": "c_last if stateful else None"},
        KEEP,
    ),
    "tanh_c_kept": (
        "tanh(c) is carried to the next call in place of c",
        {"keep_c": "tanh(c_last) if stateful else None"},
        KEEP,
    ),
    "row_0_kept": (
        "All rows continue from the state of row 0 of the call before",
        {
            "keep_h": "h_last[:1] + 0 * h_last if stateful else None",
            "keep_c": "c_last[:1] + 0 * c_last if stateful else None",
        },
        KEEP,
    ),
    "mean_kept": (
        "All rows continue from the mean state of the call before",
        {
            "keep_h": "h_last.mean(axis=0) + 0 * h_last if stateful else None",
            "keep_c": "c_last.mean(axis=0) + 0 * c_last if stateful else None",
        },
        KEEP,
    ),
    "given_not_kept": (
        "The final state of a call that was given a state is not carried on",
        {
            "keep_h": "h_last if stateful and given_h is None else kept_h",
            "keep_c": "c_last if stateful and given_c is None else kept_c",
        },
        "Keep the final state at the end of every call, also where a state was given.",
    ),
    "given_resets": (
        "After a call that was given a state, the next one starts from zeros",
        {
            "keep_h": "h_last if stateful and given_h is None else None",
            "keep_c": "c_last if stateful and given_c is None else None",
        },
        "Keep the final state at the end of every call, also where a state was given.",
    ),
    "given_kept_itself": (
        "After a call that was given a state, this very state is carried on",
        {
            "keep_h": "(h_last if given_h is None else given_h) if stateful else None",
            "keep_c": "(c_last if given_c is None else given_c) if stateful else None",
        },
        "Keep the final state at the end of every call, also where a state was given.",
    ),
    "kept_before_given": (
        "The carried state is taken although a state is given",
        {"begin_h": "first(kept_h, given_h, zeros)", "begin_c": "first(kept_c, given_c, zeros)"},
        "Use the argument where it is given, and the carried state only where it is None.",
    ),
    "h_kept_before_given": (
        "The carried h is taken although a state is given",
        {"begin_h": "first(kept_h, given_h, zeros)"},
        "Use the argument where it is given, and the carried state only where it is None.",
    ),
    "c_kept_before_given": (
        "The carried c is taken although a state is given",
        {"begin_c": "first(kept_c, given_c, zeros)"},
        "Use the argument where it is given, and the carried state only where it is None.",
    ),
    "given_and_kept": (
        "The given state is added to the carried one",
        {
            "begin_h": "first(given_h, zeros) + first(kept_h, zeros)",
            "begin_c": "first(given_c, zeros) + first(kept_c, zeros)",
        },
        "Use the argument where it is given, and the carried state only where it is None.",
    ),
    "reset_nothing": (
        "reset_state() changes nothing",
        {"reset_h": "kept_h", "reset_c": "kept_c"},
        RESET,
    ),
    "reset_only_h": ("reset_state() forgets h, and not c", {"reset_c": "kept_c"}, RESET),
    "reset_only_c": ("reset_state() forgets c, and not h", {"reset_h": "kept_h"}, RESET),
    "first_kept": (
        "The state after the first call is carried on for good",
        {
            "keep_h": "first(kept_h, h_last) if stateful else None",
            "keep_c": "first(kept_c, c_last) if stateful else None",
        },
        KEEP,
    ),
}
BACK = "Keep in the cache the state that a call starts from, also where it was carried over."
BACK_MODES: dict[str, tuple[str, dict[str, str], str]] = {
    "backward_without_kept_h": (
        "The backward pass takes zeros for an h that was carried over from the call before",
        {f"dU_{k}": f"(h * (t > 0 or given_h is not None)).T @ dz_{k}" for k in "ifgo"},
        BACK,
    ),
    "backward_without_kept_c": (
        "The backward pass takes zeros for a c that was carried over from the call before",
        {"df": "dc_all * c * (t > 0 or given_c is not None)"},
        BACK,
    ),
}


def all_faults() -> Iterator[Fault]:
    for end, (names, choices, how) in (MODES | BACK_MODES).items():
        yield Fault(f"stateful.{end}", names, choices, how, line=False)

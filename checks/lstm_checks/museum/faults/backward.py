"""Faults of the backward pass: its factors, where they are taken, its carries and sums."""

from collections.abc import Iterator, Mapping

from lstm_checks.museum.equations import renamed
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.faults.gates import EACH, WORDS, place, the
from lstm_checks.museum.textbook import BACKWARD, GATES, NAMES

FACTORS = {  # of the gradient on a gate: the right one, and what stands in its place
    "i": ("g", {"i": "i", "f": "f", "o": "o", "c": "c", "tanh_g": "tanh(g)", "z_g": "z_g"}),
    "f": ("c", {"c_next": "c_next", "f": "f", "g": "g", "i": "i", "tanh_c": "tanh(c)", "h": "h"}),
    "g": ("i", {"g": "g", "f": "f", "o": "o", "c": "c", "z_i": "z_i"}),
    "o": (
        "tanh_c",
        {
            "c_next": "c_next",
            "old_tanh": "tanh(c)",
            "c": "c",
            "o": "o",
            "h_next": "h_next",
            "g": "g",
        },
    ),
}


def factors() -> Iterator[Fault]:
    """The gradient on each gate, dc·g and so on, with another factor or none."""
    for k, (right, wrong) in FACTORS.items():
        begin, name, up = f"backward.{WORDS[k]}.", NAMES[k], "dh_all" if k == "o" else "dc_all"
        shown = "tanh(c')" if k == "o" else right
        yield Fault(
            f"{begin}factor_left_out",
            f"In the gradient of the {name} the factor {shown} is left out",
            {f"d{k}": up},
        )
        for end, factor in wrong.items():
            words = {
                "c_next": "c'",
                "tanh_g": "tanh(g)",
                "tanh_c": "tanh(c)",
                "old_tanh": "tanh(c)",
                "h_next": "h'",
            }.get(end, end)
            yield Fault(
                f"{begin}factor_{end}",
                f"In the gradient of the {name} the factor is {words} in place of {shown}",
                {f"d{k}": f"{up} * {factor}"},
            )
        other = "dc_all" if k == "o" else "dh_all"
        yield Fault(
            f"{begin}from_{other[:2]}",
            f"The gradient of the {name} begins from {other[:2]} in place of {up[:2]}",
            {f"d{k}": f"{other} * {right}"},
        )
        early = {"o": "dy_t"}.get(k, "dc")
        words = (
            "dy alone, without what comes back from the next step"
            if k == "o"
            else "dc of the next step alone, without what comes through h"
        )
        yield Fault(
            f"{begin}from_{'dy' if k == 'o' else 'dc_next'}",
            f"The gradient of the {name} begins from {words}",
            {f"d{k}": f"{early} * {right}"},
        )
        yield Fault(
            f"{begin}minus",
            f"The gradient of the {name} has the wrong sign",
            {f"d{k}": f"-{up} * {right}"},
        )


SIGMOID = {  # in place of σ' = k·(1 - k)
    "left_out": ("is left out", "1"),
    "of_activated": ("is taken at the activated value", "sigmoid({k}) * (1 - sigmoid({k}))"),
    "sigmoid": ("is σ of the pre-activation, not its derivative", "{k}"),
    "sigmoid_of_activated": ("is σ of the activated value", "sigmoid({k})"),
    "one_minus": ("is 1 - {k}, where the factor {k} is missing", "1 - {k}"),
    "tanh": ("is that of tanh", "1 - {k} ** 2"),
    "tanh_of_activated": ("is that of tanh, at the activated value", "1 - tanh({k}) ** 2"),
    "tanh_of_z": ("is that of tanh, at the pre-activation", "1 - tanh(z_{k}) ** 2"),
    "of_z": ("is taken of the pre-activation, not of the activated value", "z_{k} * (1 - z_{k})"),
    "plus": ("has a plus in place of the minus", "{k} * (1 + {k})"),
    "square": ("is 1 - σ in the place of the factor σ too", "(1 - {k}) * (1 - {k})"),
    "squared": ("is k² in place of k·(1 - k)", "{k} * {k}"),
    "twice": ("is applied twice", "{k} * (1 - {k}) * {k} * (1 - {k})"),
}
TANH = {
    "left_out": ("is left out", "1"),
    "of_activated": ("is taken at the activated value", "1 - tanh(g) ** 2"),
    "of_z": ("is taken of the pre-activation, not of the activated value", "1 - z_g ** 2"),
    "not_squared": ("has no square", "1 - g"),
    "sigmoid": ("is that of σ", "g * (1 - g)"),
    "sigmoid_of_z": ("is that of σ, at the pre-activation", "sigmoid(z_g) * (1 - sigmoid(z_g))"),
    "sigmoid_of_activated": (
        "is that of σ, at the activated value",
        "sigmoid(g) * (1 - sigmoid(g))",
    ),
    "tanh": ("is tanh, not its derivative", "g"),
    "plus": ("has a plus in place of the minus", "1 + g ** 2"),
    "square": ("is tanh² in place of 1 - tanh²", "g ** 2"),
    "twice": ("is applied twice", "(1 - g ** 2) * (1 - g ** 2)"),
}
SLOPE_SEEN = {
    ("g", "of_activated"): "1 - tanh(g)² with g already tanh(z), in published code",
    ("f", "sigmoid_of_activated"): "σ(f) in place of σ'(z_f), in published code",
    ("o", "tanh"): "tanh' for the output gate, in published code",
}


def slopes() -> Iterator[Fault]:
    """The derivative of each activation."""
    for k in GATES:
        for end, (words, expression) in (TANH if k == "g" else SIGMOID).items():
            names = f"The derivative of the {NAMES[k]}'s activation {words}"
            yield Fault(
                f"backward.{WORDS[k]}.slope_{end}",
                names.replace("{k}", k),
                {f"slope_{k}": expression.replace("{k}", k)},
                seen=SLOPE_SEEN.get((k, end), ""),
            )
        for other in GATES:
            if other != k:
                yield Fault(
                    f"backward.{WORDS[k]}.slope_of_{WORDS[other]}",
                    f"The derivative of the {NAMES[k]}'s activation is taken at the {NAMES[other]}",
                    {f"slope_{k}": BACKWARD[f"slope_{k}"].replace(k, other)},
                )
                yield Fault(
                    f"backward.{WORDS[k]}.delta_of_{WORDS[other]}",
                    f"The delta of the {NAMES[k]} is that of the {NAMES[other]}",
                    {f"dz_{k}": f"d{other} * slope_{other}"},
                    seen="learn_dl, issue 53: the wrong gate's delta",
                )
        for other in GATES[GATES.index(k) + 1 :]:
            yield Fault(
                f"backward.exchanged.{WORDS[k]}_{WORDS[other]}",
                f"The deltas of the {NAMES[k]} and of the {NAMES[other]} are exchanged",
                {f"dz_{k}": f"d{other} * slope_{other}", f"dz_{other}": f"d{k} * slope_{k}"},
                line=False,
                how="Put the deltas in the order of the gate blocks.",
            )
        yield Fault(
            f"backward.{WORDS[k]}.cut_off",
            f"The gradient of the {NAMES[k]} is zero",
            {f"dz_{k}": f"0 * d{k}"},
        )
    for end in ("left_out", "of_activated", "one_minus", "sigmoid", "tanh", "of_z", "plus"):
        words, expression = SIGMOID[end]
        yield Fault(
            f"backward.every.slope_{end}",
            f"The derivative of σ {words.replace('{k}', 'σ')}, for i, f and o",
            {f"slope_{k}": expression.replace("{k}", k) for k in "ifo"},
            line=False,
            how="Write σ' = σ·(1 - σ), where σ is the gate's value.",
        )


INTO_C: dict[str, tuple[str, str]] = {  # in place of dc + dh·o·(1 - tanh²(c'))
    "not_through_h": ("The path from h' to c' is left out of dc", "dc"),
    "not_carried": (
        "The dc of the next step is not added to dc",
        "dh_all * o * (1 - tanh_c ** 2)",
    ),
    "tanh_left_out": ("The derivative of tanh(c') is left out of dc", "dc + dh_all * o"),
    "o_left_out": ("The output gate is left out of dc", "dc + dh_all * (1 - tanh_c ** 2)"),
    "of_c": ("The derivative of tanh is taken at c' itself", "dc + dh_all * o * (1 - c_next ** 2)"),
    "of_old_c": (
        "The derivative of tanh is taken at the old c",
        "dc + dh_all * o * (1 - tanh(c) ** 2)",
    ),
    "of_activated": (
        "The derivative of tanh is taken at tanh(c') in place of c'",
        "dc + dh_all * o * (1 - tanh(tanh_c) ** 2)",
    ),
    "of_h": ("The derivative of tanh is taken at h'", "dc + dh_all * o * (1 - h_next ** 2)"),
    "not_squared": (
        "The square is missing in the derivative of tanh(c')",
        "dc + dh_all * o * (1 - tanh_c)",
    ),
    "tanh": ("There is tanh(c') in place of its derivative", "dc + dh_all * o * tanh_c"),
    "plus": (
        "There is a plus in the derivative of tanh(c')",
        "dc + dh_all * o * (1 + tanh_c ** 2)",
    ),
    "minus": ("The path through h' is subtracted", "dc - dh_all * o * (1 - tanh_c ** 2)"),
    "times": ("The two parts of dc are multiplied", "dc * dh_all * o * (1 - tanh_c ** 2)"),
    "from_dy": (
        "Only dy goes into dc, without dh of the next step",
        "dc + dy_t * o * (1 - tanh_c ** 2)",
    ),
    "from_dh_next": (
        "Only dh of the next step goes into dc, without dy",
        "dc + dh * o * (1 - tanh_c ** 2)",
    ),
    "by_f": (
        "The forget gate stands where the output gate belongs",
        "dc + dh_all * f * (1 - tanh_c ** 2)",
    ),
    "by_i": (
        "The input gate stands where the output gate belongs",
        "dc + dh_all * i * (1 - tanh_c ** 2)",
    ),
    "sigmoid": ("There is σ' in place of tanh'", "dc + dh_all * o * (tanh_c * (1 - tanh_c))"),
    "forget_twice": (
        "The forget gate is applied to the incoming dc too",
        "dc * f + dh_all * o * (1 - tanh_c ** 2)",
    ),
    "slope_of_o": (
        "There is a factor o·(1 - o) in place of o",
        "dc + dh_all * o * (1 - o) * (1 - tanh_c ** 2)",
    ),
}

TIME: dict[str, tuple[str, dict[str, str]]] = {
    "dh_not_added": ("dh of the next step is not added to dy", {"dh_all": "dy_t"}),
    "dy_not_added": ("dy is not added to dh of the next step", {"dh_all": "dh"}),
    "dy_last_only": ("Only dy of the last step is used", {"dh_all": "dh + dy_t * (t == T - 1)"}),
    "dy_not_last": ("dy of the last step is not used", {"dh_all": "dh + dy_t * (t < T - 1)"}),
    "dy_of_last": (
        "dy of the last step is added at every step",
        {"dy_t": "dy[:, -1]"},
    ),
    "dy_of_first": ("dy of the first step is added at every step", {"dy_t": "dy[:, 0]"}),
    "dy_reversed": ("dy is read in the reverse order of time", {"dy_t": "dy[:, T - 1 - t]"}),
    "dy_averaged": ("dy is divided by the number of steps", {"dy_t": "dy[:, t] / T"}),
    "dy_averaged_over_batch": (
        "dy is divided by the number of rows",
        {"dy_t": "dy[:, t] / len(dy)"},
    ),
    "dy_twice": ("dy is added twice", {"dh_all": "dh + 2 * dy_t"}),
    "dy_summed": ("dy is summed up over the batch", {"dy_t": "dy[:, t].sum(axis=0) + zeros"}),
    "dh_subtracted": ("dh of the next step is subtracted", {"dh_all": "dy_t - dh"}),
    "dh_multiplied": ("dh of the next step is multiplied with dy", {"dh_all": "dh * dy_t"}),
    "dh_halved": ("dh and dy are averaged", {"dh_all": "(dh + dy_t) / 2"}),
    "dh_not_carried": ("dh is not carried to the step before", {"dh_prev": "0 * dh_all"}),
    "dc_not_carried": ("dc is not carried to the step before", {"dc_prev": "0 * dc_all"}),
    "neither_carried": (
        "Neither dh nor dc is carried to the step before",
        {"dh_prev": "0 * dh_all", "dc_prev": "0 * dc_all"},
    ),
    "dh_not_through_U": (
        "dh goes to the step before without going through U",
        {"dh_prev": "dh_all"},
    ),
    "dh_residual": (
        "dh is carried on past U as well",
        {"dh_prev": "dh_i + dh_f + dh_g + dh_o + dh_all"},
    ),
    "dc_forget_left_out": (
        "The forget gate is left out where dc is carried on",
        {"dc_prev": "dc_all"},
    ),
    "dc_of_next": (
        "The dc of the next step is carried on, without what this step adds",
        {"dc_prev": "dc * f"},
    ),
    "dc_by_i": ("dc is carried on through the input gate", {"dc_prev": "dc_all * i"}),
    "dc_by_o": ("dc is carried on through the output gate", {"dc_prev": "dc_all * o"}),
    "dc_by_g": ("dc is carried on through the candidate", {"dc_prev": "dc_all * g"}),
    "dc_inverted": ("dc is carried on through 1 - f", {"dc_prev": "dc_all * (1 - f)"}),
    "dc_squared": (
        "The forget gate is applied twice where dc is carried on",
        {"dc_prev": "dc_all * f * f"},
    ),
    "dc_slope": (
        "There is σ' in place of f where dc is carried on",
        {"dc_prev": "dc_all * f * (1 - f)"},
    ),
    "exchanged": (
        "dh and dc are exchanged from step to step",
        {"dh_prev": "dc_all * f", "dc_prev": "dh_i + dh_f + dh_g + dh_o"},
    ),
    "forward_in_time": ("The backward pass goes forward in time", {"back_order": "range(T)"}),
    "one_step": ("The backward pass takes the last step alone", {"back_order": "[T - 1]"}),
    "first_missed": (
        "The backward pass leaves out the first step",
        {"back_order": "reversed(range(min(1, T - 1), T))"},
    ),
    "last_missed": (
        "The backward pass leaves out the last step",
        {"back_order": "reversed(range(max(1, T - 1)))"},
    ),
    "dh_kept_for_dh0": (
        "dh is not carried to the step before",
        {"dh_prev": "(dh_i + dh_f + dh_g + dh_o) * (t == 0)"},
    ),
    "dc_kept_for_dc0": (
        "dc is not carried to the step before",
        {"dc_prev": "dc_all * f * (t == 0)"},
    ),
    "neither_kept": (
        "Neither dh nor dc is carried to the step before",
        {"dh_prev": "(dh_i + dh_f + dh_g + dh_o) * (t == 0)", "dc_prev": "dc_all * f * (t == 0)"},
    ),
    "dc_forget_at_first_only": (
        "The forget gate is left out where dc is carried on",
        {"dc_prev": "dc_all if t else dc_all * f"},
    ),
    "dh_normalised": (
        "dh is divided by its largest element",
        {"dh_all": "(dh + dy_t) / max(1.0, abs(dh + dy_t).max())"},
    ),
    "dh_cut_1": ("dh is clipped to [-1, 1] at every step", {"dh_all": "clip(dh + dy_t, -1, 1)"}),
    "dh_cut_5": ("dh is clipped to [-5, 5] at every step", {"dh_all": "clip(dh + dy_t, -5, 5)"}),
    "two_steps": (
        "The backward pass takes the last two steps alone",
        {"back_order": "reversed(range(max(0, T - 2), T))"},
    ),
}
TIME_SEEN = {
    "dh_not_carried": "dh not carried, in published code",
    "dc_not_carried": "dc not carried, in published code",
    "neither_carried": "dh and dc not carried, in published code",
    "dh_not_through_U": "dh that never goes through U, in published code",
    "dy_of_last": "the last output's gradient added at every step, in published code",
}
INTO_C_SEEN = {"not_carried": "dc dropped by a wrong fix, in published code"}


def time() -> Iterator[Fault]:
    """What goes back through time."""
    for end, (names, expression) in INTO_C.items():
        yield Fault(
            f"backward.dc.{end}", names, {"dc_all": expression}, seen=INTO_C_SEEN.get(end, "")
        )
    for end, (names, choices) in TIME.items():
        line = not {"back_order", "dy_t"} & set(choices)
        how = (
            ""
            if line
            else "Go through all steps from the last to the first, and add dy[:, t] to dh at each."
        )
        yield Fault(f"backward.time.{end}", names, choices, how, TIME_SEEN.get(end, ""), line)


def parts() -> Iterator[Fault]:
    """The parts of dx, dh, dW, dU and db that belong to each gate."""
    for gates in EACH:
        where = place(gates)
        if gates != GATES:
            for array, words in (("dx", "dx"), ("dh", "the dh of the step before")):
                yield Fault(
                    f"{array}.{where}.left_out",
                    f"The part of {the(gates)} is left out of {words}",
                    {f"{array}_{gates}": "0"},
                    line=False,
                    how=f"Sum up dz_k·{'W' if array == 'dx' else 'U'}_kᵀ over all four gates.",
                )
                kept = " + ".join(f"{array}_{k}" for k in gates)
                slot = "dx_t" if array == "dx" else "dh_prev"
                yield Fault(
                    f"{array}.{where}.alone",
                    f"Only the part of {the(gates)} goes into {words}",
                    {slot: kept},
                    line=False,
                    how=f"Sum up dz_k·{'W' if array == 'dx' else 'U'}_kᵀ over all four gates.",
                )
        yield Fault(
            f"dh.{where}.not_transposed",
            f"For {the(gates)}, the dh of the step before goes through U in place of Uᵀ",
            {f"dh_{k}": f"dz_{k} @ U_{k}" for k in gates},
        )
        for name, left in (("W", "x_t"), ("U", "h")):
            begin = f"d{name}.{where}."
            yield Fault(
                f"{begin}zero",
                f"d{name} is zero for {the(gates)}",
                {f"d{name}_{k}": f"0 * {name}_{k}" for k in gates},
            )
            yield Fault(
                f"{begin}minus",
                f"d{name} has the wrong sign for {the(gates)}",
                {f"d{name}_{k}": f"-({left}.T @ dz_{k})" for k in gates},
            )
            yield Fault(
                f"{begin}without_slope",
                f"d{name} is made of the gradient before the activation for {the(gates)}",
                {f"d{name}_{k}": f"{left}.T @ (d{k} + 0 * c)" for k in gates},
            )
            for other in GATES:
                if other != gates:
                    seen = "learn_dl, issue 53: the wrong gate's delta" if gates != GATES else ""
                    yield Fault(
                        f"{begin}of_{WORDS[other]}",
                        f"d{name} of {the(gates)} is made of the delta of {the(other)}",
                        {f"d{name}_{k}": f"{left}.T @ dz_{other}" for k in gates if k != other},
                        seen=seen,
                    )
        begin = f"db.{where}."
        yield Fault(
            f"{begin}zero", f"db is zero for {the(gates)}", {f"db_{k}": f"0 * b_{k}" for k in gates}
        )
        yield Fault(
            f"{begin}minus",
            f"db has the wrong sign for {the(gates)}",
            {f"db_{k}": f"-dz_{k}.sum(axis=0)" for k in gates},
        )
        yield Fault(
            f"{begin}row_0",
            f"db is that of row 0 of the batch alone for {the(gates)}",
            {f"db_{k}": f"dz_{k}[0]" for k in gates},
        )
        for other in GATES:
            if other != gates:
                yield Fault(
                    f"{begin}of_{WORDS[other]}",
                    f"db of {the(gates)} is that of {the(other)}",
                    {f"db_{k}": f"dz_{other}.sum(axis=0)" for k in gates if k != other},
                    seen="db of one gate given to others, in published code",
                )
    for name, left, others in (
        (
            "W",
            "x_t",
            {
                "x_first": ("the input of the first step", "x[:, 0]"),
                "x_last": ("the input of the last step", "x[:, -1]"),
                "x_before": ("the input of the step before", "x[:, max(t - 1, 0)]"),
            },
        ),
        (
            "U",
            "h",
            {
                "h_next": ("h' in place of the h before the step", "h_next"),
                "h0": ("the initial h at every step", "h0"),
                "no_h0": ("zeros in place of the initial h", "(h * (t > 0))"),
                "c": ("c in place of h", "c"),
                "tanh_c": ("tanh(c) in place of h", "tanh(c)"),
                "c_next": ("c' in place of h", "c_next"),
            },
        ),
    ):
        for end, (words, value) in others.items():
            seen = "dW from the last input only, in published code" if end == "x_last" else ""
            yield Fault(
                f"d{name}.every.{end}",
                f"d{name} is made with {words}",
                {f"d{name}_{k}": f"{value}.T @ dz_{k}" for k in GATES},
                how=f"Sum up {'x[:, t]' if left == 'x_t' else 'h'}ᵀ·dz over all steps.",
                seen=seen,
                line=False,
            )


SUM = "Sum up over all steps and over the batch, from zeros in each call; do not average or clip."


def sums() -> Iterator[Fault]:
    """Sums over time and over the batch, and what becomes of them."""
    groups = {"weights": "WUb", "W": "W", "U": "U", "b": "b"}
    for key, letters in groups.items():
        array = "The gradients of the weights are" if key == "weights" else f"d{key} is"
        begin = f"{'weights' if key == 'weights' else 'd' + key}.sum."
        for end, words, slot, expression in (
            (
                "overwritten",
                "overwritten at each step of the backward pass, not summed up",
                "sum_",
                "0 * d{n} + d{n}_t",
            ),
            (
                "last_step_only",
                "that of the last time step alone",
                "sum_",
                "d{n} + d{n}_t * (t == T - 1)",
            ),
            (
                "first_missing",
                "summed up without the first step",
                "sum_",
                "d{n} + d{n}_t * (t > 0)",
            ),
            (
                "last_missing",
                "summed up without the last step",
                "sum_",
                "d{n} + d{n}_t * (t < T - 1)",
            ),
            ("mean_over_batch", "divided by the number of rows", "grad_", "d{n} / N"),
            ("mean_over_time", "divided by the number of steps", "grad_", "d{n} / T"),
            (
                "mean_over_both",
                "divided by the number of rows and of steps",
                "grad_",
                "d{n} / (N * T)",
            ),
            ("twice", "twice too large", "grad_", "2 * d{n}"),
            ("minus", "of the wrong sign", "grad_", "-d{n}"),
            ("zero", "zero", "grad_", "0 * d{n}"),
            ("pile_up", "added to those of the backward call before", "grad_", "d{n} + old_{n}"),
            (
                "clipped_half",
                "clipped to [-0.5, 0.5] inside backward",
                "grad_",
                "clip(d{n}, -0.5, 0.5)",
            ),
            ("clipped_1", "clipped to [-1, 1] inside backward", "grad_", "clip(d{n}, -1, 1)"),
            ("clipped_5", "clipped to [-5, 5] inside backward", "grad_", "clip(d{n}, -5, 5)"),
            ("clipped_10", "clipped to [-10, 10] inside backward", "grad_", "clip(d{n}, -10, 10)"),
        ):
            if (key in "WUb" and end.startswith("clipped")) or (
                key == "b" and end in ("zero", "minus")
            ):
                continue
            if (key in "WU" and end in ("zero", "minus")) or (key, end) == ("U", "first_missing"):
                continue  # those of every gate, and dU without h0
            seen = {"pile_up": "gradients never zeroed between calls, in published code"}.get(
                end, ""
            )
            if end.startswith("clipped"):
                seen = "a clip inside backward, in published code"
            yield Fault(
                begin + end,
                f"{array} {words}",
                {slot + n: expression.replace("{n}", n) for n in letters},
                how=SUM,
                seen=seen,
                line=False,
            )


ENDS: dict[str, tuple[str, dict[str, str], str]] = {
    "dx.reversed": (
        "dx stands in the reverse order of time",
        {"dx_at": "T - 1 - t"},
        "Write dz·Wᵀ of step t into dx[:, t].",
    ),
    "dx.first_only": (
        "Every step writes into dx[:, 0]",
        {"dx_at": "0"},
        "Write dz·Wᵀ of step t into dx[:, t].",
    ),
    "dx.last_only": (
        "Every step writes into dx[:, T-1]",
        {"dx_at": "T - 1"},
        "Write dz·Wᵀ of step t into dx[:, t].",
    ),
    "dx.zero": ("dx is zero", {"dx_t": "0 * x_t"}, "Write dz·Wᵀ of step t into dx[:, t]."),
    "dx.minus": (
        "dx has the wrong sign",
        {"dx_t": "-(dx_i + dx_f + dx_g + dx_o)"},
        "Write dz·Wᵀ of step t into dx[:, t].",
    ),
    "dx.mean_over_batch": (
        "dx is divided by the number of rows",
        {"dx_t": "(dx_i + dx_f + dx_g + dx_o) / N"},
        "Do not average.",
    ),
    "dh0.zero": ("dh0 is zero", {"dh0": "0 * dh"}, "Return dz·Uᵀ of the first step as dh0."),
    "dc0.zero": ("dc0 is zero", {"dc0": "0 * dc"}, "Return dc·f of the first step as dc0."),
    "dh0.both_zero": (
        "dh0 and dc0 are zero",
        {"dh0": "0 * dh", "dc0": "0 * dc"},
        "Return dz·Uᵀ and dc·f of the first step.",
    ),
    "dh0.with_dy": (
        "dy of the first step is added to dh0",
        {"dh0": "dh + dy[:, 0]"},
        "Return dz·Uᵀ of the first step as dh0.",
    ),
    "dh0.is_dc0": ("dh0 is dc0", {"dh0": "dc"}, "Return dx, (dh0, dc0)."),
    "dc0.is_dh0": ("dc0 is dh0", {"dc0": "dh"}, "Return dx, (dh0, dc0)."),
    "dh0.exchanged": (
        "dh0 and dc0 are exchanged",
        {"dh0": "dc", "dc0": "dh"},
        "Return dx, (dh0, dc0).",
    ),
    "dc0.not_times_f": (
        "At the first step the forget gate is left out of dc0",
        {"dc_prev": "dc_all * f if t else dc_all"},
        "Return dc·f of the first step as dc0.",
    ),
    "dh0.not_through_U": (
        "At the first step dh0 does not go through U",
        {"dh_prev": "dh_i + dh_f + dh_g + dh_o if t else dh_all"},
        "Return dz·Uᵀ of the first step as dh0.",
    ),
    "dh0.minus": (
        "dh0 has the wrong sign",
        {"dh0": "-dh"},
        "Return dz·Uᵀ of the first step as dh0.",
    ),
    "dc0.minus": (
        "dc0 has the wrong sign",
        {"dc0": "-dc"},
        "Return dc·f of the first step as dc0.",
    ),
    "dstate.in_place_of_dy": (
        "Where dstate is given, dstate[0] takes the place of dy of the last step",
        {"dh_all": "dh + dy_t if dstate is None or t < T - 1 else dh"},
        "Start from dh, dc = dstate, and add dy[:, T-1] to dh all the same.",
    ),
    "dstate.ignored": (
        "The gradient on the final state, dstate, is not used",
        {"dh_start": "zeros", "dc_start": "zeros"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.h_ignored": (
        "The gradient on the final hidden state, dstate[0], is not used",
        {"dh_start": "zeros"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.c_ignored": (
        "The gradient on the final cell state, dstate[1], is not used",
        {"dc_start": "zeros"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.exchanged": (
        "dstate is read as (dc, dh)",
        {"dh_start": "dstate_c", "dc_start": "dstate_h"},
        "Read it as dh, dc = dstate.",
    ),
    "dstate.h_for_both": (
        "dstate[0] is taken for dstate[1] too",
        {"dc_start": "dstate_h"},
        "Read it as dh, dc = dstate.",
    ),
    "dstate.c_for_both": (
        "dstate[1] is taken for dstate[0] too",
        {"dh_start": "dstate_c"},
        "Read it as dh, dc = dstate.",
    ),
    "dstate.h_subtracted": (
        "dstate[0] has the wrong sign",
        {"dh_start": "-dstate_h"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.c_subtracted": (
        "dstate[1] has the wrong sign",
        {"dc_start": "-dstate_c"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.h_twice": (
        "dstate[0] is added twice",
        {"dh_start": "2 * dstate_h"},
        "Start from dh, dc = dstate.",
    ),
    "dstate.c_at_each_step": (
        "dstate[1] is added at every step",
        {"dc_prev": "dc_all * f + dstate_c * (t > 0)"},
        "Start from dh, dc = dstate, and add it at the last step only.",
    ),
    "dstate.h_at_each_step": (
        "dstate[0] is added at every step",
        {"dh_prev": "dh_i + dh_f + dh_g + dh_o + dstate_h * (t > 0)"},
        "Start from dh, dc = dstate, and add it at the last step only.",
    ),
}
ENDS_SEEN = {
    "dstate.c_ignored": "Deep Learning from Scratch 2: the incoming gradient of c is dropped"
}


def ends() -> Iterator[Fault]:
    """Where gradients come in and go out."""
    for key, (names, choices, how) in ENDS.items():
        yield Fault(key, names, choices, how, ENDS_SEEN.get(key, ""), line=False)


def _in_backward(values: Mapping[str, str]) -> dict[str, str]:
    """The backward pass's choices with other values of i, f, g, o than the forward pass had."""
    changed = {}
    for slot, expression in BACKWARD.items():
        other = renamed(expression, values.get)
        if other != renamed(expression, lambda name: None):
            changed[slot] = other
    return changed


def recomputed() -> Iterator[Fault]:
    """Gates that backward computes anew, from something else than forward did."""
    act = {k: "tanh" if k == "g" else "sigmoid" for k in GATES}
    for k in GATES:
        values = {one: f"{act[one]}(xW_{one} + hU_{one} + b_{k})" for one in GATES if one != k}
        seen = (
            "numpy-ml, issue 42: the output gate's bias for all gates in backward"
            if k == "o"
            else ""
        )
        yield Fault(
            f"recomputed.bias_of_{WORDS[k]}",
            f"The backward pass computes every gate anew with the bias of {the(k)}",
            _in_backward(values),
            "Compute each gate with its own bias, or keep the gates of the forward pass.",
            seen,
            line=False,
        )
    for end, words, text in (
        ("no_bias", "without the bias", "{a}(xW_{k} + hU_{k})"),
        ("no_recurrent", "without h·U", "{a}(xW_{k} + bias_{k})"),
        ("no_input", "without x·W", "{a}(hU_{k} + bias_{k})"),
        ("new_h", "with h' in place of h", "{a}(xW_{k} + h_next @ U_{k} + bias_{k})"),
    ):
        values = {k: text.replace("{a}", act[k]).replace("{k}", k) for k in GATES}
        yield Fault(
            f"recomputed.{end}",
            f"The backward pass computes every gate anew {words}",
            _in_backward(values),
            "Compute each gate as the forward pass does, or keep the gates of the forward pass.",
            line=False,
        )
    yield Fault(
        "recomputed.old_tanh",
        "The backward pass takes tanh(c) of the state before the step for tanh(c')",
        {"tanh_c": "tanh(c)"},
        "Keep c' of each step for the backward pass.",
        line=False,
    )


def all_faults() -> Iterator[Fault]:
    yield from factors()
    yield from slopes()
    yield from time()
    yield from parts()
    yield from sums()
    yield from ends()
    yield from recomputed()

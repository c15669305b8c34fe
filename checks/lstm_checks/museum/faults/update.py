"""Faults of the cell update c' = f·c + i·g and of the hidden state h' = o·tanh(c')."""

from collections.abc import Iterator

from lstm_checks.museum.fault import Fault

CELL = {  # id: words, c'
    "forget_left_out": ("The forget gate is left out", "c + i * g"),
    "input_left_out": ("The input gate is left out", "f * c + g"),
    "gates_left_out": ("The forget gate and the input gate are left out", "c + g"),
    "candidate_left_out": ("The candidate is left out of the cell update", "f * c + i"),
    "memory_left_out": ("The old cell state is left out of the cell update", "i * g"),
    "memory_left_out_of_f": ("The old cell state is left out of f·c", "f + i * g"),
    "nothing_written": ("The term i·g is left out of the cell update", "f * c"),
    "exchanged": ("The forget gate and the input gate are exchanged", "i * c + f * g"),
    "plus_for_times": ("There is a plus between i and g in place of a product", "f * c + i + g"),
    "plus_for_times_in_f": (
        "There is a plus between f and c in place of a product",
        "f + c + i * g",
    ),
    "plus_for_both": ("There are sums in place of both products", "f + c + (i + g)"),
    "times_for_plus": ("There is a product in place of the sum", "f * c * i * g"),
    "minus": ("There is a minus in place of the plus", "f * c - i * g"),
    "minus_memory": ("The kept memory is subtracted", "i * g - f * c"),
    "coupled_to_f": ("The input gate is replaced by 1 - f", "f * c + (1 - f) * g"),
    "coupled_to_i": ("The forget gate is replaced by 1 - i", "(1 - i) * c + i * g"),
    "coupled_as_gru": ("The cell update is the one of a GRU", "f * g + (1 - f) * c"),
    "f_inverted": ("The forget gate is inverted", "(1 - f) * c + i * g"),
    "i_inverted": ("The input gate is inverted", "f * c + (1 - i) * g"),
    "f_times_all": ("The forget gate is a factor of the whole sum", "f * (c + i * g)"),
    "i_times_all": ("The input gate is a factor of the whole sum", "i * (f * c + g)"),
    "o_times_all": ("The output gate is a factor of the whole cell state", "o * (f * c + i * g)"),
    "i_gated_by_o": ("The output gate stands where the input gate belongs", "f * c + o * g"),
    "i_gated_by_f": ("The forget gate stands where the input gate belongs", "f * c + f * g"),
    "f_gated_by_i": ("The input gate stands where the forget gate belongs", "i * c + i * g"),
    "f_gated_by_o": ("The output gate stands where the forget gate belongs", "o * c + i * g"),
    "f_gated_by_g": ("The candidate stands where the forget gate belongs", "g * c + i * g"),
    "o_in_the_product": ("The output gate is one more factor of i·g", "f * c + i * o * g"),
    "f_squared": ("The forget gate is applied twice", "f * f * c + i * g"),
    "i_squared": ("The input gate is applied twice", "f * c + i * i * g"),
    "candidate_is_c": ("The old cell state stands where the candidate belongs", "f * c + i * c"),
    "candidate_is_h": ("The hidden state stands where the candidate belongs", "f * c + i * h"),
    "from_h": ("The cell update continues h in place of c", "f * h + i * g"),
    "plus_h": ("The hidden state is added to the cell state", "f * c + i * g + h"),
    "plus_c": ("The old cell state is added once more", "f * c + i * g + c"),
    "squashed": ("There is a tanh around the new cell state", "tanh(f * c + i * g)"),
    "sigmoid": ("There is a σ around the new cell state", "sigmoid(f * c + i * g)"),
    "rectified": ("There is a rectifier around the new cell state", "maximum(f * c + i * g, 0)"),
    "clipped": ("The new cell state is clipped to [-1, 1]", "clip(f * c + i * g, -1, 1)"),
    "halved": ("The new cell state is averaged in place of summed up", "(f * c + i * g) / 2"),
    "tanh_of_memory": ("There is a tanh around the old cell state", "f * tanh(c) + i * g"),
    "tanh_of_candidate": ("There is a second tanh around the candidate", "f * c + i * tanh(g)"),
    "candidate_raw": ("The candidate's pre-activation is taken in place of g", "f * c + i * z_g"),
    "f_raw": ("The forget gate's pre-activation is taken in place of f", "z_f * c + i * g"),
    "i_raw": ("The input gate's pre-activation is taken in place of i", "f * c + z_i * g"),
    "sigmoid_of_f": ("There is a second σ around the forget gate", "sigmoid(f) * c + i * g"),
    "sigmoid_of_i": ("There is a second σ around the input gate", "f * c + sigmoid(i) * g"),
}
CELL_SEEN = {
    "plus_for_times": "torchrecurrent, issue 22: + in place of * in the cell update",
}

HIDDEN = {  # id: words, h'
    "without_tanh": ("The tanh around the new cell state is left out", "o * c_next"),
    "old_cell": ("The old cell state is taken in place of the new one", "o * tanh(c)"),
    "old_cell_without_tanh": ("The old cell state is taken, without tanh", "o * c"),
    "not_gated": ("The output gate is left out", "tanh(c_next)"),
    "cell_itself": ("The hidden state is the cell state itself", "c_next"),
    "sigmoid": ("There is a σ in place of the tanh", "o * sigmoid(c_next)"),
    "relu": ("There is a rectifier in place of the tanh", "o * maximum(c_next, 0)"),
    "tanh_twice": ("The tanh is applied twice", "o * tanh(tanh(c_next))"),
    "gated_inside": ("The output gate stands inside the tanh", "tanh(o * c_next)"),
    "tanh_around": ("There is one more tanh around the whole", "tanh(o * tanh(c_next))"),
    "sigmoid_around": ("There is a σ around the whole", "sigmoid(o * tanh(c_next))"),
    "of_candidate": ("The candidate is taken in place of the new cell state", "o * tanh(g)"),
    "of_candidate_once": ("The candidate is the output's second factor", "o * g"),
    "of_h": ("The old hidden state is taken in place of the new cell state", "o * tanh(h)"),
    "plus": ("There is a plus in place of the product", "o + tanh(c_next)"),
    "minus": ("The hidden state has the wrong sign", "-o * tanh(c_next)"),
    "by_f": ("The forget gate stands where the output gate belongs", "f * tanh(c_next)"),
    "by_i": ("The input gate stands where the output gate belongs", "i * tanh(c_next)"),
    "by_g": ("The candidate stands where the output gate belongs", "g * tanh(c_next)"),
    "gate_itself": ("The hidden state is the output gate itself", "o"),
    "gate_inverted": ("The output gate is inverted", "(1 - o) * tanh(c_next)"),
    "gate_squared": ("The output gate is applied twice", "o * o * tanh(c_next)"),
    "gate_raw": ("The output gate's pre-activation is taken in place of o", "z_o * tanh(c_next)"),
    "sigmoid_of_gate": ("There is a second σ around the output gate", "sigmoid(o) * tanh(c_next)"),
    "of_i_g": ("The new cell state is taken without what it kept", "o * tanh(i * g)"),
    "plus_h": ("The old hidden state is added", "o * tanh(c_next) + h"),
    "half": ("The tanh is half as steep", "o * tanh(c_next / 2)"),
    "hard": ("There is a clip to [-1, 1] in place of the tanh", "o * clip(c_next, -1, 1)"),
}
HIDDEN_SEEN = {"without_tanh": "h = o·c without tanh in published code"}


def all_faults() -> Iterator[Fault]:
    for end, (names, expression) in CELL.items():
        seen = CELL_SEEN.get(end, "")
        yield Fault(f"update.{end}", names, {"c_next": expression}, seen=seen)
    for end, (names, expression) in HIDDEN.items():
        seen = HIDDEN_SEEN.get(end, "")
        yield Fault(f"hidden.{end}", names, {"h_next": expression}, seen=seen)

"""Faults of the gates: their terms, blocks, constants, activations, and what else they see."""

from collections.abc import Iterator
from itertools import combinations, permutations

from lstm_checks.museum.fault import Fault
from lstm_checks.museum.textbook import GATES, NAMES, activation

WORDS = {"i": "input", "f": "forget", "g": "candidate", "o": "output"}
TERMS = {  # of a pre-activation: id, words, slot, expression
    "input": ("the input product x·W", "xW", "x_t @ W"),
    "recurrent": ("the recurrent product h·U", "hU", "h @ U"),
    "bias": ("the bias b", "bias", "b"),
}
SEEN = {
    ("every", "bias", "twice"): "DeepLearningTutorials, issue 81",
    ("every", "bias", "left_out"): "an early LSTMCell of Equinox, by default",
}
ORDERS = {
    "ifog": "CS231n, Keras-like kernels that put the candidate last",
    "igfo": "Haiku, Haste, TensorFlow's BasicLSTMCell",
    "iofg": "ONNX",
    "fgio": "Deep Learning from Scratch 2",
    "figo": "numpy-ml",
}


def the(gates: str) -> str:
    """The gates in words: "the forget gate", "every gate"."""
    return "every gate" if gates == GATES else f"the {NAMES[gates]}"


def place(gates: str) -> str:
    """The gates in an id."""
    return "every" if gates == GATES else WORDS[gates]


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


EACH = (*GATES, GATES)  # each gate alone, then all of them


def terms() -> Iterator[Fault]:
    """A term that is left out, added twice, subtracted, transposed, or another gate's."""
    for gates in EACH:
        for key, (words, slot, factor) in TERMS.items():
            begin = f"gates.{place(gates)}.{key}"
            of = factor + "_{k}"
            none = "No gate gets" if gates == GATES else f"{capital(the(gates))} does not get"
            for end, verb, expression in (
                ("left_out", f"{none} {words}", "0"),
                ("twice", f"{capital(the(gates))} gets {words} twice", f"2 * ({of})"),
                ("subtracted", f"In {the(gates)}, {words} is subtracted", f"-({of})"),
            ):
                if key == "bias":
                    expression = expression.replace("(", "").replace(")", "")
                choices = {f"{slot}_{k}": expression.replace("{k}", k) for k in gates}
                how = ""
                if (key, end) == ("bias", "twice"):
                    how = "Where the layer has two biases by design, declare biases = 2."
                seen = SEEN.get((place(gates), key, end), "")
                yield Fault(f"{begin}_{end}", verb, choices, how, seen)
            for other in GATES:
                if other == gates:
                    continue
                block = {"xW": "W", "hU": "U", "bias": "b"}[slot]
                choices = {f"{slot}_{k}": f"{factor}_{other}" for k in gates if k != other}
                verb = f"{capital(the(gates))} reads the block {block}_{other} of {the(other)}"
                yield Fault(f"{begin}_of_{WORDS[other]}", verb, choices)
        choices = {f"hU_{k}": f"h @ U_{k}.T" for k in gates}
        verb = f"{capital(the(gates))} gets h·Uᵀ in place of h·U"
        how = "Where U is stored transposed by design, declare weights = 'out_in'."
        yield Fault(f"gates.{place(gates)}.recurrent_transposed", verb, choices, how)
    for one, other in combinations(GATES, 2):
        for key, (_, slot, factor) in TERMS.items():
            block = {"xW": "W", "hU": "U", "bias": "b"}[slot]
            choices = {f"{slot}_{one}": f"{factor}_{other}", f"{slot}_{other}": f"{factor}_{one}"}
            yield Fault(
                f"gates.exchanged.{key}_{WORDS[one]}_{WORDS[other]}",
                f"The blocks {block}_{one} and {block}_{other} are exchanged, of {the(one)} and "
                f"{the(other)}",
                choices,
                line=False,
                how=f"Let {the(one)} read {block}_{one} and {the(other)} read {block}_{other}.",
            )


def pre_activations() -> Iterator[Fault]:
    """A whole pre-activation that is another gate's, a constant on it, a product of terms."""
    for gates in EACH:
        begin = f"gates.{place(gates)}."
        for other in GATES:
            if other == gates:
                continue
            choices = {k: f"{activation(k)}(z_{other})" for k in gates if k != other}
            seen = "i = σ(f) in published code" if (gates, other) == ("i", "f") else ""
            if gates == GATES:
                seen = "all four gates with the weights of one, in published code"
            yield Fault(
                f"{begin}all_of_{WORDS[other]}",
                f"{capital(the(gates))} gets the whole pre-activation of {the(other)}",
                choices,
                seen=seen,
            )
        for end, words, added in (
            ("plus_one", "A constant 1 is added to the pre-activation of", "1"),
            ("minus_one", "A constant 1 is subtracted from the pre-activation of", "-1"),
        ):
            choices = {f"z_{k}": f"xW_{k} + hU_{k} + bias_{k} + {added}" for k in gates}
            how = "Where it is by design, declare forget_bias = 1.0." if gates == "f" else ""
            how = how if end == "plus_one" else ""
            seen = "TensorFlow's BasicLSTMCell and Haiku, by design" if how else ""
            yield Fault(
                f"{begin}{end}",
                f"{words} {the(gates)}",
                {slot: text.replace("+ -", "- ") for slot, text in choices.items()},
                how,
                seen,
            )
        for end, words, expression in (
            (
                "product",
                "is multiplied, x·W by h·U, in place of added up",
                "xW_{k} * hU_{k} + bias_{k}",
            ),
            ("tanh_of_input", "has a tanh around x·W", "tanh(xW_{k}) + hU_{k} + bias_{k}"),
            ("tanh_of_recurrent", "has a tanh around h·U", "xW_{k} + tanh(hU_{k}) + bias_{k}"),
            (
                "gates_h_of_the_candidate",
                "has h·U multiplied by the output gate",
                "xW_{k} + o * hU_{k} + bias_{k}",
            ),
        ):
            if end.startswith("gates_h") and gates != "g":
                continue
            choices = {f"z_{k}": expression.replace("{k}", k) for k in gates}
            names = f"The pre-activation of {the(gates)} {words}"
            yield Fault(f"{begin}{end}", names, choices)
    for k in GATES:
        for seen_too, words in (("c", "the cell state c"), ("c_next", "the new cell state c'")):
            if seen_too == "c_next" and k != "o":
                continue
            yield Fault(
                f"gates.{WORDS[k]}.sees_{seen_too}",
                f"{capital(the(k))} has {words} added to its pre-activation, as a peephole",
                {f"z_{k}": f"xW_{k} + hU_{k} + bias_{k} + {seen_too}"},
            )
    yield Fault(
        "gates.every.sees_c",
        "Every gate but the candidate has the cell state added to its pre-activation, as peepholes",
        {f"z_{k}": f"xW_{k} + hU_{k} + bias_{k} + c" for k in "ifo"},
    )


CURVES = {  # in place of σ: id, words, expression in z
    "tanh": ("tanh", "tanh(z)"),
    "relu": ("a rectifier", "maximum(z, 0)"),
    "linear": ("no activation", "z"),
    "hard": ("the hard sigmoid of Keras before 3", "clip(0.2 * z + 0.5, 0, 1)"),
    "hard_sixth": ("the hard sigmoid x/6 + 1/2", "clip(z / 6 + 0.5, 0, 1)"),
    "steep": ("a σ that is twice as steep", "sigmoid(2 * z)"),
    "flat": ("a σ that is half as steep", "sigmoid(z / 2)"),
    "falling": ("σ(-z), which falls", "sigmoid(-z)"),
    "precedence": ("1 / 1 + exp(-z), where the parentheses are missing", "1 / 1 + exp(-z)"),
    "no_one": ("1 / exp(-z), where the 1 + is missing", "exp(z)"),
    "twice": ("σ twice", "sigmoid(sigmoid(z))"),
    "of_tanh": ("σ of tanh", "sigmoid(tanh(z))"),
    "argument_cut": ("σ with its argument clipped to [0, 1]", "sigmoid(clip(z, 0, 1))"),
    "argument_cut_5": ("σ with its argument clipped to [-5, 5]", "sigmoid(clip(z, -5, 5))"),
    "slope": ("the derivative σ·(1 - σ)", "sigmoid(z) * (1 - sigmoid(z))"),
    "softmax": ("a softmax over the units", "softmax(z)"),
    "doubled": ("2·σ(z)", "2 * sigmoid(z)"),
    "cut": ("the pre-activation clipped to [0, 1]", "clip(z, 0, 1)"),
    "softsign": ("the softsign z/(1 + |z|)", "z / (1 + abs(z))"),
}
CANDIDATE = {  # in place of tanh
    "sigmoid": ("σ", "sigmoid(z)"),
    "relu": ("a rectifier", "maximum(z, 0)"),
    "linear": ("no activation", "z"),
    "hard": ("z clipped to [-1, 1]", "clip(z, -1, 1)"),
    "half": ("tanh(z/2), which is 2·σ(z) - 1", "tanh(z / 2)"),
    "steep": ("tanh(2z)", "tanh(2 * z)"),
    "falling": ("-tanh(z)", "-tanh(z)"),
    "twice": ("tanh twice", "tanh(tanh(z))"),
    "of_sigmoid": ("tanh of σ", "tanh(sigmoid(z))"),
    "sigmoid_of_tanh": ("σ of tanh", "sigmoid(tanh(z))"),
    "slope": ("the derivative 1 - tanh²", "1 - tanh(z) ** 2"),
    "softsign": ("the softsign z/(1 + |z|)", "z / (1 + abs(z))"),
    "argument_cut_5": ("tanh with its argument clipped to [-5, 5]", "tanh(clip(z, -5, 5))"),
    "softmax": ("a softmax over the units", "softmax(z)"),
    "sine": ("sin", "np.sin(z)"),
    "scaled": ("the scaled tanh 1.7159·tanh(2z/3)", "1.7159 * tanh(2 * z / 3)"),
}
CURVE_SEEN = {
    "argument_cut": "a σ with a clipped argument in published code",
    "precedence": "σ as 1 / 1 + exp(-z) in published code",
    "hard": "Keras before TensorFlow 2.0, by default",
}


def of_values() -> Iterator[Fault]:
    """A gate made of another gate's value, not of its pre-activation."""
    for gate in GATES:
        for other in GATES:
            if other != gate:
                seen = "i = σ(f) in published code" if gate + other == "if" else ""
                yield Fault(
                    f"gates.{WORDS[gate]}.of_value_{WORDS[other]}",
                    f"{capital(the(gate))} is made of the value of {the(other)}",
                    {gate: f"{activation(gate)}({other})"},
                    seen=seen,
                )


def shares() -> Iterator[Fault]:
    """One of two biases left out: the kit writes 3/8 of b into the first, 5/8 into the other."""
    for end, words, share in (("second", "second", "0.375"), ("first", "first", "0.625")):
        yield Fault(
            f"gates.every.{end}_bias_left_out",
            f"The {words} of the two biases is not added",
            {f"bias_{k}": f"{share} * b_{k}" for k in GATES},
            "Add both biases to every pre-activation.",
            "torch-xpu-ops, issue 3770" if end == "second" else "",
            line=False,
            biases=2,
        )


def activations() -> Iterator[Fault]:
    """A gate with another activation than σ, a candidate with another than tanh."""
    for gates in ("i", "f", "o", "ifo"):
        words = "Every gate" if gates == "ifo" else capital(the(gates))
        where = "every" if gates == "ifo" else WORDS[gates]
        for end, (curve, expression) in CURVES.items():
            z = [f"z_{k}" for k in gates]
            choices = {
                k: expression.replace("exp", "E").replace("z", one).replace("E", "exp")
                for k, one in zip(gates, z, strict=True)
            }
            names = f"{words} has {curve} in place of σ"
            seen = CURVE_SEEN.get(end, "")
            if (gates, end) == ("o", "linear"):
                seen = "an output gate without σ in published code"
            yield Fault(f"gates.{where}.is_{end}", names, choices, seen=seen)
    for end, (curve, expression) in CANDIDATE.items():
        expression = expression.replace("z", "z_g")
        seen = "a candidate by σ in published code" if end == "sigmoid" else ""
        yield Fault(
            f"gates.candidate.is_{end}",
            f"The candidate has {curve} in place of tanh",
            {"g": expression},
            seen=seen,
        )
    yield Fault(
        "gates.every.clipped",
        "Every pre-activation is clipped to [-5, 5]",
        {k: f"{activation(k)}(clip(z_{k}, -5, 5))" for k in GATES},
    )
    yield Fault(
        "gates.every.all_sigmoid",
        "Every gate has the activation of another: tanh where σ belongs, and σ where tanh belongs",
        {k: f"{'sigmoid' if k == 'g' else 'tanh'}(z_{k})" for k in GATES},
        line=False,
        how="Take σ for i, f and o, and tanh for g.",
    )


def orders() -> Iterator[Fault]:
    """The gate blocks in each of the 23 other orders: a convention, or a mistake."""
    for order in map("".join, permutations(GATES)):
        if order == GATES:
            continue
        choices: dict[str, str] = {}
        for position, gate in enumerate(order):
            block = GATES[position]
            if block != gate:
                choices |= {
                    f"xW_{gate}": f"x_t @ W_{block}",
                    f"hU_{gate}": f"h @ U_{block}",
                    f"bias_{gate}": f"b_{block}",
                }
        yield Fault(
            f"order.{order}",
            f"The gate blocks of W, U and b stand in the order {', '.join(order)}",
            choices,
            seen=ORDERS.get(order, ""),
            line=False,
            convention=("gate_order", order),
        )


def all_faults() -> Iterator[Fault]:
    yield from orders()
    yield from terms()
    yield from pre_activations()
    yield from activations()
    yield from of_values()
    yield from shares()

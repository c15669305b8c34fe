"""Makes an object from its class, whatever the arguments are called."""

import inspect
from typing import Any

from .layout import Unclear

INPUT = ("input_size", "input_dim", "in_features", "n_in", "d", "input", "n_x", "embedding_dim")
HIDDEN = ("hidden_size", "hidden_dim", "out_features", "n_out", "h", "hidden", "n_a", "units")

LAYERS = ("num_layers", "n_layers", "layers", "layer_dim")


def built(target: Any, input_size: int, hidden_size: int, **options: Any) -> Any:
    """target(input_size, hidden_size), or by the names of its arguments; a head gets 2 outputs.

    One that takes the hidden size alone makes its weights at the first call.

    One layer is made unless `options` say otherwise, whatever the default is.

    Raises:
        TypeError: it takes neither.
        Unclear: it takes more than two arguments whose names do not say what they are.
    """
    try:
        given = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        given = []
    named = [p for p in given if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p for p in named if p.default is p.empty and p.name not in options]
    several = {p.name: 1 for p in named if p.default is not p.empty and p.name in LAYERS}
    options = several | options
    by_name: dict[str, Any] = {}
    for p in required:
        low = p.name.lower()
        if (
            low in INPUT
            or low.startswith("emb")
            or ("in" in low.split("_") and "input" not in by_name)
        ):
            by_name[p.name] = input_size
        elif low in HIDDEN or "hid" in low:
            by_name[p.name] = hidden_size
        elif low in LAYERS:
            by_name[p.name] = 1
        elif low == "batch_first":
            by_name[p.name] = True
        else:
            by_name[p.name] = 2
    values = list(by_name.values())
    of_hidden_alone = len(required) == 1 and values == [hidden_size] and len(named) == 1
    if of_hidden_alone or (by_name and input_size in values and hidden_size in values):
        return target(**by_name, **options)
    if len(required) > 2:
        listed = ", ".join(p.name for p in required)
        raise Unclear(
            f"{getattr(target, '__name__', 'it')} takes {listed}, of which the kit cannot tell the "
            "input size and the hidden size; call them input_size and hidden_size, or name a part "
            "of it as FILE:NAME.PART"
        )
    return target(input_size, hidden_size, **options)

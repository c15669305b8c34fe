"""Makes an object from its class, whatever the arguments are called."""

import inspect
from typing import Any

INPUT = ("input_size", "input_dim", "in_features", "n_in", "d", "input", "n_x", "embedding_dim")
HIDDEN = ("hidden_size", "hidden_dim", "out_features", "n_out", "h", "hidden", "n_a", "units")


def built(target: Any, input_size: int, hidden_size: int, **options: Any) -> Any:
    """target(input_size, hidden_size), or by the names of its arguments; a head gets 2 outputs.

    Raises:
        TypeError: it takes neither.
    """
    try:
        required = [
            p
            for p in inspect.signature(target).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
    except (TypeError, ValueError):
        required = []
    by_name: dict[str, Any] = {}
    for p in required:
        low = p.name.lower()
        if low in INPUT or ("in" in low.split("_") and "input" not in by_name):
            by_name[p.name] = input_size
        elif low in HIDDEN or "hid" in low:
            by_name[p.name] = hidden_size
        elif low in ("num_layers", "n_layers", "layers", "layer_dim"):
            by_name[p.name] = 1
        elif low == "batch_first":
            by_name[p.name] = True
        else:
            by_name[p.name] = 2
    values = list(by_name.values())
    if by_name and input_size in values and hidden_size in values:
        return target(**by_name, **options)
    return target(input_size, hidden_size, **options)

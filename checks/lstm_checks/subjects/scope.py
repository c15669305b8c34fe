"""Recognises what is not an LSTM of one layer and one direction, by the shapes of its weights."""

from collections.abc import Mapping

ONE_LAYER = "The kit checks one LSTM layer in one direction, without projection and peepholes."


def recognised(shapes: Mapping[str, tuple[int, ...]], D: int, H: int) -> str:
    """What weights of these shapes look like, as the end of "this looks like"; "" if unknown.

    Args:
        shapes: the shape of each weight, by its name.
        D, H: the input size and the hidden size, unequal and not multiples of each other.
    """
    matrices = [shape for shape in shapes.values() if len(shape) == 2 and min(shape) > 1]
    inputs = [max(shape) // H for shape in matrices if _is(shape, D, H)]
    recurrent = [max(shape) // H for shape in matrices if _is(shape, H, H)]
    blocks = sum(inputs) if len(inputs) in (1, 3, 4) else max(inputs, default=0)
    names = " ".join(shapes).lower()
    if "reverse" in names or "backward" in names or "bwd" in names:
        return "a layer of two directions"
    if len(inputs) == 1 and inputs[0] == 4 and len(recurrent) >= 3:
        return "several layers in a stack"
    if inputs and blocks == 3:
        return "a GRU: there are three blocks of weights, where an LSTM has four"
    if inputs and blocks == 1 and len(recurrent) <= 1:
        return "a simple recurrent layer: there is one block of weights, where an LSTM has four"
    return ""


def _is(shape: tuple[int, ...], rows: int, H: int) -> bool:
    """Whether a matrix maps `rows` features to some blocks of H, in either orientation."""
    for one, other in (shape, shape[::-1]):
        if one == rows and other % H == 0 and other // H in (1, 3, 4):
            return True
    return False

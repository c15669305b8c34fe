"""The shapes that the layers require, and the messages for arrays of another shape."""

from collections.abc import Sequence

from lstm_reference.cells.cell import Array


def check_shape(name: str, array: Array, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the array has the shape."""
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}; it should be {shape}")


def check_input(x: Array, input_size: int) -> None:
    """Raise ValueError unless x is (N, T, input_size) with T ≥ 1."""
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != input_size:
        raise ValueError(f"x is {x.shape}; it should be (N, T, {input_size}) with T ≥ 1")


def check_state(state: Sequence[Array], names: Sequence[str], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless `state` holds one array of the shape (N, H) for each of the names."""
    if len(state) != len(names):
        raise ValueError(f"the state has {len(state)} arrays; it should be ({', '.join(names)})")
    for name, array in zip(names, state, strict=True):
        if array.shape != shape:
            raise ValueError(
                f"{name} is {array.shape}; this batch needs {shape} "
                "(in a stateful layer, reset_state() discards the state of another batch)"
            )


def check_output_gradient(dy: Array, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless dy has the shape of y."""
    if dy.shape != shape:
        raise ValueError(f"dy is {dy.shape}; y was {shape}")

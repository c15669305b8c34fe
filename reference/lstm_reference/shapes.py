"""The shapes that a recurrent layer insists on, and the one line said when they are not met."""

from collections.abc import Sequence

from lstm_reference.cell import Array


def check_input(x: Array, input_size: int) -> None:
    """ValueError unless x is (N, T, input_size) with T ≥ 1."""
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != input_size:
        raise ValueError(f"x is {x.shape}; it should be (N, T, {input_size}) with T ≥ 1")


def check_state(state: Sequence[Array], names: Sequence[str], shape: tuple[int, int]) -> None:
    """ValueError unless `state` is one array (N, H) for each of the `names`."""
    if len(state) != len(names):
        raise ValueError(f"the state has {len(state)} arrays; it should be ({', '.join(names)})")
    for name, array in zip(names, state, strict=True):
        if array.shape != shape:
            raise ValueError(
                f"{name} is {array.shape}; this batch needs {shape} "
                "(reset_state() forgets the state of another batch)"
            )


def check_output_gradient(dy: Array, shape: tuple[int, ...]) -> None:
    """ValueError unless dy has y's shape."""
    if dy.shape != shape:
        raise ValueError(f"dy is {dy.shape}; y was {shape}")

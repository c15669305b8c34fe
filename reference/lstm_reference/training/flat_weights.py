"""All weights of several layers as one vector, so that an update takes a few calls in all.

The vector replaces the layers' own arrays: each `params[name]` becomes a view into it. If several
layers hold the same array object, it is one shared weight, which is in the vector once and whose
gradient is the sum of the layers' gradients.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.training.layers import Layer


@dataclass(frozen=True)
class _Weight:
    """One weight: its views into the two vectors, and where it is, as (layer, key) pairs."""

    name: str
    value: Array
    gradient: Array
    places: list[tuple[Layer, str]]


class FlatWeights:
    """The weights of `layers` as `vector` (P,), and their gradients as `gradient` (P,).

    `gradient` is filled by `gather`. Both have the dtype of the weights, `dtype`.

    Raises:
        ValueError: a layer is listed twice, or the weights are not all of one float dtype.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("a layer is listed twice; use a second layer that shares its arrays")
        found = [
            (f"{index}.{key}", layer, key, array)
            for index, layer in enumerate(layers)
            for key, array in layer.params.items()
        ]
        dtypes = {array.dtype for *_, array in found}
        if len(dtypes) != 1 or not all(dtype.kind == "f" for dtype in dtypes):
            names = ", ".join(sorted(map(str, dtypes))) or "no dtype"
            raise ValueError(f"the weights are of {names}; they should all be of one float dtype")

        distinct: dict[int, tuple[str, Array]] = {}
        for name, _, _, array in found:
            distinct.setdefault(id(array), (name, array))
        size = sum(array.size for _, array in distinct.values())
        self.dtype = dtypes.pop()
        self.vector = np.zeros(size, self.dtype)
        self.gradient = np.zeros(size, self.dtype)
        self._weights = []
        end = 0
        for name, array in distinct.values():
            part = slice(end, end := end + array.size)
            places = [(layer, key) for _, layer, key, other in found if other is array]
            value, gradient = (v[part].reshape(array.shape) for v in (self.vector, self.gradient))
            self._weights.append(_Weight(name, value, gradient, places))
        self.take_in()

    def take_in(self) -> None:
        """Copy arrays that were assigned to a layer's `params` into the vector; restore the views.

        Raises:
            ValueError: an array has another shape or dtype than its weight, a shared weight was
                assigned several arrays, or a layer's `params` does not keep what is assigned.
        """
        for weight in self._weights:
            held = [layer.params[key] for layer, key in weight.places]
            put = {id(array): array for array in held if array is not weight.value}
            if not put:
                continue
            array, *others = put.values()
            if others:
                raise ValueError(f"weight {weight.name} is shared, but was assigned several arrays")
            if array.shape != weight.value.shape or array.dtype != self.dtype:
                raise ValueError(
                    f"weight {weight.name} was assigned {array.dtype} {array.shape}; "
                    f"it should be {self.dtype} {weight.value.shape}"
                )
            weight.value[...] = array
            for layer, key in weight.places:
                layer.params[key] = weight.value
                if layer.params[key] is not weight.value:
                    raise ValueError(f"params does not keep the array assigned to {weight.name}")

    def gather(self) -> Array:
        """Copy the layers' `grads` into `gradient` (P,), and return it.

        Raises:
            ValueError: a gradient is missing or does not have the shape of its weight.
        """
        for weight in self._weights:
            total = weight.gradient
            for number, (layer, key) in enumerate(weight.places):
                gradient = layer.grads.get(key)
                if gradient is None or gradient.shape != total.shape:
                    found = "missing" if gradient is None else f"{gradient.shape}"
                    raise ValueError(
                        f"the gradient of weight {weight.name} is {found}; "
                        f"it should be {total.shape}"
                    )
                if number:
                    total += gradient
                else:
                    total[...] = gradient
        return self.gradient

    def named(self) -> dict[str, Array]:
        """The weights by name, such as "0.W" for W of the first layer.

        A shared weight has the name of the first layer that holds it.
        """
        return {weight.name: weight.value for weight in self._weights}

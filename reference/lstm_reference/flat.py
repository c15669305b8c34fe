"""All weights of some layers as one vector, so that an update is a few calls however many layers.

The vector takes the place of the layers' own arrays: each `params[name]` becomes a view into it.
An array object that several layers hold is one weight: once in the vector, its gradients summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_reference.cell import Array
from lstm_reference.layers import Layer


@dataclass(frozen=True)
class _Weight:
    """One weight: its views into the two vectors, and the (layer, key) places that hold it."""

    name: str
    value: Array
    gradient: Array
    places: list[tuple[Layer, str]]


class FlatWeights:
    """The weights of `layers` as `vector`, and their gradients, when gathered, as `gradient`.

    Raises:
        ValueError: a layer stands twice, or the weights are not all of one float dtype.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("a layer stands twice; a second layer may share its arrays instead")
        found = [
            (f"{index}.{key}", layer, key, array)
            for index, layer in enumerate(layers)
            for key, array in layer.params.items()
        ]
        dtypes = {array.dtype for *_, array in found}
        if len(dtypes) != 1 or not all(dtype.kind == "f" for dtype in dtypes):
            names = ", ".join(sorted(map(str, dtypes))) or "no dtype"
            raise ValueError(f"the weights are of {names}; they should be of one float dtype")

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
        """Take the values of arrays that were put into a layer's `params`, and restore the views.

        Raises:
            ValueError: an array of another shape or dtype, or two for one shared weight, or a
                layer whose `params` does not keep what is put into it.
        """
        for weight in self._weights:
            held = [layer.params[key] for layer, key in weight.places]
            put = {id(array): array for array in held if array is not weight.value}
            if not put:
                continue
            array, *others = put.values()
            if others:
                raise ValueError(f"weight {weight.name} is shared, and was given several arrays")
            if array.shape != weight.value.shape or array.dtype != self.dtype:
                raise ValueError(
                    f"weight {weight.name} was given {array.dtype} {array.shape}; "
                    f"it is {self.dtype} {weight.value.shape}"
                )
            weight.value[...] = array
            for layer, key in weight.places:
                layer.params[key] = weight.value
                if layer.params[key] is not weight.value:
                    raise ValueError(f"weight {weight.name} is not kept when put into params")

    def gather(self) -> Array:
        """Collect the layers' `grads` into `gradient`, and return it.

        Raises:
            ValueError: a gradient is missing, or does not have its weight's shape.
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
        """The weights by name, "index of the layer.key"; a shared one under its first place."""
        return {weight.name: weight.value for weight in self._weights}

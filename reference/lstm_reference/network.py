"""A network of layers in a row, trained as Keras trains its Sequential: fit, predict, evaluate.

It exists to train recurrent layers: any LSTM in the native contract stands in it as it is; only
`params`, `forward`, `backward`, `grads` and, where there is state to carry, `reset_state` are used.
The backward pass ends at the first step of what a batch holds; state that a layer carries from
batch to batch carries no gradient, which is truncated backpropagation through time.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lstm_reference.cell import Array
from lstm_reference.flat import FlatWeights
from lstm_reference.layers import Layer
from lstm_reference.losses import Loss, mean_squared_error
from lstm_reference.optimizers import Adam, Optimizer
from lstm_reference.weights_file import load_weights, save_weights


class Sequential:
    """Layers in a row, a loss and an optimizer.

    The layers' weights become views into one vector (`flat.FlatWeights`); arrays put into a
    layer's `params` later are taken in when the network is next used. The network is stateful if
    one of its layers says so by an attribute `stateful`.

    Args:
        layers: see `layers.Layer`.
        loss: loss(target, output) -> (value, gradient by output), as those in `losses`.
        optimizer: changes the weights; Adam with Keras's defaults if left out.
        rng: shuffles the samples; seed 0 if left out.

    Raises:
        ValueError: a layer stands twice, or the weights are not all of one float dtype.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss = mean_squared_error,
        optimizer: Optimizer | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.layers = list(layers)
        self.loss = loss
        self.optimizer = Adam() if optimizer is None else optimizer
        self.weights = FlatWeights(self.layers)
        self._rng = np.random.default_rng(0) if rng is None else rng

    @property
    def stateful(self) -> bool:
        """Whether a layer carries state from batch to batch."""
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    def reset_state(self) -> None:
        """Let every layer that carries state forget it. Nothing else does: fit does not."""
        for layer in self.layers:
            if hasattr(layer, "reset_state"):
                layer.reset_state()

    def forward(self, x: Array) -> Array:
        """The output of the last layer for one batch."""
        for layer in self.layers:
            x = _first(layer.forward(x))
        return x

    def backward(self, dy: Array) -> Array | None:
        """The gradient of the last forward: by x, if x has one; the layers hold their `grads`."""
        for layer in reversed(self.layers):
            dy = _first(layer.backward(dy))
        return dy

    def train_batch(self, x: Array, y: Array) -> float:
        """One update from one batch; its loss before the update."""
        value, gradient = self.loss(y, self.forward(x))
        self.backward(gradient)
        self.optimizer.update(self.weights.vector, self.weights.gather())
        return float(value)

    def fit(
        self,
        x: Array,
        y: Array,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        shuffle: bool | None = None,
        progress: bool = False,
    ) -> list[float]:
        """Train on the samples x (n, ...) and targets y (n, ...), and return each epoch's loss.

        The last batch of an epoch holds what is left over, and may be smaller; the loss of an
        epoch is the mean over its samples, each counted with the weights of its moment. State is
        not reset between epochs.

        Args:
            x: samples; floats are brought to the weights' dtype, integers are left.
            y: targets, of the output's shape.
            batch_size: samples an update.
            epochs: how often all samples are seen.
            shuffle: draw the samples in a new order each epoch; None means yes, but not in a
                stateful network, where row i of a batch continues row i of the batch before.
            progress: show a bar on stderr.

        Raises:
            ValueError: sizes that are not positive, x and y of different n, or, in a stateful
                network, an n that is not a multiple of the batch size.
        """
        if epochs < 1:
            raise ValueError(f"epochs is {epochs}; it should be at least 1")
        starts = self._starts(x, y, batch_size)
        x, y = self._cast(x), y.astype(self.weights.dtype, copy=False)
        shuffle = not self.stateful if shuffle is None else shuffle
        losses = []
        with _progress_bar(epochs, progress) as advance:
            for _ in range(epochs):
                order = self._rng.permutation(len(x)) if shuffle else None
                total = 0.0
                for start in starts:
                    part = slice(start, start + batch_size)
                    rows = part if order is None else order[part]
                    batch = x[rows]
                    total += self.train_batch(batch, y[rows]) * len(batch)
                losses.append(total / len(x))
                advance(losses[-1])
        return losses

    def predict(self, x: Array, *, batch_size: int = 32) -> Array:
        """The outputs (n, ...) for samples x (n, ...), in their order. Errors as for `fit`."""
        starts = self._starts(x, x, batch_size)
        x = self._cast(x)
        return np.concatenate([self.forward(x[s : s + batch_size]) for s in starts])

    def evaluate(self, x: Array, y: Array, *, batch_size: int = 32) -> float:
        """The loss, the mean over the samples, without training. Errors as for `fit`."""
        starts = self._starts(x, y, batch_size)
        x, y = self._cast(x), y.astype(self.weights.dtype, copy=False)
        total = 0.0
        for part in (slice(start, start + batch_size) for start in starts):
            batch = x[part]
            total += float(self.loss(y[part], self.forward(batch))[0]) * len(batch)
        return total / len(x)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights (not the optimizer, not the state) as npz. See `weights_file`."""
        self.weights.take_in()
        save_weights(path, self.weights.named())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take the weights of a network of the same layers; all or, after a ValueError, none."""
        self.weights.take_in()
        named = self.weights.named()
        for name, array in load_weights(path, named).items():
            named[name][...] = array

    def _starts(self, x: Array, y: Array, batch_size: int) -> range:
        """Where the batches start; the weights are brought up to date besides."""
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it should be at least 1")
        if not len(x) or len(x) != len(y):
            raise ValueError(f"there are {len(x)} samples and {len(y)} targets")
        if self.stateful and len(x) > batch_size and len(x) % batch_size:
            raise ValueError(
                f"{len(x)} samples are not a multiple of the batch size {batch_size}; a stateful "
                "network carries the state of each row, so that every batch needs the same rows"
            )
        self.weights.take_in()
        return range(0, len(x), batch_size)

    def _cast(self, x: Array) -> Array:
        """x in the weights' dtype, but integers, which name an embedding's rows, as they are."""
        return x if x.dtype.kind in "iu" else x.astype(self.weights.dtype, copy=False)


def _first(result: Any) -> Any:
    """Without the state, or the gradient by it, that a recurrent layer gives besides."""
    return result[0] if isinstance(result, tuple) else result


@contextmanager
def _progress_bar(epochs: int, shown: bool) -> Iterator[Callable[[float], None]]:
    """A function to call with the loss after each epoch."""
    if not shown:
        yield lambda loss: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=epochs)
        yield lambda loss: bar.update(task, advance=1, description=f"loss {loss:.4g}")

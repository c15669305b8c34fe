"""A network of layers in sequence, with the methods of Keras's Sequential: fit, predict, evaluate.

It exists to train recurrent layers. Any LSTM in the native contract can be one of its layers; the
network uses only `params`, `forward`, `backward`, `grads` and, in stateful layers, `reset_state`.
The backward pass ends at the first step of a batch. State that a layer carries from batch to batch
carries no gradient, which is truncated backpropagation through time.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lstm_reference.cells.cell import Array
from lstm_reference.training.flat_weights import FlatWeights
from lstm_reference.training.layers import Layer
from lstm_reference.training.losses import Loss, mean_squared_error
from lstm_reference.training.optimizers import Adam, Optimizer
from lstm_reference.training.weights_file import load_weights, save_weights


class Sequential:
    """Layers in sequence, a loss and an optimizer.

    The weights of the layers become views into one vector (`flat_weights.FlatWeights`). An array
    that is later assigned to a layer's `params` is copied into the vector when the network is next
    used. The network is stateful if one of its layers has a true attribute `stateful`.

    Args:
        layers: see `layers.Layer`.
        loss: loss(target, output) -> (value, gradient), such as those in `losses`.
        optimizer: changes the weights; Adam with Keras's defaults by default.
        rng: shuffles the samples; seed 0 by default.

    Raises:
        ValueError: a layer is listed twice, or the weights are not all of one float dtype.
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
        """Discard the state of every layer that carries one. No other method does this."""
        for layer in self.layers:
            if hasattr(layer, "reset_state"):
                layer.reset_state()

    def forward(self, x: Array) -> Array:
        """The output of the last layer for one batch x (n, ...)."""
        for layer in self.layers:
            x = _first(layer.forward(x))
        return x

    def backward(self, dy: Array) -> Array | None:
        """Differentiate the last `forward`: sets the layers' `grads`.

        Args:
            dy: the gradient of the loss with respect to the output, in the shape of the output.

        Returns:
            The gradient with respect to x, in the shape of x, or None if x holds integers.
        """
        for layer in reversed(self.layers):
            dy = _first(layer.backward(dy))
        return dy

    def train_batch(self, x: Array, y: Array) -> float:
        """Update the weights from one batch x (n, ...), y (n, ...); the loss before the update."""
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
        """Train on samples x (n, ...) and targets y (n, ...).

        The last batch of an epoch may be smaller than the others. State is not reset between
        epochs.

        Args:
            x: samples; floats are converted to the dtype of the weights, integers are not.
            y: targets, in the shape of the output.
            batch_size: samples per update.
            epochs: how often each sample is used.
            shuffle: use the samples in a new random order in each epoch. By default this is done
                unless the network is stateful, because there row i of a batch continues row i of
                the previous batch.
            progress: show a progress bar on stderr.

        Returns:
            The loss of each epoch: the mean over its samples, each before the update that used it.

        Raises:
            ValueError: batch_size or epochs is less than 1, x and y differ in n, n is 0, or the
                network is stateful and n is larger than the batch size and not a multiple of it.
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
        """The outputs (n, ...) for samples x (n, ...), in order. Errors as for `fit`."""
        starts = self._starts(x, x, batch_size)
        x = self._cast(x)
        return np.concatenate([self.forward(x[s : s + batch_size]) for s in starts])

    def evaluate(self, x: Array, y: Array, *, batch_size: int = 32) -> float:
        """The mean loss over samples x (n, ...) with targets y (n, ...). Errors as for `fit`."""
        starts = self._starts(x, y, batch_size)
        x, y = self._cast(x), y.astype(self.weights.dtype, copy=False)
        total = 0.0
        for part in (slice(start, start + batch_size) for start in starts):
            batch = x[part]
            total += float(self.loss(y[part], self.forward(batch))[0]) * len(batch)
        return total / len(x)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights to an npz file, without optimizer and state.

        Raises:
            ValueError: a weight is not finite; nothing is written. See `weights_file`.
        """
        self.weights.take_in()
        save_weights(path, self.weights.named())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read the weights that a network of the same layers saved.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file does not hold such weights; no weight is changed.
        """
        self.weights.take_in()
        named = self.weights.named()
        for name, array in load_weights(path, named).items():
            named[name][...] = array

    def _starts(self, x: Array, y: Array, batch_size: int) -> range:
        """Check the arguments, take in new weights, and return where the batches start."""
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it should be at least 1")
        if not len(x) or len(x) != len(y):
            raise ValueError(
                f"there are {len(x)} samples and {len(y)} targets; "
                "there should be equally many, and at least one"
            )
        if self.stateful and len(x) > batch_size and len(x) % batch_size:
            raise ValueError(
                f"{len(x)} samples are not a multiple of the batch size {batch_size}; a stateful "
                "network carries the state of each row, so all batches need the same number of rows"
            )
        self.weights.take_in()
        return range(0, len(x), batch_size)

    def _cast(self, x: Array) -> Array:
        """x in the dtype of the weights; integers, which select rows of an embedding, unchanged."""
        return x if x.dtype.kind in "iu" else x.astype(self.weights.dtype, copy=False)


def _first(result: Any) -> Any:
    """The result of a layer without the state, or its gradient, that a recurrent layer adds."""
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

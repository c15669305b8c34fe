"""The weights of a network as one vector: put in, shared, saved, refused."""

from pathlib import Path

import numpy as np
import pytest

from lstm_reference.cells.cell import Array
from lstm_reference.cells.lstm import LSTM
from lstm_reference.training.flat_weights import FlatWeights
from lstm_reference.training.layers import Dense, Embedding, LastStep, Layer, TiedDense
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import SGD


def assert_close(got: Array, expected: Array) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-12 * max(1, np.abs(expected).max())


def problem(n: int = 10) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    return rng.standard_normal((n, 5, 3)), rng.standard_normal((n, 2))


def regression(lstm: Layer) -> Sequential:
    return Sequential([lstm, LastStep(), Dense(4, 2)], optimizer=SGD(0.1, 0.9))


def test_a_shared_weight_moves_once_by_the_sum_of_its_gradients() -> None:
    embedding = Embedding(4, 3, np.random.default_rng(1))
    tied = TiedDense(embedding)
    network = Sequential([embedding, tied], optimizer=SGD(0.5))
    before = embedding.params["E"].copy()
    network.train_batch(np.array([[0, 2]]), np.ones((1, 2, 4)))
    total = embedding.grads["E"] + tied.grads["E"]
    assert np.abs(embedding.grads["E"]).max() > 0
    assert np.abs(tied.grads["E"]).max() > 0
    assert embedding.params["E"] is tied.params["E"]
    assert_close(embedding.params["E"], before - 0.5 * total)


class Idle:
    """A layer with one weight that does nothing."""

    def __init__(self) -> None:
        self.params = {"w": np.zeros(1)}
        self.grads = {"w": np.zeros(1)}

    def forward(self, x: Array) -> Array:
        return x

    def backward(self, dy: Array) -> Array:
        return dy


def test_arrays_put_into_params_are_taken_in() -> None:
    x, y = problem()
    network, expected = regression(LSTM(3, 4)), regression(LSTM(3, 4))
    lstm, other = network.layers[0], expected.layers[0]
    expected.weights.vector *= 2
    network.layers[2].params["W"] *= 2
    for key in "WUb":
        lstm.params[key] = 2 * lstm.params[key]
    assert_close(network.predict(x), expected.predict(x))
    assert np.array_equal(network.weights.vector, expected.weights.vector)
    network.fit(x, y)
    expected.fit(x, y)
    assert_close(lstm.params["U"], other.params["U"])
    assert np.shares_memory(lstm.params["U"], network.weights.vector)


def test_a_shared_weight_stays_shared_when_one_layer_is_given_a_new_array() -> None:
    embedding = Embedding(4, 3)
    tied = TiedDense(embedding)
    network = Sequential([embedding, tied])
    tied.params["E"] = np.ones((4, 3))
    network.predict(np.array([[0, 1]]))
    assert embedding.params["E"] is tied.params["E"]
    assert np.array_equal(embedding.params["E"], np.ones((4, 3)))
    embedding.params["E"], tied.params["E"] = np.ones((4, 3)), np.zeros((4, 3))
    with pytest.raises(ValueError, match=r"weight 0\.E is shared, but was assigned several"):
        network.predict(np.array([[0, 1]]))


def test_saved_weights_come_back(tmp_path: Path) -> None:
    x, y = problem()
    trained, fresh = regression(LSTM(3, 4)), regression(LSTM(3, 4))
    trained.fit(x, y, epochs=2)
    trained.save(tmp_path / "weights.npz")
    assert np.abs(fresh.predict(x) - trained.predict(x)).max() > 1e-3
    fresh.load(tmp_path / "weights.npz")
    assert np.array_equal(fresh.predict(x), trained.predict(x))
    fresh.layers[2].params["W"] = np.zeros((4, 2))  # what is loaded comes after this
    fresh.load(tmp_path / "weights.npz")
    assert np.array_equal(fresh.predict(x), trained.predict(x))
    fresh.fit(x, y)
    assert np.shares_memory(fresh.layers[0].params["W"], fresh.weights.vector)


def test_a_refused_file_changes_nothing(tmp_path: Path) -> None:
    network = regression(LSTM(3, 4))
    before = network.weights.vector.copy()
    Sequential([LSTM(3, 4), LastStep(), Dense(4, 3)]).save(tmp_path / "other.npz")
    with pytest.raises(
        ValueError, match=r"2\.W is float64 \(4, 3\); it should be float64 \(4, 2\)"
    ):
        network.load(tmp_path / "other.npz")
    assert np.array_equal(network.weights.vector, before)


def test_a_weight_is_saved_also_when_it_was_just_put_in(tmp_path: Path) -> None:
    network = regression(LSTM(3, 4))
    network.layers[2].params["b"] = np.array([5.0, 6.0])
    network.save(tmp_path / "file")
    with np.load(tmp_path / "file", allow_pickle=False) as archive:
        assert np.array_equal(archive["2.b"], [5.0, 6.0])


class Refuses(Idle):
    """Keeps its weights to itself: params is a copy."""

    def __init__(self) -> None:
        self._params = {"w": np.zeros(1)}

    @property
    def params(self) -> dict[str, Array]:  # type: ignore[override]
        return {name: array.copy() for name, array in self._params.items()}


def test_layers_that_cannot_be_trained_are_refused() -> None:
    layer = Dense(2, 3)
    with pytest.raises(ValueError, match="a layer is listed twice"):
        FlatWeights([layer, layer])
    with pytest.raises(
        ValueError, match="weights are of no dtype; they should all be of one float"
    ):
        FlatWeights([LastStep()])
    single = Dense(3, 2)
    for key, array in single.params.items():
        single.params[key] = array.astype(np.float32)
    with pytest.raises(ValueError, match="weights are of float32, float64; they should all be"):
        FlatWeights([layer, single])
    idle = Idle()
    idle.params["w"] = np.zeros(1, int)
    with pytest.raises(ValueError, match="weights are of int64"):
        FlatWeights([idle])
    with pytest.raises(ValueError, match=r"params does not keep the array assigned to 0\.w"):
        FlatWeights([Refuses()])


def test_wrong_arrays_in_params_and_grads_are_refused() -> None:
    idle = Idle()
    weights = FlatWeights([idle])
    for wrong in (np.zeros(2), np.zeros((1, 1)), np.zeros(1, np.float32)):
        idle.params["w"] = wrong
        with pytest.raises(
            ValueError, match=r"weight 0\.w was assigned .*; it should be float64 \(1,\)"
        ):
            weights.take_in()
    idle.grads = {"w": np.zeros((1, 1))}  # would broadcast
    with pytest.raises(ValueError, match=r"gradient of weight 0\.w is \(1, 1\); it should be \(1,"):
        weights.gather()
    idle.grads = {}
    with pytest.raises(ValueError, match=r"gradient of weight 0\.w is missing"):
        weights.gather()

"""The network: its gradient, its training against torch's, its state, its refusals."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complex_step
import lstm_reference
from lstm_reference.cells import unrolled
from lstm_reference.cells.cell import Array
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.training import losses
from lstm_reference.training.initializers import keras_lstm
from lstm_reference.training.layers import Dense, Embedding, LastStep, Layer, Repeat, TiedDense
from lstm_reference.training.layers import TimeDistributed as Timed
from lstm_reference.training.network import Sequential
from lstm_reference.training.optimizers import SGD, Adam

drawn = settings(deadline=None, database=None, max_examples=15)


def assert_close(got: Array, expected: Array) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-12 * max(1, np.abs(expected).max())


def put(layer: Layer, key: str, array: Array) -> None:
    layer.params[key] = array


@given(
    T=st.integers(1, 3), D=st.integers(1, 3), V=st.integers(2, 4), seed=st.integers(0, 2**32 - 1)
)
@drawn
def test_gradient_of_a_whole_network_with_tied_weights(T: int, D: int, V: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    embedding = Embedding(V, D)
    tied = TiedDense(embedding)
    lstm, rnn, dense = LSTM(D, 2), SimpleRNN(2, 3), Dense(3, D, "tanh")
    network = Sequential([embedding, lstm, rnn, Timed(dense), tied])
    network.weights.vector[:] = rng.standard_normal(network.weights.vector.size)
    x = rng.integers(0, V, (2, T))
    target = rng.uniform(0, 1, (2, T, V))
    places = {
        **{f"1.{key}": [(lstm, key)] for key in "WUb"},
        **{f"2.{key}": [(rnn, key)] for key in "WUb"},
        **{"0.E": [(embedding, "E"), (tied, "E")], "4.b": [(tied, "b")]},
        **{f"3.{key}": [(dense, key)] for key in "Wb"},
    }

    loss = losses.categorical_cross_entropy_from_logits
    named = network.weights.named()
    assert named.keys() == places.keys()
    assert network.weights.vector.size == sum(array.size for array in named.values())
    network.backward(loss(target, network.forward(x))[1])
    network.weights.gather()
    got = dict(
        zip(named, np.split(network.weights.gradient, np.cumsum(sizes(named))), strict=False)
    )

    for name, held in places.items():
        for layer, key in held:
            put(layer, key, named[name].astype(complex))
    for name, value in named.items():

        def at(z: Array, name: str = name) -> complex:
            for layer, key in places[name]:
                put(layer, key, z)
            return loss(target, network.forward(x))[0]

        assert_close(got[name].reshape(value.shape), complex_step.gradient(at, value))


def sizes(named: dict[str, Array]) -> list[int]:
    return [array.size for array in named.values()]


def test_gradient_by_the_input_through_encoder_and_decoder() -> None:
    rng = np.random.default_rng(0)
    encoder, decoder = LSTM(3, 4, return_sequences=False), LSTM(4, 2)
    network = Sequential([encoder, Repeat(3), decoder])
    x, dy = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 3, 2))
    expected = complex_step.gradient(lambda z: (dy * network.forward(z)).sum(), x)
    network.forward(x)
    dx = network.backward(dy)
    assert dx is not None
    assert_close(dx, expected)


def problem(n: int = 10) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    return rng.standard_normal((n, 5, 3)), rng.standard_normal((n, 2))


def regression(lstm: Layer) -> Sequential:
    return Sequential([lstm, LastStep(), Dense(4, 2)], optimizer=SGD(0.1, 0.9))


@pytest.mark.torch
def test_training_is_torchs_training() -> None:
    """Three epochs in batches of 4, 4 and 2, SGD with momentum: losses and weights."""
    import torch

    from lstm_reference.cells.torch_lstm import to_torch

    x, y = problem()
    lstm, dense = LSTM(3, 4), Dense(4, 2)
    network = Sequential([lstm, LastStep(), dense], optimizer=SGD(0.1, 0.9))
    theirs = torch.nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
    theirs.load_state_dict(to_torch(lstm.params))
    theirs.bias_hh_l0.requires_grad_(False)  # torch's second bias would learn as well
    linear = torch.nn.Linear(4, 2, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(dense.params["W"].T))
        linear.bias.zero_()
    weights = [p for p in (*theirs.parameters(), *linear.parameters()) if p.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9)
    expected = []
    for _ in range(3):
        total = 0.0
        for start in (0, 4, 8):
            x_batch, y_batch = (torch.from_numpy(a[start : start + 4]) for a in (x, y))
            loss = ((linear(theirs(x_batch)[0][:, -1]) - y_batch) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x_batch)
        expected.append(total / 10)

    got = network.fit(x, y, batch_size=4, epochs=3, shuffle=False)
    assert got == pytest.approx(expected, rel=1e-13)
    for name, tensor in to_torch(lstm.params).items():
        np.testing.assert_allclose(tensor.numpy(), theirs.state_dict()[name].numpy(), atol=1e-14)
    np.testing.assert_allclose(dense.params["W"].T, linear.weight.detach().numpy(), atol=1e-14)


class Foreign:
    """Somebody's LSTM: no stateful mode, no return_sequences, no reset_state, plain attributes."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.params = LSTM(input_size, hidden_size).params

    def forward(self, x: Array) -> tuple[Array, object]:
        zeros = np.zeros((len(x), len(self.params["U"])))
        y, state, self.caches = unrolled.forward(self.params, x, (zeros, zeros))
        return y, state

    def backward(self, dy: Array) -> tuple[Array, object]:
        zeros = np.zeros_like(dy[:, 0])
        g = unrolled.backward(self.params, self.caches, dy, (zeros, zeros))
        self.grads = {"W": g.dW, "U": g.dU, "b": g.db}
        return g.dx, (g.dh0, g.dc0)


@pytest.mark.parametrize("kind", ["Foreign", pytest.param("TorchLSTM", marks=pytest.mark.torch)])
def test_any_lstm_in_the_native_contract_trains_alike(kind: str) -> None:
    build = Foreign if kind == "Foreign" else lstm_reference.TorchLSTM
    x, y = problem()
    expected, network = regression(LSTM(3, 4)), regression(build(3, 4))
    want = expected.fit(x, y, batch_size=4, epochs=5)
    assert network.fit(x, y, batch_size=4, epochs=5) == pytest.approx(want, rel=1e-12)
    assert want[-1] < want[0]
    assert_close(network.predict(x), expected.predict(x))
    assert_close(network.weights.vector, expected.weights.vector)
    network.reset_state()


def test_evaluate_and_predict_do_not_depend_on_the_batch_size_nor_train() -> None:
    x, y = problem()
    network = regression(LSTM(3, 4))
    before = network.weights.vector.copy()
    whole = network.forward(x)
    for batch_size in (1, 3, 10, 99):
        assert_close(network.predict(x, batch_size=batch_size), whole)
        got = network.evaluate(x, y, batch_size=batch_size)
        assert got == pytest.approx(((whole - y) ** 2).mean(), rel=1e-13)
    assert np.array_equal(network.weights.vector, before)


class Spy:
    """Passes x on, and keeps what it saw; its one weight is idle."""

    def __init__(self, stateful: bool = False) -> None:
        self.params = {"w": np.zeros(1)}
        self.grads = {"w": np.zeros(1)}
        self.stateful = stateful
        self.seen: list[list[float]] = []
        self.resets = 0

    def forward(self, x: Array) -> Array:
        self.seen.append(list(x[:, 0]))
        return x

    def backward(self, dy: Array) -> Array:
        return dy

    def reset_state(self) -> None:
        self.resets += 1


def seen(shuffle: bool | None = None, stateful: bool = False, n: int = 10) -> list[list[float]]:
    spy = Spy(stateful)
    x = np.arange(float(n))[:, None]
    Sequential([spy]).fit(x, x, batch_size=5, epochs=2, shuffle=shuffle)
    return spy.seen


def test_samples_are_shuffled_each_epoch_and_none_is_lost() -> None:
    batches = seen(n=12)
    assert [len(batch) for batch in batches] == [5, 5, 2] * 2
    first, second = ([*chain(*batches[i : i + 3])] for i in (0, 3))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != sorted(first)
    assert batches == seen(n=12)  # one seed, one order


def test_samples_keep_their_order_without_shuffle_and_in_a_stateful_network() -> None:
    expected = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]] * 2
    assert seen(shuffle=False) == seen(stateful=True) == expected
    assert seen(shuffle=True, stateful=True) != expected


def test_x_and_y_are_shuffled_together() -> None:
    class Check(Spy):
        def backward(self, dy: Array) -> Array:
            assert not dy.any()
            return dy

    x = np.random.default_rng(0).standard_normal((20, 1))
    assert Sequential([Check()]).fit(x, x, batch_size=3, epochs=2) == [0.0, 0.0]


def test_state_is_carried_over_batches_and_epochs_until_reset() -> None:
    x = np.random.default_rng(3).standard_normal((6, 2, 3))
    carried = Sequential([SimpleRNN(3, 4, stateful=True)])
    assert carried.stateful
    assert not Sequential([SimpleRNN(3, 4)]).stateful
    # rows of a batch of 2 are two streams, each of three windows
    streams = np.concatenate([x[0::2][:, None], x[1::2][:, None]], axis=1)  # (3, 2, 2, 3)
    streams = streams.transpose(1, 0, 2, 3).reshape(2, 6, 3)
    whole, _ = SimpleRNN(3, 4).forward(streams)
    expected = whole.reshape(2, 3, 2, 4).transpose(1, 0, 2, 3).reshape(6, 2, 4)
    first = carried.predict(x, batch_size=2)
    assert_close(first, expected)
    assert np.abs(carried.predict(x, batch_size=2) - first).max() > 1e-3
    carried.reset_state()
    assert_close(carried.predict(x, batch_size=2), expected)


def test_fit_resets_no_state() -> None:
    spy = Spy(stateful=True)
    network = Sequential([spy])
    x = np.zeros((4, 1))
    network.fit(x, x, batch_size=2, epochs=3)
    network.predict(x)
    network.evaluate(x, x)
    assert spy.resets == 0
    network.reset_state()
    assert spy.resets == 1


def test_a_stateful_network_refuses_a_smaller_last_batch() -> None:
    network = Sequential([SimpleRNN(3, 4, stateful=True)])
    x = np.zeros((5, 2, 3))
    y = np.zeros((5, 2, 4))
    for use in (
        lambda: network.fit(x, y, batch_size=2),
        lambda: network.predict(x, batch_size=2),
        lambda: network.evaluate(x, y, batch_size=2),
    ):
        with pytest.raises(ValueError, match="5 samples are not a multiple of the batch size 2"):
            use()
    assert network.predict(x).shape == (5, 2, 4)  # one batch of five rows


def test_float32_network_stays_float32() -> None:
    x, y = problem()
    layers = [LSTM(3, 4), LastStep(), Dense(4, 2)]
    for layer in layers:
        for key, array in layer.params.items():
            layer.params[key] = array.astype(np.float32)
    network = Sequential(layers)
    network.fit(x, y)
    assert network.predict(x).dtype == network.weights.vector.dtype == np.float32
    assert layers[0].grads["W"].dtype == np.float32
    network.fit(x, np.ones((10, 2), int))
    assert layers[2].grads["W"].dtype == np.float32


def test_integer_targets_are_taken_as_numbers() -> None:
    network = Sequential([Dense(1, 1)])
    x = np.ones((2, 1))
    assert network.evaluate(x, np.array([[3], [3]])) == network.evaluate(x, 3 * x)


def two_sequences() -> list[tuple[Array, Array]]:
    """3,0,1,2,3 and 4,0,1,2,4 as one-hot inputs (1, 4, 5) and next symbols (1, 4, 5)."""
    one_hot = np.eye(5)
    return [
        (one_hot[s[:-1]][None], one_hot[s[1:]][None]) for s in ([3, 0, 1, 2, 3], [4, 0, 1, 2, 4])
    ]


def train_two_sequences(seed: int, by_step: bool, stateful: bool) -> int:
    """How many of the eight next symbols are right after 250 epochs of Adam."""
    rng = np.random.default_rng(seed)
    lstm = LSTM(5, 20, stateful=stateful)
    lstm.params.update(keras_lstm(5, 20, rng))
    network = Sequential([lstm, Dense(20, 5, "sigmoid", rng)], losses.binary_cross_entropy, Adam())
    pairs = two_sequences()
    if by_step:  # each step a sample of its own
        pairs = [(x.transpose(1, 0, 2), y.transpose(1, 0, 2)) for x, y in pairs]
    for _ in range(250):
        for x, y in pairs:
            network.fit(x, y, batch_size=1, shuffle=False)
            network.reset_state()
    right = 0
    for x, y in pairs:
        right += (network.predict(x, batch_size=1).argmax(-1) == y.argmax(-1)).sum()
        network.reset_state()
    return right


def test_gradient_through_the_sequence_learns_the_two_sequences() -> None:
    assert train_two_sequences(0, by_step=False, stateful=False) == 8
    assert train_two_sequences(1, by_step=False, stateful=False) == 8


def test_no_state_learns_at_most_seven_of_eight() -> None:
    """After 2 comes 3 or 4; who does not remember the beginning gets one of them wrong."""
    assert train_two_sequences(0, by_step=True, stateful=False) <= 7


def test_calls_that_make_no_sense_are_refused() -> None:
    network = regression(LSTM(3, 4))
    x, y = problem()
    with pytest.raises(ValueError, match="epochs is 0"):
        network.fit(x, y, epochs=0)
    for batch_size in (0, -1):
        with pytest.raises(ValueError, match=f"batch_size is {batch_size}"):
            network.fit(x, y, batch_size=batch_size)
    with pytest.raises(ValueError, match="there are 10 samples and 9 targets"):
        network.fit(x, y[1:])
    with pytest.raises(ValueError, match="there are 10 samples and 9 targets"):
        network.evaluate(x, y[1:])
    with pytest.raises(ValueError, match="there are 0 samples"):
        network.predict(x[:0])
    with pytest.raises(ValueError, match=r"the target is \(10, 1\) and the output \(10, 2\)"):
        network.fit(x, y[:, :1])


def test_progress_is_shown_only_on_request(capfd: pytest.CaptureFixture[str]) -> None:
    network = regression(LSTM(3, 4))
    x, y = problem()
    network.fit(x, y)
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""
    loss = network.fit(x, y, epochs=2, progress=True)[-1]
    shown = capfd.readouterr()
    assert shown.out == ""
    assert f"loss {loss:.4g}" in shown.err
    assert "100%" in shown.err

"""Initial weights: bounds, moments, orthogonality, and the forget gate's place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_reference.training.initializers import glorot_uniform, keras_lstm, keras_rnn, orthogonal

sizes = st.integers(1, 12)
drawn = settings(deadline=None, database=None, max_examples=40)


def test_glorot_uniform_fills_its_interval_evenly() -> None:
    W = glorot_uniform((100, 200), np.random.default_rng(0))
    bound = (6 / 300) ** 0.5
    assert np.abs(W).max() <= bound
    counts, _ = np.histogram(W, bins=10, range=(-bound, bound))
    # 20000 draws in 10 bins: 2000 each, standard deviation 42
    assert np.abs(counts - 2000).max() < 5 * 42


@given(rows=sizes, columns=sizes, seed=st.integers(0, 2**32 - 1))
@drawn
def test_orthogonal_has_orthonormal_rows_or_columns(rows: int, columns: int, seed: int) -> None:
    Q = orthogonal((rows, columns), np.random.default_rng(seed))
    assert Q.shape == (rows, columns)
    product = Q @ Q.T if rows <= columns else Q.T @ Q
    np.testing.assert_allclose(product, np.eye(min(rows, columns)), atol=1e-13)


def test_orthogonal_is_uniform_in_sign() -> None:
    """Of a uniformly random 1 × 1 orthogonal matrix, one half are -1."""
    rng = np.random.default_rng(0)
    signs = [orthogonal((1, 1), rng)[0, 0] for _ in range(1000)]
    assert abs(sum(signs)) < 5 * 1000**0.5


def test_keras_lstm() -> None:
    weights = keras_lstm(3, 5, np.random.default_rng(0))
    assert {name: array.shape for name, array in weights.items()} == {
        "W": (3, 20),
        "U": (5, 20),
        "b": (20,),
    }
    assert np.abs(weights["W"]).max() <= (6 / 23) ** 0.5
    np.testing.assert_allclose(weights["U"] @ weights["U"].T, np.eye(5), atol=1e-13)
    assert np.array_equal(weights["b"], [0.0] * 5 + [1.0] * 5 + [0.0] * 10)


def test_keras_rnn() -> None:
    weights = keras_rnn(3, 5, np.random.default_rng(0))
    assert weights["W"].shape == (3, 5)
    np.testing.assert_allclose(weights["U"] @ weights["U"].T, np.eye(5), atol=1e-13)
    assert np.array_equal(weights["b"], np.zeros(5))


@pytest.mark.parametrize("draw", [keras_lstm, keras_rnn])
def test_same_generator_same_weights(draw: object) -> None:
    first, second = (draw(3, 5, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)

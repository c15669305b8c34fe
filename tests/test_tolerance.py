"""The tolerances hold for right computations in float32 and float64, and are far below a fault."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_checks.engine import compare
from lstm_checks.engine.case import Case
from lstm_checks.engine.tolerance import precision, tolerance
from lstm_checks.findings import Breach, Place
from lstm_reference.cells import unrolled
from lstm_reference.cells.lstm import LSTM

SIZES = st.builds(
    Case,
    N=st.integers(1, 4),
    T=st.integers(1, 20),
    D=st.integers(1, 8),
    H=st.integers(1, 8),
    scale=st.sampled_from((0.5, 1.0, 2.0)),
    seed=st.integers(0, 2**16),
)


def exact(case):
    """The textbook's y, final (h, c) and gradients, in float64."""
    params = {name: array.astype(np.float64) for name, array in case.params.items()}
    arrays = (case.x, *case.state, case.dy, *case.dstate)
    x, h0, c0, dy, dh, dc = (array.astype(np.float64) for array in arrays)
    y, final, caches = unrolled.forward(params, x, (h0, c0))
    return y, final, unrolled.backward(params, caches, dy, (dh, dc))


def used(case, dtype):
    """The largest share of the tolerance that the layer's rounding takes, over all results."""
    typed = case.typed(dtype)
    layer = LSTM(case.D, case.H)
    layer.params = dict(typed.params)
    y, (h, c) = layer.forward(typed.x, typed.state)
    dx, (dh0, dc0) = layer.backward(typed.dy, typed.dstate)
    want_y, (want_h, want_c), want = exact(typed)
    pairs = [(y, want_y), (h, want_h), (c, want_c), (dx, want.dx), (dh0, want.dh0)]
    pairs += [(dc0, want.dc0), *((layer.grads[k], getattr(want, f"d{k}")) for k in "WUb")]
    limit = tolerance(case, precision(dtype))
    return max(
        float(compare.errors(got, right).max()) / (limit * (1 + np.abs(right).max()))
        for got, right in pairs
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(deadline=None, database=None, max_examples=300)
@given(case=SIZES)
def test_right_results_stay_within_a_third_of_the_tolerance(dtype, case):
    assert used(case, dtype) < 1 / 3


@settings(deadline=None, database=None, max_examples=50)
@given(case=SIZES)
def test_a_fault_of_a_tenth_of_a_percent_is_beyond_the_tolerance(case):
    y, _, _ = exact(case)
    assert compare.differ(y * 1.001 + 1e-3, y, tolerance(case.sized(T=min(case.T, 3))))


def test_the_tolerance_does_not_depend_on_how_many_numbers_are_compared():
    assert tolerance(Case(N=1)) == tolerance(Case(N=1000))


def test_nan_and_infinity_are_errors_without_end():
    got = np.array([np.nan, np.inf, 1.0])
    assert list(compare.errors(got, np.ones(3))) == [np.inf, np.inf, 0.0]


def test_the_first_wrong_element_of_a_sequence_is_the_earliest():
    want = np.zeros((2, 3, 2))
    got = want.copy()
    got[0, 2, 0] = got[1, 1, 1] = 1.0
    with pytest.raises(Breach) as caught:
        compare.agree("y", got, want, 1e-6, "wrong")
    assert caught.value.finding.place == Place("y", (1, 1, 1), "y[batch 1, time 1, unit 1]")


def test_a_weight_gradient_names_its_gate():
    want = np.zeros((3, 8))
    got = want.copy()
    got[2, 5] = 1.0
    with pytest.raises(Breach) as caught:
        compare.agree("dW", got, want, 1e-6, "the {gate} is wrong", "Look at the {gate}.")
    finding = caught.value.finding
    assert finding.place is not None
    assert finding.place.words == "dW[row 2, candidate, unit 1]"
    assert finding.what == "the candidate is wrong"
    assert finding.fix == "Look at the candidate."

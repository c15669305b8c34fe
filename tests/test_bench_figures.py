"""What is made of measured times: ratios, means, exponents, noise; and what right results are."""

import math

import numpy as np
import pytest

from lstm_checks.bench import floor, growth
from lstm_checks.bench.calls import draw
from lstm_checks.bench.outcome import Comparison, Outcome, Summary, Timing
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import GIVEN, Verifier, computed
from lstm_reference.cells import unrolled

SHAPE = Shape(N=3, T=6, D=4, H=5)


def comparison(shape=SHAPE, **seconds):
    timings = {name: Timing(1, list(times)) for name, times in seconds.items()}
    return Comparison(shape, False, timings)


def outcome(*compared):
    return Outcome("s", "passed", {}, {}, {}, list(compared))


def test_quartiles():
    summary = Summary.of([5.0, 1.0, 4.0, 2.0, 3.0])
    assert (summary.low, summary.median, summary.high) == (2.0, 3.0, 4.0)
    assert summary.spread == pytest.approx(2 / 3)


def test_ratios_are_taken_turn_by_turn():
    """The machine slows down threefold in the last turn: no ratio changes."""
    one = comparison(subject=[2.0, 2.2, 6.0], torch=[1.0, 1.1, 3.0])
    assert one.ratio("torch").median == pytest.approx(2.0)
    assert one.ratio("torch").spread == pytest.approx(0.0)


def test_ratios_of_cpu_time():
    """The subject had half a core in the second turn: its CPU time tells the ratio as it is."""
    one = comparison(subject=[2.0, 4.0], torch=[1.0, 1.0])
    assert one.cpu_ratio("torch") is None
    one.mine.cpu_seconds, one.timings["torch"].cpu_seconds = [2.0, 2.0], [1.0, 1.0]
    assert one.ratio("torch").median == pytest.approx(3.0)
    assert one.cpu_ratio("torch").median == pytest.approx(2.0)
    assert outcome(one).geometric_means(False, cpu=True) == {"torch": pytest.approx(2.0)}
    assert one.as_dict()["cpu_ratio"]["torch"]["median"] == pytest.approx(2.0)


def test_a_comparison_is_noisy_by_its_floor_or_by_a_ratio():
    steady = [1.0, 1.01, 1.0, 0.99, 1.0]
    assert not comparison(subject=steady, torch=steady, floor=steady).noisy
    assert comparison(subject=steady, torch=steady, floor=[1.0, 1.3, 1.0, 1.3, 1.0]).noisy
    assert comparison(subject=steady, torch=[1.0, 1.3, 1.0, 1.3, 1.0], floor=steady).noisy


def test_arithmetic_rate():
    one = comparison(subject=[0.5, 0.5], floor=[0.1, 0.1])
    assert one.gflops == pytest.approx(8 * 3 * 6 * 5 * (4 + 5) / 0.5 / 1e9)


def test_geometric_mean_over_shapes():
    two = outcome(
        comparison(subject=[2.0] * 3, torch=[1.0] * 3),
        comparison(subject=[1.0] * 3, torch=[8.0] * 3),
    )
    assert two.geometric_means(False) == {"torch": pytest.approx(math.sqrt(2 / 8))}


def test_a_rival_that_is_missing_at_a_shape_is_left_out_of_the_mean():
    two = outcome(comparison(subject=[2.0] * 3, torch=[1.0] * 3), comparison(subject=[1.0] * 3))
    assert two.geometric_means(False) == {"torch": pytest.approx(2.0)}


def test_an_infinite_error_is_none_in_json():
    one = comparison(subject=[1.0, 1.0])
    one.mine.error_over_tolerance = math.inf
    assert one.as_dict()["contenders"]["subject"]["error_over_tolerance"] is None


def test_the_exponent_of_a_power_law():
    sizes = (10, 100, 1000)
    assert growth.exponent(sizes, [3e-4 * n**1.5 for n in sizes], 0) == pytest.approx(1.5)
    assert growth.exponent(sizes, [0.1, 5.0 * 100**2, 5.0 * 1000**2], 1.0) == pytest.approx(2)
    assert growth.exponent(sizes, [None, 1.0, None], 0) is None


def test_a_sweep_changes_one_size():
    for letter, sizes in growth.SWEEPS.items():
        shapes = growth.shapes(letter)
        assert growth.BASE in shapes
        assert [getattr(shape, letter) for shape in shapes] == list(sizes)
        others = [{key: n for key, n in vars(s).items() if key != letter} for s in shapes]
        assert all(other == others[0] for other in others)
    assert max(growth.SWEEPS["T"]) == 10_000


def test_the_forecast_follows_the_operations():
    done = comparison(growth.BASE, subject=[2.0, 2.0])
    assert growth.forecast([], growth.BASE) == 0
    assert growth.forecast([done], growth.shapes("T")[1]) == pytest.approx(20.0)


@pytest.mark.parametrize("size", [(16, 24, 64), (1, 7, 32), (300, 5, 6)])
def test_every_way_of_the_floor_makes_the_product(size):
    """Whatever the layout of the result, its elements are those of left @ right."""
    rows, inner, columns = size
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
    ways = floor.ways(left, right)
    assert len(ways) >= 8
    for way in ways:
        np.testing.assert_allclose(np.sort(way().ravel()), np.sort((left @ right).ravel()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_two_calls_and_no_two_draws_are_alike(dtype):
    one, other = (draw(SHAPE, dtype, 3, (1, k)) for k in range(2))
    for name in ("x", "h", "c", "dy"):
        array = getattr(one, name)
        assert array.dtype == dtype
        assert not np.allclose(array[0], array[1])
        assert not np.allclose(array, getattr(other, name))
    for name, array in one.params.items():
        assert array.dtype == dtype
        assert name == "b" or np.abs(array).max() <= 5**-0.5
        assert not np.allclose(array, other.params[name])


def test_drawn_weights_remember():
    """A change of the first input shows in the last output, hundreds of steps later."""
    calls = draw(Shape(1, 800, 4, 16), "float64", 1, (3,))
    y = computed(calls.params, calls[0], False)["y"]
    calls.x[0, 0, 0] += 1
    changed = computed(calls.params, calls[0], False)["y"]
    verifier = Verifier(calls, False, "float32")
    assert np.abs(y[0, -1] - changed[0, -1]).max() > verifier.limit("y")


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 11), ("bfloat16", 8)])
def test_half_precision_is_drawn_exactly(dtype, bits):
    calls = draw(SHAPE, dtype, 1, (5,))
    for array in (calls.x, calls.params["W"], calls.params["b"]):
        mantissa, _ = np.frexp(array)
        assert array.dtype == np.float32
        scaled = np.ldexp(mantissa, bits)
        np.testing.assert_array_equal(scaled, np.round(scaled))


def test_the_same_calls_can_be_taken_several_times():
    calls = draw(SHAPE, "float32", 3, (2,))
    for name in ("x", "h", "c", "dy"):
        same = getattr(calls.take([0, 0, 0]), name)
        assert same.shape == getattr(calls, name).shape
        np.testing.assert_array_equal(same[2], getattr(calls, name)[0])


@pytest.mark.parametrize("offered", [GIVEN, {"initial_c"}])
def test_what_is_expected_is_the_textbook(offered):
    """The layer that computes it, in float64, against the cell unrolled."""
    calls = draw(SHAPE, "float32", 3, (4,))
    got = computed(calls.params, calls[2], True, offered)
    params = {name: array.astype(float) for name, array in calls.params.items()}
    if "bias" not in offered:
        params["b"] = np.zeros_like(params["b"])
    h0 = calls.h[2].astype(float) if "initial_h" in offered else np.zeros((3, 5))
    y, (h, c), caches = unrolled.forward(params, calls.x[2].astype(float), (h0, calls.c[2] * 1.0))
    want = unrolled.backward(params, caches, calls.dy[2] * 1.0, (0 * h, 0 * c))
    for name, array in {"y": y, "h": h, "c": c, **vars(want)}.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("dtype", "inside", "says"),
    [("float32", "float16", "float16"), ("float64", "float32", "float32")],
)
def test_lower_precision_is_over_the_limit_and_named(dtype, inside, says):
    """At a large T and H too, where a bound that grows with both would let it pass."""
    calls = draw(Shape(2, 60, 48, 64), dtype, 1, (7,))
    verifier = Verifier(calls, False, dtype)
    right, low = (computed(calls.params, calls[0], False, dtype=one) for one in (dtype, inside))
    assert verifier.worst(0, right, GIVEN)[1] < 1
    name, excess = verifier.worst(0, low, GIVEN)
    assert excess > 1
    reason = verifier.reason(0, low, name, excess, GIVEN)
    assert reason == f", as in {says}: it computes in lower precision than {dtype}"


def test_a_result_that_is_no_number_is_infinitely_wrong():
    calls = draw(SHAPE, "float32", 1, (8,))
    got = {"y": np.full(calls.dy[0].shape, np.nan)}
    assert Verifier(calls, False, "float32").worst(0, got, GIVEN) == ("y", math.inf)


def test_whose_results_a_wrong_result_is():
    warm_up, calls = (draw(SHAPE, "float32", 2, (9, k)) for k in range(2))
    verifier = Verifier(warm_up, False, "float32")
    verifier.begin(calls)

    def reason(params, call):
        got = computed(params, call, False)
        name, excess = verifier.worst(0, got, GIVEN)
        assert excess > 1
        return verifier.reason(0, got, name, excess, GIVEN)

    assert reason(warm_up.params, warm_up[0]) == "; it is right for the inputs of the warm-up"
    assert reason(calls.params, calls[1]).endswith("the inputs of call 1 of the same block")
    assert reason(warm_up.params, calls[0]) == "; it is right for the weights of the warm-up"
    nothing = {"y": 0 * calls.dy[0]}
    assert verifier.reason(0, nothing, *verifier.worst(0, nothing, GIVEN), GIVEN) == ""

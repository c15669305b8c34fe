"""What is made of measured times: ratios, means, exponents, noise; and what right results are."""

import math

import numpy as np
import pytest

from lstm_checks.bench import floor, growth
from lstm_checks.bench.calls import draw
from lstm_checks.bench.outcome import Cell, Outcome, Summary, Timing
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.verify import Judge, Offered, Truth, belongs, computed
from lstm_reference.cells import unrolled

SHAPE = Shape(B=3, T=6, D=4, H=5)


def cell(shape=SHAPE, **seconds):
    timings = {name: Timing(1, 0.0, list(times)) for name, times in seconds.items()}
    return Cell(shape, False, "subject", "floor", timings)


def outcome(*cells):
    return Outcome("s", "passed", {}, {}, {}, list(cells))


def test_quartiles():
    summary = Summary.of([5.0, 1.0, 4.0, 2.0, 3.0])
    assert (summary.low, summary.median, summary.high) == (2.0, 3.0, 4.0)
    assert summary.spread == pytest.approx(2 / 3)


def test_ratios_are_taken_turn_by_turn():
    """The machine slows down threefold in the last turn: no ratio changes."""
    one = cell(subject=[2.0, 2.2, 6.0], torch=[1.0, 1.1, 3.0])
    assert one.ratio("torch").median == pytest.approx(2.0)
    assert one.ratio("torch").spread == pytest.approx(0.0)


def test_ratios_of_cpu_time():
    """The subject had half a core in the second turn: its CPU time tells the ratio as it is."""
    one = cell(subject=[2.0, 4.0], torch=[1.0, 1.0])
    assert one.cpu_ratio("torch") is None
    one.timings["subject"].cpu, one.timings["torch"].cpu = [2.0, 2.0], [1.0, 1.0]
    assert one.ratio("torch").median == pytest.approx(3.0)
    assert one.cpu_ratio("torch").median == pytest.approx(2.0)
    assert outcome(one).geometric_means(False, cpu=True) == {"torch": pytest.approx(2.0)}
    assert one.as_dict()["cpu_ratio"]["torch"]["median"] == pytest.approx(2.0)


def test_a_cell_is_noisy_by_its_floor_or_by_a_ratio():
    steady = [1.0, 1.01, 1.0, 0.99, 1.0]
    assert not cell(subject=steady, torch=steady, floor=steady).noisy
    assert cell(subject=steady, torch=steady, floor=[1.0, 1.3, 1.0, 1.3, 1.0]).noisy
    assert cell(subject=steady, torch=[1.0, 1.3, 1.0, 1.3, 1.0], floor=steady).noisy


def test_arithmetic_rate():
    one = cell(subject=[0.5, 0.5], floor=[0.1, 0.1])
    assert one.gflops == pytest.approx(8 * 3 * 6 * 5 * (4 + 5) / 0.5 / 1e9)


def test_geometric_mean_over_shapes():
    two = outcome(
        cell(subject=[2.0] * 3, torch=[1.0] * 3), cell(subject=[1.0] * 3, torch=[8.0] * 3)
    )
    assert two.geometric_means(False) == {"torch": pytest.approx(math.sqrt(2 / 8))}


def test_a_rival_that_is_missing_at_a_shape_is_left_out_of_the_mean():
    two = outcome(cell(subject=[2.0] * 3, torch=[1.0] * 3), cell(subject=[1.0] * 3))
    assert two.geometric_means(False) == {"torch": pytest.approx(2.0)}


def test_an_infinite_error_is_none_in_json():
    one = cell(subject=[1.0, 1.0])
    one.timings["subject"].error_over_tolerance = math.inf
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
    done = cell(growth.BASE, subject=[2.0, 2.0])
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
        assert np.abs(array).max() <= 5**-0.5
        assert not np.allclose(array, other.params[name])


def test_repeated_calls_are_the_first_of_them():
    calls = draw(SHAPE, "float32", 3, (2,))
    for name in ("x", "h", "c", "dy"):
        same = getattr(calls.repeated(), name)
        assert same.shape == getattr(calls, name).shape
        np.testing.assert_array_equal(same[2], getattr(calls, name)[0])


@pytest.mark.parametrize("offered", [Offered(), Offered(initial_h=False, bias=False)])
def test_what_is_expected_is_the_textbook(offered):
    """The layer that computes it, in float64, against the cell unrolled."""
    calls = draw(SHAPE, "float32", 3, (4,))
    got = Truth(calls, backward=True).of(2, offered)
    params = {name: array.astype(float) for name, array in calls.params.items()}
    if not offered.bias:
        params["b"] = np.zeros_like(params["b"])
    h0 = calls.h[2].astype(float) if offered.initial_h else np.zeros((3, 5))
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
    judge = Judge.for_calls(calls, backward=False)
    exact = computed(calls, 0, False, Offered(), "float64")
    right = computed(calls, 0, False, Offered(), dtype)
    low = computed(calls, 0, False, Offered(), inside)
    assert judge.worst(right, exact)[1] < 1
    name, excess = judge.worst(low, exact)
    assert excess > 1
    assert judge.precision_of(name, excess) == says


def test_a_result_that_is_no_number_is_infinitely_wrong():
    calls = draw(SHAPE, "float32", 1, (8,))
    exact = computed(calls, 0, False, Offered(), "float64")
    got = {"y": np.full_like(exact["y"], np.nan)}
    assert Judge.for_calls(calls, backward=False).worst(got, exact) == ("y", math.inf)


def test_whose_results_a_wrong_result_is():
    calls, earlier = (draw(SHAPE, "float32", 2, (9, k)) for k in range(2))
    judge = Judge.for_calls(calls, backward=False)

    def whose(inputs, call):
        y = computed(inputs, call, False, Offered(), "float64")["y"]
        return belongs(y, calls, 0, {"the warm-up": earlier}, Offered(), judge)

    assert whose(earlier, 0) == "the inputs of the warm-up"
    assert whose(calls, 1) == "the inputs of call 1 of the same block"
    stale = type(calls)(earlier.params, calls.x, calls.h, calls.c, calls.dy)
    assert whose(stale, 0) == "the weights of the warm-up"
    assert belongs(0 * calls.dy[0], calls, 0, {"it": earlier}, Offered(), judge) == ""

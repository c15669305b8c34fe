"""Every declared layout is converted there and back, and nonsense is refused in words."""

from itertools import permutations

import numpy as np
import pytest

from lstm_checks.subjects.conventions import BadConvention, Conventions

D, H = 3, 2


def params():
    rng = np.random.default_rng(0)
    shapes = {"W": (D, 4 * H), "U": (H, 4 * H), "b": (4 * H,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("order", ["".join(order) for order in permutations("ifgo")])
@pytest.mark.parametrize("weights", ["in_out", "out_in"])
def test_weights_there_and_back(order, weights):
    native = params()
    conventions = Conventions(gate_order=order, weights=weights)
    out = conventions.weights_out(native)
    for which in "WUb":
        (back,) = conventions.weights_in(which, out).values()
        np.testing.assert_array_equal(back, native[which])
    assert out["W"].shape == ((D, 4 * H) if weights == "in_out" else (4 * H, D))


def test_a_block_goes_where_the_declared_order_says():
    native = {
        "W": np.zeros((D, 4 * H)),
        "U": np.zeros((H, 4 * H)),
        "b": np.repeat([1, 2, 3, 4.0], H),
    }
    out = Conventions(gate_order="ofig").weights_out(native)
    np.testing.assert_array_equal(out["b"], np.repeat([4, 2, 1, 3.0], H))


@pytest.mark.parametrize("letter", "gcjz")
def test_the_candidate_has_several_letters(letter):
    assert Conventions.parse({"gate_order": f"if{letter}o"}, {}) == (Conventions(), [])


def test_two_biases_are_unequal_and_add_up():
    native = params()
    out = Conventions(biases=2).weights_out(native, ["W", "U", "first", "second"])
    np.testing.assert_allclose(out["first"] + out["second"], native["b"], rtol=1e-15)
    assert (out["first"] != 0).all()
    assert (out["first"] != out["second"]).all()


def test_a_name_a_gate():
    native = params()
    conventions, _ = Conventions.parse(
        {"gate_order": "fico", "weights": "out_in", "names": {"U": ["Uf", "Ui", "Uc", "Uo"]}}, {}
    )
    out = conventions.weights_out(native)
    np.testing.assert_array_equal(out["Uf"], native["U"][:, H : 2 * H].T)
    (back,) = conventions.weights_in("U", out).values()
    np.testing.assert_array_equal(back, native["U"])


def test_a_declared_forget_bias_is_taken_off_what_is_written():
    native = params()
    out = Conventions(forget_bias=1.0).weights_out(native)
    np.testing.assert_array_equal(out["b"][H : 2 * H], native["b"][H : 2 * H] - 1.0)
    np.testing.assert_array_equal(out["b"][:H], native["b"][:H])


def test_float32_stays_float32():
    native = {name: array.astype(np.float32) for name, array in params().items()}
    for conventions in (Conventions(biases=2), Conventions(forget_bias=1.0)):
        out = conventions.weights_out(native, ["W", "U", "p", "q"])
        assert {array.dtype for array in out.values()} == {np.dtype(np.float32)}


NONSENSE = pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"gate_order": "ifgg"}, "gate_order"),
        ({"gate_order": 7}, "gate_order"),
        ({"gate_order": "ifgoo"}, "gate_order"),
        ({"weights": "outin"}, "'in_out' or 'out_in'"),
        ({"biases": 3}, "biases is 3"),
        ({"biases": True}, "biases is True"),
        ({"state_order": "hh"}, "'hc' or 'ch'"),
        ({"batch_first": 1}, "batch_first is 1"),
        ({"forget_bias": "1"}, "forget_bias"),
        ({"names": ["W"]}, "names"),
        ({"names": {"V": "x"}}, "names"),
        ({"names": {"W": ["a", "b"]}}, "names['W']"),
        ({"names": {"W": 3}}, "names['W']"),
    ],
)


@NONSENSE
def test_a_convention_that_means_nothing_is_refused(declared, words):
    with pytest.raises(BadConvention, match=r".") as caught:
        Conventions.parse(declared, {})
    assert words in str(caught.value)


@NONSENSE
def test_an_attribute_that_means_nothing_as_a_convention_is_told_and_left_alone(declared, words):
    conventions, notes = Conventions.parse(None, declared)
    assert conventions == Conventions()
    (note,) = notes
    assert words in note
    assert next(iter(declared)) in note


def test_what_is_declared_counts_before_an_attribute_of_the_same_name():
    conventions, notes = Conventions.parse({"gate_order": "ifog"}, {"gate_order": "fiog"})
    assert (conventions.gate_order, notes) == ("ifog", [])


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (["ifgo"], "it must be a dict"),
        ({"gates": "ifgo"}, "__lstm__ has the key 'gates'"),
        ({"names": {"b": ["p", "q"]}}, "holds two names, and biases is not 2"),
    ],
)
def test_nonsense_in_lstm_is_refused(declared, words):
    with pytest.raises(BadConvention, match=r".") as caught:
        Conventions.parse(declared, {})
    assert words in str(caught.value)

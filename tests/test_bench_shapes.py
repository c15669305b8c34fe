"""The shapes that are timed: the bundled sets, files of them, and what is refused."""

import pytest
from lstm_checks.sources import Unusable

from lstm_checks.bench.shapes import DEEPBENCH, SMALL, Shape, parse


def test_operations_are_those_of_the_products():
    """Counted product by product, a multiply-add being two operations."""
    B, T, D, H = 2, 3, 5, 7
    forward = T * (2 * B * D * 4 * H + 2 * B * H * 4 * H)
    dx_and_dh = T * (2 * B * 4 * H * D + 2 * B * 4 * H * H)
    dW_and_dU = T * (2 * D * B * 4 * H + 2 * H * B * 4 * H)
    assert Shape(B, T, D, H).operations(backward=False) == forward
    assert Shape(B, T, D, H).operations(backward=True) == forward + dx_and_dh + dW_and_dU


def test_the_bundled_sets():
    assert parse("small") == SMALL
    assert parse("deepbench") == DEEPBENCH
    assert len(DEEPBENCH) == 22 + 15 == len(set(DEEPBENCH))
    assert all(shape.D == shape.H for shape in DEEPBENCH)
    assert Shape(8, 50, 1536, 1536) in DEEPBENCH


@pytest.mark.parametrize(
    "content",
    [
        "# a comment\n1 2 3 4\n\n5,6, 7 8  # another\n",
        "[[1, 2, 3, 4], [5, 6, 7, 8]]",
        '[{"B": 1, "T": 2, "D": 3, "H": 4}, {"H": 8, "D": 7, "T": 6, "B": 5}]',
    ],
)
def test_a_file_of_shapes(tmp_path, content):
    file = tmp_path / "shapes"
    file.write_text(content)
    assert parse(str(file)) == (Shape(1, 2, 3, 4), Shape(5, 6, 7, 8))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no shape"),
        ("1 2 3 4\n1 2 3\n", "line 2: [1, 2, 3] is no shape"),
        ("1 2 0 4", "line 1: [1, 2, 0, 4] is no shape"),
        ("1 2 x 4", "line 1: [1, 2, 'x', 4] is no shape"),
        ("1 2 -3 4", "is no shape"),
        ("1 2 3 4\n1 2 3 4\n", "holds B1 T2 D3 H4 twice"),
        ("[[1, 2, 3, true]]", "shape 1: [1, 2, 3, True] is no shape"),
        ("[[1, 2, 3, 4.0]]", "is no shape"),
        ('[{"B": 1, "T": 2, "D": 3}]', "is no shape"),
        ("[[1, 2, 3, 4]", "is no valid JSON"),
        ('{"B": 1}', "holds a JSON object"),
    ],
)
def test_what_is_no_shape_is_refused(tmp_path, content, says):
    file = tmp_path / "shapes.txt"
    file.write_text(content)
    with pytest.raises(Unusable) as caught:
        parse(str(file))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(Unusable, match="there is no set of shapes 'tiny'"):
        parse("tiny")

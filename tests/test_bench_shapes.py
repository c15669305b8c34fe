"""The shapes that are timed: the bundled sets, files of them, and what is refused."""

import pytest

from lstm_checks.bench.shapes import DEEPBENCH, SMALL, Shape, parse
from lstm_checks.subjects.source import Unusable


def test_operations_are_those_of_the_products():
    """Counted product by product, a multiply-add being two operations."""
    N, T, D, H = 2, 3, 5, 7
    forward = T * (2 * N * D * 4 * H + 2 * N * H * 4 * H)
    dx_and_dh = T * (2 * N * 4 * H * D + 2 * N * 4 * H * H)
    dW_and_dU = T * (2 * D * N * 4 * H + 2 * H * N * 4 * H)
    assert Shape(N, T, D, H).operations(backward=False) == forward
    assert Shape(N, T, D, H).operations(backward=True) == forward + dx_and_dh + dW_and_dU


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
        "1 2 3 4\n5 6 7 8",
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
        ("1 2 3 4\n1 2 3\n", "line 2: '1 2 3' is not a shape"),
        ("1 2 0 4", "line 1: '1 2 0 4' is not a shape"),
        ("1 2 x 4", "line 1: '1 2 x 4' is not a shape"),
        ("1 2 -3 4", "is not a shape"),
        ("1 2 3 4.0", "is not a shape"),
        ("1 2 3 4\n1 2 3 4\n", "line 2: N1 T2 D3 H4 stands there twice"),
        ("[[1, 2, 3, 4]]", "line 1: '[[1, 2, 3, 4]]' is not a shape"),
    ],
)
def test_what_is_not_a_shape_is_refused(tmp_path, content, says):
    file = tmp_path / "shapes.txt"
    file.write_text(content)
    with pytest.raises(Unusable) as caught:
        parse(str(file))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(Unusable, match="there is no set of shapes 'tiny'"):
        parse("tiny")

"""The frames of the channel: what goes in comes out, and nothing malformed does."""

import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lstm_checks.worker.wire import BadFrame, pack, unpack

MOST = 1 << 20  # bytes of arrays that are asked for
ARRAYS = npst.arrays(
    st.sampled_from(["<f8", "<f4", "<f2", "<i4", "|u1", "?", "<c16"]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["$", "$$", "$a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def reader(frame):
    position = 0

    def read(count):
        nonlocal position
        position += count
        assert position <= len(frame), "reads past the end"
        return frame[position - count : position]

    return read


def same(one, other):
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other and type(one) is type(other)


@settings(deadline=None, database=None, max_examples=150)
@given(VALUES)
def test_what_goes_in_comes_out(value):
    assert same(value, unpack(reader(pack(value)), MOST))


def frame(text, body=b""):
    return struct.pack("<QQ", len(text), len(body)) + text + body


@pytest.mark.parametrize(
    "bad",
    [
        frame(b"{"),
        frame(b"\xff\xfe"),
        frame(b'{"$": ["<f8", [3]]}', b"short"),
        frame(b'{"$": ["<f8", [-1]]}'),
        frame(b'{"$": ["<f8", ["a"]]}'),
        frame(b'{"$": ["<f8", [true]]}', b"12345678"),
        frame(b'{"$": ["O", [1]]}', b"12345678"),
        frame(b'{"$": [">f8", [1]]}', b"12345678"),
        frame(b'{"$": ["nonsense", [1]]}', b"12345678"),
        frame(b'{"$": [[], [1]]}', b"12345678"),
        frame(b'{"$": [[1]]}', b"12345678"),
        frame(b'{"$": 0}', b"12345678"),
        frame(b"[]", b"left over"),
        frame(b"[" * 100_000),
        frame(pickle.dumps(np.zeros(3))),
        struct.pack("<QQ", 2, MOST + 1),
        struct.pack("<QQ", 1 << 40, 0),
    ],
)
def test_a_malformed_frame_is_refused(bad):
    with pytest.raises(BadFrame):
        unpack(reader(bad), MOST)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, np.array([None]), np.zeros(1, ">f8"), b"bytes"]
)
def test_what_is_no_plain_value_does_not_cross(value):
    with pytest.raises(TypeError):
        pack(value)


def test_what_comes_out_shares_no_memory_with_the_frame():
    array = unpack(reader(pack(np.zeros(3))), MOST)
    array[0] = 1.0
    assert array.flags.owndata

"""Weight files: what is written comes back, and nothing else is taken for it."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_reference.cells.cell import Array
from lstm_reference.training.weights_file import load_weights, save_weights

WEIGHTS: dict[str, Array] = {
    "0.W": np.random.default_rng(0).standard_normal((3, 4)),
    "0.b": np.random.default_rng(1).standard_normal(4),
    "1.W": np.random.default_rng(2).standard_normal((4, 1)).astype(np.float32),
}
drawn = settings(deadline=None, database=None, max_examples=150)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "saved"
    save_weights(path, WEIGHTS)
    return path


def assert_same(loaded: dict[str, Array]) -> None:
    assert loaded.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        assert loaded[name].dtype == array.dtype
        assert np.array_equal(loaded[name], array)


def refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_weights(path, WEIGHTS)
    assert str(path) in str(caught.value)


def npz(**arrays: Array) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def stored(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def test_round_trip_under_exactly_the_given_name(saved: Path) -> None:
    assert_same(load_weights(saved, WEIGHTS))
    assert_same(load_weights(str(saved), WEIGHTS))
    assert [file.name for file in saved.parent.iterdir()] == ["saved"]


def test_equal_weights_give_equal_bytes(saved: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "again", {name: array.copy() for name, array in WEIGHTS.items()})
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}  # not today


def test_numpy_reads_the_file_without_pickle(saved: Path) -> None:
    assert stored(saved).keys() == {*WEIGHTS, "checksum"}
    assert np.array_equal(stored(saved)["0.W"], WEIGHTS["0.W"])


def test_strided_weights(tmp_path: Path) -> None:
    strided = {name: np.asfortranarray(array)[::-1] for name, array in WEIGHTS.items()}
    save_weights(tmp_path / "file", {name: array[::-1] for name, array in strided.items()})
    assert_same(load_weights(tmp_path / "file", WEIGHTS))


@given(data=st.data())
@drawn
def test_any_flipped_bit_is_refused_or_harmless(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = saved.with_name("flipped")
    path.write_bytes(content)
    try:
        loaded = load_weights(path, WEIGHTS)
    except ValueError:
        return
    finally:
        path.unlink()
    assert_same(loaded)  # a bit of a date or of padding


@given(data=st.data())
@drawn
def test_any_truncation_is_refused(saved: Path, data: st.DataObject) -> None:
    content = saved.read_bytes()
    path = saved.with_name("truncated")
    kept = data.draw(st.integers(0, len(content) - 1))
    refused(path, content[:kept], "does not hold these weights")
    path.unlink()


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_changed_value_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    arrays = stored(saved)
    arrays[name] = arrays[name].copy()
    arrays[name].flat[0] = np.nextafter(arrays[name].flat[0], np.float32(np.inf))
    refused(tmp_path / "file", npz(**arrays), "the checksum does not match")


def test_exchanged_arrays_are_refused(tmp_path: Path) -> None:
    """Equal in shape and dtype, so that only the names in the checksum tell them apart."""
    two = {"a": np.zeros(3), "b": np.ones(3)}
    path = tmp_path / "file"
    save_weights(path, two)
    arrays = stored(path)
    path.write_bytes(npz(a=arrays["b"], b=arrays["a"], checksum=arrays["checksum"]))
    with pytest.raises(ValueError, match="the checksum does not match"):
        load_weights(path, two)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0.b": None}, "it holds .*; it should hold"),
        ({"2.W": np.ones(3)}, "it holds .*; it should hold"),
        ({"checksum": None}, "it holds .*; it should hold"),
        ({"0.b": np.ones(5)}, r"0\.b is float64 \(5,\); it should be float64 \(4,\)"),
        ({"0.b": np.ones((4, 1))}, r"0\.b is float64 \(4, 1\)"),
        ({"0.b": np.ones(4, np.float32)}, r"0\.b is float32 \(4,\)"),
        ({"0.b": np.ones(4, ">f8")}, r"0\.b is >f8 \(4,\)"),
        ({"0.b": np.array([1, "a", None, {}], object)}, r"0\.b is object \(4,\)"),
        ({"0.b": np.array([1.0, np.nan, 0.0, 0.0])}, r"0\.b is not finite"),
        ({"0.b": np.array([1.0, np.inf, 0.0, 0.0])}, r"0\.b is not finite"),
        ({"0.W": np.asfortranarray(WEIGHTS["0.W"])}, r"0\.W is in Fortran order"),
        ({"0.W": np.ones(10**6)}, r"0\.W has 8000128 bytes"),
        ({"checksum": np.zeros(31, np.uint8)}, r"checksum is uint8 \(31,\)"),
        ({"checksum": np.zeros(32, np.uint8)}, "the checksum does not match"),
    ],
)
def test_other_contents_are_refused(
    saved: Path, tmp_path: Path, changes: dict[str, Array | None], message: str
) -> None:
    arrays = {name: a for name, a in {**stored(saved), **changes}.items() if a is not None}
    refused(tmp_path / "file", npz(**arrays), message)


def test_no_archive_is_refused(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.ones(3))
    for content in (b"", b"text", pickle.dumps(WEIGHTS), array.getvalue()):
        refused(tmp_path / "file", content, "File is not a zip file")


def rewritten(saved: Path, member: str, content: bytes, compression: int = 0) -> bytes:
    """The saved archive with another content for one member."""
    result = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(result, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, content if name == member else old.read(name))
    return result.getvalue()


def test_no_array_inside_is_refused(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    refused(path, rewritten(saved, "0.b.npy", b"nothing"), "does not hold these weights")
    refused(path, rewritten(saved, "0.b.npy", pickle.dumps([1])), "does not hold these weights")
    second = io.BytesIO()
    np.lib.format.write_array(second, WEIGHTS["0.b"], version=(2, 0))
    refused(path, rewritten(saved, "0.b.npy", second.getvalue()), r"0\.b is in version \(2, 0\)")


def test_missing_and_surplus_data_are_refused(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        member = archive.read("0.b.npy")
    refused(tmp_path / "file", rewritten(saved, "0.b.npy", member[:-8]), r"0\.b has 3 values")
    refused(tmp_path / "file", rewritten(saved, "0.b.npy", member + bytes(8)), r"0\.b has 5 values")


def test_a_member_twice_is_refused(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("0.b.npy", archive.read("0.b.npy"))
    refused(path, path.read_bytes(), "it holds .*; it should hold")


def test_a_small_file_cannot_ask_for_much_memory(saved: Path, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    )
    refused(
        tmp_path / "file", rewritten(saved, "0.b.npy", header.getvalue()), r"\(1000000000000000,\)"
    )
    bomb = rewritten(saved, "0.b.npy", bytes(10**7), zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    refused(tmp_path / "file", bomb, r"0\.b has 10000000 bytes")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "file", WEIGHTS)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"0\.b has values that are not finite"):
        save_weights(tmp_path / "file", {**WEIGHTS, "0.b": np.array([1.0, np.nan])})
    assert not list(tmp_path.iterdir())

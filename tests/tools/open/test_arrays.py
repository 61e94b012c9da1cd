"""Arrays that a user gives and takes."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa import files
from acortex.tools.open.arrays import layer_paths, read_arrays, read_labels, write_arrays, write_layers
from acortex.tools.open.network_options import _carry, _dims


def test_one_array_is_written_as_npy_and_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "y.npy")
    write_arrays(path, {"scores": np.arange(6, dtype=np.uint8).reshape(2, 3)})
    found = read_arrays(path)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_several_arrays_are_written_by_name_and_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "y.npz")
    write_arrays(path, {"a": np.zeros(2), "b": np.ones((1, 3), np.int8)})
    found = read_arrays(path)
    assert isinstance(found, dict)
    assert {name: array.shape for name, array in found.items()} == {"a": (2,), "b": (1, 3)}


def test_one_array_goes_by_name_where_the_path_says_so(tmp_path: Path) -> None:
    path = str(tmp_path / "y.npz")
    write_arrays(path, {"scores": np.zeros(2)})
    found = read_arrays(path)
    assert isinstance(found, dict)
    assert list(found) == ["scores"]


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_both_forms_come_from_stdin(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_arrays(str(tmp_path / f"x.{suffix}"), {"x": np.arange(3)})
    stdin = io.TextIOWrapper(io.BytesIO((tmp_path / f"x.{suffix}").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    found = read_arrays("-")
    array = found["x"] if isinstance(found, dict) else found
    assert array.tolist() == [0, 1, 2]


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(UsageError, match=r"x\.npy: has dtype object"):
        read_arrays(str(path))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x.npy", "does not begin like a .npy array"),
        ("x.npz", "is not a .npz file (BadZipFile)"),
        ("x.txt", "is neither .npy nor .npz"),
        ("none.npy", "cannot read none.npy: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_whole_path(name: str, told: str, tmp_path: Path) -> None:
    for kind in ("npy", "npz", "txt"):
        (tmp_path / f"x.{kind}").write_bytes(b"no array")
    with pytest.raises(UsageError) as caught:
        read_arrays(str(tmp_path / name))
    assert (caught.value.where, caught.value.message) == (str(tmp_path / name), told)


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (1 << 28,)})
    with pytest.raises(UsageError, match="claims 2147483648 bytes and has 0"):
        read_arrays(str(path))


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((2, 1), np.int64), "has shape (2, 1) and type int64; labels are one whole number per inference"),
        (np.zeros(2), "has shape (2,) and type float64; labels are one whole number per inference"),
    ],
)
def test_labels_are_whole_numbers_in_a_row(array: np.ndarray, told: str, tmp_path: Path) -> None:  # type: ignore[type-arg]
    path = str(tmp_path / "l.npy")
    np.save(path, array)
    with pytest.raises(UsageError) as caught:
        read_labels(path)
    assert str(caught.value) == f"{path}: {told}\n  hint: labels.astype(int).reshape(-1)"


def test_a_label_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "l.npy")
    np.save(path, np.array([1 << 63], np.uint64))
    with pytest.raises(UsageError, match="has the label 9223372036854775808; the largest is 9223372036854775807"):
        read_labels(path)


def test_an_archive_is_opened_once_for_all_its_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "x.npz")
    write_arrays(path, {f"x{n}": np.zeros(1) for n in range(50)})
    opened: list[str] = []
    monkeypatch.setattr("acortex.isa.files._opened", lambda path, real=files._opened: opened.append(path) or real(path))
    assert len(read_arrays(path)) == 50
    assert len(opened) == 1


def test_an_archive_without_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz")
    with pytest.raises(UsageError, match=r"x\.npz: holds no arrays"):
        read_arrays(str(tmp_path / "x.npz"))


def test_labels_are_one_array(tmp_path: Path) -> None:
    path = str(tmp_path / "l.npz")
    np.savez(path, a=np.zeros(2, int))
    with pytest.raises(UsageError, match="holds arrays by name; labels are one array"):
        read_labels(path)


@pytest.mark.parametrize(
    ("names", "files_of"),
    [
        (["-", "conv1"], ["-", "conv1"]),
        (["a b", "a/b", "a_b"], ["a_b", "a_b_2", "a_b_3"]),
        (["a_2", "a b", "a_b", "a"], ["a_2", "a_b", "a_b_2", "a"]),
        (["a_b_2", "a_b", "a b"], ["a_b_2", "a_b", "a_b_3"]),
        (["x:y//z", "é.1-2"], ["x_y_z", "é.1-2"]),
    ],
)
def test_files_of_layers_are_named_apart(names: list[str], files_of: list[str], tmp_path: Path) -> None:
    assert layer_paths("d", names) == [f"d/{name}.npz" for name in files_of]
    layers = {name: {"codes": np.array([at])} for at, name in enumerate(names)}
    write_layers(str(tmp_path / "new" / "d"), layers)
    for at, name in enumerate(files_of):
        found = read_arrays(str(tmp_path / "new" / "d" / f"{name}.npz"))
        assert isinstance(found, dict) and found["codes"].tolist() == [at]


def read(reader: Any, given: list[str]) -> object:
    """What an option's reader makes of what was given, or the message with which it refuses that."""
    try:
        return reader(None, None, given)
    except UsageError as refused:
        return refused.message


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ([], {}),
        (["a=3", "b=4"], {"a": 3, "b": 4}),
        (["a=3", "a=3", "a=03"], {"a": 3}),
        (["x=y=7"], {"x=y": 7}),
        (["a=99999999999999999999"], {"a": 10**20 - 1}),
        (["a=3", "a=4"], "--dim gives a two sizes, 3 and 4"),
        (["a=100000000000000000000"], "--dim a=100000000000000000000"),
        (["a=-1"], "--dim a=-1"),
        (["a"], "--dim a"),
        (["=3"], "--dim =3"),
    ],
    ids=str,
)
def test_sizes_of_axes_are_read(given: list[str], sizes: dict[str, int] | str) -> None:
    assert read(_dims, given) == sizes


@pytest.mark.parametrize(
    ("given", "carried"),
    [
        (["hn=h"], {"h": ("hn",)}),
        (["a,b=h", "c=k"], {"h": ("a", "b"), "k": ("c",)}),
        (["a=b=h"], {"h": ("a=b",)}),
        (["a=h", "b=h"], "--carry names the input h twice"),
        (["a,=h"], "--carry a,=h"),
        (["=h"], "--carry =h"),
        (["a="], "--carry a="),
    ],
    ids=str,
)
def test_what_is_carried_is_read(given: list[str], carried: dict[str, tuple[str, ...]] | str) -> None:
    assert read(_carry, given) == carried

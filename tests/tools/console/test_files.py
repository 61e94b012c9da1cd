"""Files are written whole or not at all, and what cannot be read or written is said in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.tools.console import files


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    files.write(str(target), "new")
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def full(_source: object, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match=r"a\.txt: no space left on device"):
        files.write(str(target), "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.write(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    files.write(os.devnull, b"gone")
    assert not Path(os.devnull).is_file()


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        files.write(str(tmp_path), "x")
    assert str(caught.value) == f"{tmp_path}: is a directory\n  hint: check the file's path and permissions"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(UsageError) as caught:
        files.write(str(target), "x")
    assert str(caught.value).startswith(f"{target}: no such file or directory")


def test_a_place_that_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    files.check_writable(str(tmp_path / "new"))
    files.check_writable("-")
    for place, reason in ((tmp_path, "is a directory"), (tmp_path / "nowhere" / "a", "no such file or directory")):
        with pytest.raises(UsageError, match=reason):
            files.check_writable(str(place))
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 11)
    assert files.read(str(tmp_path / "big"), limit=11) == b"x" * 11
    with pytest.raises(UsageError) as caught:
        files.read(str(tmp_path / "big"), limit=10)
    assert caught.value.message == "is larger than 10 bytes"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        files.read("nowhere.s")
    assert str(caught.value) == "nowhere.s: no such file or directory\n  hint: check the file's path and permissions"
    assert caught.value.exit_code == 2


# --- outputs that are inputs -----------------------------------------------------------------------------------------


def apart(path: Path, *outputs: Path) -> None:
    files.check_apart([("SRC.s", str(path))], [(f"--out{n}", str(one)) for n, one in enumerate(outputs)])


def test_files_that_differ_are_apart(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text("same")
    (tmp_path / "b").write_text("same")
    apart(tmp_path / "a.s", tmp_path / "b", tmp_path / "new")
    files.check_apart([("CHIP", "no such file")], [("-o", "no such file"), ("--listing", None), ("--svg", "-")])
    files.check_apart([], [("-o", os.devnull), ("--listing", os.devnull)])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.s": "same", "b": "same"}


@pytest.mark.parametrize("make", ["itself", "symlink", "hardlink", "detour", "folder link"])
def test_an_output_that_is_an_input_is_refused_by_whatever_name(tmp_path: Path, make: str) -> None:
    source = tmp_path / "a.s"
    source.write_text("precious")
    (tmp_path / "link.s").symlink_to("a.s")
    (tmp_path / "hard.s").hardlink_to(source)
    (tmp_path / "below").symlink_to(tmp_path, target_is_directory=True)
    name = {
        "itself": "a.s",
        "symlink": "link.s",
        "hardlink": "hard.s",
        "detour": "x/../a.s",
        "folder link": "below/a.s",
    }
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match=r": --out0 would replace SRC\.s\n  hint: nothing was written") as caught:
        apart(source, tmp_path / name[make])
    assert caught.value.exit_code == 2


def test_two_outputs_cannot_be_one_file_even_before_it_exists(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new")
    for other in ("new", "link", "./new"):
        with pytest.raises(UsageError, match="--out0 and --out1 would write the same file"):
            apart(tmp_path / "a.s", tmp_path / "new", tmp_path / other)


def test_one_stream_serves_one_file() -> None:
    with pytest.raises(UsageError, match=r"^-o - and --format json both write to stdout"):
        files.check_apart([], [("-o", "-"), ("--format json", "-")])
    with pytest.raises(UsageError, match=r"^--input - and --labels - both read from stdin"):
        files.check_apart([("--input", "-"), ("--labels", "-")], [])


def test_what_is_no_regular_file_is_not_read() -> None:
    for path in ("/dev/zero", "/"):
        with pytest.raises(UsageError, match="is a d"):
            files.read(path)

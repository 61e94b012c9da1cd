"""Files are written whole or not at all, and what cannot be read or written is said in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.tools import files


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

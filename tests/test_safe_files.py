"""Files are read within bounds and written whole: modes, links, devices and pipes, locks."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from errno import EINVAL, ENXIO
from pathlib import Path

import pytest

from acortex import safe_files

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes of POSIX systems")
pytestmark = posix


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask_027() -> object:
    old = os.umask(0o027)
    yield
    os.umask(old)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert safe_files.read(tmp_path / "a", 9) == b"12345"
    assert safe_files.read(tmp_path / "a", 3) == b"123"


@pytest.mark.parametrize("read", [lambda path: safe_files.read(path, 9), safe_files.open_file])
@pytest.mark.parametrize(
    ("path", "reason"),
    [("/dev/zero", "Is a device, not a file"), ("/dev/null", "Is a device, not a file"), ("/", "Is a directory")],
)
def test_a_device_and_a_folder_are_refused_at_once(read: object, path: str, reason: str) -> None:
    with pytest.raises(OSError) as caught:
        read(path)  # type: ignore[operator]
    assert (caught.value.strerror, caught.value.filename) == (reason, path)


def test_a_link_to_a_device_is_a_device(tmp_path: Path) -> None:
    (tmp_path / "a.s").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="Is a device"):
        safe_files.read(tmp_path / "a.s", 9)


def test_a_pipe_that_nothing_writes_to_is_an_error_and_not_a_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_files, "PATIENCE_S", 0.02)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Is a pipe that nothing writes to") as caught:
        safe_files.read(tmp_path / "pipe", 9)
    assert caught.value.errno == ENXIO
    with pytest.raises(OSError, match="Is a pipe, and a file is needed"):
        safe_files.open_file(tmp_path / "pipe")


def test_a_pipe_is_read_to_its_end_and_up_to_the_bound(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for most, found in ((1 << 20, 300_000), (1000, 1000)):
        writer = subprocess.Popen(
            [sys.executable, "-c", f"open({str(pipe)!r}, 'wb').write(bytes(300_000))"], stderr=subprocess.DEVNULL
        )
        assert len(safe_files.read(pipe, most)) == found
        writer.wait()


def test_the_pipe_of_a_command_that_said_nothing_is_empty() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert safe_files.read(f"/dev/fd/{reading}", 9) == b""
    os.close(reading)


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("umask_027")
def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    safe_files.write(tmp_path / "new", b"1")
    assert mode(tmp_path / "new") == 0o640
    for kept in (0o600, 0o666, 0o755):
        (tmp_path / "old").touch()
        (tmp_path / "old").chmod(kept)
        safe_files.write(tmp_path / "old", b"2")
        assert (mode(tmp_path / "old"), (tmp_path / "old").read_bytes()) == (kept, b"2")


def test_a_private_file_is_never_open_to_others_while_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o600)
    with safe_files.writing(tmp_path / "old") as part:
        assert mode(part) == 0o600


def test_the_umask_of_the_process_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "umask", lambda _mask: pytest.fail("another thread would create files with it"))
    safe_files.write(tmp_path / "new", b"1")


@pytest.mark.parametrize("existing", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, existing: bool) -> None:
    real = tmp_path / "below" / "real"
    real.parent.mkdir()
    if existing:
        real.write_bytes(b"old")
    (tmp_path / "link").symlink_to("below/real")
    safe_files.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert real.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["below", "link", "real"]


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(failure), safe_files.writing(tmp_path / "a") as part:
        part.write_bytes(b"half")
        raise failure
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path: Path) -> None:
    safe_files.write(tmp_path / ("n" * 255), b"1")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"1"


def test_links_that_go_round_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        safe_files.write(tmp_path / "a", b"1")


def test_a_device_is_written_to() -> None:
    safe_files.write(os.devnull, b"gone")
    with pytest.raises(OSError, match="No space left"):
        safe_files.write("/dev/full", b"1")


def test_a_pipe_is_written_to_where_somebody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    safe_files.write(pipe, bytes(200_000))
    reader.join()
    assert found == [bytes(200_000)]
    monkeypatch.setattr(safe_files, "PATIENCE_S", 0.02)
    with pytest.raises(OSError, match="Is a pipe that nothing reads"):
        safe_files.write(pipe, b"1")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_is_protected_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o400)
    with pytest.raises(PermissionError):
        safe_files.write(tmp_path / "a", b"new")


# --- files that grow -------------------------------------------------------------------------------------------------


def test_a_growing_file_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "t.part"
    with safe_files.create_locked(path) as first:
        first.write(b"mine")
        assert safe_files.is_held(path)
        with pytest.raises(BlockingIOError):
            safe_files.create_locked(path)
        assert path.read_bytes() == b"mine"
    assert not safe_files.is_held(path)


def test_a_file_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "t.part"
    code = f"""
import os, signal
from acortex import safe_files
file = safe_files.create_locked({str(path)!r})
file.write(b"left behind")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert path.read_bytes() == b"left behind"
    with safe_files.create_locked(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_a_file_that_is_renamed_while_it_is_locked_is_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run ends between our opening of its file and our lock."""
    path, done = tmp_path / "t.part", tmp_path / "t"
    path.write_bytes(b"the other run's")
    hold = safe_files._hold

    def late(handle: int) -> None:
        if not done.exists():
            path.rename(done)
        hold(handle)

    monkeypatch.setattr(safe_files, "_hold", late)
    safe_files.create_locked(path).close()
    assert (done.read_bytes(), path.read_bytes()) == (b"the other run's", b"")


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("other"), os.mkfifo, os.mkdir])
def test_a_growing_file_is_never_a_link_a_pipe_or_a_folder(tmp_path: Path, make: object) -> None:
    (tmp_path / "other").write_bytes(b"precious")
    make(tmp_path / "t.part")  # type: ignore[operator]
    with pytest.raises(OSError) as caught:
        safe_files.create_locked(tmp_path / "t.part")
    assert caught.value.errno != EINVAL or "regular" in str(caught.value)
    assert (tmp_path / "other").read_bytes() == b"precious"

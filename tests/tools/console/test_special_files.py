"""Devices, pipes and folders where a file is meant: one error at once; what a shell pipes in is read."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from acortex import safe_files
from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX systems")

READERS = [
    "asm SPECIAL.s",
    "run SPECIAL.s",
    "info SPECIAL.acx",
    "disasm SPECIAL.acx",
    "fmt SPECIAL.s",
    "lint SPECIAL.s",
    "run echo.s --input SPECIAL.npy",
    "run echo.s --input SPECIAL.npz",
    "run echo.s --labels SPECIAL.npy",
    "run echo.s --chip SPECIAL.toml",
    "chip show SPECIAL.toml",
    "chip diff acortex_gnmt SPECIAL.toml",
    "chip show acortex_digits --program SPECIAL.s",
    "trace info SPECIAL.actrace",
    "trace stats SPECIAL.actrace",
    "trace diff SPECIAL.actrace SPECIAL.actrace",
    "trace critical SPECIAL.actrace",
    "trace export SPECIAL.actrace --to csv -o new",
    "trace reprice SPECIAL.actrace",
]
WRITERS = [
    "run echo.s --trace SPECIAL.actrace",
    "run echo.s --dump-layers SPECIAL.s",
    "run echo.s --dump-layers SPECIAL.s/new",
]


def call(words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words.split(), prog_name="acortex")
    return result.exit_code, result.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a source, and with a device, a pipe and a folder under the name of every kind of file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(safe_files, "PATIENCE_S", 0.02)
    shutil.copy(ECHO, "echo.s")
    for suffix in ("s", "acx", "npy", "npz", "toml", "actrace", "json"):
        Path(f"device.{suffix}").symlink_to("/dev/zero")
        os.mkfifo(f"pipe.{suffix}")
        Path(f"folder.{suffix}").mkdir()
    return tmp_path


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
@pytest.mark.parametrize("words", READERS)
def test_what_is_no_file_is_one_error_at_once(folder: Path, kind: str, words: str) -> None:
    code, told = call(words.replace("SPECIAL", kind))
    assert code == 2
    assert f"{kind}." in told.splitlines()[0] and "Traceback" not in told
    assert not Path("new").exists()


@pytest.mark.parametrize("words", WRITERS)
def test_what_is_no_place_for_a_result_is_told_before_the_run(
    folder: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.commands.run.opened", lambda *_: pytest.fail("it ran"))
    for kind in ("device", "pipe"):
        assert call(words.replace("SPECIAL", kind))[0] == 2


def test_a_golden_that_is_no_file_is_one_error(folder: Path) -> None:
    assert call("run echo.s --trace t.actrace")[0] == 0
    for kind in ("device", "pipe", "folder"):
        for more in ("", " --update"):
            code, told = call(f"trace check t.actrace {kind}.json{more}")
            assert (code, len(told.splitlines())) == (2, 2)


@pytest.mark.parametrize("command", ["asm", "run", "info"])
def test_a_program_may_come_through_a_pipe_of_the_shell(folder: Path, command: str) -> None:
    line = f"{sys.executable} -m acortex {command} --format json <(cat echo.s)"
    found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert '"name": "echo"' in found.stdout


def test_an_assembled_program_and_a_golden_may_too(folder: Path) -> None:
    assert call("asm echo.s -o echo.acx")[0] == call("run echo.s --trace t.actrace")[0] == 0
    assert call("trace check t.actrace g.json --update")[0] == 0
    for words in ("info --format json <(cat echo.acx)", "trace check t.actrace <(cat g.json)"):
        line = f"{sys.executable} -m acortex {words}"
        assert subprocess.run(["bash", "-c", line], capture_output=True, check=False).returncode == 0


def test_what_comes_through_a_pipe_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.isa.asm.assembler.MAX_BYTES", 1000)
    for words, data in (("run -", ";" * 2000), ("asm -", ";" * 2000)):
        result = CliRunner().invoke(cli, words.split(), input=data, prog_name="acortex")
        assert result.exit_code == 2
        assert "is larger than 1,000 bytes\n  hint: give a smaller file\n" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        "asm echo.s -o OUT",
        "asm echo.s --listing OUT",
        "disasm echo.acx -o OUT",
        "run echo.s --output OUT",
        "run echo.s --trace OUT",
        "trace export echo.actrace --to csv -o OUT",
        "trace export echo.actrace --to chrome -o OUT",
        "trace export echo.actrace --to parquet -o OUT",
        "trace check echo.actrace OUT --update",
        "chip show acortex_digits --svg OUT",
    ],
)
def test_every_output_keeps_the_mode_and_the_link_of_what_it_replaces(folder: Path, words: str) -> None:
    if "parquet" in words:
        pytest.importorskip("duckdb")
    for before in ("asm echo.s -o echo.acx", "run echo.s --trace echo.actrace", "trace check echo.actrace g --update"):
        assert call(before)[0] == 0
    real = folder / "elsewhere"
    shutil.copy("g", real)  # a golden, for the command that reads what it replaces
    real.chmod(0o600)
    old = real.stat().st_ino
    Path("link").symlink_to(real)
    text = real.read_text().replace('"cycles": ', '"cycles": 1')
    real.write_text(text)
    assert call(words.replace("OUT", "link")) == (0, "")
    assert Path("link").is_symlink()
    assert (stat.S_IMODE(real.stat().st_mode), real.stat().st_ino != old) == (0o600, True)
    assert not list(folder.glob("*.part")) + list(folder.glob(".acortex-*"))

"""`acortex fmt`: what it prints, writes and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli

WRITTEN, FORM = "start\nbase d1,2\nhalt\n", "        start\n        base    d1, 2\n        halt\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source that is not in its usual form."""
    path = tmp_path / "p.s"
    path.write_text(WRITTEN)
    return path


def fmt(*words: object, stdin: str | None = None) -> Result:
    """What `acortex fmt` does."""
    return CliRunner().invoke(cli, ["fmt", *map(str, words)], input=stdin)


def test_the_form_goes_to_stdout_and_the_file_stays(source: Path) -> None:
    assert fmt(source).stdout == FORM
    assert source.read_text() == WRITTEN
    assert fmt("-", stdin=WRITTEN).stdout == FORM


def test_in_place_writes_where_something_changes(source: Path) -> None:
    other = source.with_name("q.s")
    other.write_text(FORM)
    before = other.stat().st_mtime_ns
    assert fmt("-i", source, other).exit_code == 0
    assert source.read_text() == FORM
    assert other.stat().st_mtime_ns == before


def test_check_names_what_would_change_and_exits_with_1(source: Path) -> None:
    found = fmt("--check", source)
    assert (found.exit_code, found.stdout) == (1, f"{source}: not in its usual form\n")
    assert found.stderr == f"1 of 1 source would change: acortex fmt -i {source}\n"
    source.write_text(FORM)
    assert fmt("--check", source).exit_code == 0
    assert source.read_text() == FORM


def test_diff_shows_what_would_change(source: Path) -> None:
    assert "-base d1,2\n-halt\n+        start\n+        base    d1, 2\n" in fmt("--diff", source).stdout
    assert source.read_text() == WRITTEN


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-i", "--check", "p.s"), "--in-place, --check and --diff exclude each other"),
        (("-i", "-"), "stdin cannot be written back"),
        (("p.s", "q.s"), "2 sources would go to stdout as one text"),
        (("nowhere.s",), "nowhere.s: no such file or directory"),
        (("binary.s",), "binary.s: byte 0 is not UTF-8 text"),
        (("-i", "chip.toml"), "chip.toml: is not a source\n  hint: this puts the text of programs"),
        (("notes.MD",), "notes.MD: is not a source"),
    ],
)
def test_what_cannot_be_done_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("binary.s").write_bytes(b"\xff")
    Path("chip.toml").write_text("x=1\n")
    found = fmt(*words)
    assert Path("chip.toml").read_text() == "x=1\n"
    assert found.exit_code == 2
    assert message in found.stderr

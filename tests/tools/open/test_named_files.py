"""The files that a source names: found in its text, through all that it includes, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.tools.open import named_files
from acortex.tools.open.named_files import files_of_source


def named(root: Path, **texts: str) -> list[tuple[str, str]]:
    """What the source main.s names, where some files have these texts; paths from the folder."""
    for name, text in texts.items():
        path = root / f"{name.replace('__', '/')}.s"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return [
        (how, str(Path(path or "").resolve().relative_to(root.resolve())))
        for how, path in files_of_source(str(root / "main.s"))
    ]


def test_files_are_named_from_the_folder_of_the_file_that_names_them(tmp_path: Path) -> None:
    main = '.include "lib/a.s"\n.weights w, 2x2, file="w.npz", key=k\n'
    inner = '.include "../b.s"\n.weights v, 2x2, file = "v.npz"\n'
    assert named(tmp_path, main=main, lib__a=inner, b='.samples x, file="x.npy"') == [
        ('.include "lib/a.s"', "lib/a.s"),
        ('file="w.npz"', "w.npz"),
        ('.include "../b.s"', "b.s"),
        ('file="v.npz"', "lib/v.npz"),
        ('file="x.npy"', "x.npy"),
    ]


def test_what_includes_itself_is_read_once(tmp_path: Path) -> None:
    assert named(tmp_path, main='.include "a.s"', a='.include "main.s"\n.include "a.s"') == [
        ('.include "a.s"', "a.s"),
        ('.include "main.s"', "main.s"),
    ]
    assert named(tmp_path, main='.include "a.s"\n.include "./a.s"', a="nop") == [('.include "a.s"', "a.s")]


def test_comments_and_other_texts_name_nothing(tmp_path: Path) -> None:
    main = '; .include "a.s"\n# file="b"\n.error ".include \'c.s\'"\n.assert 1, "file=d ; no comment"\n.include "e.s"'
    assert named(tmp_path, main=main) == [('.include "e.s"', "e.s")]


def test_a_chip_in_quotes_hides_nothing_behind_it(tmp_path: Path) -> None:
    (tmp_path / "chip.toml").write_text('inherits = "acortex_digits"\n')
    main = f'.chip "{tmp_path}/chip.toml"\n.samples x, file="x.npy"\n'
    (tmp_path / "main.s").write_text(main)
    found = files_of_source(str(tmp_path / "main.s"))
    assert found[0][0].startswith(".chip ") and found[-1][0] == 'file="x.npy"'


def test_a_parameter_in_a_name_stands_for_any_text(tmp_path: Path) -> None:
    main = '.macro m name, end\n.include "parts/\\name\\().s"\n.weights w, 2x2, file="\\name.\\end"\n.endm\n'
    (tmp_path / "w[1].npz").write_bytes(b"")
    found = named(tmp_path, main=main, parts__one="nop", parts__two='.include "../three.s"')
    assert [path for how, path in found if how.startswith(".include")] == ["parts/one.s", "parts/two.s", "three.s"]
    assert {path for how, path in found if how.startswith("file")} == {"main.s", "w[1].npz"}


@pytest.mark.parametrize("folder", ["a[1]", "a*b", "a b"])
def test_a_folder_of_any_name_is_no_pattern(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    main = '.macro m name\n.include "\\name.s"\n.endm\n'
    assert named(tmp_path / folder, main=main) == [('.include "\\name.s"', "main.s")]


def test_what_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    assert named(tmp_path, main='.include "missing.s"') == [('.include "missing.s"', "missing.s")]
    (tmp_path / "folder.s").mkdir()
    assert named(tmp_path, main='.include "folder.s"') == [('.include "folder.s"', "folder.s")]
    (tmp_path / "main.s").write_bytes(b'\xff\xfe .include "a.s"\n')
    assert named(tmp_path) == [('.include "a.s"', "a.s")]


def test_a_chain_of_files_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_files, "MOST_SOURCES", 5)
    chain = {f"f{number}": f'.include "f{number + 1}.s"' for number in range(30)}
    assert len(named(tmp_path, main='.include "f0.s"', **chain)) == 4

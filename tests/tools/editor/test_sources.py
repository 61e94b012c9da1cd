"""Texts that are open and files beside them: keys, what goes before what, and what includes what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from editing import on_disk, uri

from acortex.tools.editor.sources import Sources, is_uri, key_of, uri_of


@pytest.mark.parametrize("name", ["a.s", "a b.s", "é😀.s", "100%.s", "a#b?c.s"])
def test_a_path_and_its_uri_are_two_ways_of_one_thing(tmp_path: Path, name: str) -> None:
    path = str((tmp_path / name).resolve())
    assert key_of(uri_of(path)) == path
    assert not is_uri(path)
    assert (tmp_path / name).as_uri() == uri_of(str(tmp_path / name))


@pytest.mark.parametrize(
    "name", ["untitled:Untitled-1", "", "git:/a.s", "http://a/b.s", "file://[", "file:a", "file:///%00"]
)
def test_what_is_in_no_file_keeps_its_uri(name: str) -> None:
    assert key_of(name) == name
    assert is_uri(key_of(name))


def test_a_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    path = tmp_path / "a.s"
    path.write_text("nop\n")
    os.symlink(path, tmp_path / "b.s")
    assert key_of(uri_of(str(tmp_path / "b.s"))) == str(path.resolve())


def test_a_file_is_read_again_where_it_changed_alone(tmp_path: Path) -> None:
    key = on_disk(tmp_path, {"a.s": "nop\n"})["a.s"]
    sources = Sources()
    first = sources.get(key)
    assert first is not None
    assert sources.get(key) is first
    Path(key).write_text("halt now\n")
    second = sources.get(key)
    assert second is not None
    assert second.text == "halt now\n"


def test_what_is_open_goes_before_the_file_until_it_is_closed(tmp_path: Path) -> None:
    key = on_disk(tmp_path, {"a.s": "nop\n"})["a.s"]
    sources = Sources()
    assert sources.open(uri(key), "halt\n", 3) == key
    text = sources.get(key)
    assert text is not None
    assert (text.text, text.version, dict(sources.texts())) == ("halt\n", 3, {key: "halt\n"})
    sources.close(uri(key))
    text = sources.get(key)
    assert text is not None
    assert text.text == "nop\n"
    sources.close(uri(key))


@pytest.mark.parametrize("name", ["none.s", ".", "a.s/b.s"])
def test_what_cannot_be_read_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.s").write_text("nop\n")
    assert Sources().get(str(tmp_path / name)) is None


def test_roots_are_what_includes_a_file_and_is_included_by_nothing(tmp_path: Path) -> None:
    files = on_disk(
        tmp_path,
        {
            "main.s": '.include "lib/a.s"\n',
            "other.s": "nop\n",
            "lib/a.s": '.include "b.s"\n',
            "lib/b.s": "nop\n",
            "alone/c.s": "nop\n",
        },
    )
    sources = Sources(folders=[str(tmp_path)])
    assert sources.roots(files["lib/b.s"]) == [files["main.s"]]
    assert sources.roots(files["lib/a.s"]) == [files["main.s"]]
    assert sources.roots(files["main.s"]) == [files["main.s"]]
    assert sources.roots(files["alone/c.s"]) == [files["alone/c.s"]]
    assert sources.closure(files["main.s"]) == [files["main.s"], files["lib/a.s"], files["lib/b.s"]]


def test_an_open_text_that_includes_another_is_its_root_before_it_is_saved(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main.s": "nop\n", "lib/a.s": "nop\n"})
    sources = Sources()
    assert sources.roots(files["lib/a.s"]) == [files["lib/a.s"]]
    sources.open(uri(files["main.s"]), '.include "lib/a.s"\n')
    assert sources.roots(files["lib/a.s"]) == [files["main.s"]]
    sources.close(uri(files["main.s"]))
    assert sources.roots(files["lib/a.s"]) == [files["lib/a.s"]]


def test_a_mark_of_the_byte_order_is_no_part_of_a_text(tmp_path: Path) -> None:
    key = on_disk(tmp_path, {"a.s": "\ufeffnop\n"})["a.s"]
    sources = Sources()
    text = sources.get(key)
    assert text is not None and text.text == "nop\n"
    sources.open(uri(key), "\ufeffhalt\n")
    assert dict(sources.texts()) == {key: "halt\n"}


def test_a_file_is_read_again_where_as_much_of_it_changed_later(tmp_path: Path) -> None:
    key = on_disk(tmp_path, {"a.s": "nop\n"})["a.s"]
    sources = Sources()
    first = sources.get(key)
    Path(key).write_text("add\n")
    os.utime(key, ns=(0, os.stat(key).st_mtime_ns + 1_000))
    second = sources.get(key)
    assert first is not None and second is not None
    assert (first.text, second.text) == ("nop\n", "add\n")

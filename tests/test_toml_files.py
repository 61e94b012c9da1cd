"""TOML files: what is read again is what the file says, whatever callers did to what they got before."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from acortex import toml_files
from acortex.errors import UsageError

TEXT = 'name = "a"\n\n[memory]\nports = 2\nsizes = [1, [2, 3]]\n"bank" . cycles = 1.785\n'


def test_what_a_caller_changes_no_other_caller_sees() -> None:
    first = toml_files.parse(TEXT, "a.toml")
    first["memory"]["ports"] = 9
    first["memory"]["sizes"][1].append(4)
    del first["name"]
    again = toml_files.parse(TEXT, "a.toml")
    assert again == {"name": "a", "memory": {"ports": 2, "sizes": [1, [2, 3]], "bank": {"cycles": Decimal("1.785")}}}


def test_numbers_are_those_that_are_written() -> None:
    cycles = toml_files.parse(TEXT, "a.toml")["memory"]["bank"]["cycles"]
    assert isinstance(cycles, Decimal)
    assert str(cycles) == "1.785"


def test_places_are_of_the_file_that_is_asked_for() -> None:
    lines = {"name": 1, "memory": 3, "memory.ports": 4, "memory.sizes": 5, "memory.bank.cycles": 6}
    for file in ("a.toml", "b.toml"):
        assert dict(toml_files.places(TEXT, file)) == {path: f"{file}:{line}" for path, line in lines.items()}


def test_tables_of_a_list_are_told_apart_by_their_numbers() -> None:
    text = "[link]\n[[stages]]\nchip = 1\n[[ stages ]] # two\nchip = 2\n[[x.y]]\n[end]\nchip = 3\n"
    wanted = {
        "link": 1, "stages.0": 2, "stages.0.chip": 3, "stages.1": 4, "stages.1.chip": 5, "x.y.0": 6,
        "end": 7, "end.chip": 8,
    }  # fmt: skip
    assert dict(toml_files.places(text, "a")) == {path: f"a:{line}" for path, line in wanted.items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ]", "a.toml:1:5: not TOML: Invalid value"),
        ("[a]\nb = 1\nb = 2", "a.toml: not TOML: Cannot overwrite a value"),
        (f"a = {'[' * 17}{']' * 17}", "a.toml:1: brackets are nested deeper than 16"),
        (f"a{'.b' * 17} = 1", "a.toml:1: a line has more than 16 dots"),
    ],
)
def test_what_is_wrong_is_said_each_time(text: str, said: str) -> None:
    for _ in range(2):
        with pytest.raises(UsageError) as found:
            toml_files.parse(text, "a.toml")
        assert str(found.value).startswith(said)


@pytest.mark.parametrize("deep", [16, 1])
def test_the_deepest_that_may_be_is_read(deep: int) -> None:
    value = toml_files.parse(f"a = {'[' * deep}{']' * deep}", "a.toml")["a"]
    for _ in range(deep - 1):
        (value,) = value
    assert value == []
    assert toml_files.parse(f"a{'.b' * deep} = 1", "a.toml")["a"]["b"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a = '\xff'", "the file is not text in UTF-8: byte 5"), (b"#" * 65537, "the file is longer than 65536 bytes")],
)
def test_a_file_that_is_no_text_or_too_long_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        toml_files.read(path, "the file")
    path.write_bytes(b"#" * 65536)
    assert len(toml_files.read(path, "the file")) == 65536


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the file cannot be read: No such file or directory"):
        toml_files.read(tmp_path / "none.toml", "the file")


def said_of(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        toml_files.read(path, "the file")
    assert caught.value.where == str(path)
    return caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    assert said_of(path) == "the file cannot be read: No such file or directory"
    path.write_bytes(b"a = \xff")
    assert said_of(path) == "the file is not text in UTF-8: byte 4"
    path.write_bytes(b"#" * 65_536)
    assert len(toml_files.read(path, "the file")) == 65_536
    path.write_bytes(b"#" * 65_537)
    assert said_of(path) == "the file is longer than 65536 bytes"


def test_a_number_that_python_does_not_make_is_no_toml() -> None:
    with pytest.raises(UsageError) as caught:
        toml_files.parse(f"a = {'9' * 5000}", "a.toml")
    assert caught.value.where == "a.toml"
    assert caught.value.message.startswith("not TOML: Exceeds the limit (4300 digits)")


DEEP, DOTS = f"a = {'[' * 17}{']' * 17}", f"b = {'.'.join('x' * 18)}"


@pytest.mark.parametrize("wrong", [DEEP, DOTS])
@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("", 1),
        ("x = 1\n\n", 3),
        ('x = """\n[[[\n"""\n', 4),
        ("x = '''\n{{\n.\n'''\n", 5),
        ("# [[[[\n", 2),
        ('x = "[[[" # """\n', 2),
        ('x = """a\\"""b\n"""\n', 3),
        ("x = [\n1,\n]\n", 4),
    ],
    ids=repr,
)
def test_what_is_too_deep_is_named_by_its_line_whatever_stands_above(above: str, line: int, wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        toml_files.parse(above + wrong, "a.toml")
    assert caught.value.where == f"a.toml:{line}"

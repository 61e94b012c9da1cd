"""Lines and where they stand: places behind replaced parameters, chains of calls, names of files beside each other."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.language.source import (
    MAX_FILE_NAME,
    SHOWN,
    Edit,
    Note,
    Origin,
    Source,
    Via,
    beside,
    shown_name,
)
from acortex.isa.program import Line

TEXT = "base d\\n, \\first"
READ = "base d12, 4 + 5"
EDITS: tuple[Edit, ...] = ((6, 8, 6, 8), (10, 15, 10, 16))
"""What stands in READ in the places of the parameters of TEXT: 12 for \\n, 4 + 5 for \\first."""


def origin(file: str, line: int, edits: tuple[Edit, ...] = (), via: Via | None = None) -> Origin:
    """Where a line stands, in a file without folders."""
    return Origin(file, file, line, TEXT, edits, via)


# Places ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "length", "place"),
    [
        (0, 4, (0, 4)),  # before all parameters
        (5, 1, (5, 1)),
        (6, 2, (6, 2)),  # 12 is \\n
        (7, 1, (6, 2)),  # and so is a part of it
        (8, 1, (8, 1)),
        (10, 1, (10, 6)),  # 4 is \\first, whole
        (14, 1, (10, 6)),
        (15, 1, (16, 1)),  # behind the line: moved by as much as \\first is longer
    ],
)
def test_a_place_behind_parameters_is_that_of_the_file(column: int, length: int, place: tuple[int, int]) -> None:
    assert origin("a.s", 1, EDITS).place(column, length) == place


def test_a_place_is_never_before_the_line() -> None:
    assert origin("a.s", 1, ((0, 9, 0, 2),)).place(9, 1) == (2, 1)
    assert origin("a.s", 1, ((0, 9, 0, 0),)).place(9, 1) == (0, 1)
    assert origin("a.s", 1, ((0, 9, -20, -18),)).place(9, 1) == (0, 1)


PIECES = st.lists(st.tuples(st.text("ab", max_size=4), st.text("cd", min_size=1, max_size=6)), max_size=5)


@given(PIECES, st.text("ab", max_size=4), st.integers(1, 9))
def test_what_stands_between_parameters_is_found_again(pieces: list[tuple[str, str]], end: str, width: int) -> None:
    edits, read, written = [], "", ""
    for before, value in pieces:
        read, written = read + before, written + before
        edits.append((len(read), len(read) + len(value), len(written), len(written) + width))
        read, written = read + value, written + "P" * width
    read, written = read + end, written + end
    found = Origin("a.s", "a.s", 1, written, tuple(edits))
    for column, letter in enumerate(read):
        place, length = found.place(column, 1)
        assert written[place : place + length] == (letter if letter in "ab" else "P" * width)


# Chains of calls ------------------------------------------------------------------------------------------------------


def chain(links: int) -> Via:
    """Calls within calls: link 1 is the outermost."""
    via = None
    for number in range(1, links + 1):
        via = Via(Note(f"call {number}", number, 2, "a.s"), via, number)
    assert via is not None
    return via


@pytest.mark.parametrize("links", [1, 2, SHOWN, 2 * SHOWN])
def test_a_short_chain_is_shown_whole_from_the_inside(links: int) -> None:
    assert [note.message for note in chain(links).notes()] == [f"call {number}" for number in range(links, 0, -1)]


@pytest.mark.parametrize(("links", "left_out"), [(7, "1 more link"), (8, "2 more links"), (5000, "4,994 more links")])
def test_a_long_chain_is_shown_by_its_ends(links: int, left_out: str) -> None:
    notes = list(chain(links).notes())
    assert [note.message for note in notes] == [
        f"call {links}", f"call {links - 1}", f"call {links - 2}", f"behind {left_out}, call 3", "call 2", "call 1",
    ]  # fmt: skip
    assert (notes[SHOWN].line, notes[SHOWN].column, notes[SHOWN].file) == (3, 2, "a.s")


# Sources --------------------------------------------------------------------------------------------------------------


def test_a_line_without_origins_is_its_own() -> None:
    source = Source("dir/p.s", ["  nop ", "halt"])
    assert source.origin(2) == Origin("dir/p.s", "p.s", 2, "halt")
    assert source.origin(3) == Origin("dir/p.s", "p.s", 3, "")  # behind the last: where what is missing would stand
    assert source.kept(1) == Line("p.s", 1, "nop")
    assert not source.is_marked(1)
    assert source.spoken(2) == "line 2"


def test_a_line_that_a_macro_made_stands_where_it_was_written() -> None:
    source = Source("p.s", [READ, "nop"], [origin("lib.s", 7, EDITS), origin("p.s", 3)])
    assert source.origin(1).line == 7
    assert source.kept(1) == Line("lib.s", 7, READ)  # as it was read, with the values of parameters
    assert (source.is_marked(1), source.is_marked(2)) == (True, False)
    assert (source.spoken(1), source.spoken(2)) == ("line 7 of lib.s", "line 3")


def test_a_note_moves_to_the_place_that_was_written() -> None:
    source = Source("p.s", [READ], [origin("lib.s", 7, EDITS)])
    assert source.note(Note("first here", 1, 11)) == Note("first here", 7, 11, "lib.s")
    assert source.note(Note("first here", 1, 16)) == Note("first here", 7, 17, "lib.s")


def test_a_note_with_a_file_stays() -> None:
    note = Note("called here", 99, 3, "other.s")
    assert Source("p.s", ["nop"]).note(note) is note


# Names of files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other", "found"),
    [
        ("p.s", "lib.s", "lib.s"),
        ("dir/p.s", "lib.s", "dir/lib.s"),
        ("dir/p.s", "../lib.s", "lib.s"),
        ("dir/p.s", "../../lib.s", "../lib.s"),  # above the source: whoever opens it refuses it
        ("p.s", "../lib.s", "../lib.s"),
        ("p.s", "./a/./lib.s", "a/lib.s"),
        ("a/b/p.s", "../c/../lib.s", "a/lib.s"),
        ("dir/p.s", "/tmp/lib.s", "/tmp/lib.s"),
        ("dir/p.s", "", "dir"),
    ],
)
def test_a_file_is_named_from_the_folder_of_the_source(name: str, other: str, found: str) -> None:
    assert beside(name, other) == found


PATH = st.lists(st.sampled_from(["a", "b", "..", "."]), max_size=5).map(lambda parts: "/".join([*parts, "f.s"]))


@given(PATH, PATH)
def test_names_beside_each_other_are_those_of_the_library(name: str, other: str) -> None:
    assert beside(name, other) == posixpath.normpath(posixpath.join(posixpath.dirname(name), other))


def test_a_data_file_of_a_line_is_beside_its_own_source() -> None:
    source = Source("p.s", ["nop", "nop"], [Origin("x", "lib/m.s", 1, "nop"), Origin("p.s", "p.s", 2, "nop")])
    assert source.beside(1, "w.npz") == "lib/w.npz"
    assert source.beside(2, "w.npz") == "w.npz"
    assert Source("dir/p.s", ["nop"]).beside(1, "w.npz") == "w.npz"  # one source alone: its folder is opened as such


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a.s", "a.s"), ("\N{GREEK SMALL LETTER PI}.s", "\N{GREEK SMALL LETTER PI}.s"), ("a\udcff.s", "a?.s"), ("", "")],
)
def test_a_name_is_text_that_any_file_takes(name: str, shown: str) -> None:
    assert shown_name(name) == shown
    assert shown_name(name).encode("utf-8").decode("utf-8") == shown


def test_a_name_is_cut_where_no_program_keeps_more() -> None:
    assert len(shown_name("a" * 999)) == MAX_FILE_NAME
    assert Source("x/" + "a" * 999, []).name == "a" * MAX_FILE_NAME

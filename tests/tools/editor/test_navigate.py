"""Definitions, references and other names: over files, in macros, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing import BASE, family, on_disk, opened, place, shown, uri

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble
from acortex.tools.editor import navigate
from acortex.tools.editor.sources import Sources

MACROS = """\
        .program tiles
        .chip   acortex_digits
        .equ    TILES, 2
        .equ    OUT, 16
        .name   result, d21
        .input  x, shape=TILES x 64
        .output y, shape=TILESx64
        .weights w, 64x64
        .blob   "eJztwQEBAAAAgJD+r+4ICgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABgAAAE="
        .macro  stream number, first, words=1
        .local  here
here:   base    \\number, \\first
        dim     \\number, 0, \\words
        .endm
        .macro  fill group, matrix=w
        group   \\group, 64, 64
        program \\group, \\matrix
        .endm
        fill    g0, w
        start
        stream  result, OUT
        stream  d1, OUT + TILES, words=TILES
        .rept   TILES, i
        stream  d2\\i, \\i
        .endr
        halt
"""


def renamed(text: str, what: str, new: str, number: int = 0) -> str:
    """A text with another name for what stands at a place."""
    sources, key = opened(text)
    spans = navigate.renamed(sources, key, *place(text, what, number), new)
    return navigate.applied(text, spans, new)


def references(text: str, what: str, number: int = 0, behind: int = 0) -> list[int]:
    """The lines, from 1, in which the name at a place is meant."""
    sources, key = opened(text)
    found = navigate.references(family(sources, key), key, *place(text, what, number, behind))
    return [line for _, line, _ in shown(sources, found)]


@pytest.mark.parametrize(
    ("what", "number", "line", "text"),
    [
        ("OUT", 1, 3, "OUT"),
        ("TWICE ==", 0, 4, "TWICE"),
        ("image, 0", 0, 5, "image"),
        ("w\n        quant", 0, 8, "w"),
        ("x, image", 0, 6, "x"),
        ("y, d1", 0, 7, "y"),
        ("d1\n        signal", 0, 19, "d1"),
        ("q0, 1\n", 0, 14, "q0"),
        ("t0\n        read", 0, 21, "t0"),
        ("product", 0, 22, "product"),
    ],
)
def test_a_name_leads_to_its_definition(what: str, number: int, line: int, text: str) -> None:
    sources, key = opened(BASE)
    found = navigate.definition(sources, family(sources, key), key, *place(BASE, what, number))
    assert shown(sources, found) == [("untitled:main", line, text)]


TURNS = "base d1, 0\nread d1\nbase d1, 5\nread d1\n"


@pytest.mark.parametrize(("line", "setter"), [(0, 0), (1, 0), (2, 2), (3, 2)])
def test_a_register_leads_to_the_line_that_set_it_last_or_that_it_stands_in(line: int, setter: int) -> None:
    sources, key = opened(TURNS)
    found = navigate.definition(sources, family(sources, key), key, line, 5)
    assert shown(sources, found) == [("untitled:main", setter + 1, "d1")]


@pytest.mark.parametrize("what", ["read    image", "; nothing", "2x2", "halt"])
def test_what_is_no_name_has_no_definition(what: str) -> None:
    text = f"{BASE}        ; nothing\n"
    sources, key = opened(text)
    assert navigate.definition(sources, family(sources, key), key, *place(text, what)) == []


@pytest.mark.parametrize("line,column", [(10_000, 0), (3, 10_000), (0, 0)])
def test_a_place_outside_of_the_text_is_none(line: int, column: int) -> None:
    sources, key = opened(BASE)
    assert navigate.definition(sources, family(sources, key), key, line, column) == []
    with pytest.raises(UsageError, match="nothing here has a name"):
        navigate.renamed(sources, key, line, column, "other")


def test_references_are_all_places_of_a_name_and_no_other_of_the_same_text() -> None:
    text = BASE.replace(".input  x,", ".input  OUT,").replace("input   x,", "input   OUT,")
    assert references(text, "OUT, 4") == [3, 4, 19]
    assert references(text, "OUT, shape") == [6, 20]
    assert references(BASE, "image, d0") == [5, 18, 20, 24]


def test_references_without_the_declaration_are_the_uses() -> None:
    sources, key = opened(BASE)
    found = navigate.references(family(sources, key), key, *place(BASE, "OUT"), declaration=False)
    assert [line for _, line, _ in shown(sources, found)] == [4, 19]


def test_names_in_shapes_and_in_arguments_of_macros_are_found() -> None:
    assert references(MACROS, "TILES") == [3, 6, 7, 22, 22, 23]
    assert references(MACROS, "OUT") == [4, 21, 22]
    assert references(MACROS, "w, 64") == [8, 15, 19]
    assert references(MACROS, "result") == [5, 21]
    assert references(MACROS, "stream number") == [10, 21, 22, 24]


def test_an_argument_of_a_call_means_what_the_macro_does_with_it() -> None:
    """`w` is a matrix of weights, although a constant is called so, too."""
    text = MACROS.replace("        .macro  stream", "        .equ    w, 3\n        .macro  stream", 1)
    sources, key = opened(text)
    found = navigate.definition(sources, family(sources, key), key, *place(text, "g0, w", 0, 4))
    assert [line for _, line, _ in shown(sources, found)] == [8]


def test_of_the_names_in_a_shape_the_longest_go_first() -> None:
    text = ".equ A, 2\n.equ B, 3\n.equ AxB, 4\n.input x, shape=AxBxA\n.input y, shape=AxA\n"
    assert references(text, "AxB") == [3, 4]
    assert references(text, "A,") == [1, 4, 5, 5]
    assert references(text, "B,") == [2]


def test_a_parameter_belongs_to_its_macro_and_so_do_its_names_in_calls() -> None:
    assert references(MACROS, "number, first") == [10, 12, 13]
    assert references(MACROS, "words=1") == [10, 13, 22]
    assert references(MACROS, "\\i\n", 0, 1) == [23, 24, 24]


def test_a_local_label_belongs_to_its_block() -> None:
    assert references(f"{MACROS}here: nop\n", "here:") == [11, 12]
    assert references(f"{MACROS}here: nop\n", "here: nop") == [27]


@pytest.mark.parametrize(
    ("what", "new"),
    [("OUT", "RESULTS"), ("image", "picture"), ("TWICE", "a.b"), ("w, 2x2", "kernel"), ("x, shape", "an input"),
     ("product", "first"), ("g0", "g7"), ("d1", "d9"), ("q0", "q63"), ("t0", "t5")],
)  # fmt: skip
def test_a_program_with_another_name_assembles_to_the_same(what: str, new: str) -> None:
    text = renamed(BASE, what, new)
    assert new in text
    before, after = assemble(BASE), assemble(text)
    assert len(before.words) == len(after.words)
    if what[0] not in "gdqt" or what == "TWICE":
        assert before.words.tolist() == after.words.tolist()
    assert renamed(text, new, what.partition(",")[0]).replace('"', "") == BASE


def test_a_register_beside_macros_is_renamed_where_another_operand_is_it_by_default() -> None:
    """`then` of `convert` is q0 where it is left out, and stays that."""
    text = BASE.replace(
        "        start\n", "        .macro again\n        nop\n        .endm\n        start\n        again\n"
    )
    assert assemble(text).words.size == assemble(BASE).words.size + 1
    found = renamed(text, "q0", "q5")
    assert found == text.replace("q0", "q5")
    assert renamed(found, "q5", "q0") == text


def test_a_name_with_spaces_is_put_into_quotes_and_taken_out_of_them_with_them() -> None:
    text = renamed(BASE, "x, shape", "an input")
    assert '.input  "an input", shape' in text
    assert 'input   "an input", image' in text
    assert '"other", shape' in renamed(text, "an input", "other")


@pytest.mark.parametrize(
    ("what", "new", "message"),
    [
        ("OUT", "TWICE", "`TWICE` is already used, in untitled:main:4"),
        ("OUT", "d5", "`d5` is a word of the language"),
        ("OUT", "host", "`host` is a word of the language"),
        ("OUT", "1st", "`1st` is no name"),
        ("OUT", "", "`` is no name"),
        ("OUT", "a b", "`a b` is no name"),
        ("OUT", "é", "`é` is no name"),
        ("OUT", "a@1", "`a@1` is no name"),
        ("x, shape", 'a"b', '`a"b` is no name'),
        ("d1", "image", "`image` is not a stream descriptor like `d1`"),
        ("d1", "d32", "`d32` is not a stream descriptor like `d1`"),
        ("d1", "d0", "`d0` is already used"),
        ("halt", "stop", "nothing here has a name"),
        ("connect", "stop", "nothing here has a name"),
    ],
)
def test_a_new_name_that_would_not_do_is_refused(what: str, new: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        renamed(BASE, what, new)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("what", "new"),
    [("stream number", "multiply"), ("stream number", "fill"), ("first", "number"), ("first", "a.b"),
     ("TILES", "stream"), ("here", "OUT")],
)  # fmt: skip
def test_names_of_macros_and_in_them_are_held_to_their_rules(what: str, new: str) -> None:
    with pytest.raises(UsageError, match=r"is a word of the language|is already used|is no name"):
        renamed(MACROS, what, new)


def test_what_a_macro_makes_of_a_text_is_not_renamed_by_halves() -> None:
    text = BASE.replace("start\n", "        .macro get n\n        read d\\n\n        .endm\n        start\n", 1)
    text = text.replace("read    image", "get     1").replace("write   d1", "base d1, OUT\n        write   d1", 1)
    assert assemble(text)
    with pytest.raises(UsageError, match="the program would be another one if this were `d9`"):
        renamed(text, "d1, OUT", "d9")


MAIN = '.include "lib/names.s"\n' + BASE.replace("        .equ    OUT, 4\n", "")
NAMES = '.equ OUT, 4\n.include "more.s"\n'
MORE = ".equ MORE, 2 * OUT\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return on_disk(tmp_path, {"main file é.s": MAIN, "lib/names.s": NAMES, "lib/more.s": MORE, "other.s": BASE})


def test_names_are_found_in_files_that_are_open_or_not(files: dict[str, str]) -> None:
    sources = Sources()
    for start in ("main file é.s", "lib/names.s", "lib/more.s"):
        key = files[start]
        text = Path(key).read_text()
        found = navigate.references(family(sources, key), key, *place(text, "OUT"))
        assert {(file, line) for file, line, _ in shown(sources, found)} == {
            ("names.s", 1), ("more.s", 1), ("main file é.s", 4), ("main file é.s", 19),
        }  # fmt: skip
        assert all(text == "OUT" for *_, text in shown(sources, found))


def test_what_is_not_saved_goes_before_the_file(files: dict[str, str]) -> None:
    sources = Sources()
    sources.open(uri(files["lib/more.s"]), ".equ LESS, OUT\n.equ LEAST, OUT\n")
    key = files["main file é.s"]
    found = navigate.references(family(sources, key), key, *place(MAIN, "OUT"))
    assert sum(file == "more.s" for file, *_ in shown(sources, found)) == 2
    sources.close(uri(files["lib/more.s"]))
    found = navigate.references(family(sources, key), key, *place(MAIN, "OUT"))
    assert sum(file == "more.s" for file, *_ in shown(sources, found)) == 1


def test_a_name_is_changed_in_all_files_of_its_program(files: dict[str, str]) -> None:
    sources = Sources()
    spans = navigate.renamed(sources, files["lib/more.s"], *place(MORE, "OUT"), "RESULTS")
    assert {file for file, *_ in shown(sources, spans)} == {"names.s", "more.s", "main file é.s"}
    with pytest.raises(UsageError, match=r"`MORE` is already used, in more.s:1"):
        navigate.renamed(sources, files["lib/names.s"], *place(NAMES, "OUT"), "MORE")
    with pytest.raises(UsageError, match=r"`TWICE` is already used, in main file é.s:4"):
        navigate.renamed(sources, files["lib/more.s"], *place(MORE, "OUT"), "TWICE")


def test_a_file_that_two_programs_include_changes_both(files: dict[str, str], tmp_path: Path) -> None:
    second = on_disk(tmp_path, {"second.s": MAIN})["second.s"]
    sources = Sources()
    spans = navigate.renamed(sources, second, *place(MAIN, "OUT"), "RESULTS")
    assert {file for file, *_ in shown(sources, spans)} == {"names.s", "more.s", "main file é.s", "second.s"}


def test_the_name_of_a_file_leads_to_it(files: dict[str, str]) -> None:
    sources = Sources()
    key = files["lib/names.s"]
    found = navigate.definition(sources, family(sources, key), key, *place(NAMES, "more.s"))
    assert [span.file for span in found] == [files["lib/more.s"]]


def test_files_that_include_each_other_have_an_end(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"a.s": '.include "b.s"\n.equ A, B\n', "b.s": '.include "a.s"\n.equ B, 1\n'})
    sources = Sources()
    found = navigate.references(family(sources, files["a.s"]), files["a.s"], 1, 8)
    assert len(found) == 2


def test_a_file_that_is_not_there_or_outside_is_left_out(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"a.s": '.include "none.s"\n.include "/etc/passwd"\n.include ""\n.equ A, 1\n'})
    sources = Sources()
    assert sources.closure(files["a.s"]) == [files["a.s"]]

"""Names that macros glue together: they are found where they are whole, and never renamed by halves."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from editing import BASE, checked, family, on_disk, opened, place, shown, uri

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.tools.editor import navigate
from acortex.tools.editor.sources import Sources

TEXT = """\
        .program glued
        .chip   acortex_digits
        .equ    FIRST, 3
        .equ    SECOND, 4
        .name   d_in, d5
        .macro  use i, n
        base    d\\i, \\n
        base    d\\i\\(), FIRST
        .equ    at\\i, 1
lab\\i:  nop
        .endm
        .macro  pick which
        base    d9, \\which\\()ST
        .endm
        start
        use     7, FIRST
        use     n=SECOND, i=8
        pick    FIR
        base    d7, 0
        base    d8, at7 + at8 + lab7
        base    d_in, 2
        halt
"""
BROKEN = TEXT.replace("        halt\n", "        halt\n        hlat\n")


def spans(text: str, what: str, new: str, behind: int = 0, number: int = 0) -> list[tuple[int, str]]:
    """The places, as lines from 1 and words, that another name for what stands at a place changes."""
    sources, key = opened(text)
    found = navigate.renamed(sources, key, *place(text, what, number, behind), new)
    return [(line, word) for _, line, word in shown(sources, found)]


def applied(text: str, what: str, new: str, behind: int = 0) -> str:
    """A text with another name."""
    sources, key = opened(text)
    return navigate.applied(text, navigate.renamed(sources, key, *place(text, what, 0, behind), new), new)


def refusal(text: str, what: str, new: str, behind: int = 0) -> str:
    """Why another name is refused."""
    with pytest.raises(UsageError) as caught:
        spans(text, what, new, behind)
    assert caught.value.hint
    return caught.value.message


def lines(text: str, what: str, behind: int = 0) -> tuple[list[int], list[int]]:
    """The lines of the definition and of all references of what stands at a place."""
    sources, key = opened(text)
    where, names = place(text, what, 0, behind), family(sources, key)
    defined = navigate.definition(sources, names, key, *where)
    return [one.line + 1 for one in defined], [one.line + 1 for one in navigate.references(names, key, *where)]


@pytest.mark.parametrize("what", ["d\\i", "at\\i", "lab\\i", ")ST"])
def test_the_letters_beside_a_parameter_are_no_name(what: str) -> None:
    assert lines(TEXT, what) == ([], [])
    glued = {")ST": "\\which\\()ST"}.get(what, what)
    assert refusal(TEXT, what, "other") == f"`{glued}` is a name only where a macro is called"


@pytest.mark.parametrize(("what", "behind"), [("d\\i", 2), ("at\\i", 3), ("lab\\i", 4), ("i, n", 0), ("i=8", 0)])
def test_a_parameter_in_a_glued_name_is_that_of_its_macro(what: str, behind: int) -> None:
    assert lines(TEXT, what, behind) == ([6], [6, 7, 8, 9, 10, 17])
    text = applied(TEXT, what, "turn", behind)
    assert "at\\turn, 1" in text and "d\\turn\\(), FIRST" in text and "turn=8" in text
    assert assemble(text).words.tolist() == assemble(TEXT).words.tolist()


@pytest.mark.parametrize(("what", "new"), [("FIRST", "ONE"), ("at7 +", "put7"), ("lab7\n", "lip7"), ("d7, 0", "d1")])
def test_a_name_that_a_macro_makes_is_refused_in_words(what: str, new: str) -> None:
    assert refusal(TEXT, what, new) == f"the program would be another one if this were `{new}`"


@pytest.mark.parametrize(
    ("what", "new", "changed"),
    [("SECOND", "TWO", [4, 17]), ("d_in", "d_out", [5, 21]), ("use i", "take", [6, 16, 17]), ("d9", "d10", [13]),
     ("n=SECOND", "m", [6, 7, 17])],
)  # fmt: skip
def test_a_name_beside_glued_ones_is_renamed_whole(what: str, new: str, changed: list[int]) -> None:
    assert [line for line, _ in spans(TEXT, what, new)] == changed
    after = assemble(applied(TEXT, what, new)).words.tolist()
    assert (after == assemble(TEXT).words.tolist()) == (what != "d9")


@pytest.mark.parametrize(("what", "new"), [("at7 +", "put7"), ("lab7\n", "lip7"), ("FIRST", "ONE"), ("d7, 0", "d1")])
def test_of_a_program_with_mistakes_no_name_is_renamed_that_a_macro_may_make(what: str, new: str) -> None:
    assert refusal(BROKEN, what, new).endswith("and the program has mistakes")


@pytest.mark.slow
@pytest.mark.parametrize("new", ["LAST", "atom", "lab_", "d_other"])
def test_of_a_program_with_mistakes_no_name_is_given_that_a_macro_may_make(new: str) -> None:
    assert refusal(BROKEN, "SECOND", new).startswith("a macro may make this name of `")


def test_of_a_program_with_mistakes_other_names_are_renamed() -> None:
    assert spans(BROKEN, "SECOND", "TWO") == [(4, "SECOND"), (17, "SECOND")]
    assert spans(BROKEN, "use i", "take") == [(6, "use"), (16, "use"), (17, "use")]


def test_a_condition_on_a_name_follows_it_or_is_refused() -> None:
    text = TEXT.replace(
        "        start\n", "        .ifdef  SECOND\n        .equ    EXTRA, 1\n        .endif\n        start\n"
    )
    text = text.replace("base    d_in, 2", "base    d_in, EXTRA")
    assert [line for line, _ in spans(text, "SECOND", "TWO")] == [4, 15, 20]
    assert assemble(applied(text, "SECOND", "TWO")).words.tolist() == assemble(text).words.tolist()


def test_a_name_in_a_text_that_a_macro_shows_stays_as_it_is() -> None:
    text = TEXT.replace("        halt\n", '        .assert SECOND == 4, "SECOND is four"\n        halt\n')
    assert '.assert TWO == 4, "SECOND is four"' in applied(text, "SECOND", "TWO")


# Over files, with texts that are not saved ----------------------------------------------------------------------------

MAIN = '        .include "lib/names.s"\n' + BASE.replace("        .equ    OUT, 4\n", "")
NAMES = "        .equ    OUT, 4\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return on_disk(tmp_path, {"main.s": MAIN, "lib/names.s": NAMES})


def renamed_files(sources: Sources, key: str, text: str, what: str, new: str) -> dict[str, str]:
    """Each text that another name changes, as it becomes."""
    found = navigate.renamed(sources, key, *place(text, what), new)
    after = {}
    for file in dict.fromkeys(span.file for span in found):
        now = sources.get(file)
        assert now is not None
        after[file] = navigate.applied(now.text, [span for span in found if span.file == file], new)
    return after


def test_places_are_those_of_the_texts_that_are_not_saved(files: dict[str, str], tmp_path: Path) -> None:
    sources = Sources()
    shifted = f"; not saved\n; é😀\n{MAIN}"
    sources.open(uri(files["main.s"]), shifted)
    sources.open(uri(files["lib/names.s"]), f"\n{NAMES}        .equ    MORE, OUT + 1\n")
    after = renamed_files(sources, files["main.s"], shifted, "OUT\n        input", "RESULTS")
    assert set(after) == set(files.values())
    assert after[files["main.s"]] == shifted.replace("OUT", "RESULTS")
    assert after[files["lib/names.s"]] == "\n        .equ    RESULTS, 4\n        .equ    MORE, RESULTS + 1\n"
    for name, key in files.items():
        Path(key).write_text(after[files[name]])
    assert assemble_file(Path(files["main.s"])).words.tolist() == assemble(BASE).words.tolist()


def test_a_clash_with_what_is_not_saved_is_refused(files: dict[str, str]) -> None:
    sources = Sources()
    sources.open(uri(files["lib/names.s"]), f"{NAMES}        .equ    FRESH, 9\n")
    for key, text in ((files["main.s"], MAIN), (files["lib/names.s"], NAMES)):
        with pytest.raises(UsageError, match=r"`FRESH` is already used, in names.s:2"):
            navigate.renamed(sources, key, *place(text, "OUT"), "FRESH")
    sources.close(uri(files["lib/names.s"]))
    assert len(navigate.renamed(sources, files["main.s"], *place(MAIN, "OUT"), "FRESH")) == 3


def test_an_include_that_is_not_saved_counts(files: dict[str, str], tmp_path: Path) -> None:
    other = on_disk(tmp_path, {"other.s": "        .equ    OUT, 1\n"})["other.s"]
    sources = Sources()
    assert {one.file for one in navigate.renamed(sources, other, 0, 16, "X")} == {other}
    sources.open(uri(other), '        .include "lib/names.s"\n        .equ    FOUR, OUT\n')
    found = navigate.renamed(sources, other, 1, 22, "X")
    assert {one.file for one in found} == {other, *files.values()}


# Time -----------------------------------------------------------------------------------------------------------------


def test_a_rename_among_macros_takes_a_tenth_of_a_second() -> None:
    body = "".join(f"        use     {turn % 9}, FIRST\n" if turn % 8 == 0 else f"        base    d{turn % 9}, {turn}\n"
                   for turn in range(1_970))  # fmt: skip
    macro = "        .macro  use i, n\n        base    d\\i, \\n\n        dim     d\\i, 0, \\n + FIRST\n        .endm\n"
    text = f"        .chip   acortex_digits\n        .equ    FIRST, 3\n{macro}        start\n{body}        halt\n"
    sources, key = opened(text)
    session = checked(sources, key)
    where = place(text, "FIRST")
    navigate.renamed(sources, key, *where, "WARM", session.words())
    took = []
    for new in ("ONE", "TWO", "THREE"):
        start = process_time()
        found = navigate.renamed(sources, key, *where, new, session.words())
        took.append(process_time() - start)
    assert len(found) == 2 + len(range(0, 1_970, 8))
    assert min(took) < 0.25  # a tenth on an idle machine; assembling twice would be more


def test_words_are_known_of_what_was_checked_as_it_is() -> None:
    sources, key = opened(BASE)
    session = checked(sources, key)
    assert session.words() == {key: assemble(BASE).words.tolist()}
    sources.open(key, BASE + "\n")
    assert session.words() == {}
    assert checked(*opened(BROKEN)).words() == {}

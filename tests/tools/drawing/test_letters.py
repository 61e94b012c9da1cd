"""Widths of texts: never below those of the font that pictures name first, and what is cut fits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.drawing.letters import FAMILY, OTHER, WIDTHS, shortest, width_of, wrapped

ASCII = [chr(code) for code in range(32, 127)]
WORDS = st.text(st.sampled_from(ASCII) | st.characters(exclude_categories=["Cs"]), max_size=60)


def measured(text: str, size: float, bold: bool) -> float:
    """What matplotlib measures of a text in DejaVu Sans, in the unit of the size."""
    matplotlib = pytest.importorskip("matplotlib")
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    with matplotlib.rc_context({"text.parse_math": False}):
        font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size)
        width, _, _ = TextToPath().get_text_width_height_descent(text, font, False)
    return float(width)


@pytest.mark.parametrize("bold", [False, True])
def test_each_letter_has_the_width_of_the_font(bold: bool) -> None:
    manager = pytest.importorskip("matplotlib.font_manager")
    font = manager.get_font(
        manager.findfont(manager.FontProperties(family="DejaVu Sans", weight="bold" if bold else 400))
    )
    font.set_size(100, 72)
    for letter, width in zip(ASCII, WIDTHS[bold], strict=True):
        advance = font.load_char(
            ord(letter), pytest.importorskip("matplotlib.ft2font").LoadFlags.NO_HINTING
        ).linearHoriAdvance
        assert width == round(advance / 65536 * 10), letter


@pytest.mark.parametrize("text", ["conv4_12_3", "main memory", "3.17 ms", "60,227,776  99.9 %", "WWW MMM", "fi ffl AV"])
@pytest.mark.parametrize("bold", [False, True])
def test_a_text_is_about_as_wide_as_the_font_makes_it(text: str, bold: bool) -> None:
    assert width_of(text, 12, bold) >= 0.97 * measured(text, 12, bold)
    assert width_of(text, 12, bold) <= 1.08 * measured(text, 12, bold)


@pytest.mark.parametrize("letter", ["²", "µ", "…", "é", "Ω", "→"])
def test_other_letters_have_room(letter: str) -> None:
    assert width_of(letter, 100) >= measured(letter, 100, False)


def test_there_is_a_width_for_each_letter_and_bold_is_not_narrower() -> None:
    assert {len(table) for table in WIDTHS.values()} == {95}
    assert all(bold >= plain for plain, bold in zip(WIDTHS[False], WIDTHS[True], strict=True))
    assert max(WIDTHS[False]) <= OTHER


def test_the_widest_font_stands_first() -> None:
    assert FAMILY.split(", ")[0] == "DejaVu Sans"
    assert FAMILY.endswith("sans-serif")


def test_the_width_is_that_of_the_size() -> None:
    assert width_of("abc", 24) == pytest.approx(2 * width_of("abc", 12))
    assert width_of("", 12) == 0


@given(WORDS, st.floats(0, 400), st.floats(6, 30), st.booleans())
def test_what_is_cut_fits(text: str, width: float, size: float, bold: bool) -> None:
    found = shortest(text, width, size, bold)
    assert width_of(found, size, bold) <= width or found == ""
    if width_of(text, size, bold) <= width:
        assert found == text
    elif found:
        head, _, tail = found.partition("…")
        assert text.startswith(head) and text.endswith(tail)


def test_a_long_name_keeps_its_begin_and_its_end() -> None:
    found = shortest("globalaveragepool_1_of_the_network", 120, 11)
    assert found.startswith("global") and found.endswith("work") and "…" in found


@pytest.mark.parametrize("cut", ["abcdefg", "abc…fg", "ab…fg", "ab…g", ""])
def test_a_name_is_cut_to_three_letters_at_least(cut: str) -> None:
    """Where the room is for just these, or for two."""
    room = width_of(cut or "a…g", 12)
    assert shortest("abcdefg", room, 12) == cut


def test_nothing_is_left_where_there_is_no_room() -> None:
    assert shortest("conv4", 5, 12) == ""


@given(st.lists(st.text(st.sampled_from(ASCII[1:]), min_size=1, max_size=12), max_size=30), st.floats(120, 500))
def test_wrapped_lines_hold_all_words_in_order_and_fit(words: list[str], width: float) -> None:
    lines = wrapped(" ".join(words), width, 12)
    assert all(width_of(line, 12) <= width for line in lines)
    assert " ".join(lines).split() == [
        word if width_of(word, 12) <= width else shortest(word, width, 12) for word in words
    ]


def test_wrapping_takes_as_much_as_fits() -> None:
    text = "one two three four five six seven"
    lines = wrapped(text, 130, 12)
    assert len(lines) > 1
    for line, after in pairwise(lines):
        assert width_of(f"{line} {after.split()[0]}", 12) > 130


def test_a_word_that_is_too_long_is_cut() -> None:
    (line,) = wrapped("x" * 200, 100, 12)
    assert "…" in line and width_of(line, 12) <= 100

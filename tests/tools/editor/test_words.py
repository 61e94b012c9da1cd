"""Lines in words, whatever they hold."""

from __future__ import annotations

import pytest

from acortex.tools.editor.words import line_of, names_in, parameters_of, word_at, words_of


def test_a_line_has_labels_a_head_arguments_and_a_comment() -> None:
    line = line_of("a: b:  base d1, OUT + 1, by=l0 ; why")
    assert [word.text for word in line.labels] == ["a", "b"]
    assert line.first == "base"
    assert [[word.text for word in one.words] for one in line.arguments] == [["d1"], ["OUT", "+", "1"], ["l0"]]
    assert [one.stands_for(place) for place, one in enumerate(line.arguments)] == ["0", "1", "by"]
    assert line.comment is not None
    assert line.comment.text == "; why"
    assert line.end == len("a: b:  base d1, OUT + 1, by=l0")


@pytest.mark.parametrize(
    ("text", "first", "labels", "arguments"),
    [
        ("", "", 0, 0),
        ("   ", "", 0, 0),
        ("; base d0", "", 0, 0),
        ("a:", "", 1, 0),
        ("halt", "halt", 0, 0),
        ("base ,", "base", 0, 2),
        ("base ,,", "base", 0, 3),
        ("base d0,", "base", 0, 2),
        ("= 3", "", 0, 0),
        ("3 base", "", 0, 0),
        (".macro get a, b=2", ".macro", 0, 2),
        ("\\a: get", "get", 1, 0),
        ("$ base d0", "base", 0, 1),
        ('base "open', "base", 0, 1),
    ],
)
def test_a_line_that_is_not_whole_has_the_parts_that_it_has(text: str, first: str, labels: int, arguments: int) -> None:
    line = line_of(text)
    assert (line.first, len(line.labels), len(line.arguments)) == (first, labels, arguments)


def test_an_argument_knows_its_place() -> None:
    line = line_of(" base d1, by = l0")
    assert [(one.start, one.end) for one in line.arguments] == [(6, 8), (9, 17)]
    assert line.arguments[1].name is not None
    assert line.arguments[1].name.column == 10


@pytest.mark.parametrize(
    ("text", "parameters"),
    [("d1\\i", ["i"]), ("\\a\\b", ["a", "b"]), ("\\a\\()x", ["a"]), ('"f\\n.npz"', ["n"]), ("plain", [])],
)
def test_parameters_of_a_word_have_their_places(text: str, parameters: list[str]) -> None:
    (word, *_) = words_of(f" {text}")
    found = list(parameters_of(word))
    assert [one.text for one in found] == parameters
    for one in found:
        assert f" {text}"[one.column : one.end] == one.text


@pytest.mark.parametrize(("column", "text"), [(0, "a"), (1, "a"), (2, "+"), (3, "b"), (4, "b"), (5, None)])
def test_the_word_at_a_column_goes_before_what_stands_beside_it(column: int, text: str | None) -> None:
    word = word_at(line_of("a +b ").words[:3], column) if column != 5 else word_at((), column)
    assert (word.text if word else None) == text


def test_names_are_told_from_other_words() -> None:
    words = line_of('input "a b", x, 3, d0').words
    assert [word.text for word in names_in(words)] == ["input", "x", "d0"]
    assert [word.text for word in names_in(words, "string")] == ["input", '"a b"', "x", "d0"]

"""Each bug that `plant.py` plants changes a text that the sources have, and the page lists every bug."""

from __future__ import annotations

import ast

import pytest

from judge.plant import BUGS, PAGE, ROOT


@pytest.mark.parametrize("bug", BUGS, ids=[name for name, *_ in BUGS])
def test_the_text_that_a_bug_replaces_stands_in_its_file(bug: tuple[str, str, str, str]) -> None:
    _, file, text, instead = bug
    source = (ROOT / file).read_text()
    assert text in source
    planted = source.replace(text, instead, 1)
    assert planted != source
    ast.parse(planted)  # a bug that does not even parse says nothing of the tests


def test_the_page_lists_every_bug_with_its_file() -> None:
    page = PAGE.read_text()
    assert [name for name, file, _, _ in BUGS if f"| {name} | `{file}` |" not in page] == []

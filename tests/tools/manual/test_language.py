"""docs/reference/language.md has every topic and every directive, and nothing in it is taken for markup."""

from __future__ import annotations

from pathlib import Path

from acortex.isa.manual import manual
from acortex.tools.manual.language import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "language.md"


def test_the_page_is_what_make_pages_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make pages writes it anew"


def test_every_topic_and_directive_has_a_section() -> None:
    book, text = manual(), page()
    assert all(f"\n## {topic.title}\n" in text for topic in book.topics)
    assert all(f"\n### {directive.directive}\n" in text for directive in book.directives)


def test_stars_and_bars_of_expressions_mean_themselves() -> None:
    text = page()
    assert "i0 \\* stride0" in text  # else two stars were emphasis
    assert "`` a \\|\\| b ``" in text  # else the bars were borders of the table
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}

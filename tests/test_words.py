"""Plain words: rates say "per", and lines of the pages for users have at most 120 characters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shape

CHECKOUT = Path(__file__).resolve().parent.parent

RATE = re.compile(
    r"\b(?:(?:one|two|three|four|eight|\d+)(?: (?!of |for |in |to )\w+)?|arrays|bits|bytes|codes"
    r"|columns|cycles|entries|events|frames|lines|loads|numbers|pixels|rows|steps|tokens|vectors|words)"
    r" an? (?:array|block|cell|channel|column|cycle|event|frame|inference|instruction|key|KB|lane|layer"
    r"|line|map|neuron|pass|pixel|position|row|second|step|tensor|unit|word)\b"
    r"(?!'s| (?:of|is|may|has|have|holds?|names?|needs?|takes?)\b)",
    re.IGNORECASE,
)
"""A rate without "per", such as "two words a cycle"."""

PAGES = [
    "README.md",
    "DEVIATIONS.md",
    "changes/README.md",
    "CONTRIBUTING.md",
    *(path.relative_to(CHECKOUT).as_posix() for path in sorted((CHECKOUT / "docs").rglob("*.md"))),
]


def rates(text: str) -> list[str]:
    """The rates of a text that do not say "per"."""
    return [found.group() for found in RATE.finditer(" ".join(text.split()))]


@pytest.mark.parametrize("layer", ["isa", "traces", "sim", "programs", "tools"])
def test_the_sources_say_per_for_a_rate(layer: str) -> None:
    found = {shape.place(path): rates(path.read_text()) for path in shape.files(CHECKOUT / layer)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_per_for_a_rate_and_keeps_its_lines_short(page: str) -> None:
    text = (CHECKOUT / page).read_text()
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert rates(text) == []
    prose = [line for line in text.splitlines() if not line.startswith(("|", "`", "Hint: `"))]
    assert [line for line in prose if len(line) > 120] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gives two words a\n    cycle", ["two words a cycle"]),
        ("one row an instruction", ["one row an instruction"]),
        ("two words per cycle", []),
        ("64 words a pixel", ["64 words a pixel"]),
        ("has a word", []),
        ("reads one, a word", []),
    ],
)
def test_a_rate_is_seen_across_lines(text: str, found: list[str]) -> None:
    assert rates(text) == found

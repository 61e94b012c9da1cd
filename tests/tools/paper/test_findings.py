"""What the paper says, and what we find: every printed number has a sentence, and each sentence a row."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from acortex.tools.paper import findings
from acortex.tools.paper.figures.figure import Given, Printed, counted, simulated
from acortex.tools.paper.findings import SENTENCES, Sentence

DOCS = Path(__file__).resolve().parents[3] / "docs"
FIGURES = ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7c")
OURS_ALONE = {"outputs settled to half a code", "accuracy lost with the fitted offset as well"}
"""Rows that stand beside a printed number which another row answers."""


def rows_of(figure: str) -> dict[str, str]:
    """The rows of a figure's page, with what the paper prints."""
    text = (DOCS / f"figure-{figure.removeprefix('fig')}.md").read_text()
    table = text[text.index("| row | paper | ours |") :].split("\n\n")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", table, re.MULTILINE)[2:])


@pytest.mark.parametrize("figure", FIGURES)
def test_sentences_and_printed_numbers_answer_each_other(figure: str) -> None:
    rows = rows_of(figure)
    named = [one.row for one in SENTENCES if one.figure == figure]
    assert [name for name in named if name not in rows] == []
    ours = {row for row, paper in rows.items() if paper != "-" and not paper.endswith("*")} - OURS_ALONE
    assert ours - {*named} == set()


def test_the_page_has_every_sentence() -> None:
    text = (DOCS / "findings.md").read_text()
    assert [one.says for one in SENTENCES if f"| {one.says} |" not in text] == []
    assert all(f"| {row.row} |" in text for row in findings.architecture())


def test_what_the_chip_file_has_of_the_architecture_is_what_is_printed() -> None:
    assert all(row.within and row.basis == "published" for row in findings.architecture())


def test_numbers_are_counted_by_what_they_rest_on() -> None:
    given = (Given("a", "1", "fitted", "here", ("a",)),)
    rows = [
        simulated("a", "V", 1.0, given, Printed(1.0)),
        simulated("b", "V", 1.0, given, Printed(2.0), "far"),
        simulated("c", "V", 1.0, given),
        counted("d", "V", 1, Printed(1)),
    ]
    assert findings.tally(rows) == [("exact", "1", "1"), ("predicted", "1", "0"), ("fitted", "1", "1")]
    sentences = [Sentence(name.upper(), "fig9", name) for name in "abc"] + [Sentence("D", "fig9", "d", "it is not so")]
    assert findings.disagreements(sentences, rows) == [
        "B: printed 2, ours 1 V. Far.",
        "D: printed 1, ours 1 V. It is not so.",
    ]


def test_the_page_counts_what_its_tables_say() -> None:
    text = (DOCS / "findings.md").read_text()
    said: Counter[tuple[str, str]] = Counter()
    lines = re.findall(r"^\| .* \| (.+) \| (.+) \|$", text[text.index("## Sentence by sentence") :], re.MULTILINE)
    for kinds, verdicts in ((basis.split(" / "), agrees.split(" / ")) for basis, agrees in lines):
        said.update(zip(kinds * (len(verdicts) // len(kinds)), verdicts, strict=True))
    counts = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(counts) == 5
    for basis, every, agreeing in counts:
        yes, no = said[basis, "yes"], said[basis, "NO"]
        assert (int(every), int(agreeing)) == (yes + no, yes)


def test_the_sentence_on_speed_is_denied() -> None:
    denied = [one for one in SENTENCES if one.denied]
    assert [one.row for one in denied] == ["latency, digital over mixed-signal"]
    line = next(line for line in (DOCS / "findings.md").read_text().splitlines() if denied[0].says in line)
    assert line.endswith("| NO |")

"""What the pages for users show is what happens: each block of code and each command is run, outputs are compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import CHECKOUT, Block, Session, blocks_of, commands_of, matches, stage

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(CHECKOUT).as_posix() for page in PAGES]

SLOW = {
    "docs/analog-networks.md",
    "docs/array-size.md",
    "docs/command-line.md",
    "docs/design.md",
    "docs/draw.md",
    "docs/figure-2.md",
    "docs/figure-4.md",
    "docs/figure-5.md",
    "docs/figure-6.md",
    "docs/figure-7c.md",
    "docs/how-to/explore-a-chip.md",
    "docs/how-to/find-what-changed.md",
    "docs/how-to/find-what-limits.md",
    "docs/how-to/notebook.md",
    "docs/how-to/test-a-kernel.md",
    "docs/report.md",
    "docs/sweep.md",
    "docs/systems.md",
    "docs/technologies.md",
    "docs/tutorial/overlap.md",
}
"""Pages whose commands take a second and more."""

HELD = {
    "README.md": "tests/tools/test_readme.py",
    "docs/analog.md": "tests/sim/accuracy/test_page.py",
    "docs/debugger.md": "tests/tools/commands/test_debug.py",
    "docs/extending.md": "tests/drills.py",
    "docs/host.md": "tests/programs/host/test_page.py",
    "docs/timing-anomalies.md": "tests/sim/test_anomalies.py",
    "docs/trace-format.md": "tests/traces/file/test_format_page.py",
    "docs/training.md": "tests/test_training_page.py",
    "docs/view.md": "tests/tools/commands/test_view.py",
}
"""Pages that a test of their own holds: it runs their blocks; of the README it parses the commands, and runs some."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NAMES]
)
def test_the_blocks_of_a_page_do_what_it_shows(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = blocks_of(CHECKOUT / name) if name not in HELD else []
    stage(tmp_path, "".join(block.text for block in blocks))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    session = Session(tmp_path)
    wrong = {f"{block.place} {command}": printed for block in blocks for command, _, printed in session.run(block)}
    session.names.clear()  # closes what a page opens and leaves open, as readers do
    assert wrong == {}, "if it is right: .venv/bin/python tests/pages.py PAGE"


def test_a_block_that_is_not_run_says_why() -> None:
    reasons = {block.place: block.reason for name in NAMES for block in blocks_of(CHECKOUT / name) if block.reason}
    assert {place: reason for place, reason in reasons.items() if len(reason.split()) < 3} == {}
    assert len(reasons) < 40  # most of what the pages show is run


@pytest.mark.parametrize("name", HELD)
def test_a_page_that_a_test_holds_is_one_that_this_test_reads(name: str) -> None:
    assert Path(name).name in (CHECKOUT / HELD[name]).read_text()
    assert any(block.kind for block in blocks_of(CHECKOUT / name))


def test_every_page_stands_in_the_table_of_contents() -> None:
    docs = CHECKOUT / "docs"
    listed = {"index"}
    for index in (docs / "index.md", docs / "tutorial" / "index.md"):
        for toctree in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text(), re.DOTALL):
            names = [line for line in toctree.splitlines() if line and not line.startswith(":")]
            listed |= {(index.parent / name).relative_to(docs).as_posix() for name in names}
    assert listed == {page.relative_to(docs).with_suffix("").as_posix() for page in docs.rglob("*.md")}


# The reader of blocks itself


def read(tmp_path: Path, text: str) -> list[Block]:
    page = tmp_path / "page.md"
    page.write_text(text)
    return blocks_of(page)


def test_blocks_are_told_apart(tmp_path: Path) -> None:
    text = (
        "    acortex zoo\n\n```{code-block} acortex\n:caption: a.s\n\nstart\n```\n\n```text\nplain\n```\n"
        "<!-- not run: it takes an hour -->\n```console\n$ acortex bench\n```\n```{toctree}\nstart\n```\n"
        "```\nacortex zoo   # lists them\n```\n    indented, no command\n"
    )
    found = [(block.kind, block.caption, block.text, block.reason) for block in read(tmp_path, text)]
    assert found == [
        ("shell", "", "acortex zoo\n", ""),
        ("file", "a.s", "\nstart\n", ""),
        ("", "", "plain\n", ""),
        ("console", "", "$ acortex bench\n", "it takes an hour"),
        ("shell", "", "acortex zoo   # lists them\n", ""),
    ]


def test_a_command_may_go_over_lines(tmp_path: Path) -> None:
    (block,) = read(tmp_path, "```console\n$ acortex run a.s \\\n    --timing-only\nfirst\n\n$ acortex zoo\n```\n")
    assert commands_of(block) == [("acortex run a.s --timing-only", "first\n"), ("acortex zoo", "")]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a  \nb\n\n", True),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("a\n...\nc", "a\nc\n", True),
        ("a\n...\nd", "a\nb\nc\n", False),
        ("a", "a\nb\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("a.c", "abc", False),
    ],
)
def test_what_is_shown_matches_what_is_printed(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) == same


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```console\n$ acortex asm nothing.s\n```\n", "ends with 2"),
        ("```console\n$ curl example.org\n```\n", "no test runs `curl example.org`"),
        ('```python\nassert 1 == 2, "sums differ"\n```\n', "sums differ"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Got:\n    2"),
    ],
)
def test_a_block_that_fails_fails(text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path)
    with pytest.raises(AssertionError, match=re.escape(why)):
        for block in read(tmp_path, text):
            session.run(block)


def test_an_output_that_differs_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = read(tmp_path, "```console\n$ acortex isa nop\nnothing\n```\n")
    ((command, shown, printed),) = Session(tmp_path).run(block)
    assert (command, shown) == ("acortex isa nop", "nothing")
    assert "Does nothing for one issue slot." in printed

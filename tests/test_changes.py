"""The changelog is made of fragments: each has a name that says its kind, and stands in the section drawn from them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((CHECKOUT / "towncrier.toml").read_text())["tool"]["towncrier"]
KINDS = [kind["directory"] for kind in SETTINGS["type"]]
FOLDER = CHECKOUT / SETTINGS["directory"]


def fragments() -> list[Path]:
    """The fragments of the checkout; the page that says how to write one is none."""
    return [path for path in sorted(FOLDER.iterdir()) if path.name != "README.md"]


def faults(name: str, text: str) -> list[str]:
    """What is wrong with a fragment, as `changes/README.md` describes one."""
    found = []
    if not re.fullmatch(rf"\+[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md", name):
        found.append(f"{name}: the name is not +WHAT.KIND.md with a KIND of {', '.join(KINDS)}")
    if not text.strip() or text.startswith(("-", "*", "#")):
        found.append(f"{name}: the text is not one entry without a bullet")
    return found


def test_every_fragment_has_a_name_and_a_text_that_fit() -> None:
    assert [fault for path in fragments() for fault in faults(path.name, path.read_text())] == []


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("+pool-order.fixed.md", "A pool gives its words in order.", 0),
        ("pool-order.fixed.md", "A pool gives its words in order.", 1),
        ("+pool.repaired.md", "A pool gives its words in order.", 1),
        ("+pool.fixed", "A pool gives its words in order.", 1),
        ("+pool.fixed.md", "- A pool gives its words in order.", 1),
        ("+pool.fixed.md", " \n", 1),
    ],
)
def test_a_fragment_that_does_not_fit_is_seen(name: str, text: str, wrong: int) -> None:
    assert len(faults(name, text)) == wrong


def test_the_page_about_fragments_names_every_kind() -> None:
    page = (FOLDER / "README.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_the_section_drawn_has_every_fragment_under_its_kind() -> None:
    pytest.importorskip("towncrier")
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9", "--date", "2000-01-01"]
    drawn = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    sections = dict(re.findall(r"^### (\w+)\n\n(.*?)\n\n", drawn, re.MULTILINE | re.DOTALL))
    assert "## 9.9.9 (2000-01-01)" in drawn
    for path in fragments():
        kind = path.name.split(".")[1].capitalize()
        assert f"- {' '.join(path.read_text().split())}" in " ".join(sections[kind].split())

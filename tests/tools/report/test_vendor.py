"""What a page contains of others is what they published, and what is ours loads and evaluates nothing."""

from __future__ import annotations

import hashlib
import re

import pytest

from acortex.tools.report.render import OWN, SCRIPTS, STYLES, static

SUMS = dict(reversed(line.split()) for line in static("vendor/SHA256SUMS").splitlines())


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_vendored_file_is_as_it_was_published(name: str) -> None:
    assert hashlib.sha256(static(f"vendor/{name}").encode()).hexdigest() == SUMS[name]


def test_each_vendored_file_that_a_page_contains_has_a_checksum_and_a_licence() -> None:
    used = {name.removeprefix("vendor/") for name in (*SCRIPTS, *STYLES) if name.startswith("vendor/")}
    assert used < set(SUMS)
    assert "MIT License" in static("vendor/uPlot.LICENSE")


@pytest.mark.parametrize("name", OWN)
def test_our_scripts_make_no_markup_of_text_and_load_nothing(name: str) -> None:
    source = static(name)
    wrong = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\bfetch\(|XMLHttp|import\("
    assert re.findall(wrong, source) == []
    assert re.findall(r"https?:", source) == []


def test_the_style_loads_nothing() -> None:
    assert re.findall(r"url\(|@import|https?:", static("report.css")) == []


@pytest.mark.parametrize("name", [*SCRIPTS, *OWN, *STYLES])
def test_nothing_ends_the_element_that_it_stands_in(name: str) -> None:
    assert re.findall(r"</(?:script|style)|<!--", static(name), re.IGNORECASE) == []

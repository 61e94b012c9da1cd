"""A page of `acortex trace report`, read without a browser: its elements, its data, and its scripts in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from acortex.tools.report.packing import inflated, unpacked
from acortex.tools.report.render import static

NODE = shutil.which("node")
HERE = Path(__file__).parent / "tools" / "report"


@dataclass
class PageParts(HTMLParser):
    """The elements of a page, each as its name and attributes, and the texts of scripts and styles."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    data: str = ""
    _open: tuple[str, dict[str, str | None]] = ("", {})

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open = self.elements[-1]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open[0]:
            self._open = ("", {})

    def handle_data(self, data: str) -> None:
        name, attributes = self._open
        if name == "script" and attributes.get("id") == "data":
            self.data += data
        elif name:
            (self.scripts if name == "script" else self.styles).append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that a reader sees, but for what scripts make."""
        return " ".join(" ".join(self.words).split())


def parts(page: str) -> PageParts:
    """A page taken apart."""
    found = PageParts()
    found.feed(page)
    return found


def carried(page: str) -> dict[str, Any]:
    """The data that a page carries."""
    plain: dict[str, Any] = json.loads(inflated(parts(page).data))
    return plain


def rows(side: dict[str, Any], name: str = "rows") -> dict[str, Any]:
    """The columns of a run, with the `start` and `end` that a browser makes of gaps."""
    found = unpacked(side[name]["columns"], side[name]["text"])
    if name == "rows":
        starts, ends = [], []
        for first, last in zip(side["first"], side["first"][1:], strict=False):
            end = 0
            for gap, span in zip(found["gap"][first:last].tolist(), found["span"][first:last].tolist(), strict=True):
                starts.append(end + gap)
                end = end + gap + span
                ends.append(end)
        found["start"], found["end"] = starts, ends
    return found


def in_node(scripts: Sequence[str], page: str, asked: str, **given: object) -> dict[str, Any]:
    """What a file of questions finds on a page whose scripts run in Node; what is `given` they know by name."""
    plain = {
        "scripts": "'use strict';\n" + "\n".join(map(static, scripts)),
        "data": parts(page).data,
        "asked": (HERE / asked).read_text(),
        **given,
    }
    command = [str(NODE), str(HERE / "fake_browser.js")]
    made = subprocess.run(command, input=json.dumps(plain), capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def unnamed(tab: Any, controls: str) -> int:
    """How many of the controls of a page in a browser have no name for those who do not see it."""
    without = "!(one.getAttribute('aria-label') || one.textContent.trim())"
    return int(tab.evaluate(f"[...document.querySelectorAll('{controls}')].filter((one) => {without}).length"))

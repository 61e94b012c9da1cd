"""What may name a tensor, a layer or a program, and how a name is written in assembly."""

from __future__ import annotations

import re

MAX_NAME = 200
"""The longest name."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)


def is_name(text: str) -> bool:
    """Whether a text may name something: printable characters, neither too many nor none, no quote, no backslash."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and '"' not in text and "\\" not in text


def quoted(name: str) -> str:
    """A name as the source writes it: bare where it is an identifier, else in quotes."""
    return name if IDENTIFIER.fullmatch(name) else f'"{name}"'

"""Lines of assembly text, and what registers hold: the small change of a program that is written by a program."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

from acortex.programs.mapping.schedule import Token

ARRAYS = "arrays.npz"
"""The file that a text names for its arrays."""

LONGEST_NAME = 150
"""Characters of a name that are written; an assembler takes 200."""


def line(mnemonic: str, operands: str = "", comment: str = "") -> str:
    """An instruction or a directive, in its column."""
    text = f"        {mnemonic:7} {operands}"
    return f"{text:40}        ; {comment}" if comment else text


def title(text: str) -> str:
    """A comment that begins a part of the program."""
    return f"; {text} ".ljust(120, "-") + "\n"


def named(**values: tuple[int, int]) -> str:
    """Operands by name, those left out that have their default: name=(value, default)."""
    return "".join(f", {name}={value}" for name, (value, default) in values.items() if value != default)


def writable(names: Iterable[str]) -> dict[str, str]:
    """Each name as it may stand in a text, in quotes or a comment: printable, not too long, and all different."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in dict.fromkeys(names):
        clean = "".join(letter if letter.isprintable() and letter not in '"\\' else "_" for letter in name)
        clean = clean[:LONGEST_NAME] or "_"
        while clean in used:
            clean += "_"
        used.add(clean)
        found[name] = clean
    return found


def signal(token: Token) -> str:
    """A token is made."""
    return line("signal", f"{token.maker}, t{token.number}")


def await_(token: Token) -> str:
    """A token is awaited."""
    return line("await", f"{token.taker}, t{token.number}")


def symbols(layouts: Iterable[str]) -> dict[str, str]:
    """A name for the address of each map that an assembler takes, all different."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in layouts:
        symbol = "AT_" + re.sub(r"\W", "_", name[:LONGEST_NAME], flags=re.ASCII)
        while symbol in used:
            symbol += "_"
        used.add(symbol)
        found[name] = symbol
    return found


class Registers:
    """What registers hold within a turn of a loop, so that nothing is set twice; the longest unused makes room."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.forget()

    def forget(self) -> None:
        """Nothing is known of any register from here on."""
        self._held: dict[Hashable, int] = {}
        self._free = list(range(self._count))

    def hold(self, value: Hashable) -> tuple[int, bool]:
        """A register for a value, and whether it holds it already."""
        known = value in self._held
        if known:
            self._held[value] = self._held.pop(value)  # now the youngest
        else:
            if not self._free:
                self._free.append(self._held.pop(next(iter(self._held))))
            self._held[value] = self._free.pop(0)
        return self._held[value], known

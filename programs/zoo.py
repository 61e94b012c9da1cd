"""The built-in networks, by name."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from acortex.errors import UsageError
from acortex.isa.assembler import assemble_file
from acortex.isa.program import Program

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """One network: its name, the source beside this file that holds it, and what it is."""

    name: str
    source: str
    doc: str


ENTRIES = (
    Entry(
        "digits_mlp",
        "digits_mlp.s",
        "784-64-10 on 1,500 handwritten digits, hand-written assembly (Bavandpour et al. 2018, Fig. 5)",
    ),
)


def names() -> list[dict[str, str]]:
    """A row a network: its name, and what it is."""
    return [{"name": entry.name, "doc": entry.doc} for entry in ENTRIES]


def load(name: str) -> Program:
    """The program of a network. Raises UsageError for a name that the zoo does not have."""
    for entry in ENTRIES:
        if entry.name == name:
            return assemble_file(FOLDER / entry.source)
    known = [entry.name for entry in ENTRIES]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean zoo:{near[0]}?" if near else f"the zoo has {', '.join(known)}"
    raise UsageError(f"the zoo has no network {name}", hint=hint)

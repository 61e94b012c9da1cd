"""Which instructions a call of a macro, a `.rept` or an `.include` has made: the first of each, by the calling line.

No instruction stands in such a line, and a debugger is asked to stop there.
"""

from __future__ import annotations

from collections.abc import Iterable

from acortex.isa.language.source import Source, Via


def calls_of(source: Source, lines: Iterable[int]) -> dict[tuple[str, int], tuple[int, ...]]:
    """The addresses at which the lines of calls begin, by file and line as a program names them.

    `lines` are those of the instructions, as read, in their order. A line in a macro is read once for each call of
    that, and has an address for each; a `.rept` has that of its first turn.
    """
    if source.origins is None:
        return {}
    names = {origin.file: origin.name for origin in source.origins}
    found: dict[tuple[str, int], list[int]] = {}
    seen: set[tuple[str, int, int]] = set()
    for pc, line in enumerate(lines):
        via = source.origins[line - 1].via
        while via is not None and (one := _identity(via)) not in seen:
            seen.add(one)
            found.setdefault((names[via.note.file], via.note.line), []).append(pc)
            via = via.above
    return {place: tuple(dict.fromkeys(pcs)) for place, pcs in found.items()}


def _identity(via: Via) -> tuple[str, int, int]:
    """What is equal for the turns of one `.rept`, and differs for other calls."""
    return via.note.file, via.note.line, id(via.above)

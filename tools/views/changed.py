"""What two runs were given that differs, in words: settings and instructions."""

from __future__ import annotations

from collections.abc import Iterator

from acortex.traces.results_of_paths import Changed, ProgramChange, SettingChange

MOST = 8
"""Settings, and instructions, that are named one by one."""

Row = tuple[str, str, str]
"""What happened to it, where it is, and what it was and is."""


def rows(changed: Changed, most: int = MOST) -> list[Row]:
    """The settings and the instructions that differ, at most so many of each, with the number of the others."""
    settings, program = changed.settings or [], changed.program or []
    return [
        *(_setting(one) for one in settings[:most]),
        *_others(len(settings) - most, "settings"),
        *(_instruction(one) for one in program[:most]),
        *_others(len(program) - most, "instructions"),
    ]


def first(changed: Changed) -> str:
    """The first setting or instruction that differs, in a few words, with the number of others; "" where none does."""
    known = rows(changed, 1)
    if not known:
        return ""
    what, place, value = known[0]
    others = len(changed.settings or []) + len(changed.program or []) - 1
    return f"{f'{place} {value}' if what == 'setting' else f'{what} {value}'}{f' and {others} more' if others else ''}"


def cause(changed: Changed) -> str:
    """Why a run may differ, in a few words: the first change, or what is the same in both."""
    known = (("settings", changed.settings), ("instructions", changed.program))
    same = [what for what, found in known if found is not None]
    lost = [what for what, found in known if found is None]
    told = [f"the same {' and '.join(same)}"] if same else []
    return first(changed) or "; ".join([*told, *([f"{' and '.join(lost)} of the golden unknown"] if lost else [])])


def _others(number: int, what: str) -> Iterator[Row]:
    if number > 0:
        yield "and", f"{number} more {what}", ""


def _setting(one: SettingChange) -> Row:
    before, after = (value_text(value) for value in (one.a, one.b))
    return "setting", one.path, f"{before} -> {after}"


def value_text(value: bool | int | float | str | None) -> str:
    """A setting as a chip file has it; null is one that a chip does not state, or does not have."""
    return "not stated" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _instruction(one: ProgramChange) -> Row:
    return one.kind, _both(one.source_a, one.source_b), _both(one.text_a, one.text_b)


def _both(a: str | None, b: str | None) -> str:
    """What the first program has, and what the second one has if that is something else."""
    return " -> ".join(dict.fromkeys(text for text in (a, b) if text is not None))

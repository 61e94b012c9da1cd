"""Two traces side by side: the first event at which they part, and what moved.

Rows are compared by what they mean (names and instructions, not positions in tables), in the order of their cycles, so
that neither the order of writing nor that of a table matters, and neither do files and lines of programs. A wait is a
row like any other: a cycle that moves from one cause to another is a difference, also where the sums agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from acortex.errors import UsageError
from acortex.traces.align import Alignment, Listing, align, listing
from acortex.traces.changed import changed_settings, settings
from acortex.traces.covers import covers
from acortex.traces.critical import Walk, has_path
from acortex.traces.divergence import (
    BEFORE,
    COLUMNS,
    INSTRUCTION,
    Divergence,
    RowBeside,
    Tables,
    common_tables,
    energy_differs,
    first_divergence,
    side,
)
from acortex.traces.file.reader import Trace
from acortex.traces.headroom import along
from acortex.traces.results_of_paths import Changed, TraceDiff
from acortex.traces.stats import Plain, known, sums_of


def diff(a: Trace, b: Trace, *, rtol_energy: float = 0.0) -> TraceDiff:
    """What differs between two traces of one level; `equal` allows each event's energy that relative tolerance.

    `first_divergence` is the first row that only one of them has, of the unit that parts first, in cycle `parted`. It
    has the rows of both: `a`, `b`, one of them perhaps the next of the same unit, kind and instruction, or None;
    `differs`: in what; `before`: the last rows in common that had ended by then; and `led_to`: for each trace, if it
    holds every event, the last steps of the chain of events that ends with its row. Pairs are [a, b]; the `by_` lists
    have what moved most first, those of instructions, waits and the critical path nothing that stayed. `changed` has
    the settings and instructions that differ. Each trace has the lines of its own file.
    """
    if a.header.level != b.header.level:
        raise UsageError(
            f"a trace of level {a.header.level} and one of level {b.header.level} cannot be compared",
            hint="write both with the same --trace-level",
        )
    aligned = align(*map(listing, (a.header, b.header)), equal=a.header.program_sha256 == b.header.program_sha256)
    b = replace(b, header=replace(b.header, layers=aligned.layers))
    found = None if aligned.same and _same_rows(a, b) else _divergence(a, b, aligned, rtol_energy)
    left, right = sums_of(a), sums_of(b)
    cycles = [a.cycles, b.cycles]
    energy = [np.array([one["totals"]["energy_j"]]) for one in (left, right)]
    same_energy = not energy_differs(energy[0], energy[1], rtol_energy).any()
    equal = found is None and cycles[0] == cycles[1] and same_energy
    critical = [] if equal or not (has_path(a) and has_path(b)) else _walked(a, b, found)
    left, right = known(a, left), known(b, right)
    said = [covers(one) for one in (a, b)]
    report = {
        "equal": equal,
        "complete": [one["complete"] for one in said],
        "covers": [one["covers"] for one in said],
        "cycles": cycles,
        **_pairs(left["totals"], right["totals"], ("latency_s", "events", "energy_aj", "energy_j")),
        "changed": Changed(
            settings=changed_settings(settings(a.header.config), settings(b.header.config)), program=aligned.changes()
        ),
        "first_divergence": found,
        "by_component": _moved(left["components"], right["components"], ("name",), _ENERGY),
        "by_layer": _moved(left["layers"], right["layers"], ("name",), (*_TIME, "waiting", *_ENERGY)),
        "by_unit": _moved(left["units"], right["units"], ("name",), ("busy", "waiting", *_ENERGY)),
        "by_instruction": _by_instruction(left, right, aligned),
        "critical": [] if a.part or b.part else critical,
        "by_wait": _changed(_moved(left["waits"], right["waits"], ("unit", "cause"), ("cycles",))),
    }
    return TraceDiff.model_validate(report)


def _walked(a: Trace, b: Trace, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What moved on the critical path; and what led to the rows that part, put into `found`."""
    paths, led_to = [], []
    for trace, key in ((a, "a"), (b, "b")):  # one at a time: a walk holds all rows of its trace
        walk = Walk(trace)
        paths.append(along(walk.path()))
        led_to.append(_led_to(walk, found[key] if found else None))
    if found:
        found["led_to"] = led_to
    return _changed(_moved(paths[0], paths[1], ("unit", "what", "name"), ("cycles",)))


def _led_to(walk: Walk, row: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The last steps of the chain of events that ends with a row."""
    if row is None:
        return []
    chain = walk.back(row["unit"], row["cycle"] + row["duration"], BEFORE)
    return [
        {"unit": one.unit, "what": one.what, "name": one.name, "cycle": one.start, "duration": one.end - one.start}
        for one in chain
    ]


_ENERGY = ("energy_aj", "energy_j")
_TIME = ("cycles", "busy")


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [a.get(name, 0), b.get(name, 0)] for name in names}


def _moved(
    a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]], keys: Sequence[str], numbers: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of both lists joined by their keys, the largest change of the first number first."""
    left, right = ({tuple(row[key] for key in keys): row for row in rows} for rows in (a, b))
    joined = [
        {**dict(zip(keys, key, strict=True)), **_pairs(left.get(key, {}), right.get(key, {}), numbers)}
        for key in dict.fromkeys((*left, *right))
    ]
    return sorted(joined, key=lambda row: [-_change(*row[name]) for name in numbers])


def _change(before: float | None, after: float | None) -> float:
    """By how much a number moved; 0 where one of the two is not known."""
    return 0 if before is None or after is None else abs(after - before)


def _changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if any(isinstance(pair, list) and pair[0] != pair[1] for pair in row.values())]


def _same_rows(a: Trace, b: Trace) -> bool:
    """Whether both files, of one program, hold the same rows in the same order under the same names: the usual case."""
    if any(getattr(a.header, name) != getattr(b.header, name) for name in ("units", "kinds", "causes", "layers")):
        return False
    for mine, theirs in ((a.events, b.events), (a.waits, b.waits)):
        if len(mine) != len(theirs):
            return False
        for x, y in zip(mine.chunks(), theirs.chunks(), strict=False):
            if any(not np.array_equal(x[name], y[name]) for name in mine.fields):
                return False
    return True


def _by_instruction(left: Plain, right: Plain, aligned: Alignment) -> list[dict[str, Any]]:
    """What moved by instruction, of those that are the same or were changed as one, with the lines of both programs."""
    before, after = (
        [{**row, "number": int(numbers[row["pc"]])} for row in one["instructions"]]
        for one, numbers in ((left, aligned.identities(False)), (right, aligned.identities(True)))
    )
    for row in after:
        row["number"] = aligned.twins.get(row["number"], row["number"])
    moved = _changed(_moved(before, after, ("number",), ("busy", "waiting", *_ENERGY)))
    return [{**_of_line(aligned, row.pop("number")), **row} for row in moved]


def _of_line(aligned: Alignment, number: int) -> dict[str, str | None]:
    """The line and the text of an instruction, as both programs have them."""
    found = ((aligned.a, aligned.first(number)), (aligned.b, aligned.second(number)))
    sources = [None if pc is None else program.source(pc) for program, pc in found]
    texts = [program.text(pc) for program, pc in found if pc is not None]
    return {
        "line": sources[0] or sources[1] or "-",
        "text": " -> ".join(dict.fromkeys(filter(None, texts))),
        "source_a": sources[0],
        "source_b": sources[1],
    }


def _divergence(a: Trace, b: Trace, aligned: Alignment, rtol_energy: float) -> dict[str, Any] | None:
    """Where the traces part, with names."""
    tables = common_tables(a, b)
    sides = (side(a, tables, aligned.identities(False)), side(b, tables, aligned.identities(True)))
    found = first_divergence(*sides, tables, rtol_energy, aligned.twins)
    return None if found is None else _with_names(found, aligned, tables)


def _with_names(found: Divergence, aligned: Alignment, tables: Tables) -> dict[str, Any]:
    mine, theirs = found.a, found.b
    parts = {
        "a": _describe(mine, tables, aligned.a, aligned.first) if mine else None,
        "b": _describe(theirs, tables, aligned.b, aligned.second) if theirs else None,
    }
    second = found.row is theirs
    described = parts["b" if second else "a"] or {}
    return {
        **{name: described[name] for name in ("cycle", "unit", "kind", "source", "text", "layer", "inference")},
        "instruction": (aligned.second if second else aligned.first)(found.row[INSTRUCTION]),
        "parted": found.moment,
        "differs": [name for name, x, y in zip(COLUMNS, mine, theirs, strict=True) if x != y]
        if mine and theirs
        else [],
        **parts,
        "before": [_describe(common, tables, aligned.a, aligned.first) for common in found.before],
    }


def _describe(
    row: RowBeside, tables: Tables, program: Listing, place: Callable[[int], int | None]
) -> dict[str, str | int]:
    """A row with names in place of positions; a wait's kind is "wait: CAUSE".

    `place` gives the position of an instruction in the program by its number.
    """
    value = dict(zip(COLUMNS, row, strict=True))
    kinds = [*tables["kind"], *(f"wait: {cause}" for cause in tables["cause"])]
    pc = place(value["instruction"])
    return {
        "cycle": value["start"],
        "duration": value["duration"],
        "unit": tables["unit"][value["unit"]],
        "kind": kinds[value["kind"]],
        "count": value["count"],
        "energy_aj": value["energy_aj"],
        "source": (pc is not None and program.source(pc)) or "-",
        "text": "" if pc is None else program.text(pc),
        "layer": tables["layer"][value["layer"]],
        "inference": value["inference"],
    }

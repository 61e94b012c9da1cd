"""Two traces side by side: the first event at which they part, and what moved.

Rows are compared by what they mean (names and source lines, not positions in tables), in the order of their cycles, so
that neither the order of writing nor of a table matters. A wait is a row like any other: a cycle that moves from one
cause to another is a difference, also where the sums agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.traces.align import align
from acortex.traces.critical import Walk, has_path
from acortex.traces.headroom import along
from acortex.traces.in_flight import ISSUING
from acortex.traces.reader import Trace
from acortex.traces.results_of_paths import TraceDiff
from acortex.traces.stats import stats
from acortex.traces.table import Ints

# The order of comparison. `kind` counts kinds first, then the causes of waits.
_COLUMNS = ("start", "unit", "kind", "layer", "inference", "line", "duration", "span", "count", "merged", "energy_aj")
_UNIT, _KIND, _LENGTH, _SPAN = (_COLUMNS.index(name) for name in ("unit", "kind", "duration", "span"))
_BEFORE = 3
Tables = dict[str, list[str]]


def diff(a: Trace, b: Trace, *, rtol_energy: float = 0.0) -> TraceDiff:
    """What differs between two traces of one level; `equal` allows each event's energy that relative tolerance.

    `first_divergence` is the first row that only one of them has, of the unit that parts first, in cycle `parted`. It
    has the rows of both: `a`, `b`, one of them perhaps the next of the same unit, kind and line, or None; `differs`: in
    what; `before`: the last rows in common that had ended by then; and `led_to`: for each trace, if it holds every
    event, the last steps of the chain of events that ends with its row. Pairs are [a, b]; the `by_` lists have what
    moved most first, those of instructions, waits and the critical path nothing that stayed. Of two programs, the
    second's source lines are those of the first where the instructions are the same, see `align`.
    """
    if a.header.level != b.header.level:
        raise UsageError(
            f"a trace of level {a.header.level} and one of level {b.header.level} cannot be compared",
            hint="write both with the same --trace-level",
        )
    b = align(a, b)
    tables = _common_tables(a, b)
    divergence = None if _same_rows(a, b) else _first_divergence(a, b, tables, rtol_energy)
    left, right = stats(a), stats(b)
    cycles = [a.cycles, b.cycles]
    energy = [np.array([one["totals"]["energy_j"]]) for one in (left, right)]
    same_energy = not _energy_differs(energy[0], energy[1], rtol_energy).any()
    equal = divergence is None and cycles[0] == cycles[1] and same_energy
    walks = [Walk(trace) for trace in (a, b)] if not equal and has_path(a) and has_path(b) else []
    if divergence:
        divergence["led_to"] = [_led_to(walk, divergence[key]) for walk, key in zip(walks, "ab", strict=False)]
    report = {
        "equal": equal,
        "complete": [a.complete, b.complete],
        "cycles": cycles,
        **_pairs(left["totals"], right["totals"], ("latency_s", "events", "energy_aj", "energy_j")),
        "first_divergence": divergence,
        "by_component": _moved(left["components"], right["components"], ("name",), _ENERGY),
        "by_layer": _moved(left["layers"], right["layers"], ("name",), (*_TIME, "waiting", *_ENERGY)),
        "by_unit": _moved(left["units"], right["units"], ("name",), ("busy", "waiting", *_ENERGY)),
        "by_instruction": _changed(_moved(left["lines"], right["lines"], ("line",), ("busy", "waiting", *_ENERGY))),
        "critical": _critical(walks),
        "by_wait": _changed(_moved(left["waits"], right["waits"], ("unit", "cause"), ("cycles",))),
    }
    return TraceDiff.model_validate(report)


def _critical(walks: Sequence[Walk]) -> list[dict[str, Any]]:
    """What moved on the critical path; nothing where the traces are equal or do not hold every event."""
    if not walks:
        return []
    left, right = (along(walk.path()) for walk in walks)
    return _changed(_moved(left, right, ("unit", "what", "name"), ("cycles",)))


def _led_to(walk: Walk, row: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The last steps of the chain of events that ends with a row."""
    if row is None:
        return []
    chain = walk.back(row["unit"], row["cycle"] + row["duration"], _BEFORE)
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
    return sorted(joined, key=lambda row: [-abs(row[name][1] - row[name][0]) for name in numbers])


def _changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if any(isinstance(pair, list) and pair[0] != pair[1] for pair in row.values())]


def _common_tables(a: Trace, b: Trace) -> Tables:
    """Names of both traces, each once."""
    names: dict[str, Callable[[Trace], Sequence[str]]] = {
        "unit": lambda trace: trace.header.units,
        "kind": lambda trace: [kind.name for kind in trace.header.kinds],
        "cause": lambda trace: trace.header.causes,
        "layer": lambda trace: trace.header.layers,
        "line": lambda trace: (*trace.header.lines, "-"),
    }
    return {name: list(dict.fromkeys((*get(a), *get(b)))) for name, get in names.items()}


def _matrix(trace: Trace, tables: Tables) -> Ints:
    """All rows, events and waits, in the common tables and in order: int64 of shape (rows, len(_COLUMNS))."""
    header = trace.header
    place = {name: {text: at for at, text in enumerate(table)} for name, table in tables.items()}
    units, layers = ([place[name][text] for text in table] for name, table in _named(trace))
    kinds = [place["kind"][kind.name] for kind in header.kinds]
    causes = [len(place["kind"]) + place["cause"][cause] for cause in header.causes]
    lines = [place["line"][line] for line in (*header.lines, "-")]  # a pc of -1 is the last
    parts = []
    for table, group, groups in ((trace.events, "kind", kinds), (trace.waits, "cause", causes)):
        rows = len(table)
        nothing = np.zeros(rows, dtype=np.int64)
        column: dict[str, Ints] = {name: table[name] for name in ("start", "duration", "span", "merged", "inference")}
        column["unit"] = _map(units, table["unit"])
        column["layer"] = _map(layers, table["layer"])
        column["kind"] = _map(groups, table[group])
        column["line"] = _map(lines, table["pc"])
        for name in ("count", "energy_aj"):
            column[name] = table[name] if group == "kind" else nothing
        parts.append(np.stack([column[name] for name in _COLUMNS], axis=1))
    rows_of_both = np.concatenate(parts)
    return np.asarray(rows_of_both[np.lexsort(rows_of_both.T[::-1])])


def _named(trace: Trace) -> tuple[tuple[str, Sequence[str]], tuple[str, Sequence[str]]]:
    return ("unit", trace.header.units), ("layer", trace.header.layers)


def _map(places: list[int], positions: Ints) -> Ints:
    return np.array(places, dtype=np.int64)[positions] if len(positions) else positions


def _same_rows(a: Trace, b: Trace) -> bool:
    """Whether both files hold the same rows in the same order under the same names: the usual case, block by block."""
    if any(
        getattr(a.header, name) != getattr(b.header, name) for name in ("units", "kinds", "causes", "layers", "lines")
    ):
        return False
    for mine, theirs in ((a.events, b.events), (a.waits, b.waits)):
        if len(mine) != len(theirs):
            return False
        for x, y in zip(mine.chunks(), theirs.chunks(), strict=False):
            if any(not np.array_equal(x[name], y[name]) for name in mine.fields):
                return False
    return True


class _Parting(NamedTuple):
    """Where one unit parts: the moment, 0 for an event and 1 for a wait, the unit, and the position of its row."""

    moment: int
    wait: int
    unit: int
    at: int


def _first_divergence(a: Trace, b: Trace, tables: Tables, rtol_energy: float) -> dict[str, Any] | None:
    """The unit that parts first, with its rows: a unit parts where the first of its rows that differs begins or, where
    only the length differs, as the shorter one ends. Of what parts at once an event comes before the waits it ended.
    """
    pairs = list(zip(_by_unit(a, tables), _by_unit(b, tables), strict=True))
    parted = [_parting(unit, left, right, tables, rtol_energy) for unit, (left, right) in enumerate(pairs)]
    if not any(parted):
        return None
    first = min(one for one in parted if one)
    left, right = (rows[first.at :] for rows in pairs[first.unit])
    mine, theirs = (rows[0].tolist() if len(rows) else None for rows in (left, right))
    if theirs is None or (mine is not None and mine < theirs):
        row, theirs = mine, _counterpart(right, mine)
    else:
        row, mine = theirs, _counterpart(left, theirs)
    told = _describe(row, tables)
    return {
        **{name: told[name] for name in ("cycle", "unit", "kind", "source")},
        "instruction": _program_counter(a if told["source"] in a.header.lines else b, told["source"]),
        "layer": told["layer"],
        "inference": told["inference"],
        "parted": first.moment,
        "differs": [name for name, x, y in zip(_COLUMNS, mine, theirs, strict=True) if x != y]
        if mine and theirs
        else [],
        "a": _describe(mine, tables) if mine else None,
        "b": _describe(theirs, tables) if theirs else None,
        "before": [_describe(common, tables) for common in _before(pairs, parted, first, tables)],
    }


def _by_unit(trace: Trace, tables: Tables) -> list[Ints]:
    """The rows of each unit, in order."""
    rows = _matrix(trace, tables)
    unit = rows[:, _UNIT]
    order = np.argsort(unit, kind="stable")
    return np.split(rows[order], np.searchsorted(unit[order], np.arange(1, len(tables["unit"]))))


def _parting(unit: int, left: Ints, right: Ints, tables: Tables, rtol_energy: float) -> _Parting | None:
    """The moment at which a unit does something else than in the other trace."""
    at = _first_difference(left, right, rtol_energy)
    if at is None:
        return None
    rows = [rows[at].tolist() for rows in (left, right) if at < len(rows)]
    same = len(rows) == 2 and rows[0][:_LENGTH] == rows[1][:_LENGTH]
    first = min(rows)
    moment = first[0] + (min(row[_SPAN] for row in rows) if same and rows[0][_SPAN] != rows[1][_SPAN] else 0)
    return _Parting(moment, int(first[_KIND] >= len(tables["kind"])), unit, at)


def _before(
    pairs: Sequence[tuple[Ints, Ints]], parted: Sequence[_Parting | None], first: _Parting, tables: Tables
) -> list[list[int]]:
    """The last rows in common that had ended by then, without the controller's where another unit parts: it runs ahead
    of what is done, and would hide it.
    """
    common = np.concatenate([left[: one.at if one else None] for (left, _), one in zip(pairs, parted, strict=True)])
    if tables["unit"][first.unit] != ISSUING:
        common = common[~np.isin(common[:, _UNIT], [at for at, unit in enumerate(tables["unit"]) if unit == ISSUING])]
    end = common[:, 0] + common[:, _SPAN]
    common, end = common[end <= first.moment], end[end <= first.moment]
    rows: list[list[int]] = common[np.lexsort((common[:, 0], end))][-_BEFORE:].tolist()
    return rows


def _counterpart(rows: Ints, row: list[int] | None) -> list[int] | None:
    """The first of the rows with the same unit, kind, layer, inference and source line."""
    same = (rows[:, _UNIT:_LENGTH] == np.array(row)[_UNIT:_LENGTH]).all(axis=1)
    found: list[int] | None = rows[same.argmax()].tolist() if same.any() else None
    return found


def _first_difference(left: Ints, right: Ints, rtol_energy: float) -> int | None:
    """The position of the first pair of rows that differ, where one may have ended; None for none."""
    shared = min(len(left), len(right))
    differs = (left[:shared, :-1] != right[:shared, :-1]).any(axis=1)
    differs |= _energy_differs(left[:shared, -1], right[:shared, -1], rtol_energy)
    if differs.any():
        return int(differs.argmax())
    return shared if len(left) != len(right) else None


def _energy_differs(a: NDArray[Any], b: NDArray[Any], rtol: float) -> NDArray[np.bool_]:
    x, y = a.astype(float), b.astype(float)
    differs: NDArray[np.bool_] = np.abs(x - y) > rtol * np.maximum(np.abs(x), np.abs(y)) if rtol else a != b
    return differs


def _describe(row: Any, tables: Tables) -> dict[str, Any]:
    """A row with names in place of positions; a wait's kind is "wait: CAUSE"."""
    value = dict(zip(_COLUMNS, row, strict=True))
    kinds = [*tables["kind"], *(f"wait: {cause}" for cause in tables["cause"])]
    return {
        "cycle": value["start"],
        "duration": value["duration"],
        "unit": tables["unit"][value["unit"]],
        "kind": kinds[value["kind"]],
        "count": value["count"],
        "energy_aj": value["energy_aj"],
        "source": tables["line"][value["line"]],
        "layer": tables["layer"][value["layer"]],
        "inference": value["inference"],
    }


def _program_counter(trace: Trace, source: str) -> int | None:
    """The first instruction of a source line."""
    return trace.header.lines.index(source) if source in trace.header.lines else None

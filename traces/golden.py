"""Timing pinned in a file: what a golden holds, how it is written for reviewers, and how a run is held against it.

A golden is JSON that a person can read in a review: cycles, counts, cycles of layers, busy and waiting cycles of units,
latencies and energy, all of them integers. It is made from the report that a finished trace carries, so that it is the
same whatever the level of the trace. The settings of the chip and the instructions of the program stand there too, so
that a difference has a cause.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acortex.errors import UsageError
from acortex.traces.align import Listing, align, listing
from acortex.traces.changed import changed_settings, settings
from acortex.traces.critical import critical_path, has_path
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.headroom import along
from acortex.traces.results_of_paths import Changed
from acortex.wording import did_you_mean

KIND = "acortex.golden/"
"""What the schema of every golden begins with, of any version."""

SCHEMA = f"{KIND}1"
WIDTH = 100
LARGEST = 16 << 20
"""Bytes that a golden may have: far more than any that was written here."""

_ANEW = "restore it, or write it anew: pytest --timing-update, or acortex trace check --update"

SHAPES = {
    "cycles": "n",
    "counts": "on",
    "layers": "on",
    "busy": "on",
    "waiting": "oon",
    "inferences": "ln",
    "energy_aj": "on",
    "critical": "on",
    "settings": "ov",
    "instructions": "lt",
}
"""The types of the parts of a golden: n a whole number, t a text, v a setting, l a list, o an object, the last two
followed by their element.
"""

MOST_INSTRUCTIONS = 8192
"""Instructions of a program that a golden holds, at most: of a longer one it holds none."""

MOST = 10**30
"""The largest number of a golden: a large chip consumes this many attojoules in ten thousand years."""

Golden = dict[str, Any]
Metrics = dict[str, int]

SECTIONS = ("cycles", "counts", "layers", "busy", "waiting", "inferences", "energy_aj")
"""What is compared, in the order of a golden. The others are there to explain: what the critical path consisted of, and
what the run was given; older goldens do not have all of them.
"""


def golden(trace: Trace) -> Golden:
    """What a golden of this run holds; UsageError for a trace without a report, as an unfinished one is.

    `critical`, the cycles of the critical path by what took them, is empty where the trace does not hold every event.
    """
    report = trace.summary or {}
    if report.get("stopped"):
        raise UsageError(f"the run was stopped, and cannot be held against a golden: {report['stopped']}")
    try:
        content = {**_golden(report), **_given(trace.header)}
        if wrong := next(_faults(content), ""):
            raise TypeError(wrong)
    except (KeyError, TypeError, AttributeError) as error:
        why = trace.lost or "its summary is not the report of a run"
        raise UsageError(
            f"has no report to hold against a golden: {why}", where=str(trace.path), hint="run the program to its end"
        ) from error
    head = {"schema": SCHEMA, "program": trace.header.program, "chip": trace.header.chip}
    return {**head, **{name: _critical(trace) if name == "critical" else content[name] for name in SHAPES}}


def _given(header: TraceHeader) -> Golden:
    """What the run was given: the settings of its chip, and the instructions of its program unless there are many."""
    texts = listing(header).instructions
    known = list(texts) if len(texts) <= MOST_INSTRUCTIONS else []
    return {"settings": settings(header.config), "instructions": known}


def changed(before: Golden, after: Golden, lines: Sequence[str] = ()) -> Changed:
    """The settings and instructions that differ between two goldens, as far as both hold them.

    `lines` has where each instruction of the second one was read from.
    """
    old, new = (
        Listing(one.get("instructions", ()), places, ("-", *(name for name in one.get("layers", ()) if name != "-")))
        for one, places in ((before, ()), (after, lines))
    )
    known = "settings" in before and "settings" in after
    return Changed(
        settings=changed_settings(before["settings"], after["settings"]) if known else None,
        program=align(old, new).changes() if old.instructions and new.instructions else None,
    )


def in_names_of(before: Golden, after: Golden) -> Golden:
    """The second golden with the layers' names of the first one, where both are of one program."""
    names, layers = before.get("layers", {}), after.get("layers", {})
    if (
        not after.get("instructions")
        or before.get("instructions") != after["instructions"]
        or len(names) != len(layers)
    ):
        return after
    return {**after, "layers": dict(zip(names, layers.values(), strict=True))}


def _critical(trace: Trace) -> dict[str, int]:
    """Cycles on the critical path by unit and by what it did or awaited."""
    if not has_path(trace):
        return {}
    return {f"{row['unit']} {row['what']} {row['name']}": row["cycles"] for row in along(critical_path(trace))}


def _golden(report: Mapping[str, Any]) -> Golden:
    waiting: dict[str, dict[str, int]] = {}
    for row in sorted(report["waits"], key=lambda row: (row["unit"], row["cause"])):
        waiting.setdefault(row["unit"], {})[row["cause"]] = row["cycles"]
    return {
        "cycles": report["cycles"],
        "counts": {name: count for name, count in report["counts"].items() if count},
        "layers": {row["name"]: row["cycles"] for row in report["layers"]},
        "busy": {unit: row["busy"] for unit, row in report["utilisation"].items() if row["busy"]},
        "waiting": waiting,
        "inferences": [row["end_cycle"] - row["start_cycle"] for row in report["inferences"]],
        "energy_aj": {name: energy for name, energy in report["energy_by_component_aj"].items() if energy},
    }


def dumps(content: Golden) -> str:
    """A golden as text: one metric per line, latencies in lines of at most `WIDTH` characters."""
    return "\n".join(["{", ",\n".join(_entry(name, value, 1) for name, value in content.items()), "}"]) + "\n"


def _entry(name: str, value: Any, depth: int) -> str:
    indent = "  " * depth
    head = f"{indent}{json.dumps(name, ensure_ascii=False)}: "
    if isinstance(value, dict) and value:
        inner = ",\n".join(_entry(key, entry, depth + 1) for key, entry in value.items())
        return f"{head}{{\n{inner}\n{indent}}}"
    if isinstance(value, list) and value:
        inner = _texts(value, indent + "  ") if isinstance(value[0], str) else _numbers(value, indent + "  ")
        return f"{head}[\n{inner}\n{indent}]"
    return head + json.dumps(value, ensure_ascii=False)


def _texts(values: Sequence[str], indent: str) -> str:
    return ",\n".join(indent + json.dumps(value, ensure_ascii=False) for value in values)


def _numbers(values: Sequence[int], indent: str) -> str:
    lines = [indent]
    for at, value in enumerate(values):
        text = f"{value}," if at + 1 < len(values) else str(value)
        if len(lines[-1]) + len(text) + 1 > WIDTH and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += text if lines[-1] == indent else f" {text}"
    return "\n".join(lines)


def loads(text: str, where: str) -> Golden:
    """The golden of a text; UsageError, naming the place, for anything else."""
    try:
        content = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"is not JSON ({error})", where=where, hint=_ANEW) from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UsageError(f"is no golden: it has no schema {SCHEMA!r}", where=where, hint=_ANEW)
    if wrong := next(_faults(content), ""):
        raise UsageError(wrong, where=where, hint=_ANEW)
    return content


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name that stands in it twice, as after a merge, would hide one of its values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def _faults(content: Golden) -> Iterator[str]:
    """What is wrong with a golden, each with its path in the document."""
    if "cycles" not in content:
        yield "cycles must be a whole number, and is missing"
    for name, value in content.items():
        if name in SHAPES:
            yield from _section_faults(name, value, SHAPES[name])
        elif name in ("program", "chip"):
            if not isinstance(value, str) or not _is_text(value):
                yield f"{name} must be a text, not {reprlib.repr(value)}"
        elif name != "schema":
            yield f"{reprlib.repr(name)} is no part of a golden: it has {', '.join(SHAPES)}"


def _section_faults(path: str, value: Any, shape: str) -> Iterator[str]:
    """What is wrong below a path, where the shape is one of `SHAPES`."""
    kind, below = shape[0], shape[1:]
    allowed, words = _KINDS[kind]
    if type(value) not in allowed or not _fits(value, kind):
        yield f"{path} must be {words}, not {reprlib.repr(value)}"
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from _section_faults(f"{path}.{at}", entry, below)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if _is_text(name):
                yield from _section_faults(f"{path}.{name}", entry, below)
            else:
                yield f"{path} has the name {name!r}, which is no text"


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "n": ((int,), "a whole number from 0 to 10^30"),
    "t": ((str,), "a text"),
    "v": ((bool, int, float, str, type(None)), "a number from -10^30 to 10^30, a text, true, false or null"),
    "l": ((list,), "a list"),
    "o": ((dict,), "an object of names"),
}
"""For each letter of `SHAPES` the types, and what a message calls them."""


def _fits(value: Any, kind: str) -> bool:
    """Whether a number lies within the bounds of its kind, and a text can be written."""
    if isinstance(value, int | float):
        return (0 if kind == "n" else -MOST) <= value <= MOST
    return not isinstance(value, str) or _is_text(value)


def _is_text(value: str) -> bool:
    """Whether a text can be written: JSON can name halves of characters, which no file and no terminal takes."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def metrics(content: Golden) -> Metrics:
    """Every number of a golden under its full name, such as `waiting.neurons.sums` or `inferences.0`."""
    return dict(_flat(content))


def _flat(content: Golden) -> Iterator[tuple[str, Any]]:
    for section in SECTIONS:
        if section in content:
            yield from _leaves(section, content[section])


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _leaves(f"{name}.{key}", entry)
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from _leaves(f"{name}.{at}", entry)
    else:
        yield name, value


@dataclass(frozen=True)
class Difference:
    """A metric that moved: from the golden's value to the measured one, None where one of them lacks it."""

    metric: str
    golden: int | None
    measured: int | None

    @property
    def change(self) -> int:
        """By how much; what is missing counts as 0."""
        return (self.measured or 0) - (self.golden or 0)

    def __str__(self) -> str:
        before, after = ("none" if value is None else str(value) for value in (self.golden, self.measured))
        return f"{self.metric}: {before} -> {after} ({self.change:+d})"


def compare(before: Golden, after: Golden, tolerances: Mapping[str, float] | None = None) -> list[Difference]:
    """The metrics that differ by more than is tolerated, by section, in each the largest change first.

    Without `tolerances` every number has to be the same; faster differs too. A tolerance is relative to the golden, and
    holds for a metric or for all below a name: {"cycles": 0.01, "energy_aj": 1e-6, "waiting.neurons": 0.1}. The longest
    name wins. A metric that only one of the two has counts as 0 in the other.
    """
    old, new = metrics(before), metrics(after)
    allowed = tolerances or {}
    _check_tolerances(allowed, [*old, *new])
    found = [
        Difference(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    beyond = [one for one in found if abs(one.change) > _tolerance(one.metric, allowed) * abs(one.golden or 0)]
    place = {section: at for at, section in enumerate(SECTIONS)}
    return sorted(beyond, key=lambda one: (place[one.metric.partition(".")[0]], -abs(one.change)))


def check_tolerances(given: Mapping[str, float], content: Golden) -> None:
    """UsageError for tolerances that are no such numbers, or of metrics that this golden does not have."""
    _check_tolerances(given, list(metrics(content)))


def _check_tolerances(given: Mapping[str, float], names: Sequence[str]) -> None:
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UsageError(f"the tolerance of {name} is {value!r}: a relative one, such as 0.01, is needed")
        if not any(_covers(name, known) for known in (*SECTIONS, *names)):
            hint = did_you_mean(name, [*SECTIONS, *names], f"metrics begin with {', '.join(SECTIONS)}")
            raise UsageError(f"there is no metric {name!r} to tolerate", hint=hint)


def _covers(name: str, metric: str) -> bool:
    return metric == name or metric.startswith(f"{name}.")


def _tolerance(metric: str, allowed: Mapping[str, float]) -> float:
    covering = [name for name in allowed if _covers(name, metric)]
    return allowed[max(covering, key=len)] if covering else 0.0

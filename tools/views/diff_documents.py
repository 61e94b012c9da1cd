"""`acortex trace diff` as a document: Markdown for a pull request, or one HTML file; from `acortex.diff/1` alone."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from acortex.tools.views.changed import rows
from acortex.tools.views.diff import Moved, chains, moved, partial_sides, place
from acortex.tools.views.tables import energies
from acortex.traces.results_of_paths import Changed, DiffEvent, Divergence, TraceDiff

MOST = 12
"""Rows of a table of what moved."""


CHANGED = "What was changed"
"""The title of the section with the settings and instructions that differ."""


class Section(NamedTuple):
    """A heading, perhaps a sentence, and a table: its first column names, the others hold numbers or texts."""

    title: str
    told: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(report: TraceDiff) -> Iterator[Section]:
    """What a diff says, most telling first; before that which of the two traces is a part of its run."""
    if parts := "; ".join(partial_sides(report, "before", "after")):
        yield Section("Incomplete", f"{parts}.")
    if report.equal:
        yield Section("Equal", f"{report.cycles[0]:,} cycles, {report.events[0]:,} events.")
        yield from _given(report.changed)
        return
    yield Section("Different", "", _PAIR, (("cycles", *_cycles(report.cycles)), ("energy", *energies(report.energy_j))))
    yield from _given(report.changed)
    if report.first_divergence:
        yield _divergence(report.first_divergence)
    for table in moved(report):
        yield _table(table)


_PAIR = ("", "before", "after", "change")


def _given(changed: Changed) -> Iterator[Section]:
    """The settings and instructions that differ."""
    if found := rows(changed, MOST):
        yield Section(CHANGED, "", ("", "where", "what"), tuple(found))


def _divergence(found: Divergence) -> Section:
    """The first row that only one of them has, after the last ones in common."""
    sides = [*(("both", row) for row in found.before), ("before", found.a), ("after", found.b)]
    table = tuple((whose, *(_event(row) if row else ("nothing like it", *[""] * 5))) for whose, row in sides)
    by = " ".join(f"Led to {whose} by {chain}." for whose, chain in chains(found, "before", "after"))
    told = f"Cycle {found.cycle:,}, {found.unit}, at {place(found)}. {by}".rstrip()
    return Section("Where they part", told, ("", "cycle", "cycles", "unit", "what", "source", "instruction"), table)


def _event(row: DiffEvent) -> tuple[str, ...]:
    return f"{row.cycle:,}", f"{row.duration:,}", row.unit, row.kind, row.source, row.text


def _table(moved: Moved) -> Section:
    """What moved as a section, as many rows as one looks at."""
    cells = energies if moved.energy else _cycles
    table = tuple((name, *cells(pair)) for name, pair in moved.rows[:MOST])
    more = f"The largest {MOST} of {len(moved.rows)}." if len(moved.rows) > MOST else ""
    return Section(f"{moved.title[0].upper()}{moved.title[1:]}", more, _PAIR, table)


def _cycles(pair: Sequence[float]) -> tuple[str, str, str]:
    return f"{pair[0]:,}", f"{pair[1]:,}", f"{pair[1] - pair[0]:+,}"


def markdown(report: TraceDiff, names: Sequence[str]) -> str:
    """A diff in GitHub's Markdown; `names` are those of the two traces."""
    lines = [f"**Timing:** `{_code(names[0])}` → `{_code(names[1])}`"]
    for one in sections(report):
        lines += ["", f"### {one.title}"] + (["", _cell(one.told)] if one.told else [])
        if one.rows:
            lines += ["", f"| {' | '.join(one.columns)} |", f"|---|{'---:|' * (len(one.columns) - 1)}"]
            lines += [f"| {' | '.join(map(_cell, row))} |" for row in one.rows]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def _cell(text: str) -> str:
    """A text that neither ends a cell nor is taken as markup."""
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")


def page(report: TraceDiff, names: Sequence[str]) -> str:
    """A diff as one HTML file without scripts; `names` are those of the two traces."""
    title = html.escape(f"{names[0]} → {names[1]}")
    body = [f"<h1>{title}</h1>"]
    for one in sections(report):
        body += [f"<h2>{html.escape(one.title)}</h2>"] + ([f"<p>{html.escape(one.told)}</p>"] if one.told else [])
        if one.rows:
            head = "".join(f"<th>{html.escape(name)}</th>" for name in one.columns)
            rows = "\n".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in one.rows)
            body.append(f"<table>\n<tr>{head}</tr>\n{rows}\n</table>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n<style>{_STYLE}</style>'
        "</head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
    "h1{font-size:1.3em}h2{font-size:1.1em;margin-top:2em}table{border-collapse:collapse}"
    "td,th{padding:.15em 1em .15em 0;text-align:right;border-bottom:1px solid #8884}"
    "td:first-child,th:first-child{text-align:left}"
)

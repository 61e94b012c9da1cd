"""`acortex trace diff` as a document: Markdown for a pull request, or one HTML file; from `acortex.diff/1` alone."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from acortex.tools.report_diff import chains
from acortex.units import scaled

Report = Mapping[str, Any]

MOST = 12
"""Rows of a table of what moved."""


class Section(NamedTuple):
    """A heading, perhaps a sentence, and a table: its first column names, the others hold numbers or texts."""

    title: str
    told: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(report: Report) -> Iterator[Section]:
    """What a diff says, most telling first."""
    if report["equal"]:
        yield Section("Equal", f"{report['cycles'][0]} cycles, {report['events'][0]} events.")
        return
    yield Section(
        "Different", "", _PAIR, (("cycles", *_cycles(report["cycles"])), ("energy", *_energy(report["energy_j"])))
    )
    if report["first_divergence"]:
        yield _divergence(report["first_divergence"])
    for title, rows, keys, number, cells in (
        ("Critical path, cycles", report["critical"], ("unit", "what", "name"), "cycles", _cycles),
        ("Layers, cycles in flight", report["by_layer"], ("name",), "cycles", _cycles),
        ("Units, busy cycles", report["by_unit"], ("name",), "busy", _cycles),
        ("Waits, cycles", report["by_wait"], ("unit", "cause"), "cycles", _cycles),
        ("Source lines, busy cycles", report["by_instruction"], ("line",), "busy", _cycles),
        ("Components, energy", report["by_component"], ("name",), "energy_j", _energy),
    ):
        yield from _moved(title, rows, keys, number, cells)


_PAIR = ("", "before", "after", "change")


def _divergence(found: Report) -> Section:
    """The first row that only one of them has, after the last ones in common."""
    rows = [*(("both", row) for row in found["before"]), ("before", found["a"]), ("after", found["b"])]
    table = tuple((whose, *(_event(row) if row else ("nothing like it", "", "", "", ""))) for whose, row in rows)
    by = " ".join(f"Led to {whose} by {chain}." for whose, chain in chains(found, "before", "after"))
    told = f"Cycle {found['cycle']}, {found['unit']}, at {found['source']}. {by}".rstrip()
    return Section("Where they part", told, ("", "cycle", "cycles", "unit", "what", "source"), table)


def _event(row: Report) -> tuple[str, ...]:
    return str(row["cycle"]), str(row["duration"]), row["unit"], row["kind"], row["source"]


def _moved(
    title: str, rows: Sequence[Report], keys: Sequence[str], number: str, cells: Callable[[Any], tuple[str, ...]]
) -> Iterator[Section]:
    """The rows whose number moved, the largest change first."""
    changed = sorted(
        (row for row in rows if row[number][0] != row[number][1]), key=lambda row: -abs(row[number][1] - row[number][0])
    )
    if changed:
        table = tuple((" ".join(str(row[key]) for key in keys), *cells(row[number])) for row in changed[:MOST])
        more = f"The largest {MOST} of {len(changed)}." if len(changed) > MOST else ""
        yield Section(title, more, _PAIR, table)


def _cycles(pair: Sequence[int]) -> tuple[str, str, str]:
    return str(pair[0]), str(pair[1]), f"{pair[1] - pair[0]:+d}"


def _energy(pair: Sequence[float]) -> tuple[str, str, str]:
    sign = "+" if pair[1] > pair[0] else ""
    return scaled(pair[0], "J"), scaled(pair[1], "J"), sign + scaled(pair[1] - pair[0], "J")


def markdown(report: Report, names: Sequence[str]) -> str:
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


def page(report: Report, names: Sequence[str]) -> str:
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

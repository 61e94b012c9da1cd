"""Writes the table of hand-overs into docs/timing.md, from the rows that the simulator and every trace go by.

python -m acortex.tools.timing_page docs/timing.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from acortex import safe_files
from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.reprice import BASE
from acortex.sim.timing.handovers import CAUSES, table
from acortex.sim.timing.wiring import TimedChip
from acortex.traces.endings import (
    ANY,
    BEGIN,
    CROSSED,
    DELAY,
    END,
    FREED,
    GRANT,
    NOW,
    OVER,
    SEEN,
    START,
    TOKEN,
    HandOver,
)

BEGINS, ENDS = "<!-- hand-overs: written by tools/timing_page.py -->\n", "<!-- end of the hand-overs -->\n"

_SAID = {
    END: "the end of an event of {unit}",
    START: "the start of {kinds} in {unit}",
    OVER: "the end of an event of {unit}, or of its wait after it",
    NOW: "the agent, as it takes an instruction",
    CROSSED: "the end of its own word on {unit}",
    FREED: "the end of the word before on {unit}",
    GRANT: "a grant of the arbiter of {unit}",
    SEEN: "its request",
    DELAY: "its access",
}


def rendered() -> str:
    """Which unit waits for which causes, and what ends each wait: two tables in Markdown."""
    rows = [row for row in table() if row.ended_by and row.cause != BEGIN]
    units = [f"| {unit} | {', '.join(f'`{cause}`' for cause in causes)} |" for unit, causes in waiting().items()]
    ends = ["| unit | cause | waits for | which comes with | cycles after that |", "|---|---|---|---|---|"]
    return "\n".join(["| unit | causes |", "|---|---|", *units, "", *ends, *map(_line, rows)]) + "\n"


def waiting() -> dict[str, list[str]]:
    """The causes that each unit of a chip can wait for, beside being idle, as its class declares them."""
    chip = TimedChip(load_chip(BASE), Sequencer(assemble("start\nhalt"), 1), {})
    return {unit.path: [CAUSES[cause] for cause in sorted(unit.causes)] for unit in chip.units if unit.causes}


def _line(row: HandOver) -> str:
    unit = "any" if row.waits == ANY else row.waits
    return f"| {unit} | `{row.cause}` | {row.about} | {_with(row)} | {_later(row)} |"


def _with(row: HandOver) -> str:
    """What ends a wait, and where the row counts."""
    unit = "another unit" if row.ended_by == ANY else row.ended_by.rstrip("/")
    kinds = " or ".join(f"`{kind}`" for kind in row.kinds)
    only = ", its `signal`" if row.same == TOKEN else ""
    if row.route:
        only = f", where words cross {'no' if row.route.startswith('!') else 'a'} bus"
    if row.then:
        only = f", unless the wait goes on as `{row.then.lstrip('!')}`" if row.then.startswith("!") else ""
    return _SAID[row.by].format(unit=unit, kinds=kinds) + only


def _later(row: HandOver) -> str:
    """How many cycles lie between what ends a wait and the end of the wait."""
    if row.by == GRANT:
        return ""
    if row.by == FREED:
        return f"- {row.delay}"
    return " + ".join(filter(None, [row.delay, str(row.after) if row.after or not row.delay else ""]))


def with_table(page: str) -> str:
    """A page with the table anew between its two marks. Raises AcortexError for a page without them."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise AcortexError("the page has no place for the table of hand-overs", hint=f"mark it with {BEGINS}{ENDS}")
    return f"{before}{begins}{rendered()}{ends}{after}"


def main(path: str) -> None:
    """Writes the table into a page."""
    safe_files.write(path, with_table(Path(path).read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])

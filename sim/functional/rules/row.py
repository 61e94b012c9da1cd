"""The rules of the chip: how a row is written, and how an instruction is held to the rows.

A rule's check is a pure function of what is known (sim/functional/rules/situation.py). It returns the facts of a
finding, by the names in its row's message and hint, or None. Three names mean the same in all rows: `where` is the
place of the error, where that is not the line of the instruction; `notes` are further places, each behind what is to be
seen there; `instead` is a hint that fits better than that of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from acortex.errors import AcortexError
from acortex.isa.rules import Change, Example, Rule, add
from acortex.isa.rules import Facts as Found
from acortex.sim.functional.rules.situation import Situation

ISSUED, FLOWING, TAKING, TAKEN, ACCESSING = "issued", "flowing", "taking", "taken", "accessing"
"""The stages of an instruction that moves items: as it is issued; when its shape and its flow are known; before it
takes items, and after; before it accesses main memory. What other instructions do are stages of their own."""

HALTED = "halted"
"""The stage after the last instruction."""


Facts = Found | None
Check = Callable[[Situation], Facts]

Notes = tuple[tuple[str, str], ...]
"""Further places of an error: what is to be seen there, and where."""


class RuleError(AcortexError):
    """A program that breaks a rule of the chip it runs on."""


STAGES: dict[str, list[tuple[Check, Rule]]] = {}
"""The checks that run at each stage, in their order, and the rows that they belong to."""


def rule(
    code: str,
    title: str,
    about: str,
    stage: str,
    message: str,
    hint: str,
    *changes: Change,
    common: tuple[Change, ...] = (),
    mends: tuple[Change, ...] = (),
    error: type[AcortexError] = RuleError,
) -> Callable[[Check], Check]:
    """Binds a check to the row of its rule. `changes`, `common` and `mends` make its example."""

    def bind(check: Check) -> Check:
        row = add(Rule(code, title, about, error, message, hint, Example(changes, common, mends)))
        STAGES.setdefault(stage, []).append((check, row))
        return check

    return bind


def hold(stage: str, at: Situation) -> None:
    """Holds an instruction to the rules of a stage. Raises the error of the first that it breaks."""
    for check, row in STAGES.get(stage, ()):
        if (facts := check(at)) is not None:
            raise _broken(row, str(facts.get("where") or at.known.line(at.dispatch)), facts)


def _broken(row: Rule, where: str, facts: Found) -> AcortexError:
    """The error of a broken rule, with the places of its notes and the hint that it gives instead."""
    error = row.broken(where, **facts)
    notes = cast(Notes, facts.get("notes", ()))
    told = {where, *(place for _, place in notes)}
    error.places = (*notes, *(one for one in error.places if one[1] not in told))
    error.hint = str(facts.get("instead") or error.hint)
    return error

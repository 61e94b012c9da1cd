"""`acortex run --trace-filter`: which part of a run its trace keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from acortex.errors import UsageError
from acortex.wording import did_you_mean, some_of

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip

FILTER_HELP = "Keep a part of it: unit=vmm/*, layer=conv1, cycles=1000:2000. Repeatable."
"""The help of the option."""


def trace_filters(given: Sequence[str], program: Program, chip: Chip) -> dict[str, Any]:
    """The filters of a trace, as its writer takes them, of texts such as "unit=vmm/*".

    Names may be patterns; several units, or layers, add up. `cycles=FIRST:END` keeps what begins in those cycles;
    either end may be left out. UsageError for a text that is none of these, or names nothing.
    """
    from acortex.sim.timing.wiring import unit_paths

    tables = {"unit": list(unit_paths(chip)), "layer": ["-", *program.layers]}
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if equals and name in tables:
            chosen = found.setdefault(f"{name}s", [])
            chosen += [one for one in _matching(name, value, tables[name]) if one not in chosen]
        elif equals and name == "cycles":
            found |= _window(text, value)
        else:
            raise UsageError(
                f"{text!r} is no filter of a trace", hint="write unit=PATTERN, layer=PATTERN or cycles=A:B"
            )
    return found


def _matching(name: str, pattern: str, names: Sequence[str]) -> list[str]:
    matching = [one for one in names if fnmatchcase(one, pattern)]
    if not matching:
        hint = did_you_mean(pattern, names, f"there are {some_of(names, 20)}")
        raise UsageError(f"no {name} of this run is named {pattern}", hint=hint)
    return matching


def _window(text: str, value: str) -> dict[str, int]:
    numbers = re.fullmatch(r"(\d{0,18}):(\d{0,18})", value)
    if numbers is None:
        raise UsageError(f"{text!r} is no window of cycles", hint="write cycles=FIRST:END, such as cycles=1000:2000")
    ends = zip(("from_cycle", "to_cycle"), numbers.groups(), strict=True)
    return {name: int(end) for name, end in ends if end}

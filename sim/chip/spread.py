"""The spread of a constant: between which ends it may lie, and why. A chip file states spreads under [spreads].

A constant without a spread is taken as it is. Only prices have one: they move energy and area, and no cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from pydantic import Field

from acortex.errors import AcortexError, UsageError
from acortex.sim.chip.chip_files import ChipSource
from acortex.sim.chip.setting import AREA, ENERGY, Real, Section, Setting

DIGITS = 12
"""Significant digits of a constant that is drawn: more than any source has."""

_FORMS = "a spread has `from` and `to`, or a `factor` above 1"


class Spread(Section):
    """Between which ends a constant lies, evenly; or within a factor of its value either way, evenly in logarithms."""

    start: Real | None = Field(default=None, alias="from", description="one end, in the unit of the setting")
    end: Real | None = Field(default=None, alias="to", description="the other end")
    factor: Real | None = Field(default=None, description="the ends are the value over and times this")
    partner: str | None = Field(
        default=None, alias="with", description="the constant that it is drawn with: both at the same share of the way"
    )
    reason: str = Field(min_length=1, description="where the ends are from")

    def ends(self, value: Decimal) -> tuple[Decimal, Decimal]:
        """The ends of a constant that has this value, that of share 0 first."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        factor = Decimal(1) if self.factor is None else self.factor
        return value / factor, value * factor

    def at(self, value: Decimal, share: float) -> Decimal:
        """The constant at a share of the way from one end to the other, 0 to 1."""
        start, end = map(float, self.ends(value))
        if self.factor is not None and value:
            return _rounded(start * (end / start) ** share)
        return _rounded(start + (end - start) * share)


def _rounded(number: float) -> Decimal:
    return Decimal(f"{number:.{DIGITS}g}")


def wrong_spreads(
    spreads: Mapping[str, Spread], source: ChipSource, settings: Mapping[str, Setting], values: Mapping[str, object]
) -> Iterator[AcortexError]:
    """What is wrong with the spreads of a chip whose settings have these `values`."""
    for path, spread in spreads.items():
        where = source.where(f"spreads.{path}")
        setting = settings.get(path)
        if setting is None:
            hint = "`acortex chip schema` lists the settings"
            yield UsageError(f"{path} has a spread, but is no setting", where=where, hint=hint)
        elif setting.kind != "number" or not setting.moves or not {*setting.moves} <= {ENERGY, AREA}:
            hint = "prices have spreads: numbers that move energy or area, and no cycle"
            yield UsageError(f"{path} cannot have a spread", where=where, hint=hint)
        elif fault := _fault(path, spread, setting, values[path]):
            yield UsageError(fault, where=where, hint=_FORMS)
        elif spread.partner is not None and spread.partner not in settings:
            yield UsageError(f"{path} is drawn with {spread.partner}, which is no setting", where=where)


def _fault(path: str, spread: Spread, setting: Setting, value: object) -> str:
    """What is wrong with the ends of a spread; empty if nothing is."""
    stated = (spread.start is not None, spread.end is not None, spread.factor is not None)
    if stated not in ((True, True, False), (False, False, True)) or (spread.factor is not None and spread.factor <= 1):
        return f"the spread of {path} has no ends, or several kinds of them"
    exact = Decimal(str(value))
    low, high = sorted(spread.ends(exact))
    if not low <= exact <= high:
        return f"the spread of {path}, {low} to {high}, does not hold its value, {exact}"
    if (setting.low is not None and low < setting.low) or (setting.high is not None and high > setting.high):
        return f"the spread of {path} goes from {low} to {high}: allowed is {setting.allowed}"
    return ""

"""The spread of a constant: between which ends it may lie, and why. A chip file states spreads under [spreads].

A constant without a spread is taken as it is. Prices have one, which move energy and area, and delays, which move time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import floor

from pydantic import Field

from acortex.errors import AcortexError, UsageError
from acortex.sim.chip.chip_files import ChipSource
from acortex.sim.chip.setting import Real, Section, Setting

DIGITS = 12
"""Significant digits of a constant that is drawn: more than any source has."""

_FORMS = "a spread has `from` and `to`, or a `factor` above 1"


class Spread(Section):
    """Between which ends a constant lies, evenly; or within a factor of its value either way, evenly in logarithms.

    A whole number takes the whole numbers between its ends, both included.
    """

    start: Real | None = Field(default=None, alias="from", description="one end, in the unit of the setting")
    end: Real | None = Field(default=None, alias="to", description="the other end")
    factor: Real | None = Field(default=None, description="the ends are the value over and times this")
    partner: str | None = Field(
        default=None, alias="with", description="the constant that it is drawn with: both at the same share of the way"
    )
    reason: str = Field(min_length=1, description="where the ends are from")

    @property
    def has_ends(self) -> bool:
        """Whether it states ends, and in one way."""
        if self.factor is None:
            return self.start is not None and self.end is not None
        return self.start is None and self.end is None and self.factor > 1

    def ends(self, value: Decimal | int) -> tuple[Decimal, Decimal]:
        """The ends of a constant that has this value, that of share 0 first."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        factor = Decimal(1) if self.factor is None else self.factor
        return value / factor, value * factor

    def at(self, value: Decimal | int, share: float) -> Decimal | int:
        """The constant at a share of the way from one end to the other, 0 to 1; whole where its value is."""
        start, end = map(float, self.ends(value))
        if isinstance(value, int):
            return self._whole(start, end, share)
        return Decimal(f"{self._between(start, end, share):.{DIGITS}g}")

    def _whole(self, start: float, end: float, share: float) -> int:
        """A whole number: each has what lies within a half of it."""
        half = 0.5 if start <= end else -0.5
        found = floor(self._between(start - half, end + half, share) + 0.5)
        return int(min(max(found, min(start, end)), max(start, end)))

    def _between(self, start: float, end: float, share: float) -> float:
        if self.factor is not None and start > 0:
            return float(start * (end / start) ** share)
        return start + (end - start) * share


def wrong_spreads(
    spreads: Mapping[str, Spread], source: ChipSource, settings: Mapping[str, Setting], values: Mapping[str, object]
) -> Iterator[AcortexError]:
    """What is wrong with the spreads of a chip whose settings have these `values`."""
    for path, spread in spreads.items():
        setting = settings.get(path)
        told, hint = _NO_SETTING if setting is None else _fault(spread, setting, values[path])
        if not told and spread.partner is not None and spread.partner not in settings:
            told = f"is drawn with {spread.partner}, which is no setting"
        if told:
            yield UsageError(f"{path} {told}", where=source.where(f"spreads.{path}"), hint=hint)


_NO_SETTING = ("has a spread, but is no setting", "`acortex chip schema` lists the settings")
_NO_CONSTANT = (
    "cannot have a spread",
    "prices and delays have spreads; sizes and counts are of a design: move them by the axes of a sweep",
)
_FALLS = (
    "has a spread from its larger end to its smaller one",
    "only what is drawn `with` another constant may fall as that one rises",
)


def _fault(spread: Spread, setting: Setting, value: object) -> tuple[str, str]:
    """What is wrong with the spread of a setting, and a hint; empty if nothing is."""
    if not (setting.is_price or setting.is_delay):
        return _NO_CONSTANT
    if not spread.has_ends:
        return "has a spread without ends, or with several kinds of them", _FORMS
    start, end = spread.ends(Decimal(str(value)))
    told = f"has a spread, {_plain(min(start, end))} to {_plain(max(start, end))}"
    if not min(start, end) <= Decimal(str(value)) <= max(start, end):
        return f"{told}, that does not hold its value, {value}", "a value that is changed needs another spread, or none"
    if not all(_is_allowed(one, setting) for one in (start, end)):
        return f"{told}: allowed is {setting.allowed}", _FORMS
    return _FALLS if start > end and spread.partner is None else ("", "")


def _is_allowed(end: Decimal, setting: Setting) -> bool:
    whole = setting.kind != "integer" or end == int(end)
    return whole and (setting.low is None or setting.low <= end) and (setting.high is None or end <= setting.high)


def _plain(end: Decimal) -> str:
    return f"{float(end):.{DIGITS}g}"

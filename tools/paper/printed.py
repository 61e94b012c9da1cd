"""The source paper's table as data: what Fig. 7b prints, cell by cell, and the interval that a printed digit allows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

NETWORKS = ("inception_v1", "resnet_152", "gnmt")
"""The columns of Fig. 7b."""

UNITS = {
    "operations": "operations",
    "mm_accesses": "accesses",
    "mm_utilisation_pct": "%",
    "fg_array_utilisation_pct": "%",
    "area_mm2": "mm2",
    "power_mw": "mW",
    "latency_ms": "ms",
    "efficiency_tops_per_j": "TOp/J",
    "throughput_tops": "TOp/s",
    "area_pct": "%",
    "energy_pct": "%",
}
"""The unit of each row; rows not named here are plain numbers."""


@dataclass(frozen=True)
class Cell:
    """One printed number: it stands for anything from half a last digit below it to one above, rounded or truncated."""

    network: str
    row: str
    value: Decimal
    doubtful: bool

    @property
    def unit(self) -> str:
        """The unit of the row, "" for plain numbers."""
        return UNITS.get(self.row.split(".")[0], "")

    @property
    def interval(self) -> tuple[float, float]:
        """The smallest and the largest number that may have been printed so."""
        exponent = self.value.as_tuple().exponent
        assert isinstance(exponent, int)
        digit = Decimal(1).scaleb(exponent)
        return float(self.value - digit / 2), float(self.value + digit)


@cache
def _printed() -> dict[str, Any]:
    text = Path(__file__).with_name("fig7.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


def digital_twin() -> dict[str, Decimal]:
    """The digital column of Fig. 7c: area in mm2, latency in ms, efficiency in TOp/J, two shares of the area in %."""
    column = _printed()["gnmt_digital"]
    short = {"area_mm2": "area", "latency_ms": "latency", "efficiency_tops_per_j": "efficiency"}
    return {short.get(row, row): Decimal(value) for row, value in column.items() if row != "doubtful"}


@cache
def figure_7b() -> dict[str, dict[str, Cell]]:
    """All cells of Fig. 7b: by network, then by row."""
    printed = _printed()
    return {network: {cell.row: cell for cell in _cells(network, printed[network])} for network in NETWORKS}


def _cells(network: str, column: dict[str, Any]) -> Iterator[Cell]:
    doubtful = set(column["doubtful"])
    for row, value in column.items():
        if isinstance(value, dict):
            yield from (
                Cell(network, f"{row}.{part}", Decimal(number), f"{row}.{part}" in doubtful)
                for part, number in value.items()
            )
        elif row != "doubtful":
            yield Cell(network, row, Decimal(value), row in doubtful)

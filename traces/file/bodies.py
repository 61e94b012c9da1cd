"""The body of a block of rows, as docs/trace-format.md lays it out; `acortex.traces.file.table` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from acortex.traces.file import blocks, columns
from acortex.traces.file.columns import Ints


def body_of(row: Mapping[str, Ints], kinds: int) -> bytes:
    """The msgpack of columns. Energy is kept as its difference from count times a price of the kind."""
    plain: dict[str, Any] = {}
    if "energy_aj" in row:
        prices = _prices(row, kinds)
        plain["prices_aj"] = prices.tolist()
        row = {**row, "energy_aj": row["energy_aj"] - row["count"] * prices[row["kind"]]}
    plain["columns"] = [columns.pack(name, values, delta=name == "start") for name, values in row.items()]
    return blocks.pack(plain)


def _prices(row: Mapping[str, Ints], kinds: int) -> Ints:
    """A price for each kind that is right for one event of it, and so for all where energy is by the count."""
    counted = np.flatnonzero(row["count"])[::-1]
    prices = np.zeros(kinds, dtype=np.int64)
    prices[row["kind"][counted]] = row["energy_aj"][counted] // row["count"][counted]
    return prices

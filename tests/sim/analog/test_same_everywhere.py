"""Circuit functions give the same bits on every machine: what they make of numbers that are no draws."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.sim.analog import (
    bow,
    capacitor_inl,
    code_worth,
    crosstalk,
    cubic,
    effective,
    flicker_pct,
    gated,
    gated_mean,
    ramp,
    read_sigma,
    saturating,
    shot_pct,
    thermal_pct,
    timed,
    together,
    trim_gain,
    trim_offset,
)

Array = NDArray[Any]

CELLS = ((np.arange(2 * 64 * 64) * 40_503 % 65_536) / 8192).astype(np.float32).reshape(2, 64, 64)
"""Conductances in levels, spread evenly from 0 to 8."""

CODES = (np.arange(20 * 64) * 40_503 % 65_536 >> 12).reshape(20, 64)
SUMS = ((np.arange(20 * 64) * 40_503 % 65_536) / 7 - 4000).astype(np.float32).reshape(20, 64)
OFFSETS = (np.arange(64) / 30 - 1).astype(np.float32)

WANTED: dict[str, tuple[Callable[[], Array], str]] = {
    "effective": (lambda: effective(CELLS, 1e-4, 2e-4), "85f3d0d5ab0aac03"),
    "gated": (lambda: gated(CELLS, CODES > 7, 1e-4, 2e-4), "7ed43036fe6abc57"),
    "gated_mean": (lambda: gated_mean(CELLS, together(CODES), 1e-4, 2e-4), "4100db8124cbeb32"),
    "timed": (lambda: timed(CELLS, CODES, 1e-4, 2e-4), "53c563bf96535c47"),
    "read_sigma": (lambda: read_sigma(CODES * CODES, read_pct=0.7, thermal_pct=0.1), "c2fa86d37497f0ab"),
    "crosstalk": (lambda: crosstalk(SUMS, 0.013), "2d3003e5e28eed7f"),
    "saturating": (lambda: saturating(SUMS, 0.3, 7680.0), "e511e189508f7ebb"),
    "cubic": (lambda: cubic(CODES, 2.1, 0.2), "0b50189ce063fa59"),
    "ramp": (lambda: ramp(SUMS, code_worth(3, 7), gain=OFFSETS + 2, offset=OFFSETS, inl=0.3), "bdc60c0d0eaec55b"),
    "bow": (lambda: bow(OFFSETS, 0.3), "9a5d45b745087407"),
    "capacitor_inl": (lambda: capacitor_inl(OFFSETS.reshape(16, 4), 0.03), "f8b115fec36ba161"),
    "trim_offset": (lambda: trim_offset(OFFSETS, 0.03), "f5461f2a66e7e9ac"),
    "trim_gain": (lambda: trim_gain(OFFSETS + 2, 0.03), "85d92eb082fdcd6a"),
    "percentages": (
        lambda: np.array([shot_pct(1e-6, 3e5), thermal_pct(1e-3, 300, 3e5, 1e-6), flicker_pct(1e-7, 3, 1e6)]),
        "538e0e30e103a1e2",
    ),
}
"""Each with the beginning of the SHA-256 of the bytes that it made where it was written."""


@pytest.mark.parametrize("name", WANTED)
def test_the_bits_are_those_of_any_machine(name: str) -> None:
    make, digest = WANTED[name]
    made = make()
    assert sha256(made.astype(made.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16] == digest

"""The ONNX project's own operator cases: those listed pass, the others are refused by name, never with a traceback."""

from pathlib import Path
from zlib import crc32

import onnx_cases
import pytest

from acortex.errors import AcortexError

LISTED = set(Path(__file__).with_name("onnx_cases.txt").read_text().split())

PARTS = 24
"""Of the cases; the default run takes one of them."""


def some(part):
    """A part of the cases: by a checksum of its name, so that none of them changes with the others."""
    return (case for case in onnx_cases.cases() if crc32(case[0].encode()) % PARTS == part)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("part", range(PARTS))
def test_listed_cases_come_near_and_all_others_are_refused(part):
    wrong = {}
    for name, *case in some(part):
        result = onnx_cases.outcome(*case)
        if isinstance(result, AcortexError) is (name in LISTED):
            wrong[name] = str(result)
        elif name in LISTED and result < onnx_cases.least_decibels(name):
            wrong[name] = f"only {result:.1f} dB"
    assert wrong == {}

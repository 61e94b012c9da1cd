"""The ONNX project's own operator cases: those listed pass, the others are refused by name, never with a traceback."""

from pathlib import Path

import onnx_cases

from acortex.errors import AcortexError

LISTED = set(Path(__file__).with_name("onnx_cases.txt").read_text().split())


def test_listed_cases_come_near_and_all_others_are_refused():
    wrong = {}
    for name, *case in onnx_cases.cases():
        result = onnx_cases.outcome(*case)
        if isinstance(result, AcortexError) is (name in LISTED):
            wrong[name] = str(result)
        elif name in LISTED and result < onnx_cases.least_decibels(name):
            wrong[name] = f"only {result:.1f} dB"
    assert wrong == {}

"""The text of `acortex trace critical`, from a document of `acortex.critical/1` alone."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from acortex.tools.console.output import show
from acortex.tools.views.critical import critical_parts, told
from acortex.traces.results_of_paths import CriticalPath

RIVAL = {
    "unit": "main_memory/read", "name": "port", "held_by": "main_memory/operand", "line": "a.s:3", "text": "operand d1",
    "cycles": 300,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "complete": True, "covers": None, "cycles": 1000, "by_unit": [], "by_layer": [{"name": "conv", "cycles": 1000}],
    "by_cause": [
        {"unit": "vmm/frame", "what": "busy", "name": "vmm.frame", "cycles": 600},
        {"unit": "main_memory/read", "what": "waiting", "name": "port", "cycles": 300},
        {"unit": "main_memory/read", "what": "hand-over", "name": "grant", "cycles": 100},
    ],
    "rivals": [RIVAL], "contention": 300,
    "by_line": [{"line": "a.s:3", "text": "operand d1", "cycles": 1000}],
    "halving": [{"name": "vmm/frame", "cycles": 600, "gain_at_most": 600}],
    "segments": [],
}  # fmt: skip


def lines(capsys: pytest.CaptureFixture[str], **changed: Any) -> list[str]:
    show(Console(width=100, highlight=False), critical_parts(CriticalPath.model_validate({**REPORT, **changed}), 7))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_wait_for_a_port_is_shown_with_what_held_it_and_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys)
    at = found.index("What held what the path waited for cycles")
    assert found[at + 1 : at + 3] == [
        "main_memory/read waiting for port, 300 30.0 %",
        "held by main_memory/operand (a.s:3 operand d1)",
    ]
    assert "main_memory/read hand-over (grant) 100 10.0 %" in found


def test_a_unit_gains_of_its_own_and_contention_stands_once(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys)
    at = found.index("Halving the time of on the path of its own, at most")
    assert found[at + 1] == "vmm/frame 600 300 30.0 %"
    assert found[at + 3].startswith("Beside that 300 (30.0 %) are waits for ports, banks or lanes.")
    assert sum("300 (30.0 %)" in line for line in found) == 1


def test_without_contention_nothing_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, contention=0, rivals=[])
    assert not [line for line in found if "Beside" in line or "held" in line]


def test_a_part_of_a_path_bounds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, halving=[])
    assert not [line for line in found if "Halving" in line or "Beside" in line]


@pytest.mark.parametrize(("number", "more"), [(12, []), (13, ["and 1 more"])])
def test_twelve_rows_are_shown(number: int, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    layers = [{"name": f"layer{at}", "cycles": 1000 - at} for at in range(number)]
    found = lines(capsys, by_layer=layers)
    at = found.index("Layer cycles")
    assert found[at + 12] == "layer11 989 98.9 %"
    assert found[at + 13 : found.index("", at)] == more


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("busy", "vmm.frame", "vmm.frame"),
        ("latency", "memory.read", "latency of main memory"),
        ("waiting", "port", "waiting for port"),
        ("hand-over", "operand_full", "hand-over (operand full)"),
        ("idle", "idle", "idle"),
    ],
)
def test_what_a_unit_did_has_words(what: str, name: str, words: str) -> None:
    assert told(what, name) == words

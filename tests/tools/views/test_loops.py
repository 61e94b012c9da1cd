"""The text of `acortex view` about loops and the critical chain, from documents of `acortex.view/1` alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.tools.views.loops import loop_parts, places
from acortex.traces.instructions.results import InstructionView

from .conftest import Said


def link(number: int, **cycles: int) -> dict[str, Any]:
    """A link of a chain: the instruction on a line, in one unit."""
    times = dict.fromkeys(("busy", "latency", "waiting", "hand_over", "idle"), 0)
    own = {"line": f"a.s:{number}", "text": f"read d{number}", "units": ["memory", "bus"]}
    return {**own, **times, "cycles": sum(cycles.values()), **cycles}


LOOP: dict[str, Any] = {
    "line": "a.s:3", "text": "loop 40", "end_line": "a.s:9", "end_text": "end", "turns": 1200, "entered": 1,
    "looked_at": 30, "cycles_per_turn": 50.0, "period": 1000, "turns_per_period": 1, "inferences_per_period": 0,
    "from_cycle": 2345, "until_cycle": 9000, "bound": "chain", "bound_by": ["vmm", "bus"], "simple_bound": 700,
    "busiest": "vmm", "units": [{"unit": "vmm", "busy": 700, "waiting": 250, "idle": 50, "slack": 300}],
    "chain": [link(4, busy=600, hand_over=400)], "chain_periods": 1,
}  # fmt: skip
VIEW: dict[str, Any] = {
    "complete": True, "covers": None, "program": {"name": "toy", "sha256": "ab" * 32, "instructions": 7},
    "chip": {"name": "c", "sha256": "cd" * 32, "config": {}}, "clock_ns": 1.0, "cycles": 5, "instructions": 0,
    "rows": [], "bin_cycles": 1, "from_cycle": 0, "until_cycle": 5, "totals": [], "event_energy_aj": 0, "loops": [],
    "chain": [], "links": 0, "waits_looked_at": 0,
}  # fmt: skip


def of_loop(said: Said, **changed: Any) -> list[str]:
    view = InstructionView.model_validate({**VIEW, "loops": [{**LOOP, **changed}]})
    return said(loop_parts(view, 120))


def of_chain(said: Said, chain: list[dict[str, Any]], links: int) -> list[str]:
    made = [{**one, "start": 1000 * at, "end": 1000 * at + 7, "inference": 0} for at, one in enumerate(chain)]
    return said(loop_parts(InstructionView.model_validate({**VIEW, "chain": made, "links": links}), 120))


def test_a_steady_loop_has_its_turn_its_bound_its_units_and_its_chain(said: Said) -> None:
    assert of_loop(said) == [
        "Loop a.s:3 loop 40 to 9 end, 1,200 turns",
        "steady from cycle 2,345: 1,000 cycles per turn",
        "vmm, the busiest unit, has work for 700 cycles (70.0 %)",
        "bound by a chain of hand-overs through vmm, bus",
        "unit busy waiting idle slack",
        "vmm 700 250 50 300",
        "The chain that closes over a turn",
        "cycles line instruction units busy hand-over",
        "1,000 4 read d4 memory, bus 600 400",
        "",
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"turns": 1, "entered": 2}, "Loop a.s:3 loop 40 to 9 end, 1 turn, entered 2 times"),
        ({"end_line": "b.s:9"}, "Loop a.s:3 loop 40 to b.s:9 end, 1,200 turns"),
        ({"line": "aa.s:3", "end_line": "a.s:9"}, "Loop aa.s:3 loop 40 to a.s:9 end, 1,200 turns"),
    ],
    ids=str,
)
def test_the_heading_of_a_loop_names_its_end_and_how_often_it_was_entered(
    changed: dict[str, Any], told: str, said: Said
) -> None:
    assert of_loop(said, **changed)[0] == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"turns_per_period": 3}, "1,000 cycles per 3 turns"),
        ({"turns_per_period": None}, "1,000 cycles per turn"),
        ({"inferences_per_period": 1}, "1,000 cycles per turn, in which 1 inference is done"),
        ({"inferences_per_period": 2}, "1,000 cycles per turn, in which 2 inferences are done"),
        ({"inferences_per_period": None, "period": 1}, "1 cycle per turn"),
    ],
    ids=str,
)
def test_a_turn_is_told_with_what_is_done_in_it(changed: dict[str, Any], told: str, said: Said) -> None:
    assert of_loop(said, **changed)[1] == f"steady from cycle 2,345: {told}"


def test_a_loop_that_its_busiest_unit_bounds_has_no_chain(said: Said) -> None:
    found = of_loop(said, bound="busy", bound_by=["a", "b", "c", "d", "e"])
    assert found[2] == "bound by a, b, c, d, ..., busy in each cycle"
    assert not [line for line in found if "chain" in line]


def test_a_loop_whose_bound_is_not_seen_says_so(said: Said) -> None:
    found = of_loop(said, bound=None, bound_by=[], simple_bound=None, chain=[])
    assert found[2:4] == ["vmm, the busiest unit, has work for 0 cycles (0.0 %)", "what bounds it is not seen"]


@pytest.mark.parametrize(
    ("periods", "turns", "told"),
    [
        (1, 1, "a turn"),
        (2, 1, "2 turns"),
        (1, 3, "3 turns"),
        (2, 3, "6 turns"),
        (None, 2, "2 turns"),
        (2, None, "2 turns"),
    ],
)
def test_a_chain_closes_over_the_turns_of_all_its_periods(
    periods: int | None, turns: int | None, told: str, said: Said
) -> None:
    found = of_loop(said, chain_periods=periods, turns_per_period=turns)
    assert f"The chain that closes over {told}" in found


@pytest.mark.parametrize(
    ("links", "more"), [(16, ""), (17, "and 1 more instruction"), (2000, "and 1,984 more instructions")]
)
def test_of_a_chain_sixteen_instructions_are_shown(links: int, more: str, said: Said) -> None:
    found = of_loop(said, chain=[link(number, busy=5) for number in range(links)])
    assert len([line for line in found if line.endswith("memory, bus 5")]) == min(links, 16)
    assert found[-2] == more if more else found[-2].endswith("memory, bus 5")


STILL = {"period": None, "turns_per_period": None, "bound": None, "bound_by": [], "units": [], "chain": []}


def test_a_loop_that_never_repeats_has_the_distance_of_its_last_turns(said: Said) -> None:
    assert of_loop(said, **STILL, cycles_per_turn=1234.56)[1:] == [
        "its last turns were issued 1,234.6 cycles apart, on average",
        "of 1,200 turns no two were alike before the last was issued: no steady state is seen",
        "",
    ]
    assert of_loop(said, **STILL, cycles_per_turn=0.0)[1].startswith("of 1,200 turns no two were alike")


@pytest.mark.parametrize(
    ("turns", "text", "few"), [(7, "inference 7", True), (8, "inference 8", False), (7, "loop 7", False)]
)
def test_only_a_loop_of_few_inferences_is_said_to_be_short(turns: int, text: str, few: bool, said: Said) -> None:
    found = of_loop(said, **STILL, turns=turns, text=text)
    assert ("so few may be too few: --inferences N has more" in found) == few


def test_the_chain_of_a_run_has_where_each_link_begins(said: Said) -> None:
    chain = [link(3, busy=5), link(4, waiting=2, idle=1)]
    assert of_chain(said, chain, links=2) == [
        "What set the length of the run, in 2 links",
        "from cycles line instruction units busy waiting idle",
        "0 5 3 read d3 memory, bus 5",
        "1,000 3 4 read d4 memory, bus 2 1",
    ]


@pytest.mark.parametrize(("given", "links", "more"), [(16, 16, 0), (17, 17, 1), (20, 5000, 4984)])
def test_of_the_chain_of_a_run_sixteen_links_are_shown(given: int, links: int, more: int, said: Said) -> None:
    found = of_chain(said, [link(number, latency=5) for number in range(given)], links)
    assert len([line for line in found if line.endswith("memory, bus 5")]) == 16
    assert found[-1] == f"and {more:,} more: --from CYCLE" if more else found[-1].endswith("memory, bus 5")


def test_lines_of_one_file_are_numbers_and_those_of_two_have_their_names() -> None:
    one, two = places(["a.s:3", "-", "a.s:12"]), places(["a.s:3", "b.s:12"])
    assert (list(one.cells), one.number, one.cut) == (["3", "-", "12"], True, False)
    assert (list(two.cells), two.number, two.cut) == (["a.s:3", "b.s:12"], False, True)

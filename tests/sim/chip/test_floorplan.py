"""The floor plan: every part has its area, the parts cover the die, and the drawings show what is there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from acortex.sim.chip.area import area_by_component, control_area, die_side
from acortex.sim.chip.buses import Buses
from acortex.sim.chip.floorplan import distance, floor_plan
from acortex.sim.chip.floorplan_text import key, route_key, text
from acortex.sim.chip.groups import Rect, form_group
from acortex.sim.chip.specs import chip_names, load_chip

TINY = Decimal("1e-30")
DIGITS = load_chip("acortex_digits")
GROUPS = [
    form_group(0, 785, 64, [Rect(0, 0, 8), Rect(1, 0, 5)], DIGITS),
    form_group(1, 65, 10, [Rect(1, 5, 2)], DIGITS),
]


@pytest.mark.parametrize("name", chip_names())
def test_the_parts_cover_the_die(name: str) -> None:
    chip = load_chip(name)
    plan = floor_plan(chip)
    assert abs(sum(box.width * box.height for box in plan.boxes) - plan.side**2) < Decimal("1e-20")
    assert all(box.x >= 0 and box.y >= 0 for box in plan.boxes)
    assert all(max(box.x + box.width, box.y + box.height) <= plan.side + TINY for box in plan.boxes)


@pytest.mark.parametrize("name", chip_names())
def test_each_part_has_its_area(name: str) -> None:
    chip = load_chip(name)
    plan, area = floor_plan(chip), area_by_component(chip)
    shared = area["neurons_adcs"] + area["program_erase"]
    assert abs(plan.memory.width * plan.memory.height - area["main_memory"]) < Decimal("1e-20")
    assert abs(plan.control.width * plan.control.height - control_area(chip)) < Decimal("1e-20")
    assert abs(plan.band.width * plan.band.height - shared) < Decimal("1e-20")


def test_an_array_has_its_own_area() -> None:
    plan = floor_plan(DIGITS)
    assert float(plan.pitch_x * plan.pitch_y) == pytest.approx((3517 + 2246 + 654 + 1290) * 1e-6)


def test_wires_run_along_the_edges() -> None:
    assert distance((Decimal(1), Decimal(2)), (Decimal(4), Decimal(0))) == 5


def test_no_port_is_further_from_the_hub_than_two_sides() -> None:
    plan = floor_plan(DIGITS)
    assert all(distance(place, plan.ports["hub"]) <= 2 * die_side(DIGITS) for place in plan.ports.values())


def test_the_text_shows_every_array_of_a_small_chip() -> None:
    assert text(DIGITS, 70, GROUPS).splitlines() == [
        "die 1.099 x 1.099 mm, 2 columns of 8 arrays",
        "┌────────────────────┬──────────────────────┐",
        "│ main memory        │ g0 g0                │ rows 0 to 4",
        "│ 1 KB, 8 banks      │ g0 g0                │",
        "├────────────────────┤ g0 g0                │",
        "│ controller         │ g0 g0                │",
        "│ instruction memory │ g0 g0                │",
        "│ buffer, host port  ├──────────────────────┤",
        "│                    │ neurons, converters  │",
        "│                    │ program/erase        │",
        "│                    ├──────────────────────┤",
        "│                    │ g0 g1                │ rows 5 to 7",
        "│                    │ g0 g1                │",
        "│                    │ g0 ·                 │",
        "└────────────────────┴──────────────────────┘",
    ]


@pytest.mark.parametrize("name", chip_names())
@pytest.mark.parametrize("width", [70, 80, 120])
def test_the_text_fits_the_terminal(name: str, width: int) -> None:
    assert max(map(len, text(load_chip(name), width).splitlines())) <= width


@pytest.mark.parametrize("sizes", [(1, 0, 1), (1, 1, 1), (2, 0, 40), (256, 1, 1), (256, 256, 512)])
def test_the_smallest_and_the_largest_chips_are_drawn(sizes: tuple[int, int, int]) -> None:
    names = ("m_top", "m_bottom", "n")
    chip = load_chip("acortex_digits", [f"arrays.{name}={size}" for name, size in zip(names, sizes, strict=True)])
    assert "instruction memory" in text(chip, 80)


def test_a_mark_of_several_arrays_shows_whose_they_are() -> None:
    chip = load_chip("acortex_gnmt")
    groups = [form_group(11, 64 * 64, 64 * 128, [Rect(0, 0, 64, 128)], chip)]
    first = text(chip, 98, groups).splitlines()[2]
    assert text(chip, 98).startswith("die 17.122 x 17.122 mm, 256 columns of 128 arrays, 5 x 4 a mark")
    assert first.count("b") == 26  # 25 marks of 5 columns, and one that column 128 shares with nobody


def test_a_mark_that_groups_share_is_a_star() -> None:
    chip = load_chip("acortex_gnmt")
    groups = [form_group(number, 64, 64, [Rect(number, 0)], chip) for number in range(2)]
    assert text(chip, 98, groups).splitlines()[2].count("*") == 1


def test_a_route_marks_the_arrays_that_currents_pass() -> None:
    # The group lies at the top of column 0: the bus of the column leads past rows 1 to 4 to the middle.
    group = form_group(0, 64, 64, [Rect(0, 0)], DIGITS)
    route = Buses(DIGITS).group_route(group)
    column = [line[22:29].split()[0] for line in text(DIGITS, 80, [group], route).splitlines()[2:7]]
    assert column == ["g0", "|", "|", "|", "|"]
    assert route_key(group, route).splitlines() == [
        "  7 bus segments: 5 down columns, 1 to neurons, 1 into them",
        f"  longest way {route.length_mm:.3f} mm, to the neurons of column 0; 1 turn to convert",
        "  | an array that its currents pass",
    ]


def test_the_key_says_where_groups_lie() -> None:
    assert key(DIGITS, GROUPS, 60).splitlines() == [
        "2 groups on 15 of 16 arrays",
        "  g0: 785 x 64 cells, 13 arrays: column 0, rows 0 to 7; c...",
        "  g1: 65 x 10 cells, 2 arrays: column 1, rows 5 to 6",
        "  · no group",
    ]


@pytest.mark.parametrize(("many", "rest"), [(20, []), (21, ["  and 1 group more"]), (23, ["  and 3 groups more"])])
def test_the_key_names_twenty_groups_and_counts_the_others(many: int, rest: list[str]) -> None:
    chip = load_chip("acortex_gnmt")
    groups = [form_group(number, 64, 64, [Rect(number, 0)], chip) for number in range(many)]
    first, *lines = key(chip, groups).splitlines()
    assert first == f"{many} groups on {many} of 32,768 arrays"
    assert [line.partition(":")[0] for line in lines[:-1]] == [f"  g{number}" for number in range(20)] + rest

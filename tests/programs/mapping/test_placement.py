"""Placement: every array can be used, groups stay apart, and no conversion outlasts the loads that hide it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs.compiler import in_blocks
from acortex.programs.mapping import placement
from acortex.programs.mapping.placement import Placement, PlacementError, Tiles, place, smallest
from acortex.programs.mapping.turns import turns_of
from acortex.sim.chip.buses import Buses
from acortex.sim.chip.groups import Group, Rect, VerticalRun, check_apart, form_group
from acortex.sim.chip.specs import Chip, load_chip
from acortex.tools.open.machine import machine_of


def resnet152() -> list[Tiles]:
    """The products of ResNet-152, each tap of a kernel padded to 64 channels."""
    products, inputs = [Tiles(49, 1)], 1
    for blocks, width in ((3, 1), (8, 2), (36, 4), (3, 8)):
        for block in range(blocks):
            products += [Tiles(inputs, width), Tiles(9 * width, width), Tiles(width, 4 * width)]
            products += [] if block else [Tiles(inputs, 4 * width)]
            inputs = 4 * width
    return [*products, Tiles(32, 16)]


def formed(products: list[Tiles], placement: Placement, chip: Chip) -> list[Group]:
    """The groups as the chip forms them, which refuses any that are wrong."""
    return [
        form_group(number, tiles.rows * 64, tiles.columns * 64, [Rect(*rect) for rect in rects], chip)
        for number, (tiles, rects) in enumerate(zip(products, placement.groups, strict=True))
    ]


def test_resnet152_takes_all_but_three_arrays_of_its_chip_and_no_conversion_shows() -> None:
    chip, products = load_chip("acortex_resnet"), resnet152()
    machine = machine_of(chip)
    groups = formed(products, place(products, machine), chip)
    check_apart(groups)
    assert sum(group.arrays for group in groups) == chip.array_count - 3
    buses = Buses(chip)
    for group in groups:
        rounds, hidden = buses.group_route(group).rounds, group.arrays + machine.frame_cycles
        assert rounds == 1 or rounds * machine.conversion_cycles <= hidden


def test_sixteen_lstm_layers_fill_the_largest_chip_and_never_meet_on_a_bus() -> None:
    chip, products = load_chip("acortex_gnmt"), [Tiles(32, 64)] * 16
    placement = place(products, machine_of(chip))
    check_apart(formed(products, placement, chip))
    assert sum(tiles.arrays for tiles in products) == chip.array_count
    assert placement.disjoint()


@given(*(st.integers(*span) for span in ((0, 5), (0, 7), (1, 6), (1, 8), (1, 5))))
def test_a_rectangle_is_told_block_by_block_with_each_array_once(
    row: int, column: int, height: int, width: int, m_top: int
) -> None:
    machine = replace(machine_of(load_chip("acortex_gnmt")), m_top=m_top, m_bottom=12 - m_top, columns=16)
    told = [
        (part["row"] + y + (m_top if part["block"] >= 2 else 0), part["column"] + x + 8 * (part["block"] % 2))
        for part in in_blocks(placement.Rect(column, row, height, width), machine)
        for y in range(part["rows"])
        for x in range(part["columns"])
        if y + part["row"] < (12 - m_top if part["block"] >= 2 else m_top) and x + part["column"] < 8
    ]
    assert sorted(told) == [(row + y, column + x) for y in range(height) for x in range(width)]


PRODUCTS = st.lists(st.builds(Tiles, st.integers(1, 12), st.integers(1, 6)), max_size=8)


@given(PRODUCTS, st.integers(1, 23))
def test_tile_columns_stand_in_the_order_in_which_the_chip_converts_them(products: list[Tiles], m_top: int) -> None:
    columns = max(1, -(-sum(product.arrays for product in products) // 48))  # blocks of two columns on each side
    sizes = {"m_top": m_top, "m_bottom": 24 - m_top, "n": columns}
    chip = load_chip("acortex_gnmt", [f"arrays.{name}={size}" for name, size in sizes.items()])
    for group in formed(products, place(products, machine_of(chip)), chip):
        turns = Buses(chip).group_route(group).turns
        assert list(turns) == sorted(turns)
        runs = [[(run.column, run.row, run.height) for run in column] for column in group.runs]
        assert turns_of(runs, m_top) == list(turns)


RUNS = st.lists(
    st.builds(Rect, st.integers(0, 5), st.integers(0, 11), st.integers(1, 8)).filter(lambda r: r.row + r.height <= 12),
    min_size=1,
    max_size=3,
)


@given(st.lists(RUNS, min_size=1, max_size=8), st.integers(1, 11))
def test_the_turns_that_are_foretold_are_those_of_the_chip_wherever_arrays_lie(
    tile_columns: list[list[Rect]], m_top: int
) -> None:
    chip = load_chip("acortex_gnmt", [f"arrays.m_top={m_top}", f"arrays.m_bottom={12 - m_top}", "arrays.n=3"])
    runs = tuple(tuple(VerticalRun(rect.column, rect.row, rect.height) for rect in column) for column in tile_columns)
    assert turns_of([[(run.column, run.row, run.height) for run in column] for column in runs], m_top) == list(
        Buses(chip).group_route(Group(0, 64, 64 * len(runs), (), runs)).turns
    )


@given(PRODUCTS)
def test_any_products_fit_the_smallest_chip_for_them(products: list[Tiles]) -> None:
    machine = machine_of(load_chip("acortex_gnmt"))
    least = smallest(products, machine)
    chip = load_chip("acortex_gnmt", [f"arrays.{name}={size}" for name, size in least._asdict().items()])
    groups = formed(products, place(products, machine_of(chip)), chip)
    check_apart(groups)
    arrays = [array for group in groups for row in group.tiles for array in row]
    assert len(set(arrays)) == len(arrays) == sum(tiles.rows * tiles.columns for tiles in products)
    assert all(0 <= column < chip.columns and 0 <= row < chip.rows for column, row in arrays)


def test_too_large_a_network_is_told_the_chip_that_it_needs() -> None:
    machine = replace(machine_of(load_chip("acortex_digits")), name="small")
    with pytest.raises(PlacementError) as caught:
        place([Tiles(9, 2)], machine)
    assert str(caught.value) == (
        "the network takes 18 arrays, and small has 16\n"
        "  hint: a chip with arrays.m_top=2, arrays.m_bottom=1 and arrays.n=3 would hold it"
    )


def test_columns_that_need_one_switch_take_turns_though_they_share_no_wire() -> None:
    """Each has a run in column 1, one above the middle and one below, and leaves it in the other half."""
    upper, lower = [(0, 0, 1), (1, 6, 1)], [(2, 6, 1), (1, 0, 1)]
    assert turns_of([upper, lower], m_top=5) == [0, 1]
    assert turns_of([upper, [(2, 6, 1)]], m_top=5) == [0, 0]


@pytest.mark.parametrize(
    ("products", "rects"),
    [
        # The tallest first, in the first column that has room for all of it; equals in their order.
        ([(2, 1), (5, 1), (3, 1)], [[(1, 3, 2, 1)], [(0, 0, 5, 1)], [(1, 0, 3, 1)]]),
        ([(3, 2), (2, 1), (4, 1), (5, 3)], [[(1, 0, 3, 2)], [(1, 3, 2, 1)], [(0, 0, 4, 1)], [(3, 0, 5, 3)]]),
        # What is too tall goes on in the nearest column with room.
        ([(7, 1), (4, 1)], [[(0, 0, 5, 1), (1, 0, 2, 1)], [(2, 0, 4, 1)]]),
        ([(4, 1)] * 5 + [(3, 1)], [[(column, 0, 4 if column < 5 else 3, 1)] for column in range(6)]),
    ],
)
def test_products_lie_here_on_a_chip_of_six_columns_of_five_arrays(
    products: list[tuple[int, int]], rects: list[list[tuple[int, ...]]]
) -> None:
    machine = replace(machine_of(load_chip("acortex_gnmt")), m_top=3, m_bottom=2, columns=6)
    found = place([Tiles(*one) for one in products], machine).groups
    assert [[tuple(rect) for rect in group] for group in found] == rects


@pytest.mark.parametrize(("k", "turns"), [(32, [1, 1, 1, 4]), (64, [1, 1, 2, 8]), (128, [1, 1, 3, 16])])
def test_so_many_turns_are_hidden_by_loads_of_64_rows_and_a_frame(k: int, turns: list[int]) -> None:
    """A conversion takes 16 cycles, a frame 18; an array of k rows takes k / 64 words, and two of 32 rows share one."""
    machine = replace(machine_of(load_chip("acortex_gnmt")), k=k)
    sizes = ((1, 1), (3, 1), (9, 2), (40, 3))
    assert [placement._turns(Tiles(*size), machine) for size in sizes] == turns
    assert turns == [max(1, (-(-rows * k // 64) * columns + 18) // 16) for rows, columns in sizes]


@pytest.mark.parametrize(
    ("needed", "chip"),
    [(1, (1, 1, 1)), (7, (2, 2, 1)), (12, (2, 1, 2)), (30, (3, 2, 3)), (72, (5, 4, 4)), (100, (5, 5, 5)),
     (257, (7, 6, 10)), (512 * 1024, (256, 256, 512))],
)  # fmt: skip
def test_the_smallest_chip_has_the_fewest_arrays_and_of_equals_is_nearest_to_a_square(
    needed: int, chip: tuple[int, int, int]
) -> None:
    machine = machine_of(load_chip("acortex_gnmt"))
    assert smallest([Tiles(needed, 1)], machine) == chip


def test_no_chip_holds_one_array_more_than_a_program_can_address() -> None:
    with pytest.raises(PlacementError, match=r"the network takes 524289 arrays, and the largest chip .* has 524288"):
        smallest([Tiles(512, 1024), Tiles(1, 1)], machine_of(load_chip("acortex_gnmt")))

"""Floor plans: to scale, every group on its arrays, names where they fit, and the rules of pictures on every chip."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import picture_rules as rules
import pytest

from acortex.errors import UsageError
from acortex.sim.chip.area import area_by_component, total_area
from acortex.sim.chip.buses import Buses
from acortex.sim.chip.groups import Rect, form_group
from acortex.sim.chip.specs import Chip, chip_names, load_chip
from acortex.tools.drawing.die import FILLS, NEURONS, Die
from acortex.tools.drawing.floorplan import BARE, Plan, _cuts, floorplan, group_named
from acortex.tools.drawing.names import name_of_part, spots
from acortex.tools.drawing.palette import COLOURS, look
from acortex.tools.drawing.routes import Route, _bent, route_of
from acortex.tools.drawing.scene import Box, Cells, Line, Mark, Picture
from acortex.tools.drawing.stages import MOST
from acortex.tools.drawing.svg import svg

np = pytest.importorskip("numpy")

DIGITS = load_chip("acortex_digits")
GROUPS = [
    form_group(0, 785, 64, [Rect(0, 0, 8), Rect(1, 0, 5)], DIGITS),
    form_group(1, 65, 10, [Rect(1, 5, 2)], DIGITS),
]
PLAN = Plan("two", GROUPS, {0: "hidden", 1: "output"})

ON_CHIPS = [
    ("zoo:digits_mlp", "acortex_digits"), ("zoo:digits_cnn", "acortex_inception"),
    ("zoo:inception_v1", "acortex_inception"),
    ("zoo:resnet152", "acortex_resnet"), ("zoo:gnmt", "acortex_gnmt"), ("zoo:digits_mlp", "acortex_resnet"),
]  # fmt: skip


def chip_for(name: str) -> Chip:
    return load_chip(name) if name in chip_names() else DIGITS


def area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


@pytest.mark.parametrize("name", chip_names())
def test_a_bare_chip_keeps_the_rules(name: str) -> None:
    rules.check(floorplan(load_chip(name), BARE))


@pytest.mark.parametrize(("reference", "chip"), ON_CHIPS)
def test_a_program_on_its_chip_keeps_the_rules(reference: str, chip: str) -> None:
    found = rules.plan(reference, chip_for(chip))
    picture = floorplan(chip_for(chip), found)
    rules.check(picture)
    assert svg(picture) == svg(floorplan(chip_for(chip), found))


@pytest.mark.parametrize(("reference", "chip", "group"), [(*ON_CHIPS[0], 0), (*ON_CHIPS[0], 1), (*ON_CHIPS[2], 30)])
def test_a_route_covers_no_name(reference: str, chip: str, group: int) -> None:
    found = rules.plan(reference, chip_for(chip))
    route = route_of(group_named(f"g{group}", found), Buses(chip_for(chip)))
    picture = floorplan(chip_for(chip), found, route)
    rules.check(picture)
    assert rules.crossed(picture) == []
    names = [one for one in picture.texts if one.text in FILLS and one.anchor == "middle"]
    lines = [one for one in picture.shapes if isinstance(one, Line) and one.width > 1.5]
    legs = [Line(pair).box for one in lines for pair in pairwise(one.points)]
    assert not any(leg.meets(rules.shrunk(name.box)) for leg in legs for name in names)


@pytest.mark.parametrize("name", chip_names())
def test_each_part_has_its_area_on_the_drawing(name: str) -> None:
    die = Die(load_chip(name), 10, 20, 500)
    whole = float(total_area(die.chip))
    assert sum(part.area_mm2 for part in die.parts) == pytest.approx(whole)
    for part in die.parts:
        if part.box is not None and part.name != "program and erase":
            assert area(part.box) / 500**2 == pytest.approx(part.area_mm2 / whole)
    band = next(part.box for part in die.parts if part.name == "program and erase")
    strip = next(part.box for part in die.parts if part.name == NEURONS)
    assert band is not None and strip is not None
    assert band.left - 0.01 <= strip.left < strip.right <= band.right + 0.01
    assert band.top - 0.01 <= strip.top <= strip.bottom <= band.bottom + 0.01
    shared = sum(part.area_mm2 for part in die.parts if part.name in ("program and erase", NEURONS))
    assert area(band) / 500**2 == pytest.approx(shared / whole)


@pytest.mark.parametrize("name", chip_names())
def test_the_parts_of_an_array_fill_it_by_their_areas(name: str) -> None:
    chip = load_chip(name)
    die = Die(chip, 0, 0, 600)
    array = die.array(chip.columns - 1, chip.rows - 1)
    held = dict(die.inside(array))
    assert set(held) == {"cells", "DACs", "sensing", "wiring and switches"}
    assert sum(map(area, held.values())) == pytest.approx(area(array))
    assert rules.boxes_apart(list(held.values()))
    edges = Box(array.left - 0.01, array.top - 0.01, array.right + 0.01, array.bottom + 0.01)
    assert all(edges.holds(box) for box in held.values())
    mm2 = {part: float(value) for part, value in area_by_component(chip).items()}
    assert area(held["cells"]) * mm2["dacs"] == pytest.approx(area(held["DACs"]) * mm2["arrays"])
    assert area(held["sensing"]) * mm2["arrays"] == pytest.approx(area(held["cells"]) * mm2["sensing"])


def test_a_rectangle_across_the_middle_has_a_box_in_each_half() -> None:
    die = Die(DIGITS, 0, 0, 600)
    upper, lower = die.held(Rect(0, 0, 8))
    assert die.halves[0].holds(upper) and die.halves[1].holds(lower)
    assert area(upper) / area(lower) == pytest.approx(5 / 3), "five rows above, three below"
    (alone,) = die.held(Rect(1, 5, 2))
    assert die.halves[1].holds(alone)


@pytest.mark.parametrize("name", ["acortex_digits", "acortex_inception"])
def test_arrays_lie_beside_each_other(name: str) -> None:
    chip = load_chip(name)
    die = Die(chip, 5, 7, 400)
    rows = [die.array(0, row) for row in range(chip.rows)]
    for row, (above, below) in enumerate(pairwise(rows), start=1):
        if row != chip.arrays.m_top:
            assert below.top == pytest.approx(above.bottom)
    assert rows[0].top == pytest.approx(7)
    assert rows[-1].bottom == pytest.approx(407)
    assert die.array(chip.columns - 1, 0).right == pytest.approx(405)


def shown(picture: Picture, tip: str) -> list[Cells]:
    return [one for one in picture.shapes if isinstance(one, Cells) and one.tip.startswith(tip)]


def test_a_group_is_drawn_on_its_arrays_in_the_colour_of_its_layer() -> None:
    picture = floorplan(DIGITS, PLAN)
    (hidden,), (output,) = shown(picture, "hidden: g0"), shown(picture, "output: g1")
    assert (hidden.fill, output.fill) == COLOURS[:2]
    assert (len(hidden.places), len(output.places)) == (13, 2)
    assert hidden.tip == "hidden: g0, 785 x 64 cells, 13 arrays"


def test_layers_have_the_colours_of_their_order_in_the_program_and_not_of_their_names() -> None:
    picture = floorplan(DIGITS, Plan("two", GROUPS, {0: "zebra", 1: "ant"}))
    (first,), (second,) = shown(picture, "zebra: g0"), shown(picture, "ant: g1")
    assert (first.fill, second.fill) == COLOURS[:2]


@pytest.mark.parametrize("rects", [[Rect(0, 0, 4)], [Rect(0, 0, 3), Rect(1, 0, 1)], [Rect(0, 0, 2), Rect(3, 5, 2)]])
def test_where_arrays_are_small_each_rectangle_of_a_group_is_drawn(rects: list[Rect]) -> None:
    chip = load_chip("acortex_resnet")
    group = form_group(0, 64 * 4, 64, rects, chip)
    die = Die(chip, *_corner(floorplan(chip, BARE)))
    (cells,) = shown(floorplan(chip, Plan("one", [group])), "g0: g0")
    places = [Box(x, y, x + width, y + height) for x, y, width, height in cells.places]
    assert places == [pytest.approx(box) for rect in rects for box in die.held(rect)]


def test_parts_of_the_die_are_told_largest_first() -> None:
    die = Die(DIGITS, 0, 0, 600)
    by_area = [part.name for part in sorted(die.parts, key=lambda part: part.area_mm2, reverse=True)]
    texts = [one.text for one in floorplan(DIGITS, BARE).texts]
    start = texts.index("The die by part")
    assert [text for text in texts[start:] if text in by_area][: len(by_area)] == by_area


def test_where_arrays_are_large_their_circuits_are_drawn_and_else_not() -> None:
    assert len(shown(floorplan(DIGITS, PLAN), "DACs")) == 2
    chip = load_chip("acortex_resnet")
    group = form_group(0, 64, 64, [Rect(0, 0)], chip)
    assert shown(floorplan(chip, Plan("one", [group])), "DACs") == []


def test_many_layers_have_a_bounded_legend_that_sums_them_up() -> None:
    chip = load_chip("acortex_resnet")
    groups = [form_group(number, 64, 64, [Rect(number, 0)], chip) for number in range(150)]
    layers = {number: f"conv{number // 30}_{number}" for number in range(150)}
    picture = floorplan(chip, Plan("many", groups, layers))
    rules.check(picture)
    labels = [one.text for one in picture.texts]
    assert "conv0 (30 layers)" in labels and "conv4 (30 layers)" in labels
    assert labels.count("30 arrays") == 5
    unlike = floorplan(chip, Plan("unlike", groups, {number: f"x{number}" for number in range(150)}))
    keys = [one.text for one in unlike.texts if " to x" in one.text]
    assert len(keys) <= 2 * MOST
    rules.check(unlike)


def test_utilisation_counts_arrays_and_cells() -> None:
    labels = [one.text for one in floorplan(DIGITS, PLAN).texts]
    assert "15 of 16  93.8 %" in labels
    assert f"{785 * 64 + 65 * 10:,}  {100 * (785 * 64 + 650) / (16 * 4096):.1f} %" in labels


def test_the_caption_says_which_layer_takes_most() -> None:
    caption = " ".join(one.text for one in floorplan(DIGITS, PLAN).texts[-2:])
    assert "two takes 15 of 16 arrays, and hidden 86.7 % of them." in caption


def test_a_group_without_a_layer_has_its_number() -> None:
    assert any(one.text == "g0" for one in floorplan(DIGITS, Plan("two", GROUPS)).texts)


def route(chip: Chip = DIGITS, group: int = 0) -> Route:
    return route_of(GROUPS[group], Buses(chip))


def test_a_route_has_a_line_for_each_segment_and_four_numbers() -> None:
    bare, picture = floorplan(DIGITS, PLAN), floorplan(DIGITS, PLAN, route())
    analog = [one for one in picture.shapes if isinstance(one, Line) and one.tip == "analog bus"]
    assert len(analog) == len(route().analog.segments)
    assert sum(isinstance(one, Mark) for one in picture.shapes) == 4
    assert not any(isinstance(one, Mark) for one in bare.shapes)
    assert [one.text for one in picture.texts if one.bold and len(one.text) == 1] == ["1", "2", "3", "4"]
    marks = [one for one in picture.shapes if isinstance(one, Mark)]
    assert rules.boxes_apart([one.box for one in marks])


@pytest.mark.parametrize("name", ["acortex_digits", "acortex_inception", "acortex_resnet"])
def test_wires_lead_from_arrays_to_the_neurons(name: str) -> None:
    """All wires of a tall group hang together, and end in the middle of the band."""
    chip = load_chip(name)
    rows = chip.rows
    group = form_group(0, 64 * (rows + 2), 64, [Rect(0, 0, rows), Rect(1, 0, 2)], chip)
    die = Die(chip, 0, 0, 600)
    ends = [die.wire(segment) for segment in Buses(chip).group_route(group).segments]
    known: list[tuple[float, float]] = []

    def same(place: tuple[float, float]) -> tuple[float, float]:
        near = next((one for one in known if abs(one[0] - place[0]) + abs(one[1] - place[1]) < 0.01), None)
        known.extend([place] * (near is None))
        return near or place

    around = [{same(place) for place in pair} for pair in ends]
    joined = around.pop()
    while near := [one for one in around if one & joined]:
        joined = joined.union(*near)
        around = [one for one in around if one not in near]
    assert around == [], "no wire is apart"
    middle = (die.halves[0].bottom + die.halves[1].top) / 2
    assert any(y == pytest.approx(middle, abs=0.01) for _, y in joined)
    assert min(y for _, y in joined) == pytest.approx(die.array(0, 0).top + die.pitch[1] / 2, abs=0.01)


def test_lengths_are_those_of_the_buses() -> None:
    buses = Buses(DIGITS)
    labels = [one.text for one in floorplan(DIGITS, PLAN, route()).texts]
    assert f"{float(buses.route('memory', 'buffer').length_mm):.3g} mm" in labels
    assert f"{float(buses.group_route(GROUPS[0]).length_mm):.3g} mm" in labels


Place = tuple[float, float]


def stops(die: Die, group: int) -> tuple[Place, Place, Place, Place]:
    """Where a word's way has its numbers: main memory, the buffer, the first array of a group, its neurons."""
    ports = {name: die.at(float(x), float(y)) for name, (x, y) in die.plan.ports.items()}
    array = die.array(*GROUPS[group].tiles[0][0])
    middle = ((array.left + array.right) / 2, (array.top + array.bottom) / 2)
    return ports["memory"], ports["buffer"], middle, die.wire(("input", GROUPS[group].homes[0]))[1]


@pytest.mark.parametrize("group", [0, 1])
def test_arrows_of_a_route_lead_from_memory_to_the_arrays_and_back(group: int) -> None:
    picture = floorplan(DIGITS, PLAN, route(group=group))
    memory, buffer, array, home = stops(Die(DIGITS, *_corner(picture)), group)
    ways = [one.points for one in picture.shapes if isinstance(one, Line) and one.arrow]
    for shift, way, ends in zip((-3, 0, 3), ways, ((memory, buffer), (buffer, array), (home, memory)), strict=True):
        for place, end in zip((way[0], way[-1]), ends, strict=True):
            assert place == pytest.approx([at + shift for at in end])
        x, y = way[1]
        assert y == pytest.approx(way[0][1]) or x == pytest.approx(way[0][0])
    assert [(one.x, one.y) for one in picture.shapes if isinstance(one, Mark)] == [
        pytest.approx(place) for place in (memory, buffer, array, home)
    ]


def test_a_way_goes_across_first_and_then_down() -> None:
    assert _bent(((0.0, 0.0), (3.0, 4.0), (3.0, 9.0))) == [(0, 0), (3, 0), (3, 4), (3, 9)]


@pytest.mark.parametrize("group", [0, 1])
def test_each_part_of_a_route_is_told_with_its_own_length(group: int) -> None:
    buses, shown_of = Buses(DIGITS), route(group=group)
    texts = [one.text for one in floorplan(DIGITS, PLAN, shown_of).texts]
    there, back = buses.route("memory", "buffer").length_mm, buses.route("neurons", "memory").length_mm
    assert (shown_of.read_mm, shown_of.back_mm) == (float(there), float(back))
    for name, mm in (("1  main memory to buffer", there), ("4  codes back to main memory", back)):
        assert f"{float(mm):.3g} mm" in texts[texts.index(name) : texts.index(name) + 2]
    assert any(f"in {shown_of.analog.rounds} turn" in text for text in texts)


def test_the_caption_names_the_stage_with_most_arrays_and_not_that_with_most_layers() -> None:
    chip = load_chip("acortex_resnet")
    groups = [form_group(number, 64, 64, [Rect(number, 0)], chip) for number in range(30)]
    groups.append(form_group(30, 64 * 60, 64, [Rect(30, 0, 60)], chip))
    layers = {number: f"conv_{number}" for number in range(30)} | {30: "fc"}
    caption = " ".join(one.text for one in floorplan(chip, Plan("net", groups, layers)).texts[-2:])
    assert "and fc 66.7 % of them" in caption


@pytest.mark.parametrize(("number", "more"), [(8, ""), (9, ", ...")])
def test_eight_names_of_groups_are_told_to_choose_from(number: int, more: str) -> None:
    chip = load_chip("acortex_resnet")
    groups = [form_group(at, 64, 64, [Rect(at, 0)], chip) for at in range(number)]
    with pytest.raises(UsageError) as caught:
        group_named("g99", Plan("net", groups))
    assert caught.value.hint == f"its groups are {', '.join(f'g{at}' for at in range(8))}{more}"


def test_a_group_is_known_by_its_name() -> None:
    assert group_named("g1", PLAN) is GROUPS[1]
    with pytest.raises(UsageError, match="two has no group g7") as caught:
        group_named("g7", PLAN)
    assert caught.value.hint == "its groups are g0, g1"
    with pytest.raises(UsageError, match="the chip has no group g0"):
        group_named("g0", BARE)


def test_a_name_of_a_chip_cannot_break_the_drawing(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('name = "<b>&"\ninherits = "acortex_digits"')
    assert "&lt;b&gt;&amp;" in svg(floorplan(load_chip(path), BARE))


@pytest.mark.parametrize("setting", ["arrays.n=1", "arrays.m_top=1", "arrays.m_bottom=60", "memory.capacity_kb=32768"])
def test_chips_of_strange_shapes_keep_the_rules(setting: str) -> None:
    rules.check(floorplan(load_chip("acortex_digits", [setting]), BARE))


@pytest.mark.parametrize("sizes", [(1, 0, 1), (1, 1, 1), (2, 0, 40), (256, 1, 1), (256, 256, 512)])
def test_the_smallest_and_the_largest_chips_keep_the_rules(sizes: tuple[int, int, int]) -> None:
    names = ("m_top", "m_bottom", "n")
    chip = load_chip("acortex_digits", [f"arrays.{name}={size}" for name, size in zip(names, sizes, strict=True)])
    rules.check(floorplan(chip, BARE))


def test_a_name_goes_where_nothing_stands() -> None:
    box = Box(0, 0, 200, 200)
    (free,) = name_of_part(box, "memory", "#ffffff", [])
    assert free.box.top < 100 < free.box.bottom
    (moved,) = name_of_part(box, "memory", "#ffffff", [Box(0, 90, 200, 110)])
    assert not moved.box.meets(Box(0, 90, 200, 110))
    assert name_of_part(box, "memory", "#ffffff", [box]) == []
    assert name_of_part(Box(0, 0, 20, 200), "memory", "#ffffff", []) == []
    assert len(name_of_part(Box(0, 0, 80, 200), "main memory bank", "#ffffff", [])) == 3, "a word in each line"


def test_spots_are_windows_that_are_set_all_over() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:4, 2:7] = True
    assert spots(mask, 3, 5) == [[1, 2]]
    assert spots(mask, 1, 1)[0] == [2, 4], "the middle"
    assert spots(mask, 4, 1) == []
    assert spots(mask, 7, 1) == []
    assert spots(np.zeros((2, 2), bool), 1, 1) == []
    for row, column in spots(mask, 2, 2):
        assert mask[row : row + 2, column : column + 2].all()


def test_names_stand_on_their_own_arrays() -> None:
    chip = load_chip("acortex_resnet")
    groups = [form_group(n, 64 * 90, 64 * 20, [Rect(20 * n, 0, 90, 20)], chip) for n in range(3)]
    picture = floorplan(chip, Plan("three", groups, {0: "first", 1: "second", 2: "third"}))
    die = Die(chip, *_corner(picture))
    for number, name in enumerate(("first", "second", "third")):
        text = next(one for one in picture.texts if one.text == name and one.bold and one.anchor == "middle")
        boxes = [box for rect in groups[number].rects for box in die.held(rect)]
        assert any(box.holds(text.box) for box in boxes)
        assert rules.ground(picture, text) == look(number).colour


def _corner(picture: Picture) -> tuple[float, float, float]:
    from acortex.tools.drawing.floorplan import SIZE
    from acortex.tools.drawing.page import MARGIN, TOP

    assert picture.width > SIZE
    return MARGIN, TOP, SIZE


def test_the_key_of_the_largest_chip_has_the_areas_of_its_file() -> None:
    """Cells, sensing, DACs and the rest of an array: 3,517 + 2,246 + 654 + 1,290 um2."""
    told = [text.text for text in floorplan(load_chip("acortex_gnmt"), BARE).texts]
    assert "7,707 µm²" in told and "115 mm²  39.3 %" in told and "45.6 %" in told
    assert "Floor plan to scale: 293 mm² of die, 256 columns of 128 arrays, each 64 x 64 cells" in told


def test_arrays_have_a_line_before_behind_and_between_them() -> None:
    assert _cuts(10, 5, 3, every=True) == [10, 15, 20, 25]
    assert _cuts(10, 5, 3, every=False) == [10, 25]

"""Layers taken together by name: in order, each once, few enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.drawing.palette import LOOKS
from acortex.tools.drawing.stages import MOST, Stage, heading, stage_numbers, stages

NAMES = st.lists(st.text("ab_/.12 ", min_size=1, max_size=8), min_size=1, max_size=60)


def test_few_layers_stand_each_by_itself() -> None:
    assert stages(["hidden", "output"]) == [Stage("hidden", ("hidden",)), Stage("output", ("output",))]


def test_layers_are_taken_together_by_the_first_part_of_their_names() -> None:
    names = [
        "conv1",
        *(f"conv{stage}_{block}_{part}" for stage in (2, 3) for block in range(8) for part in range(3)),
        "fc",
    ]
    found = stages(names)
    assert [(stage.name, len(stage.layers)) for stage in found] == [
        ("conv1", 1),
        ("conv2", 24),
        ("conv3", 24),
        ("fc", 1),
    ]
    assert found[1].label == "conv2 (24 layers)"
    assert found[0].label == "conv1"


def test_names_of_exporters_are_split_at_slashes() -> None:
    names = [f"/layer{stage}/layer{stage}.{block}/conv1/Conv" for stage in range(4) for block in range(9)]
    assert [stage.name for stage in stages(names)] == [f"/layer{stage}/layer{stage}" for stage in range(4)]


def test_the_longest_first_parts_that_give_few_enough_are_taken() -> None:
    names = [f"net/part{part}/{layer}" for part in range(5) for layer in range(7)]
    assert [stage.name for stage in stages(names)] == [f"net/part{part}" for part in range(5)]


def test_a_name_is_cut_after_as_many_parts_wherever_others_end() -> None:
    names = [
        "short",
        *(f"block{number}_a_b" for number in range(3) for _ in range(1)),
        *(f"tail_{n}" for n in range(20)),
    ]
    assert [stage.name for stage in stages(names)] == ["short", "block0", "block1", "block2", "tail"]


def test_names_that_all_begin_alike_are_no_single_stage() -> None:
    names = [f"net_{number}" for number in range(40)]
    assert [stage.name for stage in stages(names, 4)] == [f"net_{at} to net_{at + 9}" for at in (0, 10, 20, 30)]


def test_names_without_common_parts_are_cut_into_runs() -> None:
    names = [f"layer{number}" for number in range(100)]
    found = stages(names, 10)
    assert len(found) == 10
    assert found[0].name == "layer0 to layer9"
    assert {len(stage.layers) for stage in found} == {10}


def test_a_layer_that_comes_again_counts_once() -> None:
    assert stages(["a", "b", "a"]) == [Stage("a", ("a",)), Stage("b", ("b",))]


def test_nothing_has_no_stages() -> None:
    assert stages([]) == []
    assert stage_numbers([]) == {}


def test_there_are_no_more_stages_than_looks() -> None:
    assert MOST <= LOOKS


@given(NAMES, st.integers(1, 20))
def test_each_layer_is_in_one_stage(names: list[str], most: int) -> None:
    found = stages(names, most)
    assert len(found) <= most
    held = [layer for stage in found for layer in stage.layers]
    assert sorted(held) == sorted(set(names))
    numbers = stage_numbers(found)
    assert all(name in found[numbers[name]].layers for name in names)


@given(NAMES)
def test_stages_begin_in_the_order_of_the_program(names: list[str]) -> None:
    order = list(dict.fromkeys(names))
    firsts = [order.index(stage.layers[0]) for stage in stages(names)]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize(
    ("found", "said"),
    [([Stage("a", ("a",))], "Layers"), ([Stage("a", ("a1", "a2"))], "Layers, taken together by name"), ([], "Layers")],
)
def test_the_heading_says_whether_layers_are_taken_together(found: list[Stage], said: str) -> None:
    assert heading(found) == said

"""Systems: how stages are joined by names, what links take, and what the chips together compute."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from systems import LINK, copying, digits_cnn, digits_mlp

from acortex.errors import UsageError
from acortex.programs import zoo
from acortex.programs.compiler import compile_graph
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.system.parts import Link, Stage, Wire, named_inputs, system_of, values
from acortex.tools.open.machine import machine_of


def test_a_link_counts_whole_attoseconds_and_attojoules() -> None:
    assert LINK.latency_as == 100_500_000_000
    assert LINK.busy_as(7) == 28 * 10**9
    assert LINK.energy_aj(7) == 17_500_000
    third = Link(Decimal(3), Decimal("0.0000000001"), Decimal(0))
    assert (third.busy_as(1), third.busy_as(3), third.latency_as) == (333_333_334, 10**9, 1)
    assert [Link(energy_pj_per_word=Decimal(price)).energy_aj(7) for price in ("4e-7", "1.4e-6")] == [0, 7]


def test_stages_are_joined_by_the_names_of_tensors() -> None:
    chain = [copying("a", ("x",), ("m", "y")), copying("b", ("m",), ("n",)), copying("c", ("n", "m"), ("z",))]
    system = system_of("abc", chain, LINK)
    assert system.wires == (Wire(0, 1, ("m",), 1), Wire(0, 2, ("m",), 1), Wire(1, 2, ("n",), 1))
    assert (system.inputs, system.outputs) == (("x",), ("y", "z"))
    assert system.takes(2) == system.wires[1:]


def test_tensors_between_two_stages_share_a_link() -> None:
    system = system_of("two", [copying("a", ("x",), ("m", "n"), 3), copying("b", ("m", "n"), ("y",), 3)], LINK)
    assert system.wires == (Wire(0, 1, ("m", "n"), 6),)


def test_the_digits_are_divided_at_196_words() -> None:
    assert digits_cnn().wires == (Wire(0, 1, ("link0",), 14 * 14),)


def test_two_stages_cannot_make_one_tensor() -> None:
    with pytest.raises(UsageError, match="two stages make y") as refused:
        system_of("s", [copying("a", ("x",), ("y",)), copying("b", ("x",), ("y",))], LINK)
    assert refused.value.where == "b"


@pytest.mark.parametrize(
    ("stages", "what"),
    [
        ([copying("a", ("m",), ("y",)), copying("b", ("x",), ("m",))], "takes m, which a later stage makes"),
        ([copying("a", ("x",), ("x",))], "takes x, which itself makes"),
    ],
)
def test_a_stage_takes_what_stages_before_it_make(stages: list, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        system_of("s", stages, LINK)
    assert refused.value.where == "a" and "order in which data flow" in refused.value.hint


def test_tensors_of_one_name_and_two_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"takes m as 4-bit codes of \(128,\), and it is made as .* \(64,\)"):
        system_of("s", [copying("a", ("x",), ("m",)), copying("b", ("m",), ("y",), 2)], LINK)


def told(stage: Stage, side: str, **more: Any) -> Stage:
    """A stage whose first input, or output, has other attributes."""
    first, *others = getattr(stage.program, side)
    return replace(stage, program=replace(stage.program, **{side: (replace(first, **more), *others)}))


LINEAR = {"encode": "linear", "scale": 0.25, "zero": 3}


@pytest.mark.parametrize(
    ("made", "taken", "fits"),
    [
        ({"shapes": ((64,), (8, 8))}, {"shapes": ((8, 8), (64,))}, True),  # as it is given, and as it is taken
        ({"shapes": ((8, 8), (64,))}, {"shapes": ((8, 8), (64,))}, False),
        ({"encode": "binary"}, {"encode": "binary"}, True),
        ({"encode": "binary"}, {}, False),
        ({}, {"encode": "binary"}, False),
        ({"bits": 3}, {"bits": 3}, True),
        ({"bits": 3}, {}, False),
        (LINEAR, LINEAR, True),
        (LINEAR, LINEAR | {"scale": 0.5}, False),
        (LINEAR, LINEAR | {"zero": 4}, False),
    ],
    ids=str,
)
def test_tensors_are_joined_in_the_form_in_which_they_are_given(
    made: dict[str, Any], taken: dict[str, Any], fits: bool
) -> None:
    stages = [
        told(copying("a", ("x",), ("m",)), "outputs", **made),
        told(copying("b", ("m",), ("y",)), "inputs", **taken),
    ]
    with nullcontext() if fits else pytest.raises(UsageError, match=r"takes m as .*, and it is made as"):
        assert len(system_of("s", stages, LINK).wires) == 1


@pytest.mark.parametrize(
    ("made", "taken", "fits"),
    [
        ({"shapes": ((4, 4, 4),)}, {"shapes": ((4, 4, 4),)}, True),
        ({"shapes": ((4, 4, 4),)}, {"shapes": ((4, 4, 4),), "axes": (1, 2, 0)}, True),  # those that it has without
        ({"shapes": ((4, 4, 4),)}, {"shapes": ((4, 4, 4),), "axes": (2, 1, 0)}, False),
        ({"shapes": ((4, 4, 4),)}, {"shapes": ((4, 4, 4),), "axes": (0, 1, 2)}, False),
        ({"shapes": ((4, 4, 4),)}, {"shapes": ((4, 4, 4),), "packed": 2}, False),
        ({"shapes": ((4, 4, 4),), "packed": 2}, {"shapes": ((4, 4, 4),), "packed": 2}, True),
        (
            {"shapes": ((16, 4), (4, 4, 4)), "axes": (1, 0)},
            {"shapes": ((4, 4, 4),)},
            False,
        ),  # channels at the other end
        ({"shapes": ((1, 16, 4), (4, 4, 4)), "axes": (0, 1, 2)}, {"shapes": ((4, 4, 4),), "axes": (0, 1, 2)}, True),
        (
            {"shapes": ((1, 16, 4), (4, 4, 4)), "axes": (0, 1, 2), "packed": 2},  # of a row that is as long as all
            {"shapes": ((4, 4, 4),), "axes": (0, 1, 2), "packed": 2},
            False,
        ),
        ({"shapes": ((4, 4, 4),), "axes": (1, 0, 2)}, {"shapes": ((4, 4, 4),), "axes": (1, 0, 2)}, True),
    ],
    ids=str,
)
def test_codes_are_taken_from_where_they_are_made(made: dict[str, Any], taken: dict[str, Any], fits: bool) -> None:
    stages = [
        told(copying("a", ("x",), ("m",)), "outputs", **made),
        told(copying("b", ("m",), ("y",)), "inputs", **taken),
    ]
    with (
        nullcontext()
        if fits
        else pytest.raises(UsageError, match="takes the codes of m from other places of its words")
    ):
        assert len(system_of("s", stages, LINK).wires) == 1


def test_a_link_does_not_turn_codes_of_one_meaning_into_those_of_another() -> None:
    stages = [
        told(copying("a", ("x",), ("m",)), "outputs", **LINEAR),
        told(copying("b", ("m",), ("y",)), "inputs", encode="linear", scale=0.1),
    ]
    with pytest.raises(UsageError) as refused:
        system_of("s", stages, LINK)
    assert refused.value.message == (
        "takes m as 4-bit linear of scale 0.1 and zero 0 of (64,), and it is made as"
        " 4-bit linear of scale 0.25 and zero 3 of (64,)"
    )


def test_values_are_those_of_one_chip() -> None:
    digits = zoo.load("digits_cnn", machine_of(load_chip("acortex_inception"))).samples
    given = {"input": digits["input"][:12]}
    whole = compile_graph(zoo.graph(zoo.entry("digits_cnn"), 4), machine_of(load_chip("acortex_inception"))).program
    expected = run(whole, inputs=given, timing=False).outputs
    for chips in (1, 2, 3):
        found = values(digits_cnn(chips), given)
        assert list(found) == list(expected)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_chain_of_copies_gives_what_it_takes() -> None:
    system = system_of("ab", [copying("a", ("x",), ("m",), 2), copying("b", ("m",), ("y",), 2)], LINK)
    codes = np.random.default_rng(0).integers(0, 16, (5, 128)).astype(np.uint8)
    assert np.array_equal(values(system, {"x": codes})["y"], codes)


def test_inputs_are_given_by_name_or_alone() -> None:
    system = digits_cnn()
    own = named_inputs(system, None)
    assert list(own) == ["input"] and len(own["input"]) == 200
    array = own["input"][:3]
    assert named_inputs(system, array)["input"] is array
    assert named_inputs(system, {"input": array})["input"] is array
    with pytest.raises(UsageError, match="digits_cnn has no input image") as refused:
        named_inputs(system, {"image": array})
    assert refused.value.hint == "its inputs are input"


def test_a_system_of_several_inputs_wants_them_by_name() -> None:
    system = system_of("s", [copying("a", ("x", "v"), ("y",))], LINK)
    with pytest.raises(UsageError, match="s has 2 inputs, and one array was given") as refused:
        named_inputs(system, np.zeros((1, 64)))
    assert "x and v" in refused.value.hint
    with pytest.raises(UsageError, match="s has no inputs of its own"):
        named_inputs(system, None)
    with pytest.raises(UsageError, match="input v is missing") as missing:
        values(system, {"x": np.zeros((1, 64))})
    assert missing.value.where == "a"


def test_a_chip_alone_is_a_system() -> None:
    system = digits_mlp()
    assert (system.wires, system.inputs, system.outputs) == ((), ("image",), ("scores",))

"""The digits program: it is the network of the data file, and none of its numbers can be changed unnoticed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa import assemble_file
from acortex.isa.arithmetic.tensors import accept, to_words
from acortex.isa.checks import check
from acortex.isa.codec import Instruction, decode, encode
from acortex.isa.operands import ACTIVATIONS
from acortex.isa.program import Program
from acortex.isa.table import Operand
from acortex.programs import digits_reference
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional.executor import Functional
from acortex.sim.run import run

SOURCE = digits_reference.DATA.with_name("digits_mlp.s")
IMAGES = 24
"""Enough to go round every ring of the memory several times, and for each constant to matter."""

SCORES = 2
"""The stream of the scores."""

SCORES_PLACES = 5
"""As many as the tokens that say that one is free."""

STEPS = 40 * IMAGES
"""More instructions than the program issues for so many images: one that issues more runs for ever."""

FREE_CHOICES = {
    "by": "an operand that no loop moves may say so in two ways",
    "step": "the distance between groups, where no loop counts them",
    "axis": "a stream with one axis may call it any of the four",
    "layer": "a layer's name books time and energy, and moves nothing",
    "token": "a place that is never said to be free is not used: the same outputs, later",
    "row": "the one array that is left over may change places with the second layer's",
}
"""Operands that some other value may stand in for with no change to the outputs, and why."""

SAME = ("leaky",)
"""With a slope of 1 it is `none`, and where what is below zero is cut off it is `relu`: no change in either layer."""


@cache
def program() -> Program:
    return assemble_file(SOURCE)


@cache
def chip() -> Chip:
    return load_chip(program().chip)


@cache
def instructions() -> tuple[Instruction, ...]:
    return tuple(decode(int(word)) for word in program().words)


def only(mnemonic: str) -> list[dict[str, int]]:
    """The operands of every instruction of one kind, in the order of the program."""
    return [dict(found.values) for found in instructions() if found.row.mnemonic == mnemonic]


def outputs(changed: Program, images: int = IMAGES) -> NDArray[np.uint8]:
    """The scores of the first images. Raises AcortexError where the program breaks a rule, or does not end."""
    tensor = changed.inputs[0]
    words = to_words(tensor, accept(tensor, program().samples["image"][:images]))
    functional = Functional(changed, chip(), images, {tensor.name: words}, limit=STEPS if images == IMAGES else None)
    functional.run()
    if functional.sequencer.state != "halted":
        raise AcortexError("the program does not end")
    return functional.outputs["scores"]


# The program is the network


def test_the_quantisers_and_bias_inputs_are_those_of_the_data() -> None:
    data = digits_reference.load()
    for name, quant, feed in zip(("hidden", "output"), only("quant"), only("feed"), strict=True):
        assert quant["multiplier"] == data[f"{name}_multiplier"]
        assert quant["shift"] == data[f"{name}_shift"]
        assert quant["zero"] == data[f"{name}_zero"]
        assert feed["fill"] == data[f"{name}_fill"]
        assert (quant["low"], quant["high"]) == (0, 15)
    assert [ACTIVATIONS[quant["activation"]] for quant in only("quant")] == ["relu", "none"]


def test_the_matrices_and_their_products_are_those_of_the_data() -> None:
    data = digits_reference.load()
    for weights, name in zip(program().weights, ("hidden", "output"), strict=True):
        assert (weights.values == data[name]).all()
    assert [weights.macs for weights in program().weights] == [784 * 64, 64 * 10]


def test_it_answers_every_test_digit_as_the_reference_does() -> None:
    images = program().samples["image"]
    assert np.array_equal(outputs(program(), len(images)), digits_reference.evaluate(images))


@pytest.mark.parametrize("images", [1, 2, 7])
def test_any_number_of_images_will_do(images: int) -> None:
    expected = digits_reference.evaluate(program().samples["image"][:images])
    assert np.array_equal(outputs(program(), images), expected)


IMAGE_WORDS = 13


def places(found: Sequence[Instruction]) -> list[int]:
    """The words that the program's streams use, by the instructions that place them."""
    image, hidden, scores = (one for one in found if one.row.mnemonic == "base")
    used = [*range(image["address"], image["address"] + IMAGE_WORDS), hidden["address"]]
    return used + [scores["address"] + place * scores["stride"] for place in range(scores["ring"])]


def test_the_memory_map_is_as_the_head_of_the_program_says() -> None:
    assert places(instructions()) == list(range(19))


@pytest.mark.parametrize("chip", ["acortex_digits", "acortex_digits_parallel"])
def test_no_faster_host_makes_it_slower(chip: str) -> None:
    images = program().samples["image"][:40]
    cycles = [
        run(program(), load_chip(chip, [f"host.word_cycles={word}"]), inputs=images, values=False).cycles
        for word in (1, 2, 3, 4, 6, 8)
    ]
    assert cycles == sorted(cycles)


def test_the_instructions_fit_the_chip_and_are_few() -> None:
    assert len(program().words) == 52 <= chip().instruction_memory.words


# Nothing can be changed unnoticed


def mutants(operand: Operand, value: int) -> Iterator[int]:
    """Other legal values of an operand: its neighbours, near and far, and the ends of its range."""
    kind = operand.kind
    if kind.choices:
        return (index for index, name in enumerate(kind.choices) if index != value and name not in SAME)
    tried = {value + step for step in (-13, -2, -1, 1, 2, 13)} | {2 * value, value // 2, 0, kind.low, kind.high}
    return iter(sorted(v for v in tried - {value} if kind.low <= v <= kind.high))


def matters(instruction: Instruction, name: str) -> bool:
    """Whether an operand can matter.

    Stride and ring of a stream that no loop moves cannot; nor can, in the word of the ten scores, the channels behind.
    """
    if instruction.row.mnemonic == "write" and name == "tail":
        return instruction["stream"] != SCORES
    return name not in ("stride", "ring") or "by" not in instruction.values or instruction["by"] != 8


@cache
def right() -> NDArray[np.uint8]:
    return digits_reference.evaluate(program().samples["image"][:IMAGES])


def only_moves(words: NDArray[np.uint64]) -> bool:
    """Whether a changed program has the same streams at other free words: it then means the same."""
    found = [decode(int(word)) for word in words]
    used, ring = places(found), [one["ring"] for one in found if one.row.mnemonic == "base"][-1]
    return len(set(used)) == len(used) and max(used) < chip().memory_words and ring >= SCORES_PLACES


def goes_unnoticed(changed: Program) -> bool:
    """Whether a program breaks no rule and gives the right outputs."""
    tables = {"layer": len(changed.layers), "weights": len(changed.weights), "input": 1, "output": 1}
    if check([decode(int(word)) for word in changed.words], tables):
        return False
    try:
        result = outputs(changed)
    except AcortexError:
        return False
    return np.array_equal(result, right())


CHANGES = [
    pytest.param(index, operand, id=f"{index}-{found.row.mnemonic}-{operand.name}")
    for index, found in enumerate(instructions())
    for operand in found.row.operands
    if operand.name not in FREE_CHOICES and matters(found, operand.name)
]


@pytest.mark.sampled(36)
@pytest.mark.parametrize(("index", "operand"), CHANGES)
def test_a_changed_operand_changes_the_output_or_is_an_error(index: int, operand: Operand) -> None:
    found = instructions()[index]
    for value in mutants(operand, found[operand.name]):
        words = program().words.copy()
        words[index] = encode(found.row, {**found.values, operand.name: value})
        if found.row.mnemonic == "base" and only_moves(words):
            continue
        changed = replace(program(), words=words)
        assert not goes_unnoticed(changed), f"{program().lines[index]}: {operand.name}={value} goes unnoticed"


def test_most_single_weights_show_when_they_move_by_one_level() -> None:
    # Not all can: a pixel that is off in every test digit multiplies its weight by nothing.
    shown = tried = 0
    rng = np.random.default_rng(2)
    images = program().samples["image"][:300]
    data = digits_reference.load()
    right = digits_reference.evaluate(images, data)
    on = np.flatnonzero(images.sum(axis=0) > 30)
    for row, column in zip(rng.choice(on, 60), rng.integers(0, 64, 60), strict=True):
        hidden = data["hidden"].copy()
        hidden[row, column] += 1 if hidden[row, column] < 7 else -1
        tried += 1
        shown += bool((digits_reference.evaluate(images, {**data, "hidden": hidden}) != right).any())
    assert shown / tried > 0.5

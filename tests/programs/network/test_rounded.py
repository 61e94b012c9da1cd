"""Nodes that round, with what stands beside them: each as one node whose definition is held beside onnxruntime."""

import math

import float_models
import numpy as np
import pytest
from originals import model, node

from acortex.programs.network.importer import from_proto
from acortex.programs.network.rounded import at_end, with_levels

NUMBERS = {
    "low": -2.5, "high": 3.5, "least": -1.0, "most": 2.0, "two": 2.0, "minus": -2.0, "half": 0.5, "odd": 0.4,
    "nought": 0,
}  # fmt: skip
CONSTANTS = {name: np.float32(value) for name, value in NUMBERS.items()}
ROUNDING = {"Round": np.rint, "Floor": np.floor, "Ceil": np.ceil}

X = np.linspace(-9, 9, 145, dtype=np.float32).reshape(1, -1)
"""All eighths, ties among them."""


def line(*steps):
    """Nodes one behind the other, from x to y; `_` is what the one before makes."""
    names = ["x", *(f"t{n}" for n in range(1, len(steps))), "y"]
    return [
        node(step.split()[0], step.partition(" ")[2].replace("_", before), after)
        for step, before, after in zip(steps, names[:-1], names[1:], strict=True)
    ]


def read(*steps):
    made = model(line(*steps), {"x": [1, X.size]}, CONSTANTS)
    return made, with_levels(from_proto(made))


def defined(one, x):
    """What a node that rounds makes of numbers, as the docstring of `rounded` says it."""
    given = one.attributes
    scale, shift = given.get("scale", 1.0), given.get("shift", 0.0)
    inner = x / np.float32(scale) - np.float32(shift) if given.get("whole") else x
    held = np.clip(ROUNDING[one.op](inner), given.get("low", -math.inf), given.get("high", math.inf))
    return (held + np.float32(shift)) * np.float32(scale)


BEHIND = [
    ("Clip _ least most",),
    ("Clip _ - most", "Add _ two"),
    ("Clip _ least most", "Sub _ two"),
    ("Clip _ least most", "Sub _ minus", "Mul _ half"),
    ("Clip _ least most", "Add two _", "Div _ half"),
    ("Add _ minus", "Mul half _"),
    ("Sub _ two",),
    ("Div _ two",),
]


@pytest.mark.parametrize("op", ROUNDING)
@pytest.mark.parametrize("behind", BEHIND, ids=" ".join)
def test_what_follows_is_taken_over(op, behind):
    made, found = read(f"{op} _", *behind)
    (one,) = found.nodes
    assert (one.op, one.inputs, one.outputs) == (op, ("x",), ("y",))
    assert np.array_equal(defined(one, X), float_models.float_outputs(made, {"x": X[None]})["y"][0])


@pytest.mark.parametrize("op", ROUNDING)
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (("Div _ half", "Sub _ two", "Clip _ low high"), ("Add _ two", "Mul _ half")),
        (("Div _ half", "Add _ two", "Clip _ low high"), ("Sub _ two", "Mul _ half")),
        (("Mul _ two", "Clip _ low high"), ("Div _ two",)),
        (("Mul _ two", "Add _ minus"), ("Clip _ least most", "Add _ two", "Mul _ half")),
        (("Clip _ low high",), ()),
        (("Clip _ - high",), ()),
    ],
    ids=str,
)
def test_what_is_undone_behind_is_taken_over_too(op, before, behind):
    """Bounds that are no whole numbers become what rounding makes of them."""
    made, found = read(*before, f"{op} _", *behind)
    (one,) = found.nodes
    assert (one.op, one.inputs, one.outputs) == (op, ("x",), ("y",)) and one.attributes["whole"] == 1
    assert np.array_equal(defined(one, X), float_models.float_outputs(made, {"x": X[None]})["y"][0])


@pytest.mark.parametrize(
    "steps",
    [
        ("Round _", "Sub two _"),  # a number less what is rounded
        ("Round _", "Div two _"),
        ("Round _", "Add _ odd"),  # no whole number
        ("Round _", "Mul _ minus"),  # not above 0
        ("Round _", "Mul _ nought"),
        ("Div _ half", "Sub two _", "Clip _ low high", "Round _", "Add _ two", "Mul _ half"),
        ("Div half _", "Clip _ low high", "Round _", "Mul _ half"),
        ("Div _ half", "Sub _ two", "Clip _ low high", "Round _", "Sub _ two", "Mul _ half"),  # shifted twice
        ("Mul _ half", "Clip _ low high", "Round _", "Mul _ half"),  # scaled twice
        ("Mul _ two", "Round _", "Mul _ half"),  # nothing bounds it
        ("Clip _ low -", "Round _"),  # from below alone
    ],
    ids=" ".join,
)
def test_what_is_not_undone_stays(steps):
    _, found = read(*steps)
    (rounds,) = (one for one in found.nodes if one.op == "Round")
    assert "whole" not in rounds.attributes
    before = steps.index("Round _")
    assert [one.op for one in found.nodes][: before + 1] == [step.split()[0] for step in steps[: before + 1]]
    kept = {"Sub two _", "Div two _", "Add _ odd", "Mul _ minus", "Mul _ nought"}
    assert len(found.nodes) == before + 1 + (steps[-1] in kept)


@pytest.mark.parametrize(
    ("bound", "floor", "ceil", "nearest"),
    [(-2.5, -3, -2, -2), (3.5, 3, 4, 4), (2.0, 2, 2, 2), (-0.2, -1, 0, 0), (0.7, 0, 1, 1), (math.inf,) * 4],
)
def test_a_bound_is_rounded_as_numbers_are(bound, floor, ceil, nearest):
    assert [at_end(op, bound) for op in ("Floor", "Ceil", "Round")] == [floor, ceil, nearest]

"""The registry of operators and what is made of it: the page for users, suggestions, one row an operator."""

from pathlib import Path

import pytest
from onnx import defs

from acortex.programs.operators import normalise
from acortex.programs.operators.registry import CALLED, INSTEAD, OPERATORS, markdown, operator, table, why_unknown

PAGE = Path(normalise.__file__).parents[2] / "docs" / "operators.md"


def test_the_page_has_the_table_of_the_registry():
    assert markdown() in PAGE.read_text(), "paste acortex.programs.operators.registry.markdown() into docs/operators.md"


def test_every_row_says_what_becomes_of_its_operator():
    assert all(row["becomes"] for row in table())
    assert [row["operator"] for row in table()] == sorted(OPERATORS)


def test_a_second_row_for_an_operator_fails_at_import():
    with pytest.raises(AssertionError, match="two rows for the operator Conv"):
        operator("Conv", becomes="twice")(lambda lowering, node: None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Konv", "the chip has no such operator; Conv is one"),
        ("ReLU", "the chip has no such operator; ONNX calls it Relu"),
        ("layer_norm", "the chip has no such operator; ONNX calls it LayerNormalization"),
        ("SiLU", "the chip has no such operator; ONNX calls it Swish"),
        ("Conv2D", "the chip has no such operator; ONNX calls it Conv"),
        ("com.acme.Linear", "the chip has no such operator"),
        ("NonMaxSuppression", "the chip has no such operator"),
        ("CenterCropPad", "the chip has no such operator; Slice or Pad come near"),
        ("LpPool", "the chip has no such operator; AveragePool or MaxPool come near"),
        ("LayerNormalization", "the chip has no such operator; BatchNormalization comes near"),
        ("ReduceMin", "the chip has no such operator; ReduceMax comes near"),
        ("Or", "the chip has no such operator"),
    ],
)
def test_an_unknown_operator_gets_one_that_does_nearly_the_same_and_a_misspelt_one_what_is_meant(name, said):
    assert why_unknown(name) == said


def test_what_comes_near_is_there_and_in_the_place_of_what_is_not():
    assert not INSTEAD.keys() & OPERATORS.keys()
    assert {name for names in INSTEAD.values() for name in names} <= OPERATORS.keys()


def test_what_other_tools_call_operators_is_none_of_onnx_and_stands_for_one():
    names = {name.lower() for name in OPERATORS}
    assert all(name == name.lower() and name not in names for name in CALLED)
    assert all(defs.has(name, "") for name in CALLED.values())

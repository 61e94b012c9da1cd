"""Conditions in each other: what is read of them, against a walk of their tree; how often they are looked through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import ManyErrors
from acortex.isa.asm import expansion
from acortex.isa.asm.assembler import assemble
from acortex.isa.language.diagnostics import Diagnostic


def words(lines: list[str]) -> list[int]:
    """The words of some lines of a run."""
    return assemble("\n".join(["start", *lines, "halt"])).words.tolist()


def first_mistake(source: str) -> Diagnostic:
    """The first mistake of a source."""
    with pytest.raises(ManyErrors) as caught:
        assemble(source, file="p.s")
    found = caught.value.errors[0]
    assert isinstance(found, Diagnostic)
    return found


CONDITIONS = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(st.tuples(st.booleans(), st.lists(inner, max_size=3)), min_size=1, max_size=3),
)
"""Instructions, and conditions of arms, each with whether it holds and what is in it."""


def text_of(tree: object) -> list[str]:
    """A tree of conditions as lines; the last arm of two or more is `.else` where it holds."""
    if isinstance(tree, int):
        return [f"base d{tree}, {tree}"]
    lines = []
    for number, (holds, inner) in enumerate(tree):
        last = holds and 0 < number == len(tree) - 1
        lines.append(".else" if last else f"{'.elif' if number else '.if'} {int(holds)}")
        lines += [line for one in inner for line in text_of(one)]
    return [*lines, ".endif"]


def read_of(tree: object) -> list[str]:
    """What is read of it: the first arm that holds."""
    if isinstance(tree, int):
        return text_of(tree)
    arm = next((inner for holds, inner in tree if holds), [])
    return [line for one in arm for line in read_of(one)]


@given(st.lists(CONDITIONS, max_size=4))
def test_random_conditions_in_each_other_read_what_a_walk_of_their_tree_does(trees: list[object]) -> None:
    made, meant = ([line for tree in trees for line in of(tree)] for of in (text_of, read_of))
    assert words(made) == words(meant)


def test_a_macro_does_not_end_behind_the_condition_that_it_stands_in() -> None:
    found = first_mistake(".if 1\n.macro m\nnop\n.endif\n.endm\nstart\nhalt")
    assert (found.line, found.message) == (2, "`.macro` is never closed")


def test_conditions_that_nest_too_deep_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    heads = expansion._heads
    monkeypatch.setattr(expansion, "_heads", lambda lines: looked.append(len(lines)) or heads(lines))
    assert first_mistake(".if 1\n" * 500 + ".endif\n" * 500).code == "A910"
    assert len(looked) == 1


@pytest.mark.parametrize("depth", [1, 63, 64, 65])
def test_conditions_nest_as_deep_as_the_manual_says_and_follow_each_other_without_end(depth: int) -> None:
    """A condition that is over counts no more: so many of them come twice, then a hundred one behind the other."""
    nest = [".if 1"] * depth + ["nop"] + [".endif"] * depth
    lines = nest * 2 + [".if 1", "nop", ".else", "halt", ".endif"] * 100
    if depth <= expansion.MAX_DEPTH == 64:
        assert words(lines) == words(["nop"] * 102)
    else:
        first = first_mistake("\n".join(["start", *lines, "halt"]))
        assert "deep" in first.message and first.where.startswith("p.s:66:")


@pytest.mark.parametrize("opens", [("call", 64, True), ("call", 65, False), ("rept", 64, True), ("rept", 65, False)])
def test_calls_and_repetitions_nest_as_deep(opens: tuple[str, int, bool]) -> None:
    kind, depth, fits = opens
    if kind == "call":
        above = ".macro m0\nnop\n.endm\n" + "".join(f".macro m{at}\nm{at - 1}\n.endm\n" for at in range(1, depth))
        source = f"{above}start\nm{depth - 1}\nm{depth - 1}\nhalt"
    else:
        nest = ".rept 1\n" * depth + "nop\n" + ".endr\n" * depth
        source = f"start\n{nest * 2}halt"
    if fits:
        assert assemble(source).words.tolist() == words(["nop", "nop"])
    else:
        assert "deep" in first_mistake(source).message

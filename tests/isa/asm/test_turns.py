"""Turns of `.rept`: how many may be read, and what they make of names."""

from __future__ import annotations

import pytest

from acortex.errors import ManyErrors
from acortex.isa.asm.assembler import assemble


def words(body: str, above: str = "") -> list[int]:
    """The words of some instructions of a run."""
    return assemble(f"{above}start\n{body}\nhalt\n").words.tolist()


@pytest.mark.parametrize(
    ("turns", "body", "long"),
    [
        (20, "nop", False),
        (21, "nop", True),
        (10, "nop\nnop", False),
        (11, "nop\nnop", True),
        (20, "", False),
        (21, "", True),
        (1, "\n".join(["nop"] * 20), False),
        (1, "\n".join(["nop"] * 21), True),
        (0, "\n".join(["nop"] * 30), False),
    ],
)
def test_as_many_lines_as_may_be_read_beside_those_of_the_text_are_read(
    turns: int, body: str, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.isa.asm.assembler.MAX_MADE", 20)
    body = f".rept {turns}\n{body}\n.endr" if body else f".rept {turns}\n.endr"
    if long:
        with pytest.raises(ManyErrors) as caught:
            words(body)
        assert [one.code for one in caught.value.errors] == ["A911"]
    else:
        assert len(words(body)) == 2 + turns * body.count("nop")


def test_a_name_that_a_turn_makes_local_is_again_what_it_was_behind_the_turn() -> None:
    body = ".rept 2\n.local here\nhere: base d0, here\n.endr\nhere: base d1, here"
    assert words(body) == words("base d0, 1\nbase d0, 2\nbase d1, 3")
    macro = ".macro m\n.local a\na: nop\n.rept 1\n.local a\na: base d0, a\n.endr\nbase d1, a\n.endm\n"
    assert words("m", macro) == words("nop\nbase d0, 2\nbase d1, 1")

"""Where errors say that an instruction stands: a line of a file, or a layer of a network that was compiled."""

from __future__ import annotations

import pytest

from acortex.isa.asm.assembler import assemble
from acortex.isa.places import layer_at, place
from acortex.isa.program import TYPED, Line, compiled_file

SOURCE = "quant q0, 1, 0, zero=1\nstart\nlayer first\nbase d0, 1\nlayer second\nbase d1, 2\nhalt\n"


def places(file: str) -> list[str]:
    """The places of all instructions of the source."""
    program = assemble(SOURCE, file=file)
    return [place(program, pc) for pc in range(len(program.words))]


def test_a_line_of_a_file_is_enough() -> None:
    assert places("net.s") == [f"net.s:{number}" for number in range(1, 8)]


@pytest.mark.parametrize("file", TYPED)
def test_so_it_is_where_the_text_was_given(file: str) -> None:
    assert places(file)[3] == f"{file}:4"


def test_a_compiled_network_has_layers_beside() -> None:
    found = places("<net>")
    assert found[:2] == ["<net>:1", "<net>:2"]
    assert found[2:] == [f"<net>:{number}, layer {'first' if number < 5 else 'second'}" for number in range(3, 8)]


def test_the_layer_is_that_of_the_last_mark_above() -> None:
    program = assemble(SOURCE)
    assert [layer_at(program, pc) for pc in range(7)] == ["", "", "first", "first", "second", "second", "second"]


@pytest.mark.parametrize("network", ["net", "text", "stdin", "a/b", "my.net"])
def test_no_name_of_a_network_looks_like_a_file_or_a_text_that_was_given(network: str) -> None:
    file = compiled_file(network)
    assert Line(file, 1, "").compiled
    assert (file[0], file[-1], "/" in file) == ("<", ">", False)

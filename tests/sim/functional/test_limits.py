"""Limits of a chip: one error for each, at the place that needs most, whatever the number of places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa import assemble
from acortex.isa.rules import BASE
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.rules.limits import check
from acortex.tools.console.error_report import error_report

MANY = BASE.replace("base     d1, 1", "layer conv\n" + "".join(f"base d1, {at}\n" for at in (1, 40, 99, 50, 7)))


def refused(source: str, file: str, *settings: str) -> list[AcortexError]:
    """What a program needs beyond its chip, which has words 0 to 31."""
    program = assemble(source, file=file)
    with pytest.raises(AcortexError) as caught:
        check(program, load_chip(program.chip, settings))
    return caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]


def test_one_limit_is_one_error_at_the_place_that_needs_most() -> None:
    (error,) = refused(MANY, "small.s")
    assert (error.code, error.where) == ("R217", "small.s:19")
    assert "address is 99; acortex_digits allows up to 31" in error.message
    assert error.hint == "lower it, or take a chip with memory.capacity_kb=4 at least"
    assert str(error).endswith("\n  and 2 more like it, the first at small.s:18, the last at small.s:20")


def test_each_limit_has_an_error_of_its_own() -> None:
    errors = refused(MANY.replace("feed     1, 1", "feed     1, 300"), "small.s")
    assert [error.code for error in errors] == ["R217", "R216"]


def test_the_error_of_a_compiled_network_names_its_layer_and_no_file() -> None:
    (error,) = refused(MANY, "<small>")
    assert error.where == "<small>:19, layer conv"
    (row,) = error_report([error]).errors
    assert (row.file, row.line, row.column) == (None, None, None)
    assert [(note.message, note.file, note.line) for note in row.notes] == [
        ("the same is wrong here: <small>:18, layer conv", None, None),
        ("the same is wrong here: <small>:20, layer conv", None, None),
    ]


def test_further_places_of_a_file_are_notes_with_their_lines(tmp_path: Path) -> None:
    source = tmp_path / "small.s"
    source.write_text(MANY)
    (row,) = error_report(refused(MANY, "small.s"), ["run", str(source)]).errors
    assert [(note.file, note.line) for note in row.notes] == [(str(source), 18), (str(source), 20)]


@pytest.mark.parametrize(
    ("change", "setting", "least"),
    [
        (("base     d1, 1", "base     d1, 99"), "memory.capacity_kb", 1),
        (("feed     1, 1", "feed     1, 300"), "buffer.words", 1),
        (("zero=5", "zero=5, high=15"), "neurons.bits", 2),
        (("zero=5", "zero=5, high=7"), "neurons.bits", 1),
        (("zero=5", "zero=1, high=2"), "neurons.bits", 1),
    ],
)
def test_the_setting_of_a_hint_is_the_least_that_mends_it(change: tuple[str, str], setting: str, least: int) -> None:
    """A chip with the setting of the hint breaks the rule no more; with one less it still does."""
    source = BASE.replace(*change)
    (error,) = refused(source, "small.s", f"{setting}={least}")
    found = re.search(rf"{setting}=(\d+) at least", error.hint)
    assert found
    program, needed = assemble(source), int(found[1])

    def codes(value: int) -> list[str]:
        try:
            check(program, load_chip(program.chip, (f"{setting}={value}",)))
        except AcortexError as failure:
            return [one.code for one in (failure.errors if isinstance(failure, ManyErrors) else [failure])]
        return []

    assert error.code in codes(needed - 1)
    assert error.code not in codes(needed)


@pytest.mark.parametrize("high", [16, 31, 255])
@pytest.mark.parametrize("bits", [2, 4])
def test_no_hint_proposes_a_chip_that_there_cannot_be(high: int, bits: int) -> None:
    (error,) = refused(BASE.replace("zero=5", f"zero=5, high={high}"), "small.s", f"neurons.bits={bits}")
    assert error.hint == "lower it: neurons.bits is 4 at most"
    with pytest.raises(AcortexError, match="allowed is a whole number from 1 to 4"):
        load_chip("acortex_digits", ["neurons.bits=5"])

"""What stands under the cursor, in words, values, cycles and energy."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing import BASE, checked, opened, place

import acortex
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.asm.directives import DIRECTIVES, TEXT
from acortex.isa.table import MNEMONICS, ROWS
from acortex.tools.editor.costs import costs_of
from acortex.tools.editor.family import family_of
from acortex.tools.editor.hover import Hover, Known, hover
from acortex.tools.editor.navigate import files_around
from acortex.tools.editor.texts import SETTERS
from acortex.tools.editor.vocabulary import PREFIXES

PROGRAMS = Path(__file__).resolve().parents[3] / "programs"


def hovered(text: str, what: str, number: int = 0, behind: int = 0) -> Hover | None:
    """What stands at a place of a text that has not been checked."""
    sources, key = opened(text)
    family = family_of(sources, files_around(sources, key))
    return hover(Known(family), key, *place(text, what, number, behind))


def text_of(text: str, what: str, number: int = 0, behind: int = 0) -> str:
    found = hovered(text, what, number, behind)
    assert found is not None
    return found.text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_every_instruction_says_what_it_does_and_what_it_takes(row: object) -> None:
    text = text_of(f" {row.example}", row.mnemonic)  # type: ignore[attr-defined]
    assert row.doc in text  # type: ignore[attr-defined]
    for operand in row.operands:  # type: ignore[attr-defined]
        assert f"| `{operand.name}` |" in text


@pytest.mark.parametrize("name", [*DIRECTIVES, *TEXT, ".endm"])
def test_every_directive_says_what_it_does(name: str) -> None:
    assert text_of(f"{name} a", name).strip()


def test_operands_have_the_values_of_their_expressions() -> None:
    text = text_of(BASE.replace("feed    1, 1", "feed    OUT - 3, words=TWICE << 1"), "feed")
    assert "| `positions` | `OUT - 3` = 1 | 1 to 1,048,576 |" in text
    assert "| `words` | `TWICE << 1` = 16 |" in text
    assert "| `tail` | `2` |" in text
    assert "| `fill` | 0 (left out) |" in text
    assert "`image` = d0" in text_of(BASE, "base    image")
    assert "(out of range)" in text_of(BASE.replace("feed    1, 1", "feed    OUT - 4, 1"), "feed")


@pytest.mark.parametrize(
    ("what", "number", "said"),
    [
        ("OUT", 1, "constant `OUT` = 4"),
        ("TWICE", 1, "constant `TWICE` = 8"),
        ("image", 1, "`image` is d0, a stream descriptor"),
        ("x, image", 0, ".input  x, shape=2"),
        ("w\n        quant", 0, ".weights w, 2x2"),
        ("d1\n        signal", 0, "base    d1, OUT"),
        ("t1\n        output", 0, "signal  write, t1"),
        ("tail=", 0, "`tail` of `feed`: `2`"),
        ("shape=", 0, "`shape`: extents"),
        ("host_in", 0, "`agent` of `signal`"),
    ],
)  # fmt: skip
def test_a_name_says_what_it_is(what: str, number: int, said: str) -> None:
    assert said in text_of(BASE, what, number)


@pytest.mark.parametrize(
    ("value", "said"), [("9", "= 9"), ("10", "= 10 = 0xa"), ("-9", "= -9"), ("-10", "= -10 = -0xa"), ("0", "= 0")]
)
def test_a_constant_of_two_digits_is_told_in_both_notations(value: str, said: str) -> None:
    assert text_of(f".equ A, {value}\n", "A").split("\n")[0] == f"constant `A` {said}"


@pytest.mark.parametrize(("number", "line", "first"), [(0, 1, 0), (1, 1, 0), (2, 3, 5), (3, 3, 5)])
def test_a_register_shows_the_line_that_set_it_last_or_that_it_stands_in(number: int, line: int, first: int) -> None:
    found = text_of("base d1, 0\nread d1\nbase d1, 5\nread d1\n", "d1", number)
    assert f"base d1, {first}\n" in found and found.endswith(f"line {line}")


def test_a_number_has_its_other_notation() -> None:
    assert text_of(" base d1, 0x120", "0x120") == "288 = 0x120"


@pytest.mark.parametrize("what", ["; nothing", "        .program", "     .equ"])
def test_spaces_and_comments_say_nothing(what: str) -> None:
    found = hovered(f"{BASE}        ; nothing", what)
    assert found is None


def test_comments_above_a_definition_and_a_macro_are_shown() -> None:
    text = "; How many.\n; In words.\n.equ A, 1\n# Reads one.\n.macro get a, b=2 ; as words\n.endm\n get A\n"
    assert "How many.\nIn words." in text_of(text, "A", 1)
    found = text_of(text, "get", 1)
    assert ".macro get a, b=2\n" in found and "Reads one." in found and "as words" in found


def test_constants_that_differ_or_go_round_have_no_value() -> None:
    assert "no value" in text_of(".equ A, B\n.equ B, A\n", "A")
    assert "no value" in text_of(".if 1\n.equ A, 1\n.else\n.equ A, 2\n.endif\n base d0, A\n", "A", 2)
    assert "no value" in text_of(".equ A, 1 / 0\n", "A")


def test_an_instruction_says_what_it_takes_on_the_chip_of_its_program() -> None:
    sources, key = opened(BASE)
    session = checked(sources, key)
    found = hover(session.known(key), key, *place(BASE, "convert"))
    assert found is not None
    # docs/timing.md: a conversion takes 2^bits cycles. Two outputs at 0.083 pJ.
    assert (
        "On acortex_digits, without waits: busy cycles controller 1, neurons 16; energy 166 fJ, leakage apart;"
        " measured over 1 issue." in found.text
    )
    setup = hover(session.known(key), key, *place(BASE, "group   g0"))
    assert setup is not None and "set-up is over before its cycle 0" in setup.text


def test_a_label_says_its_address_once_the_program_assembles() -> None:
    text = BASE.replace("read    image", "here: read image")
    sources, key = opened(text)
    found = hover(checked(sources, key).known(key), key, *place(text, "here"))
    assert found is not None and "label `here`: instruction 13" in found.text


def test_after_a_change_nothing_is_said_of_what_was_before() -> None:
    sources, key = opened(BASE)
    session = checked(sources, key)
    sources.open("untitled:main", f"\n{BASE}", 2)
    found = hover(session.known(key), key, *place(f"\n{BASE}", "convert"))
    assert found is not None and "without waits" not in found.text


def test_costs_add_up_to_those_of_the_run() -> None:
    for name in ("vmm", "conv3x3", "pooling", "lstm_step"):
        program = assemble_file(PROGRAMS / f"{name}.s")
        found = costs_of(program)
        one = {tensor: array[:1] for tensor, array in program.samples.items()}
        report = acortex.prepare(program, inputs=one).time().report
        assert found.chip == program.chip and not found.missing
        energy = sum(cost.energy_aj for cost in found.by_address.values())
        assert energy == report["energy_aj"] - report["energy_by_component_aj"]["leakage"]
        busy: dict[str, int] = {}
        for cost in found.by_address.values():
            for unit, cycles in cost.busy.items():
                busy[unit] = busy.get(unit, 0) + cycles
        assert busy == {unit: one["busy"] for unit, one in report["utilisation"].items() if one["busy"]}


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (("read    image", "await   read, t9\n        read    image"), "the program does not run to its end"),
        (("read    image", "loop    l0, 200000\nagain:  nop\n        next    l0, again\n        read    image"),
         "one inference takes more than 100,000 cycles"),
    ],
)  # fmt: skip
def test_where_nothing_was_measured_it_says_why(change: tuple[str, str], missing: str) -> None:
    found = costs_of(assemble(BASE.replace(*change, 1)))
    assert found.missing == missing
    assert not found.by_address


def test_a_chip_that_there_is_not_leaves_no_costs() -> None:
    assert costs_of(assemble(BASE.replace("acortex_digits", "none"))).missing


def test_every_kind_of_register_has_an_instruction_that_sets_it() -> None:
    assert set(SETTERS) == set(PREFIXES)
    assert {mnemonic for mnemonic in SETTERS.values() if mnemonic not in MNEMONICS} == set()

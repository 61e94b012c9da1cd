"""Fields of directives, each at its limit: one token too many, one digit too many, one axis too many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.asm import arguments, assembler
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.lexer import tokens_of
from acortex.isa.checks import check
from acortex.isa.codec import Instruction, decode
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.program import Program

WRITTEN = "write 784, 28x28 or 784|28x28; constants may stand for numbers: K x K x 64"


def built(declarations: str) -> Program:
    return assemble(declarations + "\nstart\nhalt")


def complaint(declarations: str) -> str:
    """The one mistake that the assembler finds: "line:column: message | hint"."""
    with pytest.raises(ManyErrors) as caught:
        built(declarations)
    (error,) = caught.value.errors
    return f"{error.where.removeprefix('<text>:')}: {error.message}" + (f" | {error.hint}" if error.hint else "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".input x x, 4", '1:8: name takes a name | letters, digits, _ and ., or any text in "…"'),
        ('.weights w, 2x3, file="a" b', '1:23: file takes a text in quotes: file="…"'),
        (
            ".input x, 4, encode=linear, scale=1.5 2",
            "1:35: scale takes a decimal number, not `1.5 2` | write 0.0173 or 1.5e-05",
        ),
        (
            ".input x, 2x3, axes=0.1 1",
            "1:21: axes takes an order of axes, not `0.1 1` | write 1.2.0, the channels last",
        ),
    ],
)
def test_a_second_token_behind_a_right_one_is_no_part_of_a_field(text: str, message: str) -> None:
    assert complaint(text) == message


def test_each_part_of_an_order_of_axes_is_one_digit() -> None:
    assert complaint(".input x, 2x3, axes=0.10") == (
        "1:21: axes takes an order of axes, not `0.10` | write 1.2.0, the channels last"
    )


def test_a_decimal_number_has_at_most_80_digits() -> None:
    longest = "0." + "1" * 78
    assert built(f".input x, 4, encode=linear, scale={longest}").inputs[0].scale == float(longest)
    assert complaint(f".input x, 4, encode=linear, scale={longest}1") == (
        f"1:35: scale takes a decimal number, not `{longest[:40]}` | write 0.0173 or 1.5e-05"
    )


@pytest.mark.parametrize(("shapes", "shown"), [("2|", "2 |"), ("|2", "| 2"), ("2|x", "2 | x")])
def test_each_of_several_shapes_is_one(shapes: str, shown: str) -> None:
    assert complaint(f".input x, {shapes}") == f"1:11: `{shown}` is not a shape | {WRITTEN}"


def test_a_shape_has_at_most_8_axes() -> None:
    assert built(".input x, 1x1x1x1x1x1x1x2, axes=0.1.2.3.4.5.6.7").inputs[0].shapes == ((1,) * 7 + (2,),)
    assert "shape 1x1x1x1x1x1x1x1x2 is not allowed: 1 to 8 numbers" in complaint(".input x, 1x1x1x1x1x1x1x1x2")


def test_samples_have_at_most_two_axes_more_than_their_tensor_may() -> None:
    extents = "1x1x1x1x1x1x1x1x1x1x2"
    assert f"shape {extents} is not allowed: 1 to 10 numbers" in complaint(
        f".input x, 2\n.samples x, type=uint8, shape={extents}\n.row 1, 0"
    )


def test_data_of_files_count_against_what_a_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "w.npy", np.ones((1, 3), np.int8))
    text = '.weights v, 1x3, file="w.npy"\n.weights w, 1x3, file="w.npy"\nstart\nhalt'
    monkeypatch.setattr(arguments, "MAX_DATA_BYTES", 6)
    assert len(assemble(text, folder=tmp_path).weights) == 2
    monkeypatch.setattr(arguments, "MAX_DATA_BYTES", 5)
    with pytest.raises(ManyErrors, match="<text>:2:"):
        assemble(text, folder=tmp_path)


def test_data_may_fill_what_a_program_holds_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ".weights v, 1x3\n.row 1, 2, 3\n.weights w, 1x2\n.row 1, 2"
    monkeypatch.setattr(arguments, "MAX_DATA_BYTES", 5)
    assert [len(one.values[0]) for one in built(text).weights] == [3, 2]
    monkeypatch.setattr(arguments, "MAX_DATA_BYTES", 4)
    assert complaint(text).startswith("3:1: ")


def test_an_extent_may_take_the_place_of_a_choice_only_where_there_is_a_shape() -> None:
    hint = "the extents of a shape have `x` between them: C x R x K"
    assert complaint(".equ n, 3\n.input x, encode=n, shape=4") == f"2:18: no encode is called `n` | {hint}"
    assert complaint(".input x, encode=n, shape=4") == "1:18: no encode is called `n` | codes, binary or linear"


def test_a_program_knows_where_its_chip_is_named() -> None:
    assert built(".chip acortex_digits").chip_at == "<text>:1:7"


@pytest.mark.parametrize(("file", "name"), [("some.s", "some"), ("some", "program"), ("<text>", "program")])
def test_a_program_is_named_after_its_file_where_that_is_a_source(file: str, name: str) -> None:
    assert assemble("start\nhalt", file=file).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a" * 41, f"1:1: no instruction is called `{'a' * 40}`"),
        (f"12{'a' * 41}", f"1:1: `12{'a' * 38}` is not a number"),
        (f"signal b {'a' * 40}, t0", f"1:8: `agent` takes read, operand, buffer, vmm, neurons, vector, write, host_in,"
         f" host_out, program_erase or host, not `b {'a' * 38}`"),
    ],
)  # fmt: skip
def test_a_text_is_shown_up_to_forty_characters(text: str, message: str) -> None:
    assert complaint(text).partition(" | ")[0] == message


@pytest.mark.parametrize("text", ["x@1", "x[1", '"abc', "x + 'a'"])
def test_a_wrong_character_is_marked_alone(text: str) -> None:
    with pytest.raises(Mistake) as caught:
        tokens_of(text)
    assert caught.value.length == 1


@pytest.mark.parametrize(
    ("head", "what"), [(".equ 3, 4", "1:6: `3` cannot name a constant"), ("3: nop", "1:1: `3` cannot name a label")]
)
def test_what_is_no_name_names_nothing(head: str, what: str) -> None:
    assert complaint(head).partition(" | ")[0] == what


def test_parts_of_a_shape_between_commas_are_shown_as_it_is_written() -> None:
    assert complaint(".input x, shape=4, n").endswith(" | its parts have `x` between them: shape=4 x n")


@pytest.mark.parametrize(("text", "column"), [(".equ a, (1, 2)", 11), (".equ a, ((1), (2, 3))", 13)])
def test_a_comma_inside_parentheses_parts_no_operands(text: str, column: int) -> None:
    assert complaint(text).startswith(f"1:{column}: an operator should stand here, not `,` | close the parenthesis")


def test_two_words_inside_parentheses_are_one_operand() -> None:
    assert "not `( d0 , d1 )`" in complaint("read (d0, d1)")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("loop l0, 3\na: inference by=l0 1\nnext l0, a", "`lag l1, l0, TURNS, until=LABEL`"),
        ("loop l0, 3\na: inference by=l0 - 2\nnext l0, a", "`lag l1, l0, 2, until=LABEL`"),
        ("loop l0, 3\na: inference by=l0 - 2\ninference by=l1\nnext l0, a", "`lag l1, l0, 2, until=LABEL`"),
        ("loop l1, 3\nloop l0, 3\na: inference by=l0 - 2\nnext l0, a\nnext l1, a", "`lag l2, l0, 2, until=LABEL`"),
    ],
)
def test_an_earlier_turn_is_advised_a_register_that_no_loop_takes(text: str, advice: str) -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble(f"start\n{text}\nhalt")
    assert advice in caught.value.errors[0].hint


def test_a_label_of_a_line_that_cannot_be_read_is_known() -> None:
    assert complaint("loop l0, 3\nagain: nop @\nnop\nnext l0, again").startswith("2:12: unexpected character")


def test_lines_behind_one_that_cannot_be_read_are_read() -> None:
    with pytest.raises(ManyErrors) as caught:
        built(".if 1 2\n.endif\nnonsense")
    assert [error.where for error in caught.value.errors] == ["<text>:1:7", "<text>:3:1"]


def test_a_name_of_a_constant_is_one_word() -> None:
    assert complaint(".equ a b, 3") == "1:1: `.equ` needs a name and a value | write .equ NAME, EXPRESSION"


def test_a_name_of_a_layer_is_one_word() -> None:
    assert complaint("layer a b") == (
        "1:7: `layer` takes the name of a layer's name, not `a b` | write it bare, or in quotes"
    )


def test_a_program_has_at_most_4096_layers() -> None:
    most = "start\n" + "\n".join(f"layer a{number}" for number in range(4096))
    assert len(assemble(f"{most}\nlayer a0\nhalt").layers) == 4096
    with pytest.raises(ManyErrors) as caught:
        assemble(f"{most}\nlayer another\nhalt")
    (error,) = caught.value.errors
    assert (error.where, error.message) == ("<text>:4098:7", "a program has at most 4096 layers")


def test_a_file_may_have_as_many_bytes_as_are_read_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "whole.s"
    path.write_text("start\nhalt")
    monkeypatch.setattr(assembler, "MAX_BYTES", 10)
    assert len(assembler.assemble_file(path).words) == 2
    path.write_text("start\nhalt ")
    with pytest.raises(AcortexError, match="the file has more than 10 bytes"):
        assembler.assemble_file(path)


def test_a_source_is_text() -> None:
    with pytest.raises(assembler.UsageError) as caught:
        assemble(b"halt", file="a.s")  # type: ignore[arg-type]
    assert str(caught.value) == "a.s: a source is a str, and bytes was given\n  hint: decode bytes, as text in UTF-8"


def test_as_many_samples_of_each_input_as_labels_and_none_of_what_the_host_makes() -> None:
    def declared(first: int, second: int, host: str = "", labels: int = 2) -> str:
        said = f".input a, shape=1\n.input b, shape=1{host}\n.samples a, shape={first}x1\n" + ".row 1\n" * first
        said += (f".samples b, shape={second}x1\n" + ".row 1\n" * second) if second else ""
        return said + f".labels shape={labels}\n" + ".row 0\n" * labels

    assert len(built(declared(2, 2)).samples) == 2
    assert list(built(declared(2, 0, ", host=yes")).samples) == ["a"]
    for first, second in ((3, 3), (1, 1)):
        with pytest.raises(ManyErrors, match="2 labels"):
            built(declared(first, second))
    for first, second in ((2, 1), (1, 2), (2, 3)):
        with pytest.raises(ManyErrors, match=f"`b` has {second} samples, `a` has {first}"):
            built(declared(first, second))
    with pytest.raises(ManyErrors, match="`b`"):
        built(declared(2, 0))


@pytest.mark.parametrize(("number", "size", "wrong"), [(0, 1, False), (1, 2, False), (1, 1, True), (2, 2, True)])
def test_a_number_of_a_table_is_below_its_size(number: int, size: int, wrong: bool) -> None:
    load = decode(int(assemble(".weights w, 1x1\n.row 1\ngroup g0, 1, 1\nprogram g0, w\nstart\nhalt").words[1]))
    given = Instruction(load.row, {**load.values, "weights": number})
    found = [one for one in check([given], {"weights": size}) if one.row.code == "A607"]
    assert [one.facts for one in found] == ([{"operand": "weights", "value": number, "size": size}] if wrong else [])

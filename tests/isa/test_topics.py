"""The manual's topics: what each states is carried out, with figures that stand here."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.arithmetic.quantisers import Quantiser, quantise
from acortex.isa.asm.assembler import assemble
from acortex.isa.manual import directives, reference, topics
from acortex.isa.operands import ACTIVATIONS, AGENTS, KINDS
from acortex.isa.program import Constants, Program
from acortex.isa.semantics import MEANINGS, visited
from acortex.isa.sequencer import Dispatch, Sequencer, Stream
from acortex.isa.table import MNEMONICS
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.cli import cli

Codes = NDArray[np.uint8]


def text_of(name: str) -> str:
    """A topic's paragraphs and rows as one text."""
    (topic,) = topics(name)
    return "\n".join([*topic["text"], *(f"{row['name']}: {row['text']}" for row in topic["rows"])])


def test_no_topic_has_the_name_of_an_instruction() -> None:
    names = [topic["topic"] for topic in topics()]
    assert not {*names} & {*MNEMONICS}
    assert names == [
        "chip",
        "source",
        "expressions",
        "macros",
        "loops",
        "streams",
        "windows",
        "codes",
        "activations",
        "limits",
    ]
    assert topics("no such thing") == []


def test_the_command_prints_topics_and_has_them_in_json() -> None:
    shown = CliRunner().invoke(cli, ["isa", "activations"])
    assert shown.exit_code == 0
    assert "hardswish" in shown.stdout
    assert "activations" in CliRunner().invoke(cli, ["isa"]).stdout
    assert '"topic": "loops"' in CliRunner().invoke(cli, ["isa", "--format", "json"]).stdout
    one = CliRunner().invoke(cli, ["isa", "loops", "--format", "json"]).stdout
    assert '"instructions": []' in one and '"topic": "loops"' in one and '"topic": "codes"' not in one
    assert "did you mean `activations`?" in CliRunner().invoke(cli, ["isa", "activation"]).stderr


# Activations ----------------------------------------------------------------------------------------------------------

SUMS = np.array([*range(-1300, 1301), -(1 << 30), 1 << 30, -70_001, 70_001], dtype=np.int64)


@pytest.mark.sampled(28)
@pytest.mark.parametrize("gain", [65_536, 655, 1, 40_000])
@pytest.mark.parametrize(("zero", "low", "high"), [(0, 0, 15), (7, 1, 14), (8, 0, 8)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_formula_is_the_activation(activation: str, zero: int, low: int, high: int, gain: int) -> None:
    """The formula of the manual, carried out in Python, where fractions are exact and ties go to the even number."""
    (topic,) = topics("activations")
    formula = {row["name"]: row["text"] for row in topic["rows"]}[activation]
    formula = formula.replace("c / 64", "Fraction(c, 64)").replace("x * gain", "Fraction(x * gain)")
    formula = formula.replace(" * gain / ", " * Fraction(gain) / ")
    if "exp" not in formula:
        formula = formula.replace("full", "Fraction(full)")
    known = {"exp": math.exp, "tanh": math.tanh, "Fraction": Fraction, "full": high - zero, "gain": gain}
    found = quantise(SUMS.reshape(-1, 1), Quantiser(1, 0, zero, low, high, activation, gain)).reshape(-1)
    for x, code in zip(SUMS.tolist(), found.tolist(), strict=True):
        y = eval(formula, {**known, "x": x, "c": min(max(x, -1024), 1024)})
        assert code == min(max(y + zero, low), high), (x, formula)


@pytest.mark.parametrize(
    ("total", "multiplier", "shift", "x"), [(5, 1, 1, 2), (7, 1, 1, 4), (-5, 1, 1, -2), (3, 3, 1, 4)]
)
def test_sums_are_rounded_to_the_nearest_and_ties_to_the_even(total: int, multiplier: int, shift: int, x: int) -> None:
    assert int(quantise(np.array([[total]]), Quantiser(multiplier, shift, 8))[0, 0]) == x + 8


# Expressions ----------------------------------------------------------------------------------------------------------


def address(expression: str, head: str = "") -> int:
    """The value of an expression, as the address of a stream."""
    return (int(assemble(f"{head}start\nbase d0, {expression}\nhalt").words[1]) >> 31) & 0xFFFFF


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("--3", 3),
        ("-3 + 5", 2),
        ("-(1 << 3) + 20", 12),
        ("2 + 3 * 4", 14),
        ("1 << 2 + 1", 8),
        ("100 >> 1 + 1", 25),
        ("20 - 4 - 3", 13),
        ("64 / 4 / 2", 8),
        ("7 // 2 * 2", 6),
        ("9 + -7 // 2", 5),
        ("9 + -7 /^ 2", 6),
        ("-7 % 3", 2),
        ("9 + 7 % -3", 7),
        ("9 + (-9 >> 1)", 4),
        ("2 * -3 + 7", 1),
        ("1_0 + 0x_f + 0b1_1", 28),
    ],
)
def test_operators_are_those_of_the_manual(expression: str, value: int) -> None:
    assert address(expression) == value


@pytest.mark.parametrize(
    "expression",
    ["~1", "1 & 1", "2 ** 3", "1 | 2", "7 / 2", "1 << 64", "1 >> -1", "9223372036854775808", "1 < 2 < 3", "1 === 1"],
)
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(AcortexError):
        address(expression)


def test_operators_of_the_manual_are_all_there_are() -> None:
    (topic,) = topics("expressions")
    names = [row["name"] for row in topic["rows"]]
    assert names == [
        "-a, +a", "a * b", "a / b", "a // b", "a /^ b", "a % b", "a + b", "a - b", "a << b", "a >> b",
        "a == b, a != b, a < b, a <= b, a > b, a >= b", "a && b", "a || b", "!a",
    ]  # fmt: skip


def test_a_constant_is_known_above_its_line_but_for_another_constant() -> None:
    program = assemble("start\nhere: base d0, N\nhalt\n.equ N, here + 8")
    assert (int(program.words[1]) >> 31) & 0xFFFFF == 9
    with pytest.raises(ManyErrors, match="it is defined further down"):
        assemble(".equ A, B\n.equ B, 1\nstart\nhalt")
    assert "another `.equ` may use it only below" in text_of("expressions")


FIELDS = (
    ".weights w, 1x2, macs=N\n.row N, N",
    ".constants c, N\n.row N, N",
    ".memory N, N\n.row " + ", ".join(["N"] * 64),
    ".input x, shape=1, bits=N + 3, zero=N, encode=linear",
    ".output x, shape=3x2x2, packed=N",
)


@pytest.mark.parametrize("line", FIELDS)
def test_fields_that_take_expressions(line: str) -> None:
    assert assemble(f"{line}\nstart\nhalt\n.equ N, 1")


@pytest.mark.parametrize(
    "line",
    [
        ".input x, shape=1, encode=linear, scale=N",
        ".input x, shape=1x1, axes=N",
        "signal read, N",
        "read N",
        "window w0, 1, 1, 1, packed=N",
        ".input x, encode=N, shape=1",
    ],
)
def test_places_that_take_none(line: str) -> None:
    with pytest.raises(ManyErrors):
        assemble(f".equ N, 1\nstart\n{line}\nhalt")


# Streams and windows --------------------------------------------------------------------------------------------------


def received(text: str) -> Dispatch:
    """What the last agent's instruction of a text receives."""
    sequencer = Sequencer(assemble(f"start\n{text}\nhalt"), 1)
    found = [sequencer.step() for _ in range(text.count("\n") + 3)]
    return next(one for one in reversed(found) if one is not None)


def test_axes_that_nothing_sets_have_extent_1_and_stride_0() -> None:
    assert received("base d0, 5\nread d0").stream == Stream(5, (1, 1, 1, 1), (0, 0, 0, 0))
    assert received("base d0, 5\ndim d0, 2, 7\nread d0").stream == Stream(5, (1, 1, 7, 1), (0, 0, 1, 0))
    again = received("base d0, 5\ndim d0, 2, 7\nbase d0, 6\nread d0").stream
    assert again is not None and again.addresses().tolist() == [6]
    assert "all extents to 1 and all strides to 0; `dim` sets one axis, its stride to 1" in text_of("streams")


IMAGE = "base d0, 0\ndim d0, 1, 4\ndim d0, 2, 4, stride=4\n"


def vectors(line: str, image: Codes) -> Codes:
    """The input vectors that a `slide` makes of an image of shape (4, 4, 64)."""
    dispatch = received(IMAGE + line)
    return MEANINGS["slide"].compute(image.reshape(16, 64)[visited(dispatch)], dispatch, None)


@pytest.fixture
def image() -> Codes:
    """Sixteen words of codes, none of which is 0."""
    return (np.arange(16 * 64) % 15 + 1).astype(np.uint8).reshape(4, 4, 64)


def test_a_window_without_a_border_has_one_position_in_the_corner(image: Codes) -> None:
    bare = "window w0, 2, 2, 4, stride_y=2\nslide d0, w0"
    given = "window w0, 2, 2, 4, stride_y=2\nborder w0, 1, 1\nslide d0, w0"
    cleared = "window w0, 1, 1, 4\nborder w0, 4, 4, 3, 3, 9\n" + bare
    expected = image[:2, :2].reshape(1, -1)
    for lines in (bare, given, cleared):
        assert np.array_equal(vectors(lines, image)[:, :-1], expected)


def test_taps_without_dense_begin_at_a_row_of_arrays_and_zeros_fill_the_gap(image: Codes) -> None:
    (one,) = vectors("window w0, 1, 2, 4\nslide d0, w0, tail=3, fill=7", image)
    assert one.tolist() == [*image[0, 0, :3], *[0] * 61, *image[0, 1, :3], *[0] * 61, 7]
    (one,) = vectors("window w0, 1, 2, 4\nslide d0, w0, tail=3, fill=7, dense=yes", image)
    assert one.tolist() == [*image[0, 0, :3], *image[0, 1, :3], 7]


def test_outside_of_the_image_slide_takes_the_value(image: Codes) -> None:
    (one,) = vectors(
        "window w0, 2, 2, 4\nborder w0, 1, 1, top=1, left=1, value=9\nslide d0, w0, tail=2, dense=yes", image
    )
    assert one.tolist() == [9] * 6 + [*image[0, 0, :2], 0]


# Codes ----------------------------------------------------------------------------------------------------------------


def test_zero_lies_above_low_without_an_activation() -> None:
    assert "With activation=none zero lies above low" in text_of("codes")
    assert "Without an activation zero lies above low" in MNEMONICS["quant"].doc
    with pytest.raises(ManyErrors, match="zero equals low, 0: negative sums cannot be told from zero"):
        assemble("quant q0, 1, 0\nstart\nhalt\n")
    for line in ("quant q0, 1, 0, zero=1", "quant q0, 1, 0, activation=relu"):
        assemble(line + "\nstart\nhalt\n")


def outcome(line: str, data: str = "") -> str:
    """What a run of four-bit words says of a line in the set-up or the run."""
    chip = load_chip("acortex_digits")
    try:
        run(assemble(f"{data}quant q0, 1, 0, activation=relu\nstart\n{line}\nhalt"), chip, timing=False)
    except AcortexError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("line", "operand"),
    [
        ("quant q1, 1, 0, high={}, activation=relu", "high"),
        ("feed 1, 1, fill={}", "fill"),
        ("window w0, 1, 1, 1\nborder w0, 1, 1, value={}", "value"),
    ],
)
def test_a_code_of_more_than_four_bits_assembles_and_does_not_run(line: str, operand: str) -> None:
    assert f"{operand} is 16; acortex_digits allows up to 15" in outcome(line.format(16))
    assert f"{operand} is 15" not in outcome(line.format(15))
    assert assemble(f"start\n{line.format(255)}\nhalt")
    with pytest.raises(ManyErrors, match="is 256, allowed is 0 to 255"):
        assemble(f"start\n{line.format(256)}\nhalt")


def test_memory_above_four_bits_does_not_run() -> None:
    words = ".memory 0, 1\n.row " + ", ".join(["{}"] * 64) + "\n"
    assert "initial memory holds code 16" in outcome("nop", words.replace("{}", "16"))
    assert outcome("nop", words.replace("{}", "15")) == ""


def test_zeros_that_are_taken_away_may_be_any_code() -> None:
    for line in ("requant q0, 1, zero_a=255", "mul q0, 1, zero_b=255"):
        assert "zero" not in outcome(line)


def test_constants_replace_the_multiplier_and_leave_the_rest() -> None:
    constants = Constants("c", np.array([[10, 3], [0, 65_536]]))
    tuned = Quantiser(99, 2, 1, 0, 12, "relu", constants=constants)
    plain = [Quantiser(3, 2, 1, 0, 12, "relu"), Quantiser(65_536, 2, 1, 0, 12, "relu")]
    sums = np.array([[4, 0], [-20, 1], [0, 0]])
    for column, (offset, quantiser) in enumerate(zip((10, 0), plain, strict=True)):
        expected = quantise(sums[:, column : column + 1] + offset, quantiser)
        assert np.array_equal(quantise(sums, tuned)[:, column : column + 1], expected)
    (said,) = directives(".constants")
    assert "multiplier, 1 to 65536, in the place of the quantiser's" in said["doc"]
    for value, works in ((0, False), (1, True), (65_536, True), (65_537, False)):
        row = f".constants c, 1\n.row 0, {value}\nstart\nhalt"
        assert _assembles(row) == works


# Limits ---------------------------------------------------------------------------------------------------------------


def _assembles(text: str) -> bool:
    try:
        return isinstance(assemble(text), Program)
    except AcortexError:
        return False


def _many(line: Callable[[int], str]) -> Callable[[int], str]:
    return lambda count: "".join(f"{line(number)}\n" for number in range(count)) + "start\nhalt"


def signs(count: int) -> str:
    """A text of so many words and numbers: constants with up to a thousand signs."""
    sizes = [1000] * ((count - 2) // 1000 - 1)
    sizes.append(count - 2 - sum(sizes))
    lines = (f".equ a{number}, {'-' * (size - 4)}1\n" for number, size in enumerate(sizes))
    return "".join(lines) + "start\nhalt"


PROBES: dict[str, tuple[int, Callable[[int], str]]] = {
    "lines": (1_000_000, lambda count: "start\nhalt" + "\n" * (count - 2)),
    "lines that macros, repetitions and included files add": (
        250_000,
        lambda count: f"start\nhalt\n.rept {count}\n\n.endr",
    ),
    "characters of a line": (10_000, lambda count: "start\nhalt;".ljust(count + 6, "x")),
    "words and numbers, without those of .row lines of plain numbers": (700_000, signs),
    "instructions": (65_536, lambda count: "start\n" + "nop\n" * (count - 2) + "halt"),
    "characters of a number": (80, lambda count: f"start\nbase d0, {'1'.zfill(count)}\nhalt"),
    "characters of a name in quotes": (200, lambda count: f'.program "{"x" * count}"\nstart\nhalt'),
    "depth of calls, repetitions and files": (64, lambda n: ".rept 1\n" * n + "start\nhalt\n" + ".endr\n" * n),
    "depth of parentheses": (64, lambda count: f"start\nbase d0, {'(' * count}1{')' * count}\nhalt"),
    "layers": (4096, _many(lambda number: f".layer y{number}")),
    "matrices of weights": (4096, _many(lambda number: f".weights y{number}, 1x1\n.row 1")),
    "tables of constants": (4096, _many(lambda number: f".constants y{number}, 1\n.row 1, 1")),
    "inputs": (1024, _many(lambda number: f".input y{number}, shape=1")),
    "outputs": (1024, _many(lambda number: f".output y{number}, shape=1")),
    "parts of the host": (4096, _many(lambda number: f".part y{number}, shape=1\n.row 1")),
    "pieces of initial memory": (4096, _many(lambda number: f".memory {number}, 1\n.row {'1,' * 63}1")),
    "rows, and columns, of a matrix": (
        65_536,
        lambda count: f".weights y, {count}x1\n" + ".row 1\n" * count + "start\nhalt",
    ),
    "shapes of a tensor": (64, lambda count: f".input y, shape={'|'.join(['1'] * count)}\nstart\nhalt"),
    "axes of a tensor": (
        8,
        lambda count: f".input y, shape={'x'.join('1' * count)}, axes={'.'.join('0123456789'[:count])}\nstart\nhalt",
    ),
    "words of memory of a tensor": (1_048_576, lambda count: f".input y, shape=1x{count}x1\nstart\nhalt"),
    "bits of a code of a tensor": (8, lambda count: f".input y, shape=1, bits={count}\nstart\nhalt"),
}  # fmt: skip
"""For each limit its figure, and a text that asks for so many."""

ELSEWHERE = {
    "bytes of the text": 67_108_864,
    "bytes of all data, in the text and in files": 268_435_456,
    "bytes of an array of a file": 268_435_456,
    "bytes of an assembled program": 536_870_912,
    "bytes of all its names": 2_097_152,
    "different errors that are shown": 100,
}
"""Limits that would take too much memory here, or that other tests hold."""


def test_every_limit_of_the_manual_is_probed() -> None:
    (topic,) = topics("limits")
    stated = {row["name"]: int(row["text"]) for row in topic["rows"]}
    assert stated == {name: limit for name, (limit, _) in PROBES.items()} | ELSEWHERE


@pytest.mark.sampled(9)
@pytest.mark.parametrize("name", PROBES)
def test_a_text_at_its_limit_assembles_and_one_more_does_not(name: str) -> None:
    limit, text = PROBES[name]
    assert _assembles(text(limit))
    assert not _assembles(text(limit + 1))


# What flags do --------------------------------------------------------------------------------------------------------


def test_each_flag_says_what_yes_and_no_do() -> None:
    flags = {
        operand["name"]: operand["doc"]
        for row in reference()
        for operand in row["operands"]
        if operand["kind"] == "flag"
    }
    assert set(flags) == {"apart", "keep", "dense", "inside", "first", "reset"}
    assert all(doc.startswith("yes: ") and "; no: " in doc for doc in flags.values())


def test_the_fields_of_an_instruction_tell_how_it_is_encoded() -> None:
    (loop,) = reference("loop")
    assert loop["fields"][1] == {"name": "count", "holds": "value", "codes": {"host": 0}}
    (feed,) = reference("feed")
    assert [field["holds"] for field in feed["fields"]] == ["value - 1", "value - 1", "value - 1", "value", "value"]
    (base,) = reference("base")
    assert {field["name"]: field["holds"] for field in base["fields"]}["stride"] == "two's complement"


def test_the_words_of_the_chip_are_those_of_the_table() -> None:
    """Numbers of registers and the names of agents are what operands take."""
    (topic,) = topics("chip")
    said = {row["name"]: row["text"] for row in topic["rows"]}  # type: ignore[attr-defined]  # plain data
    for name, kind in (("stream", "stream"), ("window", "window"), ("quantiser", "quantiser"), ("token", "token")):
        registers = KINDS[kind].registers
        prefix = KINDS[kind].prefix
        assert f"{prefix}{registers[0]} to {prefix}{registers[-1]}" in said[name]
    assert said["agent"].split(": ")[1].split(", ") == list(AGENTS)

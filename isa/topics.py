"""What the manual says beside instructions and directives. A test carries out what each topic states."""

from __future__ import annotations

from dataclasses import dataclass

from acortex.isa import container, files, names
from acortex.isa.arithmetic import tensors
from acortex.isa.arithmetic.quantisers import FRACTION, REACH, UNITY
from acortex.isa.asm import arguments, assembler, directives, expansion, expressions, lexer, parser
from acortex.isa.data import OFFSET_LIMIT
from acortex.isa.language import diagnostics
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import AGENTS, HOST_COUNT, KINDS


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its title, its sentences, and a table of names with what each is."""

    title: str
    text: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] = ()


def _activations() -> Topic:
    text = (
        "A sum becomes a code in three steps: x = round(sum * multiplier / 2^shift), y = the activation of x,"
        " code = y + zero, held within low and high.",
        "With `tune`, x = round((sum + offset) * its own multiplier / 2^shift). A `pool` of mode=average divides its"
        " sum by the number of pixels, too, before the one rounding.",
        "Every rounding is to the nearest whole number, ties to the even one.",
        f"c is x held within -{REACH} and {REACH}. The functions that bend see x in {FRACTION}ths:"
        f" -{REACH // FRACTION} to {REACH // FRACTION}.",
        f"full is high - zero, so that sigmoid's 1 is the code high, and its 0 the code zero. gain is {UNITY} unless"
        " `gain` sets it.",
        "The formulas are exact: nothing is rounded but where round stands.",
    )
    return Topic("Activation functions: y of x", text, tuple(FORMULAS.items()))


FORMULAS = {
    "none": "x",
    "relu": "max(x, 0)",
    "leaky": f"x if x >= 0 else round(x * gain / {UNITY})",
    "sigmoid": f"round(full / (1 + exp(-c / {FRACTION})))",
    "tanh": f"round(full * tanh(c / {FRACTION}))",
    "hardsigmoid": f"round(full * min(max(c / {FRACTION} + 3, 0), 6) / 6)",
    "hardswish": f"round(c * min(max(c + {3 * FRACTION}, 0), {6 * FRACTION}) * gain / ({UNITY} * {6 * FRACTION}))",
}
"""Each activation as an expression of Python, in x, c, full and gain."""


def _expressions() -> Topic:
    text = (
        "A number may be an expression wherever a number stands alone: an operand that takes one, the fields zero,"
        " bits, packed, macs, columns, address and count of directives, a value of a `.row` line, and `.equ`.",
        "An extent of a shape is a number, a constant or an expression: 28x28, KxKx64, K x K x 64 or (2 * K) x 64. A"
        " name with an x in it is the constant of that name where there is one, else extents with x between them.",
        "A constant may stand for a register: after `.equ IMAGE, d0`, IMAGE is d0 wherever a stream may stand. Streams,"
        " tokens, quantisers, groups, windows and loop registers may have such names; they are no numbers.",
        "No expression may stand for a choice, a name, an order of axes, or a decimal number.",
        "Values are whole numbers. Every value on the way stays between -2^63 and 2^63, both left out.",
        "A name is a constant of `.equ` or a label, which stands for the address of the instruction below it."
        " Instructions, data and other directives may use a constant above its `.equ`; another `.equ` may use it"
        " only below. Labels are known everywhere. A name is defined once.",
        f"Numbers are 10, 0x1f or 0b101, with _ anywhere behind the first digit, of at most {lexer.MAX_DIGITS}"
        f" characters. Parentheses nest up to {expressions.MAX_DEPTH} deep.",
        "Operators, those that bind most tightly first; equals group from the left:",
    )
    return Topic("Expressions: numbers that are worked out", text, tuple(expressions.OPERATORS.items()))


def _loops() -> Topic:
    least, most = KINDS["repeat"].numbers[0], KINDS["repeat"].numbers[-1]
    text = (
        f"`loop lN, COUNT` sets register lN to 0 and its bound to COUNT, {least} to {most}, or to the number of"
        f" inferences that the host has, where COUNT is `host` (the field is {HOST_COUNT}). It goes on below: every"
        " body runs at least once.",
        "`next lN, TARGET`: where lN + 1 is below the bound of lN, adds 1 to lN and goes on at TARGET. Else it goes on"
        " below, and lN keeps its value. So the body runs COUNT times, and lN counts its turns from 0.",
        "After its loop a register holds the count of the last turn, COUNT - 1, until a `loop` sets it anew: for"
        " `by=` of base, connect, disconnect and multiply, for `inference`, in other loops and beyond `start` as"
        " well.",
        "A `loop` that is come to again, in a loop around it, sets its register to 0 and its bound once more.",
        "The body of a loop stands between its `loop` and its `next`, which belongs to it. TARGET is an instruction"
        " of the body or the `next` itself; not the `loop`, and nothing in the body of a loop inside, though that"
        " `loop` may be it. A TARGET further down leaves out what is above it, on all turns but the first.",
        "Loops lie in each other or apart: none crosses another, none of a register lies in one of the same"
        " register, each has one `next`, and none crosses `start`. A register that is used stands below a `loop` of"
        " it: one that is to hold 0 takes a loop of one turn, or no `by=` at all.",
        "`lag lN, lM, TURNS, LABEL` sets lN to lM - TURNS, for `by=` and `inference`: what a turn does for an earlier"
        " inference belongs to that one, and its streams go by it. In turns before there is such a turn it goes on at"
        " LABEL, and lN holds no count. LABEL stands further down, in the same body; it may be left out where there"
        " always is such a turn. lN counts no loop in the whole program; lM is the register of a loop, even of one that"
        " has ended.",
        "`inference lN` is an error where the host has no inference of that number.",
    )
    return Topic("Loops: what registers hold", text)


def _streams() -> Topic:
    text = (
        "A stream visits words of main memory along four axes. `base` sets its first word, all extents to 1 and all"
        " strides to 0; `dim` sets one axis, its stride to 1 unless it states another. So an axis that no `dim` sets is"
        " passed once, and a stream without any is one word. `advance` moves the first word on by the count of a loop,"
        " beside the loop of its `base`.",
        "Word (i0, i1, i2, i3) is at first + i0 * stride0 + i1 * stride1 + i2 * stride2 + i3 * stride3, i0 the"
        " fastest.",
        "An instruction takes a stream as it is when the controller comes to it; later `base`, `dim` and"
        " `advance` change nothing.",
        "A stream of `write` has the words of a pixel on axis 0. One of fetch, slide and pool is an image: axis 0"
        " counts the words of a pixel, axis 1 the words of a row of pixels (with `packed`, several pixels to a"
        " word), axis 2 the rows, and axis 3 has extent 1.",
        "Addresses outside of the chip's main memory are an error of the run.",
    )
    return Topic("Streams: words of main memory in order", text)


def _windows() -> Topic:
    text = (
        "A window that no `border` was given after its `window` has one position: rows 1, columns 1, top 0, left 0,"
        " value 0. It covers the kernel in the corner of the image.",
        "Tap (i, j) of position (r, c) is the pixel in row r * stride_y + i * dilation_y - top and column c *"
        " stride_x + j * dilation_x - left. Positions go row by row, and so do the taps of each.",
        "What `slide` and `pool` see outside of the image has the code `value`, in each of the pixel's channels; a"
        " `pool` with inside=yes leaves it out, and where nothing is left gives 0 (max) or the code of a sum of 0"
        " (average).",
        "The image of a `pool` are the words that arrive: as wide as axis 1 of its stream, whatever `packed` says.",
        "A pixel has 64 channels for each word but the last, and `tail` channels of that; with `packed`, 64 / packed"
        " at most.",
        f"With dense=no each tap begins at a row of arrays, a multiple of {CHANNELS}: channels from the pixel's last to"
        " there are rows of the group, and their code is 0, not `fill`. With dense=yes the next tap follows at once.",
        "Rows of the group past the last tap take the code `fill`; so do rows past the last channel of `feed`.",
    )
    return Topic("Windows: positions over an image", text)


def _codes() -> Topic:
    high, packed = KINDS["code"].high, KINDS["packed"].choices
    text = (
        f"An operand that is a code has eight bits, 0 to {high}. A chip's memory words, DACs and converters have"
        " fewer: four in the published chips.",
        "A run, not the assembler, refuses what its chip cannot hold: `high` of quant above 15, or above 2^neurons.bits"
        " - 1; `fill` of feed and slide, `value` of border, and codes of `.memory` above 15. Nothing is cut off.",
        "A `quant` holds low <= zero <= high. With activation=none zero lies above low: negative sums could not be"
        " told from zero.",
        "zero and low of quant are at most its high. zero_a and zero_b are numbers that are taken away: all are"
        " allowed.",
        "Codes of an input are held to the tensor's own `bits`, which may be up to 8; a chip takes no more than its"
        " words hold.",
        f"A `.constants` table gives each column an offset, -{OFFSET_LIMIT} to {OFFSET_LIMIT}, and a multiplier,"
        f" {KINDS['multiplier'].low} to {KINDS['multiplier'].high}. `tune` puts it in the place of the quantiser's"
        " multiplier, for `convert` alone; the shift stays, and so do zero, low, high, activation and gain.",
        f"A word of main memory has {CHANNELS} channels of one code each."
        f" Packed words hold {', '.join(packed)} pixels.",
    )
    return Topic("Codes: what channels hold", text)


def _chip() -> Topic:
    text = (
        "A controller reads instructions in order. It executes some itself, and puts the others into the queues of"
        " agents; each agent executes its own in their order, beside the other agents.",
        "The image of a layer goes from main memory to the buffer, as input vectors to a group of arrays, as sums to"
        " the neurons, and as codes back into main memory, or first to the vector agent.",
        "What one agent gives and another takes orders the two. Where they meet in main memory alone, a token does.",
    )
    rows = (
        ("code", "what a channel holds: a whole number from 0, of four bits in the published chips"),
        ("word", f"{CHANNELS} channels of one code each; main memory and buses move words"),
        ("agent", f"a unit with a queue of instructions: {', '.join(AGENTS)}"),
        (
            "array, group",
            f"{CHANNELS} x {CHANNELS} cells, or as `arrays.k` of the chip says; arrays that hold one matrix of weights"
            " together",
        ),
        ("position", "one input vector of a layer, and what comes of it: one operation of each array of the group"),
        ("frame", "the analog product of one position: inputs applied, currents integrated"),
        ("stream", "a walk over words of main memory, d0 to d31; `acortex isa streams`"),
        ("window", "a kernel that slides over an image, w0 to w7; `acortex isa windows`"),
        ("quantiser", "how sums become codes, q0 to q63; `acortex isa activations`"),
        ("token", "a counter, t0 to t63: `signal` adds one, `await` waits until there is one and takes it"),
        ("layer, inference", "marks for reports: what is issued between two marks belongs to it"),
    )
    return Topic("The chip in a few words", text, rows)


def _source() -> Topic:
    text = (
        "A line holds labels, then an instruction or a directive, then a comment; each may be left out. Words of"
        " the language are in lower case; in names capitals matter.",
        "A comment begins with ; or # and ends with the line. Spaces and tabs part words. Text is UTF-8, and no"
        " character but those of names in quotes and comments is outside of ASCII.",
        "A program has one word for each instruction of its text, in the order of the text as it is read (`acortex isa"
        " macros`). A text with any mistake"
        " makes no program.",
        "Set-up stands before `start`, the run after it, and `halt` at the end.",
    )
    rows = (
        ("LABEL:", "names the address of the next instruction, of this line or below"),
        ("MNEMONIC A, B, NAME=C", "an instruction: operands by position, then by name; `acortex isa MNEMONIC`"),
        (".DIRECTIVE A, NAME=B", "a directive, in the same way; `acortex isa .DIRECTIVE`"),
        ("name", f"letters, digits, _ and ., no digit first; in quotes, any 1 to {names.MAX_NAME} printable characters"
                 ' without " and \\'),
        ("d3, l0, t9, g7, q1, w2", "registers, tokens, groups: no constant and no label is called so, or `host`,"
            " `none`"),
    )  # fmt: skip
    return Topic("The text of a program", text, rows)


def _macros() -> Topic:
    text = (
        "These directives shape the text before its meaning is read. A message about a line that they make names the"
        " line that was written, what it was read as, and the calls and files that led to it.",
        "A macro is called like an instruction: its arguments stand by position, then by name. Behind a backslash the"
        " name of a parameter stands for its argument, anywhere in a line, also in quotes; `\\()` parts it from letters"
        " behind it, as in d\\i\\()x. A parameter without a default has to be given; `NAME=` has an empty default.",
        "An argument of several words that stands beside an operator is one operand: `2 * \\a` with 1 + 1 for a is 4.",
        "Names that `.local` lists are those of one call, or of one turn, alone: labels and constants in a macro that"
        " is called twice have to be local.",
        "Conditions, counts and `.align` are worked out as the text is read, from numbers and from constants above them"
        " that are made of such. Labels are not known yet; `.assert` may use them, since it is worked out at the end.",
        "A macro is defined above its first call, and has no word of the language for its name. Macros may call macros,"
        " and repetitions and conditions stand within each other.",
        "An included file is named from the folder of the file that includes it, and so are data files that it names."
        " All lie in the folder of the source or below it.",
    )
    rows = (
        ('.include "FILE"', "reads the lines of another source in this place"),
        (".macro NAME A, B=2 … .endm", "a macro with the parameters A and B; in its lines \\A and \\B"),
        ("NAME 1, B=3", "a call of the macro: its lines stand here"),
        (".local NAME, NAME", "in a macro or a .rept: names of this call, or this turn, alone"),
        (".rept COUNT, I … .endr", "the lines COUNT times; \\I is the number of the turn, from 0, and may be left out"),
        (".if A … .elif B … .else … .endif", "the lines of the first part whose expression is not 0"),
        (".ifdef NAME … .ifndef NAME … .endif", "whether a constant or a macro of that name stands above"),
        (".align N", f"`nop` until the next instruction's address is a multiple of N, 1 to {expansion.MAX_ALIGN}"),
        ('.error "TEXT"', "a mistake where it is come to"),
        ('.assert A, "TEXT"', "a mistake where the expression is 0"),
    )
    return Topic("Macros: text that is written once", text, rows)


def _limits() -> Topic:
    kinds = {name: str(kind.high + 1) for name, kind in KINDS.items() if kind.table}
    rows = (
        ("bytes of the text", str(assembler.MAX_BYTES)),
        ("lines", str(assembler.MAX_LINES)),
        ("lines that macros, repetitions and included files add", str(assembler.MAX_MADE)),
        ("depth of calls, repetitions and files", str(expansion.MAX_DEPTH)),
        ("characters of a line", str(assembler.MAX_LINE)),
        ("words and numbers, without those of .row lines of plain numbers", str(parser.MAX_TOKENS)),
        ("instructions", str(parser.MAX_INSTRUCTIONS)),
        ("characters of a number", str(lexer.MAX_DIGITS)),
        ("characters of a name in quotes", str(names.MAX_NAME)),
        ("depth of parentheses", str(expressions.MAX_DEPTH)),
        ("layers", kinds["layer"]),
        ("matrices of weights", kinds["weights"]),
        ("tables of constants", kinds["constants"]),
        ("inputs", kinds["input"]),
        ("outputs", kinds["output"]),
        ("parts of the host", kinds["part"]),
        ("pieces of initial memory", str(directives.MAX_TABLES)),
        ("rows, and columns, of a matrix", str(KINDS["rows"].high)),
        ("shapes of a tensor", str(tensors.MAX_FORMS)),
        ("axes of a tensor", str(tensors.MAX_AXES)),
        ("words of memory of a tensor", str(tensors.MAX_WORDS)),
        ("bits of a code of a tensor", str(tensors.MAX_CODE_BITS)),
        ("bytes of all data, in the text and in files", str(arguments.MAX_DATA_BYTES)),
        ("bytes of an array of a file", str(files.MAX_BYTES)),
        ("bytes of an assembled program", str(container.MAX_BYTES)),
        ("bytes of all its names", str(container.MAX_MAP)),
        ("different errors that are shown", str(diagnostics.MAX_ERRORS)),
    )
    text = ("So much is allowed at most; what is more is an error. Ranges of operands stand with each instruction.",)
    return Topic("Limits of a source text", text, rows)


TOPICS = {
    "chip": _chip(),
    "source": _source(),
    "expressions": _expressions(),
    "macros": _macros(),
    "loops": _loops(),
    "streams": _streams(),
    "windows": _windows(),
    "codes": _codes(),
    "activations": _activations(),
    "limits": _limits(),
}
"""Every topic by its name, which is no mnemonic."""

"""The instruction table: one row per instruction. All that depends on instructions is made from it.

A word has 64 bits: the opcode in bits 63 to 56, then the operands in the order of the row, from bit 55 downwards, each
as wide as its kind. Bits left over are zero. Nothing public gives aCortex's encoding: this one is the project's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from acortex.isa.operand_texts import SAID, said
from acortex.isa.operands import AGENTS, KIND_COUNT, KINDS, MOST_TOKENS, NO_LABEL, NO_LOOP, OperandKind

OPCODE_BITS = 8
WORD_BITS = 64


@dataclass(frozen=True)
class Operand:
    """One operand of an instruction: its name in the source, its kind, where it stands in the word."""

    name: str
    kind: OperandKind
    shift: int
    default: int | None
    doc: str


@dataclass(frozen=True)
class InstructionRow:
    """One instruction: its name, the agent that executes it, its operands.

    `agent` is one of `AGENTS`, "controller" for what the controller does itself, or "any" for an instruction that
    names its agent in an operand. `timing` names how its time is counted (docs/timing.md). `setup` marks instructions
    that may only stand before `start`, `False` those that may only stand after it, `None` both.
    """

    mnemonic: str
    opcode: int
    agent: str
    timing: str
    operands: tuple[Operand, ...]
    doc: str
    example: str
    """The example pair: an instruction as the source writes it (the first name of any table stands for its row 0) …"""
    word: int
    """… and the word that it makes."""
    setup: bool | None = False
    effect: str = ""
    """What it does beside moving items, one of `EFFECT_NAMES`; "" for an effect that no other part depends on."""

    @cached_property
    def by_name(self) -> dict[str, Operand]:
        """The operands by their names."""
        return {operand.name: operand for operand in self.operands}


START, HALT, LOOP, NEXT = "end set-up", "end the program", "begin a loop", "end a loop"
MAKE_TOKEN, TAKE_TOKEN = "make a token", "take a token"
LAG = "follow a loop"
JOIN_GROUP, PART_GROUP, WRITE_GROUP = "join a group", "part a group", "write a group"
HOST_WORK = "work on the host"

EFFECT_NAMES = (
    START, HALT, LOOP, NEXT, LAG, MAKE_TOKEN, TAKE_TOKEN, JOIN_GROUP, PART_GROUP, WRITE_GROUP, HOST_WORK,
)  # fmt: skip
"""What instructions do beside moving items. Code about such instructions reads their effect, not their name."""


def _operands(text: str, mnemonic: str = "") -> tuple[Operand, ...]:
    """Reads "name:kind=default; …", one operand a part, and gives each its place in the word."""
    place = WORD_BITS - OPCODE_BITS
    operands = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        spec, _, default = part.partition("=")
        name, _, kind_name = spec.strip().partition(":")
        kind = KINDS[kind_name or name]
        place -= kind.bits
        operands.append(Operand(name, kind, place, int(default) if default else None, said(mnemonic, name, kind.doc)))
    return tuple(operands)


def _row(
    opcode: int,
    mnemonic: str,
    agent: str,
    timing: str,
    operands: str,
    doc: str,
    example: str,
    word: int,
    setup: bool | None = False,
    effect: str = "",
) -> InstructionRow:
    return InstructionRow(
        mnemonic, opcode, agent, timing, _operands(operands, mnemonic), doc, example, word, setup, effect
    )


# fmt: off
ROWS: tuple[InstructionRow, ...] = (
    # The controller's own
    _row(0x01, "nop", "controller", "issue", "", "Does nothing for one issue slot.",
         "nop", 0x0100_0000_0000_0000, None),
    _row(0x02, "halt", "controller", "issue", "", "Ends the program; the agents finish what they have.",
         "halt", 0x0200_0000_0000_0000, effect=HALT),
    _row(0x03, "start", "controller", "issue", "",
         "Ends set-up: waits until every agent is idle; cycle 0 of the run follows.",
         "start", 0x0300_0000_0000_0000, True, effect=START),
    _row(0x04, "loop", "controller", "issue", "loop; count:repeat",
         "Begins a loop: sets a loop register to 0 and its bound to count, `host` for the number of inferences. The"
         " loop's body ends at the `next` of this register, which there must be. See `acortex isa loops`.",
         "loop l2, host", 0x0440_0000_0000_0000, None, effect=LOOP),
    _row(0x05, "next", "controller", "issue", "loop; target",
         "Ends the body of a loop: where its register + 1 is below its bound, adds 1 to the register and jumps to"
         " target, in the body; else goes on, and the register keeps the count of the last turn, bound - 1, until a"
         " `loop` sets it. See `acortex isa loops`.",
         "next l2, 7", 0x0540_00E0_0000_0000, None, effect=NEXT),
    _row(0x15, "lag", "controller", "issue", f"register:loop; of:loop; turns; until:onward={NO_LABEL}",
         "Sets a register to the count of a loop's register less `turns`, for `inference` and `by`: the index of an"
         " earlier turn. Where the loop has not come so far, goes on at `until` instead, further down in the same body,"
         " and the register holds no count. See `acortex isa loops`.",
         "lag l5, l3, 2, until=9", 0x15AC_1000_4800_0000, None, effect=LAG),
    _row(0x06, "base", "controller", "issue", f"stream; address; by={NO_LOOP}; stride=0; ring=0",
         "Starts a stream: its first word is address + stride * count of the loop register `by`, that count taken"
         " modulo `ring` where ring is not 0. Each axis then has extent 1 and stride 0.",
         "base d3, 0x120, by=l0, stride=-15, ring=2", 0x0618_0090_07FF_F882, None),
    _row(0x07, "dim", "controller", "issue", "stream; axis; extent; stride=1",
         "Gives one axis of a stream its extent and stride; axis 0 is the fastest.",
         "dim d3, 2, 28, stride=-64", 0x071C_0037_FFF8_0000, None),
    _row(0x14, "advance", "controller", "issue", "stream; by:loop; stride",
         "Moves a stream's first word on by stride * count of the loop register `by`, beside what its `base` moves it:"
         " a loop in a loop walks on within the place that a turn of the outer one has. Its axes stay.",
         "advance d3, by=l1, stride=2", 0x1419_0000_2000_0000, None),
    _row(0x08, "quant", "controller", "issue",
         "quantiser; multiplier; shift; zero:code=0; low:code=0; high:code=15; activation=0",
         "Sets a quantiser: code = clip(activation(round(sum * multiplier / 2^shift)) + zero, low, high), ties to"
         " even. Without an activation zero lies above low, so that negative sums differ from zero. See"
         " `acortex isa activations`.",
         "quant q5, 409, 14, zero=3, high=12, activation=relu", 0x0814_0660_E030_00C1, None),
    _row(0x09, "layer", "controller", "issue", "layer", "What is issued from here on belongs to this layer.",
         "layer conv1", 0x0900_0000_0000_0000),
    _row(0x0A, "endlayer", "controller", "issue", "", "What is issued from here on belongs to no layer.",
         "endlayer", 0x0A00_0000_0000_0000),
    _row(0x0B, "inference", "controller", "issue", f"by={NO_LOOP}",
         "What is issued from here on belongs to the inference that a loop register counts; without one, to the first.",
         "inference by=l0", 0x0B00_0000_0000_0000),
    _row(0x0C, "endinference", "controller", "issue", "", "What is issued from here on belongs to no inference.",
         "endinference", 0x0C00_0000_0000_0000),
    _row(0x0D, "window", "controller", "issue",
         "window; kernel_y:kernel; kernel_x:kernel; width:image_width; stride_y:hop=1; stride_x:hop=1;"
         " dilation_y:hop=1; dilation_x:hop=1; packed=0; apart:flag=0",
         "Sets a sliding window: its kernel, its strides and dilations, the width of the image, and how many pixels"
         " a word of the image holds; with `apart` each of them is fetched by itself. Its border then has rows=1,"
         " columns=1, top=0, left=0, value=0.",
         "window w1, 3, 3, 56, stride_y=2, stride_x=2", 0x0D20_8100_6E10_8000, None),
    _row(0x0E, "border", "controller", "issue", "window; rows:places; columns:places; top:margin=0; left:margin=0;"
         " value:code=0",
         "Sets a window's rows and columns of positions, the padding above and before the image, and the code that"
         " stands for what lies outside it. Without it a window has one position, in the image's first corner.",
         "border w1, 28, 28, top=1, left=1", 0x0E20_0D80_3604_0800, None),
    _row(0x0F, "gain", "controller", "issue", "quantiser; gain:multiplier",
         "Sets a quantiser's gain, in 65536ths: the slope of leaky below zero, the scale of hardswish. `quant` sets"
         " it to one.",
         "gain q5, 655", 0x0F14_0A38_0000_0000, None),
    _row(0x13, "tune", "controller", "issue", "quantiser; constants",
         "Gives each neuron that converts with a quantiser its own offset and multiplier, by column of the group,"
         " the multiplier in the place of the quantiser's: code = clip(activation(round((sum + offset) * multiplier"
         " / 2^shift)) + zero, low, high). `quant` ends it.",
         "tune q5, bias", 0x1314_0000_0000_0000, None),
    # Groups and weights
    _row(0x10, "group", "controller", "issue", "group; rows; columns",
         "Begins a group: the matrix of rows x columns cells that its arrays hold together.",
         "group g1, 785, 64", 0x1000_40C4_000F_C000, True),
    _row(0x11, "rect", "controller", "issue", "group; column:array_column; row:array_row; height=1; width=1",
         "Adds a rectangle of arrays to a group. Rectangles fill the matrix from its top left tile down, `width` tile"
         " columns at a time; a run that ends before the last row goes on in the next rectangle, of equal width.",
         "rect g1, 4, 100, height=13", 0x1100_4043_2030_0000, True),
    _row(0x12, "program", "program_erase", "array", "group; weights",
         "Writes a matrix of weights into a group's cells, by write-verify pulses.",
         "program g1, kernel", 0x1200_4000_0000_0000, True, effect=WRITE_GROUP),
    # Order
    _row(0x18, "signal", "any", "sync", "agent; token",
         "Makes a token when the agent has finished what stands before; seen in the next cycle. At most"
         f" {MOST_TOKENS:,} tokens of a number may be left.",
         "signal host_in, t5", 0x1871_4000_0000_0000, effect=MAKE_TOKEN),
    _row(0x19, "await", "any", "sync", "agent; token", "The agent waits for a token and takes it.",
         "await read, t5", 0x1901_4000_0000_0000, effect=TAKE_TOKEN),
    # Streams
    _row(0x20, "input", "host_in", "word", "tensor:input; stream",
         "Moves the inference's input tensor into main memory.",
         "input image, d0", 0x2000_0000_0000_0000),
    _row(0x21, "output", "host_out", "word", "tensor:output; stream",
         "Moves words of main memory out as the inference's output tensor.",
         "output scores, d31", 0x2100_3E00_0000_0000),
    _row(0x22, "read", "read", "word", "stream; to:to_read=0", "Reads a stream of words from main memory.",
         "read d7, to=vector", 0x223C_0000_0000_0000),
    _row(0x23, "write", "write", "word", "stream; source:from_write=0; shift:offset=0; tail:channels=64",
         "Writes a stream of words to main memory. Axis 0 of the stream counts the words of a pixel; of its last"
         " word that comes `tail` channels are kept. All its channels move up by `shift`, over the borders of words;"
         " what they do not reach stays as it was.",
         "write d8, shift=40, tail=24", 0x2342_85C0_0000_0000),
    _row(0x24, "fetch", "read", "word", "stream; window",
         "Reads what a window needs of the image in a stream: all of it at a row's first position, then new columns.",
         "fetch d4, w1", 0x2421_0000_0000_0000),
    _row(0x25, "operand", "operand", "word", "stream",
         "Reads a stream of words from main memory, the operand of `add` and `mul`.",
         "operand d9", 0x2548_0000_0000_0000),
    _row(0x26, "work", "host", "work", "part; operations",
         "The host works on a part of the network, for so many operations: it takes outputs of the inference, and what"
         " it was given, and makes inputs, or results. Tokens order it behind the `output` of what it takes, and before"
         " the `input` of what it makes.",
         "work norm, 4096", 0x2600_0000_0000_FFF0, effect=HOST_WORK),
    _row(0x28, "feed", "buffer", "position", "positions; words; tail:channels=64; fill:code=0; keep:flag=0",
         "Makes `positions` input vectors, each of the next `words` words. The last has `tail` channels; every row of"
         " the group past them takes the code `fill`. With `keep` the words stay, and are the next again.",
         "feed 784, 9, tail=16, fill=1", 0x2800_30F0_083C_0400),
    _row(0x29, "slide", "buffer", "position", "stream; window; tail:channels=64; dense:flag=0; fill:code=0",
         "Makes an input vector at every position of a window over the image in a stream. A pixel has `tail`"
         " channels in its last word; with `dense` the taps' channels follow each other without a gap, without it"
         " each tap begins at a row of arrays. Rows of the group past the last tap take the code `fill`.",
         "slide d4, w1, tail=3, dense=yes", 0x2921_0A00_0000_0000),
    _row(0x30, "connect", "vmm", "switch", f"group; by={NO_LOOP}; step=0",
         "Closes the bus switches that join a group's arrays and lead to its neurons.",
         "connect g0, by=l3, step=-1", 0x3000_0FFF_0000_0000, effect=JOIN_GROUP),
    _row(0x31, "disconnect", "vmm", "switch", f"group; by={NO_LOOP}; step=0", "Opens a group's bus switches.",
         "disconnect g1023", 0x31FF_E000_0000_0000, effect=PART_GROUP),
    _row(0x32, "multiply", "vmm", "position", f"group; positions; by={NO_LOOP}; step=0",
         "Multiplies the next `positions` input vectors by a group's matrix: latches are loaded, then the frame runs.",
         "multiply g6, 1048576, by=l7, step=511", 0x3201_BFFF_FDDF_F000),
    _row(0x38, "convert", "neurons", "position", "quantiser; positions; to:to_convert=0; then:quantiser=0; every=0",
         "Converts the sums of the next `positions` frames to codes, with one quantiser. With `every`, the last of each"
         " `every` words of a position is coded by the quantiser `then`.",
         "convert q63, 784, to=vector, then=q2, every=4", 0x38FC_00C3_E108_0000),
    # The vector agent
    _row(0x40, "pool", "vector", "step", "stream; window; quantiser; mode:pooling=0; inside:flag=0",
         "Pools the pixels that arrive, row by row, the extents of the stream giving their words, columns and rows: the"
         " largest code under the window, or the quantised sum of its codes over their number. All pixels of the image"
         " are taken; words leave in the order of the positions, at most one in a step.",
         "pool d4, w2, q1, mode=average", 0x4022_0600_0000_0000),
    _row(0x41, "add", "vector", "step",
         "quantiser; other:quantiser; words:vector_words; zero_a:code=0; zero_b:code=0",
         "Adds words of the operand to words that arrive: code = the quantiser's of (a - zero_a) * multiplier + (b -"
         " zero_b) * the other's multiplier.",
         "add q1, q2, 6272", 0x4104_2018_7F00_0000),
    _row(0x42, "mul", "vector", "step", "quantiser; words:vector_words; zero_a:code=0; zero_b:code=0",
         "Multiplies words that arrive by words of the operand: code = the quantiser's of (a - zero_a) * (b - zero_b).",
         "mul q1, 12, zero_a=8", 0x4204_0002_C200_0000),
    _row(0x43, "requant", "vector", "step", "quantiser; words:vector_words; zero_a:code=0",
         "Quantises words that arrive anew: code = the quantiser's of (a - zero_a).",
         "requant q1, 49", 0x4304_000C_0000_0000),
    _row(0x44, "lstm", "vector", "step", "quantiser; gates:quantiser; words:vector_words; state; first:flag=0",
         "A step of LSTM cells: takes four words, i, f, o and g, for each word of cell states c, and gives h. With F"
         " = high and G = high - zero of `gates`, i, f and o stand for code / F, g for (code - zero) / G, c for c /"
         " 2048: c = f * c + i * g, held in 16 bits, and h = the quantiser's of o * round(32767 * tanh(c / 2048))."
         " With `first` c was 0.",
         "lstm q2, q3, 16, 32", 0x4408_3000_0F00_2000),
    _row(0x45, "gru", "vector", "step",
         "quantiser; gates:quantiser; words:vector_words; state; first:flag=0; reset:flag=0",
         "A step of GRU cells: for each word of states h, in 32767ths, takes z and n, a tanh's code, makes h = z * h"
         " + (1 - z) * n, held in 16 bits, and gives the quantiser's of it. With `reset` it takes z, nx, r and nh,"
         " where nx and nh are codes without activation: n = tanh of (nx + r * nh) * multiplier / 2^shift of"
         " `gates`, in 2048ths. Codes stand for what they do in lstm. With `first` h was 0.",
         "gru q2, q3, 16, 32, reset=yes", 0x4508_3000_0F00_2040),
    _row(0x46, "putstate", "vector", "step", "quantiser; words:vector_words; state; zero_a:code=0",
         "Takes words into the state store: state = round((a - zero_a) * multiplier / 2^shift), held in 16 bits.",
         "putstate q4, 16, 32, zero_a=8", 0x4610_0003_C008_0200),
    _row(0x47, "getstate", "vector", "step", "quantiser; words:vector_words; state",
         "Gives words of the state store: code = the quantiser's of the state.",
         "getstate q4, 16, 32", 0x4710_0003_C008_0000),
)
# fmt: on

MNEMONICS: dict[str, InstructionRow] = {row.mnemonic: row for row in ROWS}
OPCODES: dict[int, InstructionRow] = {row.opcode: row for row in ROWS}


def _check() -> None:
    """Fails at import where the table contradicts itself."""
    if len(MNEMONICS) != len(ROWS) or len(OPCODES) != len(ROWS):
        raise AssertionError("two rows of the instruction table share a mnemonic or an opcode")
    if len(KINDS) != KIND_COUNT:
        raise AssertionError("two kinds of operand share a name")
    for row in ROWS:
        if any(operand.kind.name == "flag" and operand.name not in SAID for operand in row.operands):
            raise AssertionError(f"{row.mnemonic}: `SAID` does not define what its flags do")
        if row.effect and row.effect not in EFFECT_NAMES:
            raise AssertionError(f"{row.mnemonic}: there is no effect {row.effect!r}; `EFFECT_NAMES` lists them")
        if row.agent not in (*AGENTS, "controller", "any"):
            raise AssertionError(f"{row.mnemonic}: no agent is called {row.agent}")
        if row.operands and row.operands[-1].shift < 0:
            raise AssertionError(f"{row.mnemonic}: its operands take {-row.operands[-1].shift} bits too many")
        if not 0 < row.opcode < 1 << OPCODE_BITS:
            raise AssertionError(f"{row.mnemonic}: opcode {row.opcode:#x} is not an 8-bit code above 0")


_check()

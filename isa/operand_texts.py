"""What operands mean, where the text of their kind says too little: by instruction and operand, or by operand alone."""

from __future__ import annotations

SAID = {
    "apart": "yes: each pixel of a word is fetched by itself, by a read of its word, and takes a place of its own in"
    " the buffer; no: a word is fetched once, with all of its pixels",
    "keep": "yes: the words stay in the buffer, and the next feed takes them again; no: they leave it",
    "dense": "yes: the channels of the taps follow each other without a gap; no: each tap begins at a row of arrays,"
    " and rows up to there are 0",
    "inside": "yes: pixels outside the image do not count; no: each has the code `value` of the window's border",
    "first": "yes: the state before this step is 0; no: it is what the state store holds",
    "reset": "yes: takes z, nx, r and nh, four words for each word of states, and r weighs nh; no: z and n, two words",
    "loop.loop": "the register that counts the turns, from 0; another one than those of the loops around it",
    "next.loop": "the register of the loop that ends here",
    "next.target": "where the next turn begins: a label in the loop's body, below its `loop`",
    "base.address": "the first word, where the count of `by` is 0",
    "base.by": "the loop register whose count moves the first word by `stride` words per turn; none: it stays",
    "base.stride": "words from the first word of one turn of `by` to that of the next; without `by` it has no effect",
    "base.ring": "the count of `by` starts again at 0 after so many turns; 0: it never does",
    "dim.axis": "the axis: 0 is passed fastest, 3 slowest",
    "dim.extent": "elements of the axis",
    "dim.stride": "words from one element of the axis to the next",
    "quant.quantiser": "the quantiser that is set; what it was before is gone, `gain` and `tune` too",
    "quant.multiplier": "the sum is multiplied by it, before it is divided",
    "quant.shift": "the product is divided by 2^shift, and rounded once",
    "quant.zero": "the code of a sum of 0: low <= zero <= high, and above low where activation=none",
    "quant.low": "the least code that comes out; what is below becomes low",
    "quant.high": "the greatest code that comes out: 15 at most, and 2^neurons.bits - 1 of the chip",
    "quant.activation": "the function between rounding and zero, see `acortex isa activations`",
    "gain.gain": "the gain in 65536ths, so that 65536 is 1",
    "inference.by": "the loop register that counts inferences; none: the first inference",
    "window.kernel_y": "rows of the kernel",
    "window.kernel_x": "columns of the kernel",
    "window.width": "pixels in a row of the image",
    "window.stride_y": "rows of pixels from one row of positions to the next",
    "window.stride_x": "pixels from one position to the next in its row",
    "window.dilation_y": "rows of pixels from one row of taps to the next",
    "window.dilation_x": "pixels from one tap to the next in its row",
    "window.packed": "pixels in a word of the image",
    "border.rows": "rows of positions",
    "border.columns": "positions in a row",
    "border.top": "rows of padding above the image",
    "border.left": "columns of padding before the image",
    "border.value": "the code of all that lies outside the image, at most 15",
    "group.group": "the group that is begun; each number is begun once",
    "group.rows": "rows of the matrix, in cells: one for each number of an input vector",
    "group.columns": "columns of the matrix, in cells: one for each output",
    "rect.column": "the leftmost column of arrays of the rectangle",
    "rect.row": "the topmost row of arrays of the rectangle, counted from the top of the chip",
    "signal.agent": "the agent that makes the token",
    "signal.token": "the token; one agent signals it, in the whole program",
    "await.agent": "the agent that waits",
    "await.token": "the token; one agent awaits it, in the whole program",
    "read.to": "where the words go: the buffer, or the stream of the vector agent",
    "write.source": "where the words come from",
    "write.shift": "channels by which the words move up",
    "write.tail": "channels that are kept of the last word of a pixel",
    "feed.words": "words per position, as many as the chip's buffer holds at most",
    "feed.tail": "channels of the last word of a position",
    "feed.fill": "the code of the group's rows past the last channel, at most 15",
    "slide.tail": "channels of the last word of a pixel",
    "slide.fill": "the code of the group's rows past the last tap, at most 15",
    **{
        f"{mnemonic}.by": "the loop register whose count times `step` is added to the number of the group; none: the"
        " group itself"
        for mnemonic in ("connect", "disconnect", "multiply")
    },
    "step": "groups from one turn of `by` to the next; without `by` it has no effect",
    "convert.quantiser": "the quantiser of the words",
    "convert.to": "where the codes go: into main memory by `write`, or to the vector agent",
    "convert.then": "the quantiser of each word that `every` names; another one than the first",
    "convert.every": "of so many words of a position the last is coded by `then`; 0: none is, and `then` is left out",
    "pool.quantiser": "the quantiser of averages; mode=max takes codes as they are",
    "add.quantiser": "gives the codes, and its multiplier is that of words that arrive",
    "add.other": "its multiplier is that of the operand's words; nothing else of it is used",
    "zero_a": "what is taken from each code that arrives, before anything else",
    "zero_b": "what is taken from each code of the operand",
    "lstm.quantiser": "the quantiser of h",
    "lstm.gates": "its high and zero say what the codes of i, f, o and g stand for",
    "gru.quantiser": "the quantiser of h",
    "gru.gates": "its high and zero say what the codes of the gates stand for",
    "lstm.words": "words of cell states; four times as many arrive",
    "gru.words": "words of states; two or four times as many arrive",
    "state": "the first word of the states in the state store",
    "putstate.quantiser": "its multiplier and shift make states of codes",
    "getstate.quantiser": "the quantiser that makes codes of states",
}
"""Texts of operands. Of an instruction's own operand and of one of that name, the instruction's own counts."""


def said(mnemonic: str, operand: str, otherwise: str) -> str:
    """What an operand of an instruction means; `otherwise` is the text of its kind."""
    return SAID.get(f"{mnemonic}.{operand}") or SAID.get(operand, otherwise)

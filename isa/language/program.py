"""A6 to A8: where instructions stand, how loops lie, and operands that must fit each other.

A container is held to these too, so that an assembled text and loaded words pass the same gate.
"""

from __future__ import annotations

from collections.abc import Container

from acortex.isa.language.row import row
from acortex.isa.rules import BASE, Change, Rule

QUANT = "quant    q0, 1, 3, zero=5"
CONVERT = "convert  q0, 1"
ONE_SIDE = "a loop lies wholly in set-up or in the run"


def looped(begin: str, end: str, body: str = "") -> tuple[Change, ...]:
    """A loop in the run of the small program, before its inference."""
    return (("inference\nbase", f"{begin}\n{body}{end}\ninference\nbase"),)


NOPS = looped("loop     l0, 2\nagain:", "next     l0, again", "nop\n")
NESTED = "outer:   loop     l1, 2\ninner:   nop\nnext     l1, inner\n"

# fmt: off
NO_INSTRUCTIONS = row("A601", "A text holds instructions", "the text holds no instructions",
                      "the shortest program is `start`, `halt`", (BASE[BASE.index("group"):], ""))
NO_START = row("A602", "A program has a start", "the program has no `start`",
               "put `start` where set-up (groups, weights, quantisers) ends and the run begins",
               (BASE[BASE.index("group"):], "nop\nhalt\n"), mends=((BASE[BASE.index("group"):],
               "start\nnop\nhalt\n"),))
SECOND_START = row("A603", "A program has one start", "a second `start`: set-up has ended already", "leave it out",
                   ("connect  g0", "start\nconnect  g0"))
SET_UP = row("A604", "Set-up stands before start", "`{mnemonic}` belongs to set-up", "move it before `start`",
             ("\nstart\n", "\nstart\ngroup    g1, 2, 2\n"))
RUN = row("A605", "What runs stands after start", "`{mnemonic}` belongs to the run", "move it after `start`",
          ("\nstart\nconnect  g0\n", "\nconnect  g0\nstart\n"))
NO_HALT = row("A606", "A program ends with halt", "the program does not end with `halt`",
              "add `halt` as its last line",
              ("endinference\nhalt\n", "endinference\n"))
TABLE = row("A607", "What a word names is in its table", "{operand} is number {value} of a table of {size}")

OUTSIDE = row("A701", "A jump leads into the program", "the jump leads to address {target}, outside the program",
              "jump to a label in the body of the loop; addresses are 0 to {last}",
              ("next     l0, again", "next     l0, 99"), common=NOPS)
CROSSES = row("A702", "A jump stays on its side of start", "the jump crosses `start`", ONE_SIDE,
              ("next     l0, again", "next     l0, 0"), common=NOPS)
BEFORE_START = row("A703", "A loop begins on its own side of start",
                   "the loop of l{loop} begins before `start`", ONE_SIDE,
                   ("\nstart\nconnect  g0\n", "\nloop     l0, 2\nstart\nagain: connect  g0\nnext     l0, again\n"))
BODY = row("A704", "A next jumps into the body of its loop",
           "next jumps to {target}, outside the body of l{loop}, {body}",
           "jump to a label between the loop and its next", ("next     l0, again", "next     l0, before"),
           common=(*NOPS, ("connect  g0", "before:  connect  g0")))
INNER = row("A705", "A jump leads into no inner loop", "the jump leads into an inner loop, past its beginning",
            "jump to its `loop`, or above it", ("next     l0, outer", "next     l0, inner"),
            common=looped("loop     l0, 2", "next     l0, outer", NESTED))
NEVER_CLOSED = row("A706", "A loop is closed", "the loop of l{loop} is never closed",
                   "end its body with `next l{loop}, LABEL`, LABEL at the first line below the loop",
                   looped("loop     l0, 2", "")[0])
BEGUN_AGAIN = row("A707", "A loop in a loop has another register", "l{loop} is begun again inside its own loop",
                  "take another register for the inner loop",
                  looped("loop     l0, 2", "next     l0, outer", NESTED.replace("l1", "l0"))[0],
                  mends=looped("loop     l0, 2", "next     l0, outer", NESTED))
CROSSING = row("A708", "Loops lie in each other or apart",
               "the loop of l{loop} is closed while that of l{inner}, begun inside it, is open",
               "close l{inner} above",
               looped("loop     l0, 2", "next     l0, outer\nnext     l1, inner",
                      NESTED.replace("next     l1, inner\n", ""))[0],
               mends=looped("loop     l0, 2", "next     l0, outer", NESTED))
ENDED = row("A709", "A next belongs to a loop that is open", "the loop of l{loop} has ended already",
            "begin another one: `loop l{loop}, COUNT`",
            ("next     l0, again", "next     l0, again\nnext     l0, again"), common=NOPS)
NOT_BEGUN = row("A710", "A loop register is used below its loop", "no loop begins register l{loop} above this line",
                "put `loop l{loop}, COUNT` before it", ("base     d0, 0", "base     d0, 0, by=l0, stride=1"))

ONWARD = row("A711", "A lag leads onward, in its own loop",
             "lag leads to {target}, which is {why}",
             "name a label below it, in the body of the same loop, or the `next` of that",
             ("base     d0, 0", "lag      l1, l0, 0, again\nbase     d0, 0, by=l1, stride=1"), common=NOPS,
             mends=(("base     d0, 0", "lag      l1, l0, 0, onward\nonward:  base     d0, 0, by=l1, stride=1"),))
LAG_COUNTS = row("A712", "A register that lags counts no loop", "l{register} is set by lag, and counts a loop",
                 "take another register for the lag",
                 ("base     d0, 0", "lag      l0, l0, 1, onward\nonward:  base     d0, 0"), common=NOPS,
                 mends=(("base     d0, 0", "lag      l1, l0, 1, onward\nonward:  base     d0, 0"),))
LAG_OF_LAG = row("A713", "A lag follows a register that a loop counts with",
                 "l{loop} is set by lag, not by a loop", "name the register with which the loop counts",
                 ("nop\nnext", "lag      l1, l0, 0\nlag      l2, l1, 0\nnext"), common=NOPS,
                 mends=(("nop\nnext", "lag      l1, l0, 0\nlag      l2, l0, 0\nnext"),))
LAG_BELOW = row("A714", "A register that lags is used below its lag", "l{loop} is set by a lag below this line",
                "put the lag above this line",
                ("base     d0, 0", "base     d0, 0, by=l1, stride=1\nlag      l1, l0, 0"), common=NOPS,
                mends=(("base     d0, 0", "lag      l1, l0, 0\nbase     d0, 0, by=l1, stride=1"),))

LOW_HIGH = row("A801", "A quantiser's low is not above its high", "low is {low}, above high, which is {high}",
               "low is the least code, high the greatest", (QUANT, "quant    q0, 1, 3, zero=5, low=9, high=3"))
ZERO = row("A802", "A quantiser's zero is one of its codes", "zero is {zero}, outside low to high, {low} to {high}",
           "zero is the code that stands for a sum of 0", (QUANT, "quant    q0, 1, 3, zero=12, high=9"))
NO_SIGN = row("A803", "Codes of sums below zero differ from that of zero",
              "zero equals low, {low}: negative sums cannot be told from zero", "say activation=relu, or raise zero",
              (QUANT, "quant    q0, 1, 3"), mends=((QUANT, "quant    q0, 1, 3, activation=relu"),))
NO_EVERY = row("A804", "A second coding says for which words it is", "`then` codes no word without `every`",
               "say every=4 for each fourth word", (CONVERT, "convert  q0, 1, then=q1"),
               mends=((CONVERT, "convert  q0, 1, then=q1, every=4"),))
SAME_CODING = row("A805", "The second coding is another one", "both codings are q{quantiser}",
                  "name another quantiser with then=, or leave out every", (CONVERT,
                  "convert  q0, 1, then=q0, every=4"),
                  mends=((CONVERT, "convert  q0, 1, then=q1, every=4"),))
# fmt: on

OF = {
    "start": (NO_START, SECOND_START),
    "halt": (NO_HALT,),
    "loop": (NEVER_CLOSED, BEGUN_AGAIN, CROSSING),
    "next": (OUTSIDE, CROSSES, BEFORE_START, BODY, INNER, ENDED, CROSSING, NOT_BEGUN, LAG_OF_LAG),
    "lag": (OUTSIDE, CROSSES, ONWARD, LAG_COUNTS, NOT_BEGUN, LAG_OF_LAG),
    "quant": (LOW_HIGH, ZERO, NO_SIGN),
    "convert": (NO_EVERY, SAME_CODING),
}
"""What an instruction is refused for though each of its operands is within its range. `by` adds two."""


def refusals(mnemonic: str, operands: Container[str]) -> tuple[Rule, ...]:
    """The rows about an instruction of some operands as a whole."""
    own = OF.get(mnemonic, ())
    return (*own, NOT_BEGUN, LAG_BELOW) if "by" in operands else own

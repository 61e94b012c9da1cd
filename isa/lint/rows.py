"""The findings of the linter as rows: a code, a title, a message, a hint, an example and its mend."""

from __future__ import annotations

from acortex.errors import AcortexError
from acortex.isa.rules import Change, Example, Rule, add

ABOUT = {
    "results": "words of main memory",
    "tokens": "what agents wait for",
    "registers": "streams, windows, quantisers and loops",
    "declarations": "what is declared, and what holds weights",
    "order": "what another order would save, as `--measure` finds it",
    "check": "how far the check itself came",
}
"""What findings are about, in the order of their codes: the first digit is the place in this table."""

FINDINGS: dict[str, Rule] = {}
"""Every finding, by code."""


class Finding(AcortexError):
    """Something legal in a program that is hardly meant. `word` is what of its line it is about, as a source has it.

    What is about a declaration has its directive and its name in `declared`.
    """

    word = ""
    declared: tuple[str, str] | None = None


def _row(
    code: str,
    title: str,
    message: str,
    hint: str,
    *breaks: Change,
    common: tuple[Change, ...] = (),
    mends: tuple[Change, ...] = (),
) -> Rule:
    about = list(ABOUT)[int(code[1])]
    example = Example(breaks, common, mends)
    return add(Rule(code, title, about, Finding, message, hint, example), FINDINGS, "L", ABOUT)


CONNECT = "connect  g0\n"
MULTIPLY = "multiply g0, 1\n"
PROGRAM = "program  g0, w\n"
INPUT = ".input   x, shape=2\n"
AGAIN = "read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\nbase     d2, 9\nwrite    d2\n"
"""The product once more, into a word that nothing reads."""

# fmt: off
UNREAD = _row(
    "L001", "A result is read", "no instruction reads a word that {mnemonic} writes here",
    "leave it out, or read it; perhaps another word is read than was meant",
    ("write    d1\n", f"write    d1\n{AGAIN}"),
)
UNREAD_INPUT = _row(
    "L002", "An input is read", "no instruction reads a word of the input `{name}`",
    "read it, or leave it out",
    ("input    x, d0\n", "input    x, d0\nbase     d3, 5\ninput    z, d3\n"),
    (INPUT, f"{INPUT}.input   z, shape=2\n"),
)
UNREAD_MEMORY = _row(
    "L003", "What memory holds from the beginning is read", "no instruction reads {words} of main memory",
    "leave them out, or read them before they are written over",
    ("group    g0, 2, 2", f".memory  7, 1\n.row     {', '.join('1' * 64)}\ngroup    g0, 2, 2"),
)
UNREAD_PART = _row(
    "L004", "Every word of an input is read", "no instruction reads {words} of the input `{name}`, of {size}",
    "read all of it, or declare what is used; perhaps an extent or a stride is wrong",
    (INPUT, ".input   x, shape=65\n"),
    ("base     d0, 0", "base     d0, 5\ndim      d0, 0, 2\nbase     d3, 5"),
    ("read     d0", "read     d3"),
)
NEVER_AWAITED = _row(
    "L101", "A token that is signalled is awaited", "{agent} signals token t{token}, which nobody awaits",
    "await it where it is needed, or leave the signal out",
    ("signal   write, t1\n", "signal   write, t1\nsignal   write, t9\n"),
)
GROWS = _row(
    "L102", "Tokens do not pile up",
    "token t{token} is signalled {made} for each inference and awaited {taken}: tokens pile up",
    "await it as often as it is signalled; at most {most:,} may be left",
    ("signal   write, t1\n", "signal   write, t1\nsignal   write, t1\n"),
    common=(("inference\nbase", "loop     l0, host\nagain:   inference l0\nbase"),
            ("input    x, d0\n", "await    host_in, t2\ninput    x, d0\n"),
            (CONNECT, f"{CONNECT}signal   host_out, t2\n"),
            ("endinference\n", "signal   host_out, t2\nendinference\nnext     l0, again\n")),
)
SEVERAL = _row(
    "L103", "A program is right for several inferences", "with two inferences: {message}", "{advice}",
    ("inference\nbase", "loop     l0, host\nagain:   inference l0\nbase"),
    ("endinference\n", "endinference\nnext     l0, again\n"),
)
UNUSED = _row(
    "L201", "A register that is set is used", "{register} is set here, and nothing uses it before it is set again",
    "leave it out, or name it where it is meant",
    (CONNECT, f"{CONNECT}base     d7, 3\n"),
)
IDLE = _row(
    "L202", "A loop does something", "the loop of l{loop} does nothing: {body}",
    "leave it out, or put into it what is to be repeated",
    (CONNECT, f"{CONNECT}loop     l0, 9\nagain:   nop\nnext     l0, again\n"),
)
ONCE = _row(
    "L203", "A loop has more than one turn", "the loop of l{loop} has one turn, and nothing counts with its register",
    "leave out `loop` and `next`, or give the count that is meant",
    (MULTIPLY, f"loop     l0, 1\nagain:   {MULTIPLY}next     l0, again\n"),
)
UNREACHED = _row(
    "L204", "An instruction can be reached", "nothing leads to {count} from here on",
    "leave out what stands behind `halt`, or take that away",
    ("endinference\nhalt\n", "endinference\nhalt\nnop\nhalt\n"),
)
NOT_MULTIPLIED = _row(
    "L301", "A group with weights is multiplied with", "group g{group} holds weights, and no multiply names it",
    "multiply with it, or leave it out: its arrays are taken for nothing",
    (PROGRAM, f"{PROGRAM}group    g1, 2, 2\nrect     g1, column=1, row=0\nprogram  g1, w\n"),
)
NOT_NAMED = _row(
    "L302", "What is declared is used", "{what} `{name}` is declared, and nothing uses it",
    "leave it out, or name it where it is meant",
    (".weights w, 2x2", ".weights spare, 1x1\n.row     1\n.weights w, 2x2"),
)
NOT_MEANT = _row(
    "L303", "A name that is defined is used", "the {what} `{name}` is defined, and nothing uses it",
    "leave it out, or use it where it is meant",
    (PROGRAM, f".equ     SPARE, 3\n{PROGRAM}"),
)
OUTPUT = ".output  y, shape=2\n"
FEED = "feed     1, 1, tail=2\n"
SAVES = _row(
    "L401", "No other order stalls less", "{what} saves {gain:,} of the {before:,} cycles of a run with {inferences}",
    "{advice}: no rule breaks, and outputs stay the same",
    ("await    host_out, t1\n", "signal   write, t1\nawait    host_out, t1\n"),
    common=((OUTPUT, f"{OUTPUT}.output  u, shape=2\n"), (FEED, "feed     1, 1, tail=2, keep=yes\n"),
            ("signal   write, t1\n",
             f"{FEED}{MULTIPLY}convert  q0, 1\nbase     d2, 2\nwrite    d2\nsignal   write, t2\n"),
            ("output   y, d1\n", "output   y, d1\nawait    host_out, t2\noutput   u, d2\n")),
    mends=(("write    d1\n", "write    d1\nsignal   write, t1\n"),),
)
CUT = _row(
    "L501", "The check goes through the whole program",
    "the check ended after {steps:,} instructions of a run: of what comes later nothing is said here",
    "`acortex lint` goes on to the end",
    (CONNECT, f"{CONNECT}loop     l0, 99999\nagain:   signal   buffer, t9\nawait    read, t9\nnext     l0, again\n"),
)
# fmt: on
HINTS = frozenset({SAVES.code, CUT.code})
"""Findings that are no mistakes: what could be faster, and what was not looked at."""

"""The rules that hold a program to its chip without time, as rows: a code, a title, a message, a hint, an example.

A rule is one row. What checks it is a pure function that returns the facts of a finding, or None; the row turns these
facts into an error. Rows of the instruction set stand here, those of the chip in acortex.sim.functional.rules.row.
docs/rules.md is made from all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import unified_diff

import numpy as np
from numpy.typing import NDArray

from acortex.errors import OTHER, AcortexError
from acortex.isa.program import Line, Program

ABOUT = {
    "program": "the instruction set: what the controller does itself",
    "set-up": "groups and their weights, before the run begins",
    "limits": "what the program needs and the chip has",
    "groups": "which groups are connected, and what they take",
    "streams": "walks over main memory, and sliding windows",
    "pipes": "what agents hand to each other",
    "states": "the state store of the vector agent, and quantisers",
    "order": "tokens, and the order of accesses to a word",
    "host": "inputs and outputs",
}
"""What rules are about, in the order of their codes: the first digit is the place in this table."""

BASE = """\
.program small
.chip    acortex_digits
.input   x, shape=2
.output  y, shape=2
.weights w, 2x2
.row     7, -7
.row     -7, 7
group    g0, 2, 2
rect     g0, column=0, row=0
program  g0, w
quant    q0, 1, 3, zero=5
start
connect  g0
inference
base     d0, 0
base     d1, 1
input    x, d0
signal   host_in, t0
await    read, t0
read     d0
feed     1, 1, tail=2
multiply g0, 1
convert  q0, 1
write    d1
signal   write, t1
await    host_out, t1
output   y, d1
endinference
halt
"""
"""A program that keeps every rule: the examples change some lines of it."""

Change = tuple[str, str]
"""A text that stands once in a source, and what takes its place."""

Facts = Mapping[str, object]
"""What a finding has to say, by the names in the row's message and hint."""


@dataclass(frozen=True)
class Example:
    """A program that breaks a rule, and its mend, both as changes of `BASE`.

    `common` are changes of both, `breaks` of the first alone, `mends` of the second alone. `patch` changes the words of
    the assembled program, for what the assembler refuses to write. `settings` are changes of the chip. `arrays` are
    what a file beside the source holds.
    """

    breaks: tuple[Change, ...]
    common: tuple[Change, ...] = ()
    mends: tuple[Change, ...] = ()
    patch: Callable[[Program], Program] | None = None
    settings: tuple[str, ...] = ()
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)

    @property
    def broken(self) -> str:
        """The source that breaks the rule."""
        return changed(BASE, *self.common, *self.breaks)

    @property
    def mended(self) -> str:
        """The source that keeps it."""
        return changed(BASE, *self.common, *self.mends)


def changed(text: str, *changes: Change) -> str:
    """A source with some of its text replaced. Raises ValueError where that text does not stand there once."""
    for old, new in changes:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} does not stand in the example once")
        text = text.replace(old, new)
    return text


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: `message` and `hint` are format strings of the facts of a finding, `error` is what is raised."""

    code: str
    title: str
    about: str
    error: type[AcortexError]
    message: str
    hint: str
    example: Example

    def broken(self, where: str, /, **facts: object) -> AcortexError:
        """The error of a program that breaks this rule at a place."""
        error = self.error(self.message.format(**facts), where=where, hint=self.hint.format(**facts))
        error.code = self.code
        error.places = tuple((OTHER, str(fact)) for fact in facts.values() if _is_line(fact) and str(fact) != where)
        return error


_LINE = re.compile(r"[^\n:]+:\d+")


def _is_line(fact: object) -> bool:
    """Whether a fact is the line of another instruction."""
    return isinstance(fact, Line) or (isinstance(fact, str) and _LINE.fullmatch(fact) is not None)


def difference(rule: Rule) -> str:
    """What mends the example of a rule, as a unified diff; empty where the example is no text."""
    before, after = (text.splitlines(keepends=True) for text in (rule.example.broken, rule.example.mended))
    return "".join(list(unified_diff(before, after, n=1))[2:])


RULES: dict[str, Rule] = {}
"""All rules whose modules are loaded, by code."""


def add(rule: Rule, rows: dict[str, Rule] = RULES, letter: str = "R", about: Iterable[str] = ABOUT) -> Rule:
    """Registers a rule among the rows of its family: a letter, and what its rules are about.

    Fails at import where its code is taken, or belongs to what other rules are about.
    """
    if rule.code in rows:
        raise AssertionError(f"two rules have the code {rule.code}: {rows[rule.code].title}; {rule.title}")
    if rule.code[:2] != f"{letter}{list(about).index(rule.about)}" or len(rule.code) != 4:
        raise AssertionError(f"{rule.code} is no code of a rule about {rule.about}")
    rows[rule.code] = rule
    return rule


class ProgramError(AcortexError):
    """A program that breaks a rule of the instruction set as it runs."""


def _row(code: str, title: str, message: str, hint: str, example: Example) -> Rule:
    return add(Rule(code, title, "program", ProgramError, message, hint, example))


def _without_halt(program: Program) -> Program:
    return replace(program, words=program.words[:-1])


def _with_word(index: int, word: int) -> Callable[[Program], Program]:
    def patch(program: Program) -> Program:
        words = program.words.copy()
        words[index] = np.uint64(word)
        return replace(program, words=words)

    return patch


LOOP: tuple[Change, ...] = (
    ("inference\nbase     d0, 0", "loop     l0, host\nback:    inference\nbase     d0, 0"),
    ("endinference\nhalt", "endinference\nnext     l0, back\nhalt"),
)
"""The body of the program in a loop over the host's inferences."""

PAST_END = _row(
    "R001", "A program ends with halt", "the program runs past its last instruction ({last})", "end it with halt",
    Example((), patch=_without_halt),
)  # fmt: skip
NO_INSTRUCTION = _row(
    "R002", "Every word is an instruction", "{reason}", "", Example((), patch=_with_word(5, 0xFF00_0000_0000_0000)),
)  # fmt: skip
NOT_SET = _row(
    "R003", "A register is set before it is used", "{register} is used before it is set", "set it with {setter} first",
    Example((("read     d0", "read     d5"),)),
)  # fmt: skip
NO_COUNT = _row(
    "R004", "A loop register counts only in its loop", "loop register l{loop} is used before a loop sets it",
    "begin it with loop, or set it with lag", Example((), patch=_with_word(8, 0x0608_0000_9800_0080)),
)  # fmt: skip
JUMP = _row(
    "R005", "A next jumps into the body of its loop",
    "next jumps to {target}, outside the body of l{loop}, which is {first} to {last}",
    "jump to a label between the loop and its next",
    Example((), LOOP, patch=_with_word(-2, 0x0500_0B40_0000_0000)),
)  # fmt: skip
NO_GROUP = _row(
    "R006", "A group is set up before it is named", "group g{group} was never set up",
    "set it up with group and rect before start", Example((("multiply g0, 1", "multiply g7, 1"),)),
)  # fmt: skip
GROUP_TWICE = _row(
    "R007", "A group is set up once", "group g{group} is set up twice", "give each group a number of its own",
    Example((("program  g0, w", "program  g0, w\ngroup    g0, 2, 2"),)),
)  # fmt: skip
RECT_FIRST = _row(
    "R008", "A rect follows its group", "rect before group g{group} was begun", "begin it with group",
    Example((("rect     g0, column=0, row=0", "rect     g1, column=0, row=1\nrect     g0, column=0, row=0"),)),
)  # fmt: skip
PAST_HOST = _row(
    "R009", "There are as many inferences as the host has",
    "inference {inference} is past the host's last, {last}",
    "`loop l0, host` takes a turn for each inference that there is",
    Example((("inference\nbase     d0, 0", "loop     l0, 2\nback:    inference l0\nbase     d0, 0"),
             ("endinference\nhalt", "endinference\nnext     l0, back\nhalt"))),
)  # fmt: skip

LAGGING: tuple[Change, ...] = (
    ("inference\nbase     d0, 0", "loop     l0, host\nback:    inference l0\nlag      l1, l0, 0, onward\nnop\n"
     "onward:  base     d0, 0"),
    ("endinference\nhalt", "endinference\nnext     l0, back\nhalt"),
)  # fmt: skip
"""The body of the program in a loop, with the index of its turn in a second register."""

NO_TURN = _row(
    "R010", "A register lags behind no more turns than there were",
    "nothing lies {turns} before turn {turn} of l{loop}",
    "name a place to go on at until there is: `until=LABEL`",
    Example((("l0, 0, onward", "l0, 1"),), LAGGING, mends=(("l0, 0, onward", "l0, 1, onward"),)),
)  # fmt: skip
ONWARD = _row(
    "R011", "A lag leads onward", "lag leads to {target}, and stands at {place} itself", "name a label further down",
    Example((), LAGGING, patch=_with_word(8, 0x1520_0800_4000_0000)),
)  # fmt: skip
COUNTS = _row(
    "R012", "A register that lags counts no loop", "l{register} counts a loop", "take another register for the lag",
    Example((), LAGGING, patch=_with_word(8, 0x1500_0000_5000_0000)),
)  # fmt: skip

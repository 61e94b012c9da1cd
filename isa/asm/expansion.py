r"""The text before its meaning: included files, macros, repetitions and conditions become lines.

Each line that is read keeps its origin, so that a message names the line that somebody wrote, and the calls and files
that led to it. A parameter `\name` is replaced in the text of a line, which is then cut into tokens; local names are
told apart by marks that no text can hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Never

from acortex.errors import UsageError
from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import Token, place_of, tokens_of
from acortex.isa.asm.macros import Macro, SourceLine, macro_of, marked, substitute
from acortex.isa.asm.parser import arguments_of, is_register
from acortex.isa.files import Shelf
from acortex.isa.language import directives
from acortex.isa.language import macros as rows
from acortex.isa.language.diagnostics import Consequence, Mistake, MistakeLog
from acortex.isa.language.names import UNDEFINED
from acortex.isa.language.source import Note, Origin, Source, Via, beside, shown_name

MAX_DEPTH = 64
"""How deep calls, repetitions and files nest, and apart from these conditions."""

MAX_ALIGN = 4096

_HEAD = re.compile(r"(?:[ \t]*[A-Za-z_][A-Za-z0-9_.@]*[ \t]*:)*[ \t]*(\.?[A-Za-z_][A-Za-z0-9_.]*)?", re.ASCII)
"""The labels of a line, and its first word behind them."""

ENDS = {".macro": ".endm", ".rept": ".endr", ".if": ".endif", ".ifdef": ".endif", ".ifndef": ".endif"}
"""What begins a part of the text, and what ends it."""

_BEGINS = {".endm": ".macro", ".endr": ".rept", ".endif": ".if", ".else": ".if", ".elif": ".if"}
_SHAPES = frozenset({*ENDS, *_BEGINS, ".include", ".local", ".error", ".align"})
_NEEDED = re.compile(
    rf"^(?:[ \t]*[A-Za-z_][A-Za-z0-9_.]*[ \t]*:)*[ \t]*(?:{'|'.join(map(re.escape, sorted(_SHAPES)))})\b",
    re.MULTILINE | re.ASCII,
)


def is_needed(lines: Sequence[str]) -> bool:
    """Whether a text has anything that this module reads; most have not."""
    return any("." in line and _NEEDED.match(line) for line in lines)


@dataclass(slots=True)
class Expanded:
    """What became of a source: the tokens of each line, None for one that is still to be cut into tokens."""

    tokens: list[list[Token] | None] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    """Lines that could not be read, which is reported, from 1."""
    macros: dict[str, Macro] = field(default_factory=dict)
    incomplete: bool = False
    """Whether a file or a macro is missing, so that what else is wrong may follow from that."""


def expanded(source: Source, files: Shelf, report: MistakeLog, most_lines: int) -> Expanded:
    """Reads a source: its `lines` and `origins` become those that are read, and mistakes go to the report.

    So many lines at most may be read beside those of the source itself.
    """
    reader = _Reader(source, files, report, most_lines)
    lines, source.lines, source.origins = source.lines, reader.texts, reader.origins
    try:
        reader.read(
            [SourceLine(source.file, source.name, number, text) for number, text in enumerate(lines, 1)], _Frame()
        )
    except _Full:
        reader.found.incomplete = True
    return reader.found


class _Full(Exception):
    """The text is too long to be read on; the report says so."""


@dataclass(frozen=True)
class _Frame:
    """What surrounds a line: the links that led to it, the local names with their marks, and the open files."""

    via: Via | None = None
    names: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    local: bool = False
    """Whether names may be made local here."""


class _Reader:
    """Reads lines in turn, each into the lists of the source."""

    def __init__(self, source: Source, files: Shelf, report: MistakeLog, most_lines: int) -> None:
        self.root = Path(source.file).parent
        self.files = files
        self.report = report
        self.most_lines = most_lines
        self.most_in_all = most_lines + len(source.lines)
        self.texts: list[str] = []
        self.origins: list[Origin] = []
        self.found = Expanded()
        self.tokens, self.macros = self.found.tokens, self.found.macros
        self.symbols: dict[str, int | str | None] = {}
        self.marks = self.links = self.conditions = 0
        self.opened: dict[str, list[str]] = {}
        self.acts: Mapping[str, Callable[[_Statement], None]] = {
            ".include": self._include, ".local": self._local, ".error": self._error, ".align": self._align,
        }  # fmt: skip

    def read(self, lines: Sequence[SourceLine], frame: _Frame) -> None:
        """Reads some lines of one frame, parts of the text as wholes."""
        self._within(_Part(lines, len(lines), _Shape(lines)), 0, frame)

    def _within(self, part: _Part, at: int, frame: _Frame) -> None:
        """Reads the lines of a part of the text from one on."""
        while at < part.stop:
            taken = len(self.texts) + 1
            try:
                at = self._one(part, at, frame)
            except Mistake as mistake:
                self.report.add(len(self.texts), mistake)
                self.found.broken.update((taken, len(self.texts)))
                self.found.incomplete |= _head(part.lines[at]) in (".include", ".macro")
                end = part.end(at)
                at = (at if end is None else end) + 1  # behind what the line begins

    def _one(self, part: _Part, at: int, frame: _Frame) -> int:
        """Reads a line, and the part of the text that it begins; answers where to go on."""
        line = part.lines[at]
        head = _head(line)
        shapes = head in _SHAPES or head in self.macros
        self._take(line, frame)
        if not (shapes or head in (".equ", ".name") or frame.names or "\\" in line.text):
            return at + 1
        tokens = [marked(token, frame.names) for token in tokens_of_line(line)]
        self.tokens[-1] = tokens
        start = 0
        while len(tokens) > start + 1 and tokens[start + 1][1] == ":":
            start += 2
        if start == len(tokens):
            return at + 1
        statement = _Statement(part, at, tokens[start], tokens[start + 1 :], frame)
        if shapes:
            self.tokens[-1] = tokens[:start]
            return self._shape(statement)
        if head in (".equ", ".name"):
            self._constant(statement)
        return at + 1

    def _take(self, line: SourceLine, frame: _Frame) -> None:
        """Adds a line to those that are read. Raises _Full where there are too many."""
        self.texts.append(line.text)
        self.origins.append(Origin(line.file, line.name, line.number, line.written, line.edits, frame.via))
        self.tokens.append(None)
        if len(self.texts) > self.most_in_all:
            self._stop(Mistake(rows.LONG, most=self.most_lines))

    def _stop(self, mistake: Mistake) -> Never:
        """Reports a mistake behind which the text is read no further, since it would have no end."""
        self.report.add(len(self.texts), mistake)
        raise _Full

    def _shape(self, one: _Statement) -> int:
        """Carries out a statement that shapes the text; answers where to go on."""
        head = one.head[1]
        if head in self.macros:
            self._call(one)
        elif head == ".macro":
            return self._macro(one)
        elif head == ".rept":
            return self._repeat(one)
        elif head in ENDS:
            return self._choose(one)
        elif head in self.acts:
            self.acts[head](one)
        else:
            raise Mistake(rows.CLOSED, place_of([one.head]), head=head, begin=_BEGINS[head])
        return one.at + 1

    def _constant(self, one: _Statement) -> None:
        """Notes a constant for the conditions below it: one that is not known yet, or wrong, has no value here."""
        try:
            (_, name), (_, value) = arguments_of(one.rest, 0)
            known = self.symbols.get(value[0][1]) if len(value) == 1 else None
            if len(value) == 1 and is_register(value[0][1]):
                known = value[0][1]
            self.symbols[name[0][1]] = known if isinstance(known, str) else evaluate(value, self.symbols)
        except (Mistake, ValueError):
            if one.rest:
                self.symbols[one.rest[0][1]] = None

    def _number(self, one: _Statement, tokens: Sequence[Token]) -> int:
        """A number that shapes the text, which what stands above it makes."""
        if not tokens:
            raise one.form("a number", f"{one.head[1]} EXPRESSION")
        try:
            return evaluate(tokens, self.symbols)
        except Mistake as mistake:
            if mistake.row is not UNDEFINED and not isinstance(mistake, Consequence):
                raise
            names = [text for kind, text, _ in tokens if kind == "name" and self.symbols.get(text) is None]
            reason = f"`{names[0]}` is not known here"
            place = mistake.column, mistake.length
            raise Mistake(rows.KNOWN, place, head=one.head[1], reason=reason) from None

    def _macro(self, one: _Statement) -> int:
        """Keeps a macro for the calls below it."""
        end = one.end()
        macro = macro_of(one.head, one.rest, one.lines[one.at].text, one.lines[one.at + 1 : end], len(self.texts))
        if macro.name in self.macros:
            note = Note("the first definition", self.macros[macro.name].line)
            raise Mistake(rows.TAKEN, place_of(one.rest[:1]), notes=(note,), name=macro.name, reason="there is one")
        self.macros[macro.name] = macro
        return end + 1

    def _call(self, one: _Statement) -> None:
        """Reads the lines of a macro, its parameters replaced."""
        macro = self.macros[one.head[1]]
        text = one.lines[one.at].text
        values = macro.values(one.head, arguments_of(one.rest, 0), text)
        via = self._link(f"in the macro `{macro.name}`, called here", one)
        lines = [substitute(line, values) for line in macro.body]
        self.read(lines, _Frame(via, {}, one.frame.files, local=True))

    def _repeat(self, one: _Statement) -> int:
        r"""`.rept COUNT[, NAME]`: reads the lines as often, `\NAME` being the number of the turn, from 0."""
        end = one.end()
        arguments = arguments_of(one.rest, 0)
        turn = arguments[1][1] if len(arguments) == 2 else None
        if len(arguments) not in (1, 2) or any(name for name, _ in arguments) or (turn and turn[0][0] != "name"):
            raise one.form("a count, and a name for the turn", ".rept COUNT, NAME")
        turns = self._number(one, arguments[0][1])
        if not 0 <= turns <= self.most_lines:
            facts = {"count": turns, "most": self.most_lines}
            raise Mistake(rows.LONG if turns > 0 else rows.TURNS, place_of(arguments[0][1]), facts=facts)
        name = turn[0][1] if turn else ""
        body = one.lines[one.at + 1 : end]
        if turns * len(body) > self.most_lines:
            self._stop(Mistake(rows.LONG, place_of(arguments[0][1]), most=self.most_lines))
        here = len(self.texts)
        for number in range(turns):
            via = self._link(f"in turn {number} of this .rept", one, here)
            lines = [substitute(line, {name: str(number)}) for line in body] if name else body
            self.read(lines, _Frame(via, dict(one.frame.names), one.frame.files, local=True))
        return end + 1

    def _choose(self, one: _Statement) -> int:
        """`.if`, `.ifdef` or `.ifndef`: reads the lines of the first part whose condition holds."""
        bounds = one.part.shape.bounds(one.at, one.end())
        chosen = False
        for number, (start, end) in enumerate(pairwise(bounds)):
            if chosen:
                break
            part = one if number == 0 else self._statement(one.part, start, one.frame)
            if part.head[1] == ".else" and end != bounds[-1]:
                behind = self._statement(one.part, end, one.frame).head
                raise Mistake(rows.CLOSED, place_of([behind]), head=behind[1], begin=".if")
            chosen = self._holds(part)
            if chosen:
                self._choice(part, end)
        return bounds[-1] + 1

    def _choice(self, one: _Statement, end: int) -> None:
        """Reads the part of a condition that a statement begins. Raises _Full where conditions nest too deep."""
        if self.conditions == MAX_DEPTH:
            self._stop(Mistake(rows.DEPTH, place_of([one.head]), most=MAX_DEPTH))
        self.conditions += 1
        self._within(replace(one.part, stop=end), one.at + 1, one.frame)
        self.conditions -= 1

    def _statement(self, part: _Part, at: int, frame: _Frame) -> _Statement:
        """A line as a statement, which is added to those that are read."""
        self._take(part.lines[at], frame)
        self.tokens[-1] = []
        tokens = [marked(token, frame.names) for token in tokens_of_line(part.lines[at])]
        return _Statement(part, at, tokens[0], tokens[1:], frame)

    def _holds(self, one: _Statement) -> bool:
        """Whether the part of the text below a condition is read."""
        head = one.head[1]
        if head == ".else":
            if one.rest:
                raise one.form("nothing", ".else")
            return True
        if head in (".if", ".elif"):
            return self._number(one, one.rest) != 0
        if len(one.rest) != 1 or one.rest[0][0] != "name":
            raise one.form("a name", f"{head} NAME")
        known = one.rest[0][1] in self.symbols or one.rest[0][1] in self.macros
        return known == (head == ".ifdef")

    def _include(self, one: _Statement) -> None:
        """`.include "FILE"`: reads a file, whose folder is that of the file that names it."""
        if len(one.rest) != 1 or one.rest[0][0] != "string":
            raise one.form("a file in quotes", '.include "FILE"')
        line, place = one.lines[one.at], place_of(one.rest)
        name = beside(line.name, one.rest[0][1][1:-1])
        if name in (*one.frame.files, self.origins[0].name):
            raise Mistake(rows.CIRCLE, place, name=one.rest[0][1][1:-1])
        if name not in self.opened:
            try:
                self.opened[name] = self.files.text(name)
            except UsageError as error:
                raise Mistake(rows.INCLUDE, place, reason=error.message, advice=error.hint) from None
        file, shown = str(self.root / name), shown_name(name)
        lines = [SourceLine(file, shown, number, text) for number, text in enumerate(self.opened[name], 1)]
        via = self._link("included here", one)
        self.read(lines, _Frame(via, {}, (*one.frame.files, name)))

    def _local(self, one: _Statement) -> None:
        """`.local NAME, NAME`: these names are this call's, or this turn's, alone."""
        arguments = arguments_of(one.rest, 0)
        plain = all(name is None and len(tokens) == 1 and tokens[0][0] == "name" for name, tokens in arguments)
        if not one.frame.local or not arguments or not plain:
            raise Mistake(rows.LOCAL, place_of([one.head]))
        self.marks += 1
        for _, ((_, text, _),) in arguments:
            one.frame.names[text.partition("@")[0]] = f"{text.partition('@')[0]}@{self.marks}"

    def _error(self, one: _Statement) -> None:
        """`.error "TEXT"`: a mistake of the text's own."""
        if len(one.rest) != 1 or one.rest[0][0] != "string":
            raise one.form("a text in quotes", '.error "TEXT"')
        raise Mistake(rows.ERROR, place_of(one.rest), text=one.rest[0][1][1:-1])

    def _align(self, one: _Statement) -> None:
        """`.align N`: the parser puts `nop` until the address of the next instruction is a multiple of N."""
        value = self._number(one, one.rest)
        if not 1 <= value <= MAX_ALIGN:
            facts = {"field": ".align", "value": value, "low": 1, "high": MAX_ALIGN}
            raise Mistake(directives.BOUNDS, place_of(one.rest), facts=facts)
        tokens = self.tokens[-1] or []
        self.tokens[-1] = [*tokens, one.head, ("number", str(value), one.rest[0][2])]

    def _link(self, message: str, one: _Statement, line: int = 0) -> Via:
        """A statement as the reason why other lines are read. Raises _Full where these nest too deep."""
        self.links += 1
        if self.links > self.most_lines:
            self._stop(Mistake(rows.LONG, place_of([one.head]), most=self.most_lines))
        above = one.frame.via
        depth = above.depth + 1 if above else 1
        if depth > MAX_DEPTH:
            self._stop(Mistake(rows.DEPTH, place_of([one.head]), most=MAX_DEPTH))
        origin = self.origins[line - 1]
        column = origin.place(one.head[2], 1)[0]
        return Via(Note(message, origin.line, column + 1, origin.file), above, depth)


class _Shape:
    """Which lines belong together. It is found once, for all conditions that nest in them."""

    def __init__(self, lines: Sequence[SourceLine]) -> None:
        self.lines = lines
        self._arms: dict[int, list[int]] = {}

    @cached_property
    def ends(self) -> dict[int, int]:
        """For each line that begins a part of the text, the one that ends it; without those that nothing ends."""
        found: dict[int, int] = {}
        opened: dict[str, list[int]] = {end: [] for end in ENDS.values()}
        for place, word in _heads(self.lines):
            if word in ENDS:
                opened[ENDS[word]].append(place)
            elif opened.get(word):
                found[opened[word].pop()] = place
            elif word in (".elif", ".else") and opened[".endif"]:
                self._arms.setdefault(opened[".endif"][-1], []).append(place)
        return found

    def bounds(self, at: int, end: int) -> list[int]:
        """The lines that begin the parts of a condition, and the one that ends it."""
        return [at, *self._arms.get(at, ()), end]


@dataclass(frozen=True)
class _Part:
    """Lines that are read one after the other, up to one; their shape is that of all lines."""

    lines: Sequence[SourceLine]
    stop: int
    shape: _Shape

    def end(self, at: int) -> int | None:
        """The line that ends what one begins, where it lies in this part."""
        end = self.shape.ends.get(at)
        return end if end is not None and end < self.stop else None


@dataclass(frozen=True)
class _Statement:
    """A statement that shapes the text: its line among others, its first word, the rest, and what surrounds it."""

    part: _Part
    at: int
    head: Token
    rest: list[Token]
    frame: _Frame

    @property
    def lines(self) -> Sequence[SourceLine]:
        """The lines among which it stands."""
        return self.part.lines

    def end(self) -> int:
        """The line that ends the part of the text that this one begins. Raises Mistake where there is none."""
        found = self.part.end(self.at)
        if found is None:
            raise Mistake(rows.OPEN, place_of([self.head]), head=self.head[1], end=ENDS[self.head[1]])
        return found

    def form(self, takes: str, form: str) -> Mistake:
        """The mistake of a statement whose operands are others."""
        return Mistake(rows.TEXT, place_of([self.head]), head=self.head[1], takes=takes, form=form)


def _head(line: SourceLine) -> str:
    """The first word of a line behind its labels."""
    found = _HEAD.match(line.text)
    return (found[1] if found else None) or ""


def tokens_of_line(line: SourceLine) -> list[Token]:
    """The tokens of a line whose parameters have their values. Raises Mistake where one has none."""
    if "\\" in line.text:
        code = line.text.split(";")[0].split("#")[0]
        left = re.search(r"\\([A-Za-z_][A-Za-z0-9_]*)", code)
        if left:
            known = f"parameters are {', '.join(line.known)}" if line.known else "parameters belong to .macro and .rept"
            raise Mistake(rows.PARAMETER, (left.start(), len(left[0])), name=left[1], known=known)
    return tokens_of(line.text, marked=bool(line.edits))


def _heads(lines: Sequence[SourceLine]) -> Iterator[tuple[int, str]]:
    """The first words of lines that may shape the text, with their places."""
    for place, line in enumerate(lines):
        if "." in line.text:
            yield place, _head(line)
